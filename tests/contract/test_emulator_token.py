"""The token endpoint of the org authorization server: a service app signs in by its key."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.conftest import AppMaker, ServiceMaker
from tests.contract.service_app import (
    BOTH,
    TOKEN,
    KeyPair,
    ServiceApp,
    challenge,
    claims_of,
    key_pair,
    told,
)
from tests.emulator_client import EmulatorClient, random_id

ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]
SIGNATURE = "The client_assertion signature is invalid."
ALGORITHM = "The client_assertion JWT signature algorithm is invalid."
KID = "The client_assertion JWT kid is invalid."
USED = "The client_assertion token has already been used."


def invalid_client(description: str) -> tuple[int, str, str]:
    return 401, "invalid_client", description


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_service_app_signs_in_by_each_algorithm(
    make_service: ServiceMaker, algorithm: str
) -> None:
    app = make_service(key=key_pair(algorithm))

    answer = app.ask()

    body = answer.json()
    assert answer.status_code == 200
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, BOTH)
    claims = claims_of(body["access_token"])
    assert (claims["cid"], claims["scp"]) == (app.client_id, BOTH.split())
    assert claims["exp"] - claims["iat"] == 3600


def test_the_token_opens_the_management_api(service: ServiceApp, make_app: AppMaker) -> None:
    app = make_app()
    headers = {"Authorization": f"Bearer {service.sign_in()}"}

    read = service.get(app.path, headers)
    created = service.emulator.http.post(f"{app.path}/credentials/secrets", headers=headers)

    assert (read.status_code, created.status_code) == (200, 201)


@pytest.mark.parametrize(
    ("claims", "description"),
    [
        ({"iss": "someone"}, "The issuer claim for client_assertion is not a valid client_id."),
        ({"sub": "someone"}, "The subject claim for client_assertion is not a valid client_id."),
        (
            {"aud": "https://acme.okta.com"},
            "The audience claim for client_assertion must be the endpoint invoked for the request.",
        ),
        (
            {"exp": None},
            "The client_assertion must contain the 'exp' claim as seconds since epoch.",
        ),
        ({"exp": 1_000_000_000}, "The client_assertion token is expired."),
        (
            {"exp": int(time.time()) + 4000},
            "The client_assertion token has an expiration too far into the future.",
        ),
        (
            {"iat": int(time.time()) + 3000},
            "The client_assertion token must be issued before the current time.",
        ),
    ],
)
def test_an_assertion_with_wrong_claims_is_refused(
    service: ServiceApp, claims: dict[str, Any], description: str
) -> None:
    assert told(service.ask(service.assertion(**claims))) == invalid_client(description)


def test_neither_iat_nor_jti_is_needed(service: ServiceApp) -> None:
    assert service.ask(service.assertion(iat=None, jti=None)).status_code == 200


def test_an_assertion_is_good_for_one_use(service: ServiceApp) -> None:
    first, second = (service.ask(service.assertion(jti="one")) for _ in range(2))

    assert first.status_code == 200
    assert told(second) == invalid_client(USED)


def test_a_request_that_fails_for_another_reason_spends_its_assertion(service: ServiceApp) -> None:
    assertion = service.assertion()

    service.ask(assertion, scope="nonsense")

    assert told(service.ask(assertion)) == invalid_client(USED)


def test_another_key_is_refused(service: ServiceApp) -> None:
    other = key_pair(kid="one")

    assert told(service.ask(service.assertion(key=other))) == invalid_client(SIGNATURE)


@pytest.mark.parametrize("kid", ["two", ""])
def test_an_unknown_kid_is_refused(service: ServiceApp, kid: str) -> None:
    assert told(service.ask(service.assertion(header={"kid": kid}))) == invalid_client(KID)


def test_a_single_key_needs_no_kid(make_service: ServiceMaker) -> None:
    app = make_service(key=key_pair(kid=None))

    assert app.ask().status_code == 200


def test_of_several_keys_the_kid_names_one(
    make_service: ServiceMaker, service_key: KeyPair
) -> None:
    other = key_pair("RS256", kid="two")
    app = make_service(jwks={"keys": [service_key.public, other.public]})

    assert app.ask(app.assertion(key=other)).status_code == 200
    assert app.ask(app.assertion(key=service_key)).status_code == 200
    mixed = app.assertion(key=service_key, header={"kid": "two"})
    assert told(app.ask(mixed)) == invalid_client(ALGORITHM)
    unnamed = app.assertion(header={"typ": "JWT"})
    assert told(app.ask(unnamed)) == invalid_client(KID)


def test_keys_roll_over_behind_the_client_s_back(
    make_service: ServiceMaker, service_key: KeyPair
) -> None:
    app, new = make_service(), key_pair(kid="two")

    app.emulator.change_app(app.id, jwks={"keys": [service_key.public, new.public]})
    both = [app.ask(app.assertion(key=key)).status_code for key in (service_key, new)]
    app.emulator.change_app(app.id, jwks={"keys": [new.public]})

    assert both == [200, 200]
    assert told(app.ask()) == invalid_client(KID)
    assert app.ask(app.assertion(key=new)).status_code == 200


@pytest.mark.parametrize("algorithm", ["HS256", "none"])
def test_a_key_pair_cannot_be_stood_in_for(service: ServiceApp, algorithm: str) -> None:
    secret = KeyPair(algorithm, "x" * 64 if algorithm == "HS256" else "", {})

    assert told(service.ask(service.assertion(key=secret))) == invalid_client(ALGORITHM)


def test_an_app_without_keys_is_told_so(make_service: ServiceMaker) -> None:
    app = make_service(jwks={"keys": []})

    assert told(app.ask()) == invalid_client(
        "The client does not have a JWKSet configured, but the client_assertion requires one."
    )


def test_an_inactive_app_gets_no_token_and_its_tokens_are_void(
    service: ServiceApp, make_app: AppMaker
) -> None:
    headers = {"Authorization": f"Bearer {service.sign_in()}"}

    service.emulator.set_app_status(service.id, "INACTIVE")

    assert told(service.ask())[:2] == (401, "invalid_client")
    assert challenge(service.get(make_app().path, headers))[0] == 401


def test_an_app_with_a_secret_gets_no_token_however_good_it_is(make_app: AppMaker) -> None:
    app = make_app(applicationType="service")
    form = {"grant_type": "client_credentials", "scope": BOTH}
    auth = (app.client_id, app.secrets[0]["client_secret"])

    answer = app.emulator.http.post(TOKEN, data=form, auth=auth)

    assert told(answer) == invalid_client(
        "Client Credentials requests to the Org Authorization Server must use the private_key_jwt "
        "token_endpoint_auth_method."
    )


def test_only_a_service_app_gets_a_token(make_service: ServiceMaker) -> None:
    app = make_service(applicationType="web")

    assert told(app.ask()) == invalid_client(
        "Only clients with 'application_type' of 'service' may use the client_credentials "
        "'grant_type' with the Org Authorization Server."
    )


@pytest.mark.parametrize(
    ("grant_type", "error"),
    [(None, "invalid_request"), ("authorization_code", "unsupported_grant_type")],
)
def test_another_grant_is_refused(service: ServiceApp, grant_type: str | None, error: str) -> None:
    assert told(service.ask(grant_type=grant_type))[:2] == (400, error)


def test_a_clock_that_is_ahead_refuses_the_assertion(
    own_emulator: Callable[..., EmulatorClient], make_service: ServiceMaker
) -> None:
    emulator = own_emulator({})
    app = make_service(emulator)

    emulator.set_clock(timedelta(minutes=10))
    ahead = told(app.ask())
    emulator.set_clock(timedelta(minutes=-10))
    behind = told(app.ask())

    assert ahead == invalid_client("The client_assertion token is expired.")
    assert behind == invalid_client(
        "The client_assertion token must be issued before the current time."
    )


@pytest.mark.parametrize(
    ("jwks", "clause"),
    [
        ({"keys": [{"kty": "oct", "k": "eA"}]}, "kty: must be RSA or EC"),
        ({"keys": [{"kty": "EC", "crv": "P-256"}]}, "not a key that can be read"),
        ({"keys": [{"kty": "RSA", "n": "eA", "e": "AQAB", "d": "eA"}]}, "d: a private key"),
    ],
)
def test_a_key_that_is_none_is_refused(
    okta_emulator: EmulatorClient, jwks: dict[str, Any], clause: str
) -> None:
    with pytest.raises(ValueError, match=clause):
        okta_emulator.add_app({"id": random_id("0oa"), "jwks": jwks})


def test_two_keys_without_names_are_refused(
    okta_emulator: EmulatorClient, service_key: KeyPair, dpop_key: KeyPair
) -> None:
    keys = {"keys": [service_key.public, dpop_key.public]}

    with pytest.raises(ValueError, match="a kid of its own"):
        okta_emulator.add_app({"id": random_id("0oa"), "jwks": keys})
