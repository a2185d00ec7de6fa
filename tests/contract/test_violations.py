"""E0000001 is Okta's answer to anything invalid: told apart by what the emulator says of the cause.

Each in the situation that Okta documents it for, through our own client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx
import pytest

from okta_emulator import Emulator, Seed
from okta_emulator.gateway import Gateway
from okta_rotator.api.conditions import Reason
from okta_rotator.okta.auth import ApiTokenSignIn
from okta_rotator.okta.client import OktaClient
from okta_rotator.okta.errors import OktaError
from okta_rotator.rotation.trouble import Next
from okta_rotator.rotation.values import RANDOM_BYTES, SecretValue, make_value
from tests.contract.crowd import BASE, START, TOKEN

APP_ID, ON, OFF = "0oa1nkheCuDn82XVI0g4", "ocs2f4zrZbs8nUa7p0g4", "ocs2f4zrZbs8nUa7p0g5"
VALUE = make_value("uid", bytes(RANDOM_BYTES))
HELD = {"id": ON, "clientSecret": VALUE.reveal()}
OTHER = {"id": OFF, "status": "INACTIVE"}


def by(method: str) -> dict[str, Any]:
    return {"tokenEndpointAuthMethod": method, "secrets": []}


Act = Callable[[OktaClient], Awaitable[object]]


def creates(text: str = "x" * 64) -> Act:
    return lambda okta: okta.create_secret(APP_ID, SecretValue(text))


LOST: Final = Next.LOOK_AGAIN
VIOLATIONS: list[tuple[dict[str, Any], Act, str, Next, Reason]] = [
    (
        {"secrets": [HELD, OTHER]},
        creates(),
        "maximum number of client secrets",
        LOST,
        Reason.TWO_SECRETS_EXIST,
    ),
    (
        {"secrets": [HELD]},
        lambda okta: okta.delete_secret(APP_ID, ON),
        "can't delete an active client secret",
        LOST,
        Reason.CONFLICT,
    ),
    (
        {"secrets": [HELD, OTHER]},
        lambda okta: okta.deactivate_secret(APP_ID, ON),
        "can't deactivate the only active client secret",
        LOST,
        Reason.CONFLICT,
    ),
    (
        {"secrets": [HELD]},
        creates(VALUE.reveal()),
        "already exists",
        LOST,
        Reason.CONFLICT,
    ),
    (
        {"secrets": [HELD]},
        lambda okta: okta.activate_secret(APP_ID, ON),
        "already ACTIVE",
        LOST,
        Reason.CONFLICT,
    ),
    (
        {"secrets": [HELD, OTHER]},
        lambda okta: okta.deactivate_secret(APP_ID, OFF),
        "already INACTIVE",
        LOST,
        Reason.CONFLICT,
    ),
    (by("private_key_jwt"), creates(), "'private_key_jwt'", Next.PERSON, Reason.APP_NOT_ELIGIBLE),
    (by("none"), creates(), "'none'", Next.PERSON, Reason.APP_NOT_ELIGIBLE),
    (
        {"signOnMode": "SAML_2_0"},
        creates(),
        "does not support client secrets",
        Next.PERSON,
        Reason.APP_NOT_ELIGIBLE,
    ),
    ({}, creates("x" * 101), "more than '100' characters", Next.PERSON, Reason.ACCESS_DENIED),
    ({}, creates("x" * 13), "at least '14' characters", Next.PERSON, Reason.ACCESS_DENIED),
    (
        by("client_secret_jwt"),
        creates("x" * 31),
        "at least '32' characters",
        Next.PERSON,
        Reason.ACCESS_DENIED,
    ),
    ({}, creates("\u00e9" * 20), "printable ASCII", Next.PERSON, Reason.ACCESS_DENIED),
]


def client_of(app: dict[str, Any]) -> OktaClient:
    seed = {
        "tokens": [{"value": TOKEN}],
        "org": {"uniqueSecrets": True},
        "apps": [{"id": APP_ID, **app}],
        "unknowns": {"repeatedLifecycle": "refused", "secretsOfOtherApp": "refused"},
    }
    transport = httpx.ASGITransport(Gateway(Emulator(Seed.model_validate(seed))))
    sign_in = ApiTokenSignIn(SecretValue(TOKEN))
    return OktaClient(BASE, sign_in, transport, now=lambda: START)


@pytest.mark.parametrize(
    ("app", "act", "cause", "comes_next", "reason"), VIOLATIONS, ids=[one[2] for one in VIOLATIONS]
)
def test_each_cause_has_its_class(
    app: dict[str, Any], act: Act, cause: str, comes_next: Next, reason: Reason
) -> None:
    with pytest.raises(OktaError, match=cause) as caught:
        asyncio.run(_awaited(act(client_of(app))))
    error = caught.value
    assert error.complaint is not None
    assert error.complaint.code == "E0000001"
    assert (error.trouble.next, error.trouble.reason) == (comes_next, reason)
    assert not error.trouble.may_have_landed


async def _awaited(work: Awaitable[object]) -> object:
    return await work
