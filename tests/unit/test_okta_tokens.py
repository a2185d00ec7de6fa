"""The client of a service app against an Okta of one function: when tokens are fetched."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from urllib.parse import parse_qs

import httpx
import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.api.connection import Dpop
from okta_rotator.okta.client import DEADLINE, OktaClient
from okta_rotator.okta.clock import OktaClock
from okta_rotator.okta.errors import (
    NoAnswerError,
    NotOktaError,
    OktaError,
    RefusedError,
)
from okta_rotator.okta.governor import Governor
from okta_rotator.okta.keys import new_key
from okta_rotator.okta.limits import Bucket
from okta_rotator.okta.oauth import ServiceAppSignIn
from okta_rotator.rotation.places import PLACE, ChangedError, Place
from okta_rotator.rotation.trouble import Next
from okta_rotator.rotation.turns import Turn
from tests import virtual_time
from tests.unit.okta_org import APP_ID, BASE, NOW, VALUE, answer, oauth_error, secret_object

KEY = new_key()
INVALID_TOKEN = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
WRONG_KEY = oauth_error(401, "invalid_client", "The client_assertion signature is invalid.")

Handler = Callable[[httpx.Request], httpx.Response | Exception]


class Okta:
    """Gives tokens, numbered, and answers calls that show the latest; or as it is told."""

    def __init__(self) -> None:
        self.token_requests: list[dict[str, str]] = []
        self.calls: list[str] = []
        self.on_token: Handler = self.grant
        self.on_call: Handler = lambda request: answer(200, [])
        self.seconds = 0.0
        self.now = NOW

    def client(self, deadline: float = DEADLINE, governor: Governor | None = None) -> OktaClient:
        numbers = iter(range(1000))
        clock = OktaClock(lambda: self.now)
        sign_in = ServiceAppSignIn(
            "0oa1serviceApp000001",
            (KEY,),
            Dpop.AUTO,
            now=lambda: self.now,
            clock=clock,
            draw=lambda: f"number-{next(numbers)}",
        )
        return OktaClient(
            BASE,
            sign_in,
            httpx.MockTransport(self._answer),
            now=lambda: self.now,
            clock=clock,
            governor=governor,
            deadline=deadline,
        )

    def grant(self, request: httpx.Request) -> httpx.Response:
        token = f"eyJ.token-{len(self.token_requests)}"
        return answer(200, {"token_type": "Bearer", "expires_in": 3600, "access_token": token})

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.seconds:
            await asyncio.sleep(self.seconds)
        if request.url.path == "/oauth2/v1/token":
            form = parse_qs(request.content.decode())
            self.token_requests.append({name: values[0] for name, values in form.items()})
            response = self.on_token(request)
        else:
            self.calls.append(request.headers.get("authorization", ""))
            response = self.on_call(request)
        if isinstance(response, Exception):
            raise response
        return response


def only(token: str) -> Handler:
    """An API that knows this token alone."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] == f"Bearer {token}":
            is_create = request.method == "POST"
            return answer(201, secret_object()) if is_create else answer(200, [])
        return answer(401, headers=INVALID_TOKEN)

    return handle


async def test_one_token_serves_all_calls_also_those_at_the_same_time() -> None:
    okta = Okta()
    client = okta.client()

    await asyncio.gather(*(client.list_secrets(APP_ID) for _ in range(20)))
    await client.list_secrets(APP_ID)

    assert okta.calls == ["Bearer eyJ.token-1"] * 21
    assert len(okta.token_requests) == 1


async def test_a_refused_key_is_shown_once_for_all_who_wait() -> None:
    okta = Okta()
    okta.on_token = lambda request: WRONG_KEY
    client = okta.client()

    results = await asyncio.gather(
        *(client.list_secrets(APP_ID) for _ in range(20)), return_exceptions=True
    )

    assert all(isinstance(result, RefusedError) for result in results)
    assert len(okta.token_requests) == 1
    assert okta.calls == []


async def test_who_gives_up_does_not_take_the_token_from_the_others() -> None:
    okta = Okta()
    okta.seconds = 0.05
    client = okta.client()
    first = asyncio.create_task(client.list_secrets(APP_ID))
    second = asyncio.create_task(client.list_secrets(APP_ID))
    await asyncio.sleep(0.01)

    first.cancel()

    assert await second == ()
    assert len(okta.token_requests) == 1


async def test_news_of_who_asked_first_does_not_take_the_token_from_the_others() -> None:
    """A work that waits for a token stands in no line of its own."""
    okta = Okta()
    okta.seconds = 0.05
    places: list[Place] = []

    async def nothing() -> None:
        """A place is free at once."""

    async def with_place() -> object:
        places.append(Place(lambda: None, nothing))
        PLACE.set(places[-1])
        return await client.list_secrets(APP_ID)

    client = okta.client()
    first, second = asyncio.create_task(with_place()), asyncio.create_task(with_place())
    await asyncio.sleep(0.01)

    places[0].outdate()

    assert await second == ()
    # That it began anew, since its own call had to stand in line, or went through, is all right.
    with suppress(ChangedError):
        assert await first == ()
    assert len(okta.token_requests) == 1


async def test_a_token_is_replaced_before_it_expires() -> None:
    okta = Okta()
    client = okta.client()
    await client.list_secrets(APP_ID)

    okta.now += timedelta(minutes=59)
    await client.list_secrets(APP_ID)

    assert okta.calls == ["Bearer eyJ.token-1", "Bearer eyJ.token-2"]


@pytest.mark.parametrize("is_write", [False, True])
async def test_a_token_that_okta_has_forgotten_is_replaced_and_the_call_made_again(
    is_write: bool,
) -> None:
    okta = Okta()
    okta.on_call = only("eyJ.token-2")
    client = okta.client()

    if is_write:
        assert (await client.create_secret(APP_ID, VALUE)).value == VALUE
    else:
        assert await client.list_secrets(APP_ID) == ()

    assert okta.calls == ["Bearer eyJ.token-1", "Bearer eyJ.token-2"]


async def test_calls_at_the_same_time_replace_a_forgotten_token_once() -> None:
    okta = Okta()
    okta.on_call = only("eyJ.token-2")
    client = okta.client()

    await asyncio.gather(*(client.create_secret(APP_ID, VALUE) for _ in range(5)))

    assert len(okta.token_requests) == 2


async def test_a_token_that_is_refused_again_needs_a_person() -> None:
    okta = Okta()
    okta.on_call = only("another")
    client = okta.client()

    with pytest.raises(RefusedError) as caught:
        await client.create_secret(APP_ID, VALUE)

    trouble = caught.value.trouble
    assert (trouble.next, trouble.reason) == (Next.PERSON, Reason.INVALID_TOKEN)
    assert len(okta.calls) == 2


async def test_a_call_that_is_refused_for_another_reason_is_not_made_again() -> None:
    okta = Okta()
    challenge = {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="okta.apps.manage"'}
    okta.on_call = lambda request: answer(403, headers=challenge)

    with pytest.raises(RefusedError) as caught:
        await okta.client().create_secret(APP_ID, VALUE)

    assert caught.value.trouble.reason is Reason.INSUFFICIENT_SCOPE
    assert len(okta.calls) == 1


@pytest.mark.parametrize(
    "mishap", [httpx.ReadError("reset"), httpx.ConnectError("refused"), httpx.Response(503)]
)
async def test_every_try_for_a_token_has_an_assertion_of_its_own(
    mishap: httpx.Response | Exception,
) -> None:
    okta = Okta()
    okta.on_token = lambda request: mishap
    client = okta.client()

    with pytest.raises(OktaError) as caught:
        await client.create_secret(APP_ID, VALUE)

    assert caught.value.trouble.next is Next.RETRY
    assert not caught.value.trouble.may_have_landed
    assert len({form["client_assertion"] for form in okta.token_requests}) == 3
    assert len(okta.token_requests) == 3
    assert okta.calls == []


async def test_an_assertion_that_was_used_is_made_anew() -> None:
    okta = Okta()

    def refuse_first(request: httpx.Request) -> httpx.Response:
        if len(okta.token_requests) == 1:
            text = "The client_assertion token has already been used."
            return oauth_error(401, "invalid_client", text)
        return okta.grant(request)

    okta.on_token = refuse_first
    assert await okta.client().list_secrets(APP_ID) == ()


async def test_the_check_of_a_connection_signs_in_anew_and_calls_nothing() -> None:
    okta = Okta()
    client = okta.client()
    await client.list_secrets(APP_ID)

    await client.check_sign_in()
    await client.list_secrets(APP_ID)

    assert okta.calls == ["Bearer eyJ.token-1", "Bearer eyJ.token-2"]


async def test_the_check_of_a_connection_says_what_is_wrong() -> None:
    okta = Okta()
    okta.on_token = lambda request: WRONG_KEY

    with pytest.raises(RefusedError, match="none of the private keys"):
        await okta.client().check_sign_in()


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"access_token": "eyJ.secret"}'])
async def test_a_body_without_a_token_is_not_oktas(body: bytes) -> None:
    okta = Okta()
    okta.on_token = lambda request: httpx.Response(200, content=body)

    with pytest.raises(NotOktaError) as caught:
        await okta.client().list_secrets(APP_ID)
    assert "eyJ" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("status", [200, 400, 401, 403, 429])
async def test_no_text_shows_what_was_signed_with(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    okta = Okta()

    def echo(request: httpx.Request) -> httpx.Response:
        sent = f"{request.headers.get('authorization', '')} {request.content.decode()}"
        return answer(status, {"errorCode": "E0000001", "errorSummary": sent, "error": sent})

    okta.on_call = echo
    caplog.set_level(logging.DEBUG)
    client = okta.client()
    texts = [repr(client), repr(vars(client))]
    with pytest.raises(OktaError) as caught:
        await client.create_secret(APP_ID, VALUE)
    error = caught.value
    texts += [str(error), repr(error), repr(error.complaint), repr(vars(client)), caplog.text]

    assert "eyJ" not in "".join(texts)


def test_the_deadline_stands_still_while_a_call_waits_for_its_turn() -> None:
    okta = Okta()

    async def scene() -> float:
        governor, began = Governor(), asyncio.get_running_loop().time()
        async with governor.permit(Bucket.APPS, Turn()) as permit:
            permit.learn(httpx.Response(429))
        await okta.client(deadline=10, governor=governor).list_secrets(APP_ID)
        return asyncio.get_running_loop().time() - began

    assert virtual_time.run(scene()) >= 60


@pytest.mark.parametrize("seconds", [9.0, 11.0])
def test_the_deadline_holds_once_the_call_is_sent(seconds: float) -> None:
    okta = Okta()

    async def scene() -> None:
        client = okta.client(deadline=10)
        await client.check_sign_in()
        okta.seconds = seconds
        await client.create_secret(APP_ID, VALUE)

    okta.on_call = lambda request: answer(201, secret_object())
    if seconds < 10:
        virtual_time.run(scene())
    else:
        with pytest.raises(NoAnswerError) as caught:
            virtual_time.run(scene())
        assert caught.value.trouble.may_have_landed


def test_a_token_that_does_not_come_in_time_leaves_nothing_behind() -> None:
    okta = Okta()
    okta.seconds = 11

    async def scene() -> None:
        await okta.client(deadline=10).create_secret(APP_ID, VALUE)

    with pytest.raises(NoAnswerError) as caught:
        virtual_time.run(scene())
    assert not caught.value.trouble.may_have_landed
    assert okta.calls == []


def test_calls_in_turn_are_made_by_their_urgency() -> None:
    okta = Okta()
    okta.seconds = 0.1
    served: list[str] = []
    headers = {
        "Date": "Fri, 02 Jan 2026 02:00:00 GMT",
        "X-Rate-Limit-Limit": "1000",
        "X-Rate-Limit-Remaining": "201",
        "X-Rate-Limit-Reset": "1767319230",
    }

    def handle(request: httpx.Request) -> httpx.Response:
        served.append(request.url.path.split("/")[4][-1])
        return answer(200, [], headers=headers)

    async def scene() -> None:
        client = okta.client()
        await client.list_secrets(f"{APP_ID}F")
        for_each = [client.in_turn(Turn(NOW - timedelta(hours=n), "name", "a")) for n in range(3)]
        calls = (each.list_secrets(f"{APP_ID}{n}") for n, each in enumerate(for_each))
        await asyncio.gather(*calls)

    okta.on_call = handle
    virtual_time.run(scene())

    # One at a time, since no more than one call of the share is left.
    assert served == ["F", "0", "2", "1"]
