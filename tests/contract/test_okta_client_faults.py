"""The client where the emulator fails it: errors, limits, and connections that end too early."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from okta_emulator.errors import API_ERRORS, OAUTH_ERRORS
from okta_rotator.okta.errors import (
    NoAnswerError,
    OktaError,
    RateLimitedError,
    RefusedError,
    UnavailableError,
)
from okta_rotator.rotation.okta_view import AuthMethod, Proof
from okta_rotator.rotation.trouble import Next
from okta_rotator.rotation.values import RANDOM_BYTES, SecretValue, make_value
from tests.contract.conftest import AppMaker, AppUnderTest
from tests.contract.okta_client import okta_of

VALUE = make_value("uid", bytes(RANDOM_BYTES))


def path_of(app: AppUnderTest) -> str:
    return f"{app.id}/credentials"


@pytest.mark.parametrize(
    ("action", "details"), [("drop-before", {}), ("drop-after", {}), ("late", {"seconds": 0.2})]
)
async def test_a_create_without_an_answer_may_have_landed_and_is_sent_once(
    app: AppUnderTest, action: str, details: dict[str, Any]
) -> None:
    app.emulator.add_fault(action, method="POST", path=path_of(app), **details)

    async with okta_of(app) as okta:
        with pytest.raises(NoAnswerError) as caught:
            await okta.create_secret(app.id, VALUE)
        await asyncio.sleep(0.4)
        listed = await okta.list_secrets(app.id)

    assert caught.value.trouble.may_have_landed
    assert any(secret.holds(VALUE) for secret in listed) == (action != "drop-before")
    assert [seen["method"] for seen in app.emulator.request_log(app.id)].count("POST") == 1


@pytest.mark.parametrize("action", ["drop-before", "drop-after"])
async def test_a_delete_without_an_answer_is_not_repeated(app: AppUnderTest, action: str) -> None:
    async with okta_of(app) as okta:
        (old,) = await okta.list_secrets(app.id)
        await okta.create_secret(app.id, VALUE)
        await okta.deactivate_secret(app.id, old.id)
        app.emulator.add_fault(action, method="DELETE", path=path_of(app))
        with pytest.raises(NoAnswerError) as caught:
            await okta.delete_secret(app.id, old.id)
        left = await okta.list_secrets(app.id)

    assert caught.value.trouble.may_have_landed
    assert len(left) == (2 if action == "drop-before" else 1)


@pytest.mark.parametrize("action", ["drop-before", "drop-after"])
async def test_a_list_without_an_answer_is_repeated(app: AppUnderTest, action: str) -> None:
    app.emulator.add_fault(action, method="GET", path=path_of(app), times=2)

    async with okta_of(app) as okta:
        assert len(await okta.list_secrets(app.id)) == 1


async def test_an_introspection_without_an_answer_is_repeated(make_app: AppMaker) -> None:
    app = make_app(tokenEndpointAuthMethod="client_secret_jwt")
    app.emulator.add_fault("drop-after", path="introspect")
    value = SecretValue(app.secrets[0]["client_secret"])

    async with okta_of(app) as okta:
        proof = await okta.introspect(app.client_id, value, AuthMethod.JWT)
    assert proof is Proof.ACCEPTED


async def test_an_answer_after_the_deadline_is_none(app: AppUnderTest) -> None:
    app.emulator.add_fault("delay", method="POST", path=path_of(app), seconds=0.6)

    async with okta_of(app, deadline=0.2) as okta:
        with pytest.raises(NoAnswerError) as caught:
            await okta.create_secret(app.id, VALUE)
    assert caught.value.trouble.may_have_landed


async def test_a_rate_limit_is_waited_for_as_long_as_okta_says(app: AppUnderTest) -> None:
    app.emulator.add_fault("status", path=path_of(app), errorCode="E0000047", resetAfter=20)
    now = datetime.now(UTC)

    async with okta_of(app) as okta:
        with pytest.raises(RateLimitedError) as caught:
            await okta.list_secrets(app.id)

    assert caught.value.trouble.until is not None
    pause = caught.value.trouble.until - now
    assert timedelta(seconds=19) < pause < timedelta(seconds=24)


@pytest.mark.parametrize("code", API_ERRORS)
async def test_every_error_of_the_table_is_classed(app: AppUnderTest, code: str) -> None:
    app.emulator.add_fault("status", path=path_of(app), errorCode=code, times=None)

    async with okta_of(app) as okta:
        with pytest.raises(OktaError) as caught:
            await okta.create_secret(app.id, VALUE)

    status = API_ERRORS[code][0]
    trouble = caught.value.trouble
    expected = Next.WAIT if status == 429 else Next.RETRY if status >= 500 else Next.PERSON
    assert trouble.next is expected
    assert isinstance(caught.value, UnavailableError) == (expected is Next.RETRY)


REFUSALS = {
    "invalid_client",
    "invalid_client_secret",
    "client_assertion_invalid_signature",
    "client_assertion_invalid_issuer",
    "client_assertion_invalid_subject",
}


@pytest.mark.parametrize("name", [name for name, row in OAUTH_ERRORS.items() if row[0] != 400])
async def test_only_what_speaks_of_the_secret_refuses_it(app: AppUnderTest, name: str) -> None:
    app.emulator.add_fault("status", path="introspect", errorCode=name)

    async with okta_of(app) as okta:
        proof = await okta.introspect(app.client_id, VALUE, AuthMethod.BASIC)
    assert proof is (Proof.REFUSED if name in REFUSALS else Proof.CANNOT_TELL)


@pytest.mark.parametrize("name", [name for name, row in OAUTH_ERRORS.items() if row[0] == 400])
async def test_what_we_asked_wrongly_is_an_error(app: AppUnderTest, name: str) -> None:
    app.emulator.add_fault("status", path="introspect", errorCode=name)

    async with okta_of(app) as okta:
        with pytest.raises(RefusedError):
            await okta.introspect(app.client_id, VALUE, AuthMethod.BASIC)
