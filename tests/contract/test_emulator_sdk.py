"""Okta's own Python SDK, an independent client, goes through the secrets lifecycle."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from okta.models import OAuth2ClientSecretRequestBody

from tests.contract.conftest import AppMaker, AppUnderTest, sdk_client
from tests.emulator_client import EmulatorClient, random_id

OPERATION = "Api validation failed: OAuth2ClientSecretMediated"
VALUE = "Api validation failed: client_secret"


def failure(error: Any) -> tuple[int, str, str, list[str]]:
    causes = [cause["errorSummary"] for cause in error.error_causes]
    return error.status, error.error_code, error.error_summary, causes


async def created(sdk: Any, app: AppUnderTest, **fields: Any) -> Any:
    body = OAuth2ClientSecretRequestBody(**fields) if fields else None
    secret, _, error = await sdk.create_o_auth2_client_secret(app.id, body)
    assert error is None
    return secret


async def refused_creation(sdk: Any, app: AppUnderTest, **fields: Any) -> Any:
    body = OAuth2ClientSecretRequestBody(**fields)
    _, _, error = await sdk.create_o_auth2_client_secret(app.id, body)
    return failure(error)


async def test_the_sdk_lists_the_secrets_oldest_first(sdk: Any, make_app: AppMaker) -> None:
    app = make_app(
        secrets=[
            {"created": "2024-02-21T20:08:24Z", "status": "ACTIVE"},
            {"created": "2023-02-21T20:08:24Z", "status": "INACTIVE"},
        ]
    )

    secrets, _, error = await sdk.list_o_auth2_client_secrets(app.id)

    assert error is None
    assert [(secret.created, secret.status) for secret in secrets] == [
        ("2023-02-21T20:08:24.000Z", "INACTIVE"),
        ("2024-02-21T20:08:24.000Z", "ACTIVE"),
    ]


async def test_the_sdk_reads_one_secret_with_value_and_hash(sdk: Any, app: AppUnderTest) -> None:
    held = app.secrets[0]

    secret, _, error = await sdk.get_o_auth2_client_secret(app.id, held["id"])

    assert error is None
    assert (secret.id, secret.client_secret, secret.secret_hash) == (
        held["id"],
        held["client_secret"],
        held["secret_hash"],
    )


async def test_the_sdk_creates_a_secret_that_okta_generates(sdk: Any, app: AppUnderTest) -> None:
    secret = await created(sdk, app)

    assert secret.status == "ACTIVE"
    assert len(secret.client_secret) == 64
    assert secret.created == secret.last_updated


async def test_the_sdk_creates_a_secret_with_a_value_of_its_own(
    sdk: Any, app: AppUnderTest
) -> None:
    secret = await created(sdk, app, client_secret="a-value-of-my-own", status="INACTIVE")

    assert (secret.client_secret, secret.status) == ("a-value-of-my-own", "INACTIVE")
    assert app.state()["secrets"][1]["client_secret"] == "a-value-of-my-own"


async def test_the_sdk_deactivates_activates_and_deletes(sdk: Any, app: AppUnderTest) -> None:
    secret = await created(sdk, app)

    inactive, _, error = await sdk.deactivate_o_auth2_client_secret(app.id, secret.id)
    assert (error, inactive.status) == (None, "INACTIVE")
    active, _, error = await sdk.activate_o_auth2_client_secret(app.id, secret.id)
    assert (error, active.status) == (None, "ACTIVE")
    await sdk.deactivate_o_auth2_client_secret(app.id, secret.id)
    answer = await sdk.delete_o_auth2_client_secret(app.id, secret.id)

    assert answer[-1] is None
    assert [held["id"] for held in app.state()["secrets"]] == [app.secrets[0]["id"]]


async def test_the_sdk_reads_the_app(sdk: Any, app: AppUnderTest) -> None:
    found, _, error = await sdk.get_application(app.id)

    assert error is None
    assert found.credentials.oauth_client.client_id == app.client_id
    assert found.credentials.oauth_client.token_endpoint_auth_method == "client_secret_basic"


async def test_the_sdk_is_refused_a_third_secret(sdk: Any, make_app: AppMaker) -> None:
    app = make_app(secrets=[{"status": "ACTIVE"}, {"status": "INACTIVE"}])

    assert await refused_creation(sdk, app, client_secret="a-value-of-my-own") == (
        400,
        "E0000001",
        OPERATION,
        ["You've reached the maximum number of client secrets per client."],
    )


async def test_the_sdk_is_refused_to_delete_an_active_secret(sdk: Any, app: AppUnderTest) -> None:
    answer = await sdk.delete_o_auth2_client_secret(app.id, app.secrets[0]["id"])

    assert failure(answer[-1]) == (
        400,
        "E0000001",
        OPERATION,
        ["You can't delete an active client secret. Deactivate the secret before deleting it."],
    )


async def test_the_sdk_is_refused_to_deactivate_the_only_active_secret(
    sdk: Any, app: AppUnderTest
) -> None:
    _, _, error = await sdk.deactivate_o_auth2_client_secret(app.id, app.secrets[0]["id"])

    assert failure(error) == (
        400,
        "E0000001",
        OPERATION,
        ["You can't deactivate the only active client secret."],
    )


@pytest.mark.parametrize(
    ("method", "value", "cause"),
    [
        (
            "client_secret_basic",
            "x" * 101,
            "client_secret: 'client_secret' can't be more than '100' characters long.",
        ),
        (
            "client_secret_post",
            "x" * 13,
            "client_secret: 'client_secret' must be at least '14' characters long.",
        ),
        (
            "client_secret_jwt",
            "x" * 31,
            "client_secret: 'client_secret' must be at least '32' characters long when "
            "'token_endpoint_auth_method' is 'client_secret_jwt'.",
        ),
        (
            "client_secret_basic",
            "fourteen-chars-é",
            "client_secret: ''client_secret'' must only contain printable ASCII: [x20-x7E]+",
        ),
        (
            "private_key_jwt",
            "x" * 40,
            "'client_secret' can't be used when 'token_endpoint_auth_method' is 'private_key_jwt'.",
        ),
        (
            "none",
            "x" * 40,
            "'client_secret' can't be used when 'token_endpoint_auth_method' is 'none'.",
        ),
    ],
)
async def test_the_sdk_is_refused_an_unfit_value(
    sdk: Any, make_app: AppMaker, method: str, value: str, cause: str
) -> None:
    app = make_app(tokenEndpointAuthMethod=method)

    refusal = await refused_creation(sdk, app, client_secret=value)

    assert refusal == (400, "E0000001", VALUE, [cause])


async def test_the_sdk_is_refused_a_value_that_the_app_holds_already(
    sdk: Any, app: AppUnderTest
) -> None:
    value = app.secrets[0]["client_secret"]

    status, code, summary, _ = await refused_creation(sdk, app, client_secret=value)

    assert (status, code, summary) == (400, "E0000001", VALUE)


async def test_the_sdk_is_told_of_an_unknown_secret(sdk: Any, app: AppUnderTest) -> None:
    unknown = random_id("ocs")

    _, _, error = await sdk.get_o_auth2_client_secret(app.id, unknown)

    summary = f"Not found: Resource not found: {unknown} (OAuth2ClientSecretMediated)"
    assert failure(error) == (404, "E0000007", summary, [])


async def test_the_sdk_is_told_of_an_unknown_app(sdk: Any) -> None:
    unknown = random_id("0oa")

    _, _, error = await sdk.list_o_auth2_client_secrets(unknown)

    summary = f"Not found: Resource not found: {unknown} (AppInstance)"
    assert failure(error) == (404, "E0000007", summary, [])


async def test_the_sdk_is_told_of_a_bad_token(
    okta_emulator: EmulatorClient, app: AppUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    sdk = sdk_client(okta_emulator.base_url, "00Qunknown", monkeypatch)

    _, _, error = await sdk.list_o_auth2_client_secrets(app.id)

    assert failure(error) == (401, "E0000011", "Invalid token provided", [])


async def test_a_read_only_token_lets_the_sdk_read_and_not_write(
    okta_emulator: EmulatorClient, app: AppUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = okta_emulator.add_token(role="read-only")
    sdk = sdk_client(okta_emulator.base_url, token, monkeypatch)

    secrets, _, _ = await sdk.list_o_auth2_client_secrets(app.id)
    _, _, error = await sdk.create_o_auth2_client_secret(app.id)

    assert len(secrets) == 1
    assert failure(error) == (
        403,
        "E0000006",
        "You do not have permission to perform the requested action",
        [],
    )


async def test_the_sdk_waits_out_a_rate_limit_and_succeeds(
    own_emulator: Callable[..., EmulatorClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = own_emulator({"rateLimits": {"apps": 1, "windowSeconds": 1}})
    app = emulator.make_app()
    sdk = sdk_client(emulator.base_url, emulator.add_token(), monkeypatch)
    await sdk.list_o_auth2_client_secrets(app["id"])
    started = time.monotonic()

    secrets, _, error = await sdk.list_o_auth2_client_secrets(app["id"])

    assert error is None
    assert len(secrets) == 1
    assert time.monotonic() - started > 0.9
    assert [record["status"] for record in emulator.request_log()] == [200, 429, 200]
