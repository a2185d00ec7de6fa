"""How Okta's answers and failures are classed: each row of its error table."""

from datetime import timedelta

import httpx
import pytest

from okta_emulator.errors import API_ERRORS, OAUTH_ERRORS
from okta_rotator.api.conditions import Reason
from okta_rotator.okta.calls import Call, Endpoint
from okta_rotator.okta.errors import (
    GoneError,
    LostRaceError,
    NoAnswerError,
    NotOktaError,
    NotSentError,
    OktaError,
    RateLimitedError,
    RefusedError,
    UnavailableError,
    error_of_answer,
    error_of_failure,
)
from okta_rotator.okta.meanings import is_known
from okta_rotator.rotation.trouble import Next
from tests.unit.okta_org import APP_ID, NOW, SECRET_ID, answer, api_error, oauth_error

INVALID = "Api validation failed: OAuth2ClientSecretMediated"
INVALID_FIELD = "Api validation failed: client_secret"
NOT_FOUND = "Not found: Resource not found: {} ({})"
DATE = "Fri, 02 Jan 2026 02:00:00 GMT"
DATE_EPOCH = 1767319200


def classed(
    response: httpx.Response, endpoint: Endpoint = Endpoint.CREATE, *hidden: str
) -> OktaError:
    app_id = None if endpoint.is_of_connection else APP_ID
    return error_of_answer(response, Call(endpoint, app_id, hidden), NOW)


VALIDATIONS = [
    (Endpoint.CREATE, "You've reached the maximum number of client secrets per client."),
    (Endpoint.CREATE, "You have reached the maximum number of client secrets per client"),
    (Endpoint.DELETE, "You can't delete an active client secret. Deactivate the secret first."),
    (Endpoint.DEACTIVATE, "You can't deactivate the only active client secret."),
    (Endpoint.DEACTIVATE, "in words that nobody has seen yet"),
    (Endpoint.CREATE, "client_secret: An object with this field already exists"),
]


@pytest.mark.parametrize(("endpoint", "cause"), VALIDATIONS)
def test_a_lost_race_is_known_by_its_cause(endpoint: Endpoint, cause: str) -> None:
    error = classed(api_error(400, "E0000001", INVALID, cause), endpoint)

    assert isinstance(error, LostRaceError)
    assert error.trouble.next is Next.LOOK_AGAIN
    assert not error.trouble.may_have_landed


@pytest.mark.parametrize(
    "cause",
    [
        "client_secret: 'client_secret' can't be more than '100' characters long.",
        "client_secret: 'client_secret' must be at least '14' characters long.",
        "client_secret: 'client_secret' must be at least '32' characters long when "
        "'token_endpoint_auth_method' is 'client_secret_jwt'.",
        "client_secret: ''client_secret'' must only contain printable ASCII: [x20-x7E]+",
    ],
)
def test_any_other_violation_needs_a_person(cause: str) -> None:
    error = classed(api_error(400, "E0000001", INVALID_FIELD, cause))

    assert (error.trouble.next, error.trouble.reason) == (Next.PERSON, Reason.ACCESS_DENIED)
    assert cause in error.trouble.message


@pytest.mark.parametrize("summary", [INVALID, INVALID_FIELD])
@pytest.mark.parametrize("word", ["can't", "cannot"])
def test_an_app_without_client_secrets_is_not_eligible(summary: str, word: str) -> None:
    cause = (
        f"'client_secret' {word} be used when 'token_endpoint_auth_method' is 'private_key_jwt'."
    )
    error = classed(api_error(400, "E0000001", summary, cause))

    assert (error.trouble.next, error.trouble.reason) == (Next.PERSON, Reason.APP_NOT_ELIGIBLE)


@pytest.mark.parametrize("endpoint", [Endpoint.DEACTIVATE, Endpoint.DELETE])
def test_a_secret_that_is_gone_is_a_lost_race(endpoint: Endpoint) -> None:
    summary = NOT_FOUND.format(SECRET_ID, "OAuth2ClientSecretMediated")

    assert isinstance(classed(api_error(404, "E0000007", summary), endpoint), GoneError)


@pytest.mark.parametrize("endpoint", [e for e in Endpoint if e.value.startswith(("apps", "sec"))])
@pytest.mark.parametrize("kind", ["AppInstance", "OAuth2AppInstance"])
def test_an_app_that_is_gone_needs_a_person(endpoint: Endpoint, kind: str) -> None:
    error = classed(api_error(404, "E0000007", NOT_FOUND.format(APP_ID, kind)), endpoint)

    assert (error.trouble.next, error.trouble.reason) == (Next.PERSON, Reason.APP_NOT_FOUND)


REFUSALS = {
    "E0000001": Reason.ACCESS_DENIED,
    "E0000003": Reason.ACCESS_DENIED,
    "E0000004": Reason.INVALID_TOKEN,
    "E0000005": Reason.ACCESS_DENIED,
    "E0000006": Reason.INSUFFICIENT_PERMISSION,
    "E0000007": Reason.APP_NOT_FOUND,
    "E0000008": Reason.ACCESS_DENIED,
    "E0000011": Reason.INVALID_TOKEN,
    "E0000015": Reason.FEATURE_DISABLED,
    "E0000022": Reason.ACCESS_DENIED,
}
UNAVAILABLE = {"E0000009", "E0000010"}
OF_OAUTH = {"invalid_client"}


def test_no_error_of_the_api_is_unmapped() -> None:
    assert set(API_ERRORS) == {*REFUSALS, *UNAVAILABLE, *OF_OAUTH, "E0000047"}
    assert all(map(is_known, {*REFUSALS, *OF_OAUTH} - {"E0000001"}))


@pytest.mark.parametrize("name", OAUTH_ERRORS)
def test_no_error_of_oauth_is_unmapped(name: str) -> None:
    _, code, _ = OAUTH_ERRORS[name]

    assert is_known(code)


@pytest.mark.parametrize(("code", "reason"), REFUSALS.items())
def test_a_refusal_needs_a_person_and_says_what_okta_said(code: str, reason: Reason) -> None:
    status, summary = API_ERRORS[code]
    error = classed(api_error(status, code, summary))

    assert isinstance(error, RefusedError)
    assert (error.trouble.next, error.trouble.reason) == (Next.PERSON, reason)
    assert code in error.trouble.message
    assert summary in error.trouble.message


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
@pytest.mark.parametrize("endpoint", [Endpoint.SIGN_IN, Endpoint.CREATE, Endpoint.DELETE])
@pytest.mark.parametrize("is_json", [True, False])
def test_okta_may_be_unavailable(status: int, endpoint: Endpoint, is_json: bool) -> None:
    html = httpx.Response(status, content=b"<html>Bad gateway</html>")
    error = classed(api_error(status, "E0000009") if is_json else html, endpoint)

    assert isinstance(error, UnavailableError)
    assert (error.trouble.next, error.trouble.reason) == (Next.RETRY, Reason.OKTA_UNAVAILABLE)
    assert error.trouble.may_have_landed == endpoint.is_write


@pytest.mark.parametrize(
    ("challenge", "status", "reason"),
    [
        (
            'DPoP algs="RS256 ES512", realm="http://acme", scope="okta.apps.manage", '
            'error="insufficient_scope", error_description="The access token provided does not '
            'contain the required scopes.", resource="/api/v1/apps"',
            403,
            Reason.INSUFFICIENT_SCOPE,
        ),
        ('Bearer error="insufficient_scope"', 403, Reason.INSUFFICIENT_SCOPE),
        (
            'Bearer error="invalid_token", error_description="The token has expired."',
            401,
            Reason.INVALID_TOKEN,
        ),
    ],
)
def test_the_challenge_is_read_where_there_is_no_body(
    challenge: str, status: int, reason: Reason
) -> None:
    error = classed(answer(status, headers={"WWW-Authenticate": challenge}))

    assert (error.trouble.next, error.trouble.reason) == (Next.PERSON, reason)
    has_scope = 'scope="' in challenge
    assert ("(scope: okta.apps.manage)" in error.trouble.message) == has_scope


def test_a_bare_401_of_oktas_is_about_the_token() -> None:
    error = classed(answer(401, headers={"X-Okta-Request-Id": "abc123"}))

    assert error.trouble.reason is Reason.INVALID_TOKEN
    # It would make the same complaint news each time.
    assert "abc123" not in error.trouble.message


@pytest.mark.parametrize("status", [200, 302, 401, 403, 404])
@pytest.mark.parametrize("body", [b"<html>Sign in to the proxy</html>", b"[]", b"{}", b""])
def test_what_is_not_oktas_is_tried_again(status: int, body: bytes) -> None:
    error = classed(httpx.Response(status, content=body))

    assert isinstance(error, NotOktaError)
    assert (error.trouble.next, error.trouble.reason) == (Next.RETRY, Reason.OKTA_UNAVAILABLE)
    assert error.trouble.may_have_landed


def test_what_is_not_okta_at_all_needs_a_person() -> None:
    error = classed(httpx.Response(404, content=b"<html>"), Endpoint.ORGANIZATION)

    assert (error.trouble.next, error.trouble.reason) == (Next.PERSON, Reason.NOT_AN_OKTA_ORG)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        # Our clock (NOW) is an hour ahead of Okta's.
        ({"X-Rate-Limit-Reset": str(DATE_EPOCH + 30), "Date": DATE}, 31),
        ({"X-Rate-Limit-Reset": str(DATE_EPOCH - 30), "Date": DATE}, 1),
        ({"X-Rate-Limit-Reset": str(DATE_EPOCH + 90_000), "Date": DATE}, 600),
        ({"X-Rate-Limit-Reset": "9" * 400, "Date": DATE}, 60),
        ({"X-Rate-Limit-Reset": "soon", "Date": DATE}, 60),
        ({"X-Rate-Limit-Reset": str(DATE_EPOCH), "Date": "today"}, 60),
        ({}, 60),
    ],
)
def test_a_rate_limit_ends_by_the_servers_clock(headers: dict[str, str], seconds: int) -> None:
    error = classed(api_error(429, "E0000047", headers=headers))

    assert isinstance(error, RateLimitedError)
    assert (error.trouble.next, error.trouble.reason) == (Next.WAIT, Reason.RATE_LIMITED)
    assert error.trouble.until == NOW + timedelta(seconds=seconds)
    assert str(error) == str(classed(api_error(429, "E0000047"))), "another time is no news"
    assert not error.trouble.may_have_landed


@pytest.mark.parametrize("name", OAUTH_ERRORS)
@pytest.mark.parametrize("endpoint", [Endpoint.INTROSPECT, Endpoint.LIST, Endpoint.TOKEN])
def test_no_error_of_oauth_is_taken_for_a_lost_race(name: str, endpoint: Endpoint) -> None:
    error = classed(oauth_error(*OAUTH_ERRORS[name]), endpoint)

    assert isinstance(error, RefusedError | UnavailableError)
    assert not error.trouble.may_have_landed


NO_KEY = "Okta accepts none of the private keys"
SIGN_INS = {
    "The client_assertion signature is invalid.": NO_KEY,
    "The client_assertion JWT kid is invalid.": NO_KEY,
    "The client does not have a JWKSet configured, but the client_assertion requires one.": NO_KEY,
    "Client authentication failed. Either the client or the client credentials are invalid.": (
        NO_KEY
    ),
    "The client_assertion token is expired.": "clock",
    "The client_assertion token has an expiration too far into the future.": "clock",
    "The issuer claim for client_assertion is not a valid client_id.": "spec.oauth.clientId",
    "Client Credentials requests to the Org Authorization Server must use the private_key_jwt "
    "token_endpoint_auth_method.": "Public key / Private key",
    "Only clients with 'application_type' of 'service' may use the client_credentials "
    "'grant_type' with the Org Authorization Server.": "API Services",
}


@pytest.mark.parametrize(("description", "advice"), SIGN_INS.items())
def test_a_refused_sign_in_says_what_to_do(description: str, advice: str) -> None:
    error = classed(oauth_error(401, "invalid_client", description), Endpoint.TOKEN)

    assert isinstance(error, RefusedError)
    assert (error.trouble.next, error.trouble.reason) == (Next.PERSON, Reason.INVALID_TOKEN)
    assert advice in error.trouble.message
    assert description in error.trouble.message


def test_an_unknown_service_app_is_told_of_in_the_other_shape() -> None:
    summary = "Invalid value for 'client_id' parameter."
    error = classed(api_error(401, "invalid_client", summary), Endpoint.TOKEN)

    assert error.trouble.reason is Reason.INVALID_TOKEN
    assert "spec.oauth.clientId" in error.trouble.message


@pytest.mark.parametrize(
    ("response", "reason", "advice"),
    [
        (
            oauth_error(400, "invalid_dpop_proof", "The DPoP proof JWT header is missing."),
            Reason.INVALID_TOKEN,
            "spec.oauth.dpop",
        ),
        (
            oauth_error(400, "invalid_dpop_proof", "'htu' claim in the DPoP proof is invalid."),
            Reason.ACCESS_DENIED,
            "proxy",
        ),
        (oauth_error(400, "invalid_scope"), Reason.INSUFFICIENT_SCOPE, "okta.apps.manage"),
        (oauth_error(400, "consent_required"), Reason.INSUFFICIENT_SCOPE, "Okta API Scopes"),
        (oauth_error(403, "access_denied"), Reason.ACCESS_DENIED, "network zones"),
    ],
)
def test_a_token_that_is_not_given_has_its_reason(
    response: httpx.Response, reason: Reason, advice: str
) -> None:
    trouble = classed(response, Endpoint.TOKEN).trouble

    assert (trouble.next, trouble.reason) == (Next.PERSON, reason)
    assert advice in trouble.message


@pytest.mark.parametrize("endpoint", [Endpoint.TOKEN, Endpoint.LIST, Endpoint.CREATE])
@pytest.mark.parametrize(
    ("code", "description"),
    [
        ("invalid_client", "The client_assertion token has already been used."),
        ("invalid_dpop_proof", "The DPoP proof JWT has already been used."),
        ("use_dpop_nonce", "Authorization server requires nonce in DPoP proof."),
    ],
)
def test_what_was_signed_for_once_may_be_signed_again(
    endpoint: Endpoint, code: str, description: str
) -> None:
    error = classed(oauth_error(400, code, description), endpoint)

    assert isinstance(error, UnavailableError)
    assert error.trouble.next is Next.RETRY
    assert not error.trouble.may_have_landed


@pytest.mark.parametrize("code", ["E0000006", "E0000011"])
def test_the_challenge_says_more_than_the_body(code: str) -> None:
    challenge = {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="okta.apps.read"'}
    error = classed(api_error(403, code, "no permission", headers=challenge))

    assert error.trouble.reason is Reason.INSUFFICIENT_SCOPE
    assert "okta.apps.read" in error.trouble.message


def all_transport_errors() -> list[type[httpx.HTTPError]]:
    def below(kind: type[httpx.HTTPError]) -> list[type[httpx.HTTPError]]:
        return [kind, *(deep for sub in kind.__subclasses__() for deep in below(sub))]

    return [kind for kind in below(httpx.RequestError) if kind.__module__ == "httpx"]


NOT_SENT = {httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError}


@pytest.mark.parametrize("kind", all_transport_errors())
@pytest.mark.parametrize("endpoint", Endpoint)
def test_a_failure_may_have_landed_if_anything_was_sent(
    kind: type[httpx.RequestError], endpoint: Endpoint
) -> None:
    error = error_of_failure(kind("what happened"), Call(endpoint))

    is_unsent = kind in NOT_SENT
    assert isinstance(error, NotSentError if is_unsent else NoAnswerError)
    assert error.trouble.next is Next.RETRY
    assert error.trouble.may_have_landed == (endpoint.is_write and not is_unsent)
    assert (error.trouble.reason is Reason.UNREACHABLE) == endpoint.is_of_connection


@pytest.mark.parametrize(
    "text",
    ["the value is okr_" + "a" * 60, "Basic " + "QUJD" * 20, "short-but-known is wrong"],
)
def test_a_text_that_may_hold_a_secret_is_not_shown(text: str) -> None:
    hidden = ("short-but-known",)
    answers = [
        api_error(400, "E0000001", text, text),
        oauth_error(400, "invalid_request", text),
        api_error(403, "short-but-known"),
        answer(403, headers={"X-Okta-Request-Id": "short-but-known"}),
        answer(401, headers={"WWW-Authenticate": f'Bearer error="x", error_description="{text}"'}),
    ]
    for response in answers:
        shown = str(classed(response, Endpoint.CREATE, *hidden))
        assert text not in shown
        assert "short-but-known" not in shown


def test_a_foreign_text_is_cut_and_printable() -> None:
    text = "a \n\x1b[31m\u202e" + "b c " * 200
    message = classed(api_error(403, "E0000006", text)).trouble.message

    assert message.isprintable()
    assert len(message) < 500
