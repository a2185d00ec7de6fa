"""DPoP at the Management API: a bound token opens it with a proof for each call."""

from collections.abc import Callable

import pytest

from tests.contract.conftest import AppMaker, ServiceMaker
from tests.contract.service_app import (
    ServiceApp,
    ath,
    challenge,
    key_pair,
)
from tests.emulator_client import EmulatorClient

USED = "The DPoP proof JWT has already been used."


@pytest.fixture
def path(make_app: AppMaker) -> str:
    return make_app().path


def test_a_bound_token_opens_the_api_with_a_proof_for_each_call(
    bound: ServiceApp, path: str
) -> None:
    token = bound.sign_in(dpop=True)

    answers = [bound.get(path, bound.dpop_headers(token, "GET", path)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize("suffix", ["?expand=user", "#part"])
def test_query_and_fragment_do_not_count(bound: ServiceApp, path: str, suffix: str) -> None:
    token = bound.sign_in(dpop=True)
    url = bound.emulator.base_url + path + suffix

    answer = bound.get(path + "?x=1", bound.dpop_headers(token, "GET", path, htu=url))

    assert answer.status_code == 200


def test_a_bound_token_does_not_open_it_as_a_bearer(bound: ServiceApp, path: str) -> None:
    token = bound.sign_in(dpop=True)

    answer = bound.get(path, {"Authorization": f"Bearer {token}"})

    assert challenge(answer) == (
        400,
        "DPoP",
        "The resource request must use the DPoP authentication scheme when using a DPoP bound "
        "token.",
    )


def test_a_bound_token_does_not_open_it_without_a_proof(bound: ServiceApp, path: str) -> None:
    answer = bound.get(path, {"Authorization": f"DPoP {bound.sign_in(dpop=True)}"})

    assert challenge(answer) == (400, "DPoP", "The resource request requires a DPoP proof.")


def test_a_bearer_token_does_not_become_bound(service: ServiceApp, path: str) -> None:
    token = service.sign_in()

    answer = service.get(path, service.dpop_headers(token, "GET", path))

    assert challenge(answer) == (401, "DPoP", "The presented access_token is not DPoP bound.")


def test_a_proof_for_another_token_is_refused(bound: ServiceApp, path: str) -> None:
    token = bound.sign_in(dpop=True)

    answer = bound.get(path, bound.dpop_headers(token, "GET", path, ath=ath("another")))

    assert challenge(answer) == (
        400,
        "DPoP",
        "'ath' claim in the DPoP proof does not match the presented access_token.",
    )


def test_a_proof_by_another_key_is_refused(bound: ServiceApp, path: str) -> None:
    token = bound.sign_in(dpop=True)

    headers = bound.dpop_headers(token, "GET", path, key=key_pair(kid=None))

    assert challenge(bound.get(path, headers)) == (
        400,
        "DPoP",
        "The access_token is not bound to the provided DPoP proof.",
    )


def test_a_proof_is_for_one_call(bound: ServiceApp, path: str) -> None:
    token = bound.sign_in(dpop=True)
    headers = bound.dpop_headers(token, "GET", path)
    elsewhere = bound.dpop_headers(token, "GET", "/api/v1/org")

    first, second = bound.get(path, headers), bound.get(path, headers)

    assert first.status_code == 200
    assert challenge(second) == (400, "DPoP", USED)
    wrong = "'htu' claim in the DPoP proof JWT is invalid."
    assert challenge(bound.get(path, elsewhere)) == (400, "DPoP", wrong)


def test_the_api_may_ask_for_a_nonce_too(
    own_emulator: Callable[..., EmulatorClient], make_service: ServiceMaker
) -> None:
    emulator = own_emulator({"unknowns": {"nonceAtApi": True}})
    app = make_service(emulator, dpopBoundAccessTokens=True)
    path = f"/api/v1/apps/{emulator.make_app()['id']}"
    token = app.sign_in(dpop=True)

    refused = app.get(path, app.dpop_headers(token, "GET", path))
    nonce = refused.headers["dpop-nonce"]
    accepted = app.get(path, app.dpop_headers(token, "GET", path, nonce=nonce))

    assert challenge(refused)[:2] == (401, "DPoP")
    assert 'error="use_dpop_nonce"' in refused.headers["www-authenticate"]
    assert accepted.status_code == 200
