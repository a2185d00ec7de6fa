"""DPoP at the token endpoint: the handshake about the nonce, and each proof that is wrong."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.contract.conftest import ServiceMaker
from tests.contract.service_app import (
    TOKEN,
    KeyPair,
    ServiceApp,
    claims_of,
    encoded,
    key_pair,
    told,
)
from tests.emulator_client import EmulatorClient

NONCE = (400, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof.")
MISSING = "The DPoP proof JWT header is missing."
USED = "The DPoP proof JWT has already been used."


def invalid_proof(description: str) -> tuple[int, str, str]:
    return 400, "invalid_dpop_proof", description


def asked(app: ServiceApp, **proof: Any) -> httpx.Response:
    return app.ask(proof=app.proof("POST", TOKEN, **{"nonce": app.nonce(), **proof}))


def test_an_app_that_requires_a_proof_gets_no_token_without(bound: ServiceApp) -> None:
    assert told(bound.ask()) == invalid_proof(MISSING)


def test_a_proof_without_a_nonce_is_told_one(bound: ServiceApp) -> None:
    answer = bound.ask(proof=bound.proof("POST", TOKEN))

    assert told(answer) == NONCE
    assert answer.headers["dpop-nonce"]


def test_the_handshake_spends_the_assertion(bound: ServiceApp) -> None:
    assertion = bound.assertion()
    nonce = bound.ask(assertion, bound.proof("POST", TOKEN)).headers["dpop-nonce"]

    answer = bound.ask(assertion, bound.proof("POST", TOKEN, nonce=nonce))

    used = "The client_assertion token has already been used."
    assert told(answer) == (401, "invalid_client", used)


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"])
def test_a_proof_may_use_each_algorithm(bound: ServiceApp, algorithm: str) -> None:
    key = key_pair(algorithm, kid=None)

    answer = asked(bound, key=key)

    assert answer.json()["token_type"] == "DPoP"
    assert claims_of(answer.json()["access_token"])["cnf"]["jkt"]


@pytest.mark.parametrize(
    ("claims", "description"),
    [
        ({"htm": "GET"}, "'htm' claim in the DPoP proof JWT is invalid."),
        ({"htm": None}, "'htm' claim in the DPoP proof JWT is invalid."),
        ({"htu": "https://acme.okta.com" + TOKEN}, "'htu' claim in the DPoP proof JWT is invalid."),
        ({"htu": None}, "'htu' claim in the DPoP proof JWT is invalid."),
        ({"iat": None}, "'iat' claim in the DPoP proof JWT is invalid."),
        ({"iat": "now"}, "'iat' claim in the DPoP proof JWT is invalid."),
        ({"iat": int(time.time()) + 3000}, "The DPoP proof JWT is issued in the future."),
        (
            {"iat": int(time.time()) - 3000},
            "The DPoP proof JWT is issued more than five minutes in the past.",
        ),
        ({"jti": None}, "'jti' claim in the DPoP proof JWT is invalid."),
        ({"header": {"typ": "JWT"}}, "'typ' must be 'dpop+jwt' in the DPoP proof JWT."),
        ({"header": {"jwk": None}}, "The DPoP proof JWT is invalid."),
        ({"header": {"jwk": {"kty": "oct", "k": "eA"}}}, "The DPoP proof JWT is invalid."),
    ],
)
def test_a_proof_with_wrong_claims_is_refused(
    bound: ServiceApp, claims: dict[str, Any], description: str
) -> None:
    assert told(asked(bound, **claims)) == invalid_proof(description)


def test_a_proof_with_the_key_of_another_is_refused(bound: ServiceApp) -> None:
    other = key_pair(kid=None)

    answer = asked(bound, header={"jwk": other.public})

    assert told(answer) == invalid_proof("The DPoP proof JWT signature is invalid.")


def test_a_proof_by_a_shared_secret_is_refused(bound: ServiceApp) -> None:
    secret = KeyPair("HS256", "x" * 64, {})

    answer = asked(bound, key=secret, header={"jwk": bound.dpop_key.public})

    assert told(answer) == invalid_proof("The DPoP proof JWT signature algorithm is invalid.")


def test_a_proof_that_shows_its_private_key_is_refused(bound: ServiceApp) -> None:
    answer = asked(bound, header={"jwk": {**bound.dpop_key.public, "d": encoded(b"secret")}})

    assert told(answer) == invalid_proof("The DPoP proof JWT is invalid.")


def test_what_is_no_jwt_is_refused(bound: ServiceApp) -> None:
    assert told(bound.ask(proof="a.b")) == invalid_proof("The DPoP proof JWT cannot be parsed.")


def test_two_proofs_are_refused(bound: ServiceApp) -> None:
    proofs = [("DPoP", bound.proof("POST", TOKEN)), ("DPoP", bound.proof("POST", TOKEN))]
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": bound.assertion(),
    }

    answer = bound.emulator.http.post(TOKEN, data=form, headers=proofs)

    assert told(answer) == invalid_proof("Multiple DPoP proof JWT headers are not allowed.")


def test_a_proof_is_good_for_one_use(bound: ServiceApp) -> None:
    nonce = bound.nonce()

    first, second = (
        bound.ask(proof=bound.proof("POST", TOKEN, nonce=nonce, jti="one")) for _ in range(2)
    )

    assert first.status_code == 200
    assert told(second) == invalid_proof(USED)


def test_a_nonce_is_renewed_each_day_and_the_old_one_good_for_three(
    own_emulator: Callable[..., EmulatorClient], make_service: ServiceMaker
) -> None:
    emulator = own_emulator({})
    app = make_service(emulator, dpopBoundAccessTokens=True)

    def tried(nonce: str | None, days: float) -> httpx.Response:
        emulator.set_clock(timedelta(days=days))
        now = int(time.time() + days * 86400)
        proof = app.proof("POST", TOKEN, nonce=nonce, iat=now)
        return app.ask(app.assertion(iat=now, exp=now + 300), proof)

    first = tried(None, 0).headers["dpop-nonce"]
    second = tried(None, 1.1).headers["dpop-nonce"]

    assert first != second
    assert [tried(first, days).status_code for days in (2.9, 3.1)] == [200, 400]
    assert told(tried(first, 3.1)) == NONCE
    assert tried(second, 3.1).status_code == 200


def test_a_nonce_may_be_void_at_once(
    own_emulator: Callable[..., EmulatorClient], make_service: ServiceMaker
) -> None:
    emulator = own_emulator({})
    app = make_service(emulator, dpopBoundAccessTokens=True)
    nonce = app.nonce()

    emulator.void_nonces()

    answer = app.ask(proof=app.proof("POST", TOKEN, nonce=nonce))
    assert told(answer) == NONCE
    assert answer.headers["dpop-nonce"] != nonce


def test_an_app_that_does_not_require_a_proof_may_send_one(service: ServiceApp) -> None:
    assert asked(service).json()["token_type"] == "DPoP"


def test_or_may_be_given_a_bearer_token_all_the_same(
    own_emulator: Callable[..., EmulatorClient], make_service: ServiceMaker
) -> None:
    app = make_service(own_emulator({"unknowns": {"unaskedProof": "bearer"}}))

    assert app.ask(proof=app.proof("POST", TOKEN)).json()["token_type"] == "Bearer"


def test_an_app_comes_to_require_a_proof(service: ServiceApp) -> None:
    before = service.ask().status_code

    service.emulator.change_app(service.id, dpopBoundAccessTokens=True)

    assert before == 200
    assert told(service.ask()) == invalid_proof(MISSING)


def test_an_app_tells_whether_it_requires_a_proof(
    bound: ServiceApp, okta_token: str, service: ServiceApp
) -> None:
    headers = {"Authorization": f"SSWS {okta_token}"}

    told_by = [service.get(f"/api/v1/apps/{app.id}", headers) for app in (bound, service)]

    settings = [json.loads(answer.content)["settings"]["oauthClient"] for answer in told_by]
    assert [entry["dpop_bound_access_tokens"] for entry in settings] == [True, False]
