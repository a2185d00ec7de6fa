"""Okta's own Python SDK signs in as a service app: by its private key, and with DPoP."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from Cryptodome.PublicKey import RSA
from okta.client import Client as OktaClient

from tests.contract.conftest import AppUnderTest, ServiceMaker
from tests.contract.service_app import BOTH, KeyPair, ServiceApp, key_pair
from tests.emulator_client import EmulatorClient

SdkMaker = Callable[..., Any]


@pytest.fixture(scope="session")
def rsa_key() -> KeyPair:
    """The SDK signs with RS256 alone."""
    return key_pair("RS256")


@pytest.fixture
def sdk_of(monkeypatch: pytest.MonkeyPatch, rsa_key: KeyPair) -> SdkMaker:
    # To make its key for DPoP, in Python alone, takes it ten seconds.
    monkeypatch.setattr("okta.dpop.RSA.generate", lambda bits: RSA.import_key(rsa_key.pem))

    def make(service: ServiceApp, key: KeyPair, **options: Any) -> Any:
        monkeypatch.setenv("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "true")
        config = {
            "orgUrl": service.emulator.base_url,
            "authorizationMode": "PrivateKey",
            "clientId": service.client_id,
            "privateKey": key.pem,
            "kid": key.public["kid"],
            "scopes": BOTH.split(),
            **options,
        }
        return OktaClient(config)

    return make


def asked(emulator: EmulatorClient) -> list[tuple[str, int]]:
    return [(record["path"], record["status"]) for record in emulator.request_log()]


@pytest.mark.parametrize("dpop", [False, True])
async def test_the_sdk_signs_in_and_goes_through_a_rotation(
    make_service: ServiceMaker, app: AppUnderTest, sdk_of: SdkMaker, rsa_key: KeyPair, dpop: bool
) -> None:
    service = make_service(key=rsa_key, dpopBoundAccessTokens=dpop)
    sdk = sdk_of(service, rsa_key, dpopEnabled=dpop)
    (old,) = app.secrets

    new, _, error = await sdk.create_o_auth2_client_secret(app.id)
    assert error is None
    inactive, _, error = await sdk.deactivate_o_auth2_client_secret(app.id, old["id"])
    assert (error, inactive.status) == (None, "INACTIVE")
    answer = await sdk.delete_o_auth2_client_secret(app.id, old["id"])
    listed, _, _ = await sdk.list_o_auth2_client_secrets(app.id)

    assert answer[-1] is None
    assert [secret.id for secret in listed] == [new.id]


async def test_the_sdk_learns_the_nonce_once(
    own_emulator: Callable[..., EmulatorClient],
    make_service: ServiceMaker,
    sdk_of: SdkMaker,
    rsa_key: KeyPair,
) -> None:
    emulator = own_emulator({})
    service = make_service(emulator, key=rsa_key, dpopBoundAccessTokens=True)
    app = emulator.make_app()
    sdk = sdk_of(service, rsa_key, dpopEnabled=True)

    for _ in range(2):
        await sdk.get_application(app["id"])

    path = f"/api/v1/apps/{app['id']}"
    token = "/oauth2/v1/token"
    assert asked(emulator) == [(token, 400), (token, 200), (path, 200), (path, 200)]


async def test_the_sdk_follows_when_the_api_asks_for_a_nonce(
    own_emulator: Callable[..., EmulatorClient],
    make_service: ServiceMaker,
    sdk_of: SdkMaker,
    rsa_key: KeyPair,
) -> None:
    # It reads the error from the body alone.
    unknowns = {"nonceAtApi": True, "refusedToken": "header-and-oauth-body"}
    emulator = own_emulator({"unknowns": unknowns})
    service = make_service(emulator, key=rsa_key, dpopBoundAccessTokens=True)
    app = emulator.make_app()
    sdk = sdk_of(service, rsa_key, dpopEnabled=True)
    await sdk.get_application(app["id"])
    emulator.void_nonces()

    found, _, error = await sdk.get_application(app["id"])

    assert (error, found.id) == (None, app["id"])
    assert [status for _, status in asked(emulator)][-2:] == [401, 200]


async def test_the_sdk_is_refused_with_another_key(
    make_service: ServiceMaker, app: AppUnderTest, sdk_of: SdkMaker, rsa_key: KeyPair
) -> None:
    service = make_service(key=rsa_key)
    sdk = sdk_of(service, key_pair("RS256"))

    _, _, error = await sdk.list_o_auth2_client_secrets(app.id)

    assert (error.status, error.error_code) == (401, "invalid_client")
    assert error.error_summary == "The client_assertion signature is invalid."


async def test_the_sdk_is_refused_without_a_proof_where_one_is_required(
    make_service: ServiceMaker, app: AppUnderTest, sdk_of: SdkMaker, rsa_key: KeyPair
) -> None:
    service = make_service(key=rsa_key, dpopBoundAccessTokens=True)

    _, _, error = await sdk_of(service, rsa_key).list_o_auth2_client_secrets(app.id)

    assert (error.status, error.error_code) == (400, "invalid_dpop_proof")


async def test_the_sdk_is_refused_by_a_clock_that_is_ahead(
    own_emulator: Callable[..., EmulatorClient],
    make_service: ServiceMaker,
    sdk_of: SdkMaker,
    rsa_key: KeyPair,
) -> None:
    emulator = own_emulator({})
    service = make_service(emulator, key=rsa_key)
    emulator.set_clock(timedelta(hours=2))

    _, _, error = await sdk_of(service, rsa_key).get_application(emulator.make_app()["id"])

    assert error.error_summary == "The client_assertion token is expired."
