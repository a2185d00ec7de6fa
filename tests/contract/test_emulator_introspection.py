"""Introspection as a proof of a client secret, by each method and with each refusal."""

import base64
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest

from tests.contract.conftest import AppMaker, AppUnderTest
from tests.emulator_client import EmulatorClient, random_id

PATH = "/oauth2/v1/introspect"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ACCEPTED = (200, {"active": False})
WRONG_SECRET = "The client secret supplied for a confidential client is invalid."
WRONG_METHOD = (
    "Client authentication failed. Either the client or the client credentials are invalid."
)
SECRET = "a-secret-of-at-least-32-characters"


def invalid_client(description: str) -> tuple[int, dict[str, str]]:
    return 401, {"error": "invalid_client", "error_description": description}


def outcome(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()


def introspect(emulator: EmulatorClient, **options: Any) -> tuple[int, Any]:
    form = {"token": "anything", **options.pop("data", {})}
    return outcome(emulator.http.post(PATH, data=form, **options))


def by_basic(app: AppUnderTest, secret: str) -> tuple[int, Any]:
    return introspect(app.emulator, auth=(app.client_id, secret))


def by_post(app: AppUnderTest, secret: str) -> tuple[int, Any]:
    return introspect(app.emulator, data={"client_id": app.client_id, "client_secret": secret})


def by_jwt(
    app: AppUnderTest, secret: str, algorithm: str = "HS256", **claims: Any
) -> tuple[int, Any]:
    content = {
        "iss": app.client_id,
        "sub": app.client_id,
        "aud": app.emulator.base_url + PATH,
        "exp": int(time.time()) + 300,
        **claims,
    }
    assertion = jwt.encode(
        {name: value for name, value in content.items() if value is not None},
        "" if algorithm == "none" else secret,
        algorithm,
    )
    return introspect(app.emulator, data=assertion_form(assertion))


def assertion_form(assertion: str, kind: str = ASSERTION_TYPE) -> dict[str, str]:
    return {"client_assertion_type": kind, "client_assertion": assertion}


BY_METHOD = {
    "client_secret_basic": by_basic,
    "client_secret_post": by_post,
    "client_secret_jwt": by_jwt,
}
ALL_METHODS = pytest.mark.parametrize("method", list(BY_METHOD))


@pytest.fixture
def jwt_app(make_app: AppMaker) -> AppUnderTest:
    return make_app(tokenEndpointAuthMethod="client_secret_jwt", secrets=[{"clientSecret": SECRET}])


@ALL_METHODS
def test_each_active_secret_is_accepted_by_the_app_s_method(
    make_app: AppMaker, method: str
) -> None:
    app = make_app(tokenEndpointAuthMethod=method, secrets=[{}, {}])

    for secret in app.secrets:
        assert BY_METHOD[method](app, secret["client_secret"]) == ACCEPTED


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_an_inactive_secret_is_a_wrong_secret(make_app: AppMaker, method: str) -> None:
    app = make_app(tokenEndpointAuthMethod=method, secrets=[{}, {"status": "INACTIVE"}])
    inactive = app.state()["secrets"][1]["client_secret"]

    assert BY_METHOD[method](app, inactive) == invalid_client(WRONG_SECRET)


@ALL_METHODS
def test_every_other_method_than_the_app_s_is_refused(make_app: AppMaker, method: str) -> None:
    app = make_app(tokenEndpointAuthMethod=method)
    secret = app.secrets[0]["client_secret"]

    for other in set(BY_METHOD) - {method}:
        assert BY_METHOD[other](app, secret) == invalid_client(WRONG_METHOD)


def test_a_secret_with_special_characters_is_taken_as_it_is(make_app: AppMaker) -> None:
    secret = "100%:sure+of=it &more"
    app = make_app(secrets=[{"clientSecret": secret}])

    assert by_basic(app, secret) == ACCEPTED


def test_a_public_client_is_known_by_its_id_alone(make_app: AppMaker) -> None:
    app = make_app(tokenEndpointAuthMethod="none")

    assert introspect(app.emulator, data={"client_id": app.client_id}) == ACCEPTED


def test_a_client_with_a_secret_is_not(app: AppUnderTest) -> None:
    refusal = introspect(app.emulator, data={"client_id": app.client_id})

    assert refusal == invalid_client(WRONG_METHOD)


def test_no_credentials_are_refused(okta_emulator: EmulatorClient) -> None:
    assert introspect(okta_emulator) == invalid_client("No client credentials found.")


def test_an_unknown_client_is_refused_in_the_other_shape(okta_emulator: EmulatorClient) -> None:
    status, body = introspect(okta_emulator, auth=(random_id("0oa"), "a-secret-of-some-kind"))

    assert (status, body["errorCode"]) == (401, "invalid_client")
    assert body["errorSummary"] == "Invalid value for 'client_id' parameter."


@pytest.mark.parametrize(
    "header",
    ["Basic !!!", "Basic " + base64.b64encode(b"no-colon").decode(), "Bearer abc", "Basic é"],
)
def test_an_unreadable_header_is_refused(okta_emulator: EmulatorClient, header: str) -> None:
    refusal = introspect(okta_emulator, headers={"Authorization": header.encode()})

    assert refusal == invalid_client(
        "Found Authentication header but was not valid client credentials."
    )


def test_credentials_in_two_places_are_refused(app: AppUnderTest) -> None:
    status, body = introspect(
        app.emulator,
        auth=(app.client_id, app.secrets[0]["client_secret"]),
        data={"client_id": app.client_id},
    )

    assert (status, body["error"]) == (401, "invalid_request")
    assert body["error_description"].startswith("Cannot supply multiple client credentials.")


def test_credentials_in_the_query_are_refused(app: AppUnderTest) -> None:
    status, body = introspect(app.emulator, params={"client_secret": "a-secret-of-some-kind"})

    assert (status, body["error"]) == (400, "invalid_request")


def test_a_parameter_given_twice_is_refused(okta_emulator: EmulatorClient) -> None:
    status, body = introspect(okta_emulator, data={"token": ["one", "two"]})

    assert (status, body["error"]) == (400, "invalid_request")


def test_a_missing_token_is_refused_after_the_secret_was_accepted(app: AppUnderTest) -> None:
    answer = app.emulator.http.post(PATH, auth=(app.client_id, app.secrets[0]["client_secret"]))

    assert outcome(answer) == (
        400,
        {
            "error": "invalid_request",
            "error_description": "The 'token' parameter is required.",
        },
    )


def test_an_inactive_app_is_refused(app: AppUnderTest) -> None:
    app.emulator.set_app_status(app.id, "INACTIVE")

    refusal = by_basic(app, app.secrets[0]["client_secret"])

    assert refusal == invalid_client(WRONG_METHOD)


def test_a_wrong_method_of_http_is_refused(okta_emulator: EmulatorClient) -> None:
    assert okta_emulator.http.get(PATH).json()["errorCode"] == "E0000022"


def test_an_assertion_signed_with_another_secret_is_refused(jwt_app: AppUnderTest) -> None:
    refusal = by_jwt(jwt_app, "another-secret-of-at-least-32-characters")

    assert refusal == invalid_client("The client_assertion signature is invalid.")


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_an_assertion_may_use_each_hmac(jwt_app: AppUnderTest, algorithm: str) -> None:
    assert by_jwt(jwt_app, SECRET, algorithm) == ACCEPTED


@pytest.mark.parametrize(
    ("claims", "description"),
    [
        ({"sub": "someone"}, "The subject claim for client_assertion is not a valid client_id."),
        ({"iss": "someone"}, "The issuer claim for client_assertion is not a valid client_id."),
        (
            {"aud": "https://elsewhere.example"},
            "The audience claim for client_assertion must be the endpoint invoked for the request.",
        ),
        (
            {"exp": None},
            "The client_assertion must contain the 'exp' claim as seconds since epoch.",
        ),
        ({"exp": 1_000_000_000}, "The client_assertion token is expired."),
        (
            {"exp": 10_000_000_000},
            "The client_assertion token has an expiration too far into the future.",
        ),
        (
            {"iat": 10_000_000_000},
            "The client_assertion token must be issued before the current time.",
        ),
    ],
)
def test_an_assertion_with_wrong_claims_is_refused(
    jwt_app: AppUnderTest, claims: dict[str, Any], description: str
) -> None:
    assert by_jwt(jwt_app, SECRET, **claims) == invalid_client(description)


def test_an_unsigned_assertion_is_refused(jwt_app: AppUnderTest) -> None:
    refusal = by_jwt(jwt_app, SECRET, "none")

    assert refusal == invalid_client("The client_assertion JWT signature algorithm is invalid.")


@pytest.mark.parametrize("assertion", ["", "a.b", "a.b.c", "!.!.!", "bnVsbA.bnVsbA.bnVsbA"])
def test_an_assertion_that_is_no_jwt_is_refused(
    okta_emulator: EmulatorClient, assertion: str
) -> None:
    refusal = introspect(okta_emulator, data=assertion_form(assertion))

    assert refusal == invalid_client("The parsing of the client_assertion failed.")


def test_an_assertion_of_another_type_is_refused(okta_emulator: EmulatorClient) -> None:
    status, body = introspect(okta_emulator, data=assertion_form("a.b.c", "saml"))

    assert (status, body["error_description"]) == (400, "The client_assertion_type is invalid.")


def test_an_assertion_is_good_for_one_use(jwt_app: AppUnderTest) -> None:
    assert by_jwt(jwt_app, SECRET, jti="one") == ACCEPTED

    refusal = by_jwt(jwt_app, SECRET, jti="one")

    assert refusal == invalid_client("The client_assertion token has already been used.")


def test_an_app_with_a_key_pair_cannot_use_a_secret(make_app: AppMaker) -> None:
    app = make_app(tokenEndpointAuthMethod="private_key_jwt")

    status, body = by_jwt(app, SECRET)

    assert (status, body["error"]) == (401, "invalid_client")


def test_refused_secrets_are_counted_a_client_and_a_day(
    own_emulator: Callable[..., EmulatorClient],
) -> None:
    emulator = own_emulator({})
    app = emulator.make_app()
    good = app["secrets"][0]["client_secret"]

    for secret in ("wrong-secret-number-1", good, "wrong-secret-number-2"):
        introspect(emulator, auth=(app["clientId"], secret))

    refused = emulator.app_state(app["id"])["refusedIntrospections"]
    assert (refused["total"], refused["within24Hours"], len(refused["times"])) == (2, 2, 2)
    assert [record["appId"] for record in emulator.request_log()] == [app["id"]] * 3
