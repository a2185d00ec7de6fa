"""The client against an Okta of one function: what it sends, reads, repeats and refuses."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs

import httpx
import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.okta.client import OktaClient
from okta_rotator.okta.errors import (
    LostRaceError,
    NoAnswerError,
    NotOktaError,
    NotSentError,
    OktaError,
    RefusedError,
    UnavailableError,
)
from okta_rotator.rotation.okta_view import (
    AuthMethod,
    OktaApp,
    OktaSecret,
    Organization,
    Proof,
    SecretState,
)
from okta_rotator.rotation.trouble import Next
from tests.unit.okta_org import (
    APP_ID,
    BASE,
    SECRET_ID,
    TOKEN,
    VALUE,
    Org,
    answer,
    api_error,
    oauth_error,
    secret_object,
)

Act = Callable[[OktaClient], Awaitable[object]]

READS: dict[str, Act] = {
    "organization.read": lambda okta: okta.read_organization(),
    "users.me": lambda okta: okta.check_sign_in(),
    "apps.read": lambda okta: okta.read_app(APP_ID),
    "secrets.list": lambda okta: okta.list_secrets(APP_ID),
    "introspect": lambda okta: okta.introspect(APP_ID, VALUE, AuthMethod.JWT),
}
CHANGES: dict[str, Act] = {
    "secrets.deactivate": lambda okta: okta.deactivate_secret(APP_ID, SECRET_ID),
    "secrets.delete": lambda okta: okta.delete_secret(APP_ID, SECRET_ID),
}
CREATE: dict[str, Act] = {"secrets.create": lambda okta: okta.create_secret(APP_ID, VALUE)}
ALL = {**READS, **CHANGES, **CREATE}

SECRET = OktaSecret(
    SECRET_ID,
    SecretState.ACTIVE,
    datetime(2023, 4, 6, 21, 32, 33, tzinfo=UTC),
    "FpCwXwSjTRQNtEI11I00-g",
    VALUE,
)


async def test_an_app_is_read() -> None:
    org = Org(
        answer(
            200,
            {
                "id": APP_ID,
                "status": "ACTIVE",
                "signOnMode": "OPENID_CONNECT",
                "credentials": {
                    "oauthClient": {
                        "client_id": "my-client",
                        "token_endpoint_auth_method": "client_secret_post",
                    }
                },
            },
        )
    )

    app = await org.client().read_app(APP_ID)

    assert app == OktaApp(APP_ID, "my-client", "ACTIVE", "OPENID_CONNECT", "client_secret_post")
    assert str(org.requests[0].url) == f"{BASE}/api/v1/apps/{APP_ID}"
    assert org.requests[0].headers["Authorization"] == f"SSWS {TOKEN.reveal()}"


@pytest.mark.parametrize("credentials", [{}, None, {"oauthClient": None}])
async def test_an_app_that_is_no_client_has_no_client_id(credentials: object) -> None:
    body = {"id": APP_ID, "status": "INACTIVE", "signOnMode": None, "credentials": credentials}

    app = await Org(answer(200, body)).client().read_app(APP_ID)

    assert app == OktaApp(APP_ID, None, "INACTIVE", "", None)


async def test_secrets_are_listed_and_a_hidden_value_is_none() -> None:
    shown = [
        secret_object(),
        secret_object(client_secret=""),
        secret_object(client_secret="***MQGQ", status="INACTIVE"),
    ]

    secrets = await Org(answer(200, shown)).client().list_secrets(APP_ID)

    assert secrets[0] == SECRET
    assert [secret.value for secret in secrets] == [VALUE, None, None]
    assert secrets[2].state is SecretState.INACTIVE


async def test_a_secret_is_made_with_the_value_given() -> None:
    org = Org(answer(201, secret_object()))

    assert await org.client().create_secret(APP_ID, VALUE) == SECRET
    assert org.requests[0].method == "POST"
    assert VALUE.reveal() in org.requests[0].content.decode()
    assert org.calls == [("secrets.create", 201)]


async def test_a_secret_is_deactivated_and_deleted() -> None:
    org = Org(answer(200, secret_object(status="INACTIVE")), answer(204))
    okta = org.client()

    assert (await okta.deactivate_secret(APP_ID, SECRET_ID)).state is SecretState.INACTIVE
    await okta.delete_secret(APP_ID, SECRET_ID)

    path = f"/api/v1/apps/{APP_ID}/credentials/secrets/{SECRET_ID}"
    assert [(r.method, r.url.path) for r in org.requests] == [
        ("POST", f"{path}/lifecycle/deactivate"),
        ("DELETE", path),
    ]


async def test_a_secret_that_is_gone_is_deleted_already_but_cannot_be_deactivated() -> None:
    org = Org(api_error(404, "E0000007", "Not found: Resource not found: x (OAuth2ClientSecret)"))

    await org.client().delete_secret(APP_ID, SECRET_ID)
    with pytest.raises(LostRaceError):
        await org.client().deactivate_secret(APP_ID, SECRET_ID)


@pytest.mark.parametrize("status", [404, 410])
async def test_a_proxys_404_deletes_nothing(status: int) -> None:
    org = Org(httpx.Response(status, content=b"<html>not found</html>"))

    with pytest.raises(NotOktaError) as caught:
        await org.client().delete_secret(APP_ID, SECRET_ID)
    assert caught.value.trouble.may_have_landed


async def test_the_organization_is_read_without_credentials() -> None:
    links = {"organization": {"href": "https://acme.okta.com:444"}}
    org = Org(answer(200, {"id": "00oabc", "pipeline": "idx", "_links": links}))

    found = await org.client().read_organization()

    assert found == Organization("00oabc", "acme.okta.com:444")
    assert "Authorization" not in org.requests[0].headers


@pytest.mark.parametrize("href", ["https://[::", "https://a..b\u2603", f"https://{'a.' * 130}com"])
async def test_an_organization_without_a_host_to_show_is_none(href: str) -> None:
    org = Org(answer(200, {"id": "00oabc", "_links": {"organization": {"href": href}}}))
    with pytest.raises(NotOktaError) as caught:
        await org.client().read_organization()
    assert caught.value.trouble.reason is Reason.NOT_AN_OKTA_ORG


@pytest.mark.parametrize("response", [answer(200, {}), api_error(403, "E0000006")])
async def test_a_token_that_okta_knows_is_signed_in(response: httpx.Response) -> None:
    await Org(response).client().check_sign_in()


@pytest.mark.parametrize(("status", "code"), [(401, "E0000011"), (403, "E0000005")])
async def test_a_token_that_okta_does_not_know_is_not(status: int, code: str) -> None:
    with pytest.raises(RefusedError):
        await Org(api_error(status, code)).client().check_sign_in()


@pytest.mark.parametrize("method", AuthMethod)
@pytest.mark.parametrize("active", [True, False])
async def test_whoever_is_answered_has_proved_the_secret(method: AuthMethod, active: bool) -> None:
    org = Org(answer(200, {"active": active}))

    assert await org.client().introspect("my+client", VALUE, method) is Proof.ACCEPTED

    request = org.requests[0]
    form = parse_qs(request.content.decode())
    assert request.url.path == "/oauth2/v1/introspect"
    assert form["token_type_hint"] == ["access_token"]
    assert TOKEN.reveal() not in str(request.headers.raw) + request.content.decode()
    assert ("authorization" in request.headers) == (method is AuthMethod.BASIC)


WRONG_SECRET = "The client secret supplied for a confidential client is invalid."
WRONG_CLIENT = (
    "Client authentication failed. Either the client or the client credentials are invalid."
)


@pytest.mark.parametrize(
    ("response", "proof"),
    [
        (oauth_error(401, "invalid_client", WRONG_SECRET), Proof.REFUSED),
        (oauth_error(401, "invalid_client", WRONG_CLIENT), Proof.REFUSED),
        (api_error(401, "invalid_client", "Invalid value for 'client_id'."), Proof.REFUSED),
        (
            oauth_error(401, "invalid_client", "The client_assertion signature is invalid."),
            Proof.REFUSED,
        ),
        (
            oauth_error(401, "invalid_client", "The client_assertion token is expired."),
            Proof.CANNOT_TELL,
        ),
        (oauth_error(401, "invalid_client", "No client credentials found."), Proof.CANNOT_TELL),
        (oauth_error(401, "invalid_request", WRONG_SECRET), Proof.CANNOT_TELL),
        (oauth_error(401, "invalid_client"), Proof.CANNOT_TELL),
        (
            oauth_error(403, "access_denied", "outside the client's permitted network zones."),
            Proof.CANNOT_TELL,
        ),
    ],
)
async def test_only_what_speaks_of_the_secret_refuses_it(
    response: httpx.Response, proof: Proof
) -> None:
    assert await Org(response).client().introspect(APP_ID, VALUE, AuthMethod.BASIC) is proof


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (oauth_error(400, "invalid_request"), Reason.ACCESS_DENIED),
        (api_error(429, "E0000047"), Reason.RATE_LIMITED),
        (api_error(500, "E0000009"), Reason.OKTA_UNAVAILABLE),
        (httpx.Response(401, content=b"<html>"), Reason.OKTA_UNAVAILABLE),
        (httpx.Response(403, content=b"<html>"), Reason.OKTA_UNAVAILABLE),
        (httpx.Response(200, content=b"<html>"), Reason.OKTA_UNAVAILABLE),
        (answer(200, {"active": "false"}), Reason.OKTA_UNAVAILABLE),
    ],
)
async def test_what_says_nothing_of_the_secret_is_an_error(
    response: httpx.Response, reason: Reason
) -> None:
    with pytest.raises(OktaError) as caught:
        await Org(response).client().introspect(APP_ID, VALUE, AuthMethod.POST)
    assert caught.value.trouble.reason is reason
    assert not caught.value.trouble.may_have_landed


@pytest.mark.parametrize("act", ALL.values(), ids=ALL)
@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(302, headers={"Location": "https://evil.example/"}),
        httpx.Response(307, headers={"Location": "https://evil.example/"}),
    ],
)
async def test_no_redirect_is_followed(act: Act, response: httpx.Response) -> None:
    org = Org(response)

    with pytest.raises(NotOktaError):
        await act(org.client())
    assert len(org.requests) == 1


@pytest.mark.parametrize("name", [n for n in ALL if n not in ("users.me", "secrets.delete")])
@pytest.mark.parametrize("body", [b"<html>welcome</html>", b"null", b'{"id": 1}', b"[{}]"])
async def test_a_body_that_is_not_oktas_is_an_error(name: str, body: bytes) -> None:
    org = Org(httpx.Response(200, content=body))

    with pytest.raises(NotOktaError) as caught:
        await ALL[name](org.client())
    assert caught.value.trouble.may_have_landed == (name in [*CHANGES, *CREATE])


BAD_IDS = [
    "..",
    "a/b",
    "../../users/me",
    "%2e%2e",
    "0oa1gjh63g214q0Hq0g4?x=1",
    "",
    "0oa\n",
    "ü" * 20,
]


@pytest.mark.parametrize("bad", BAD_IDS)
async def test_an_id_that_leads_astray_is_refused_and_nothing_is_sent(bad: str) -> None:
    org = Org(answer(200, {}))
    okta = org.client()
    acts = [
        okta.read_app(bad),
        okta.list_secrets(bad),
        okta.create_secret(bad, VALUE),
        okta.deactivate_secret(bad, SECRET_ID),
        okta.delete_secret(bad, SECRET_ID),
        okta.deactivate_secret(APP_ID, bad),
        okta.delete_secret(APP_ID, bad),
    ]

    for act in acts:
        with pytest.raises(RefusedError) as caught:
            await act
        assert caught.value.trouble.next is Next.PERSON
    assert org.requests == []


@pytest.mark.parametrize(
    "mishap",
    [
        httpx.ConnectError("refused"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("closed"),
        api_error(503, "E0000010"),
        httpx.Response(502),
    ],
)
async def test_what_only_reads_is_repeated_twice(mishap: httpx.Response | Exception) -> None:
    orgs = [Org(mishap, mishap, api_error(400, "E0000003")) for _ in READS]
    acts = [act(org.client()) for act, org in zip(READS.values(), orgs, strict=True)]

    outcomes = await asyncio.gather(*acts, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [RefusedError] * len(READS)
    assert [len(org.requests) for org in orgs] == [3] * len(READS)


async def test_the_third_failure_is_the_last() -> None:
    org = Org(httpx.Response(503))

    with pytest.raises(UnavailableError):
        await org.client().list_secrets(APP_ID)
    assert org.calls == [("secrets.list", 503)] * 3


async def test_every_try_of_an_introspection_has_an_assertion_of_its_own() -> None:
    org = Org(httpx.ReadError("reset"), answer(200, {"active": False}))

    await org.client().introspect(APP_ID, VALUE, AuthMethod.JWT)

    one, other = (parse_qs(r.content.decode())["client_assertion"] for r in org.requests)
    assert one != other


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_is_repeated_if_it_was_never_sent(name: str) -> None:
    done = answer(200, secret_object(status="INACTIVE"))
    org = Org(httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), done)

    await CHANGES[name](org.client())

    assert org.calls == [(name, None), (name, None), (name, 200)]


@pytest.mark.parametrize("name", [*CHANGES, *CREATE])
@pytest.mark.parametrize(
    "mishap", [httpx.ReadError("reset"), httpx.RemoteProtocolError("x"), httpx.Response(503)]
)
async def test_a_change_that_may_have_landed_is_not_repeated(
    name: str, mishap: httpx.Response | Exception
) -> None:
    org = Org(mishap)

    with pytest.raises(OktaError) as caught:
        await ALL[name](org.client())
    assert caught.value.trouble.may_have_landed
    assert len(org.requests) == 1


async def test_a_create_is_never_repeated() -> None:
    org = Org(httpx.ConnectError("refused"))

    with pytest.raises(NotSentError) as caught:
        await org.client().create_secret(APP_ID, VALUE)
    assert not caught.value.trouble.may_have_landed
    assert len(org.requests) == 1


@pytest.mark.parametrize("name", ALL)
async def test_one_deadline_covers_the_whole_call(name: str) -> None:
    org = Org(httpx.ConnectError("refused") if name not in CREATE else httpx.Response(503))
    slow = _Slow(org, 0.15)
    okta = slow.client()

    with pytest.raises(NoAnswerError) as caught:
        await asyncio.wait_for(ALL[name](okta), 1)
    assert caught.value.trouble.may_have_landed == (name in [*CHANGES, *CREATE])


async def test_cookies_are_not_kept() -> None:
    org = Org(answer(200, [], headers={"Set-Cookie": "JSESSIONID=1; Path=/"}))
    okta = org.client()

    await okta.list_secrets(APP_ID)
    await okta.list_secrets(APP_ID)

    assert "Cookie" not in org.requests[1].headers


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429])
async def test_no_text_shows_what_was_sent(
    name: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        sent = f"{request.headers.get('authorization', '')} {request.content.decode()}"
        body = {"errorCode": "E0000001", "errorSummary": sent, "error": sent, "id": sent}
        return answer(status, body, headers={"X-Okta-Request-Id": VALUE.reveal()})

    caplog.set_level(logging.DEBUG)
    okta = Org(echo).client()
    texts = [repr(okta), repr(vars(okta))]
    try:
        await ALL[name](okta)
    except OktaError as error:
        texts += [str(error), repr(error), error.trouble.message, repr(error.complaint)]
        logging.getLogger("test").exception("it failed")

    shown = "\n".join([*texts, caplog.text])
    assert VALUE.reveal() not in shown
    assert TOKEN.reveal() not in shown


class _Slow(httpx.AsyncBaseTransport):
    """Takes its time before it answers as the org does."""

    def __init__(self, org: Org, seconds: float) -> None:
        self._org = org
        self._seconds = seconds

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self._seconds)
        return await httpx.MockTransport(self._org.answer).handle_async_request(request)

    def client(self) -> OktaClient:
        return self._org.client(deadline=0.1, transport=self)
