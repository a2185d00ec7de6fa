"""Every error that the emulator can answer with, to each call of ours: what we make of it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import httpx
import pytest

from okta_emulator import Emulator, Seed
from okta_emulator.errors import FAULT_CODES
from okta_emulator.faults import FaultRule
from okta_emulator.gateway import Gateway
from okta_emulator.oauth_errors import RESOURCE_ERRORS
from okta_emulator.unknowns import Carrier
from okta_rotator.api.conditions import Reason
from okta_rotator.api.connection import Dpop
from okta_rotator.okta.auth import ApiTokenSignIn, SignIn
from okta_rotator.okta.calls import Call, Endpoint
from okta_rotator.okta.client import OktaClient
from okta_rotator.okta.clock import OktaClock
from okta_rotator.okta.errors import (
    OktaError,
    RateLimitedError,
    UnavailableError,
    error_of_answer,
)
from okta_rotator.okta.keys import read_keys
from okta_rotator.okta.meanings import is_known
from okta_rotator.okta.oauth import ServiceAppSignIn
from okta_rotator.rotation.okta_view import AuthMethod, Proof
from okta_rotator.rotation.trouble import Next
from okta_rotator.rotation.values import RANDOM_BYTES, SecretValue, make_value
from tests import virtual_time
from tests.contract.service_app import key_pair, pem

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TOKEN = "00Q-a-token-of-our-own"
APP_ID, SECRET_ID = "0oa1nkheCuDn82XVI0g4", "ocs2f4zrZbs8nUa7p0g4"
VALUE = make_value("uid", bytes(RANDOM_BYTES))

READ_BY_ITS_CAUSE = {"E0000001", "E0000007"}
PASSING = {"E0000009", "E0000010", "E0000047"}

CALLS: dict[str, Callable[[OktaClient], Awaitable[object]]] = {
    "organization.read": lambda okta: okta.read_organization(),
    "users.me": lambda okta: okta.check_sign_in(),
    "apps.read": lambda okta: okta.read_app(APP_ID),
    "secrets.list": lambda okta: okta.list_secrets(APP_ID),
    "secrets.create": lambda okta: okta.create_secret(APP_ID, VALUE),
    "secrets.activate": lambda okta: okta.activate_secret(APP_ID, SECRET_ID),
    "secrets.deactivate": lambda okta: okta.deactivate_secret(APP_ID, SECRET_ID),
    "secrets.delete": lambda okta: okta.delete_secret(APP_ID, SECRET_ID),
    "introspect": lambda okta: okta.introspect(APP_ID, VALUE, AuthMethod.BASIC),
    # For which a service app needs a token first.
    "token": lambda okta: okta.read_app(APP_ID),
}
KEYS = read_keys(pem(key_pair()))


def clock() -> datetime:
    return START + timedelta(seconds=asyncio.get_running_loop().time())


async def outcome(name: str, carrier: Carrier, call: str) -> object:
    """The error that is raised, or what is answered without one."""
    seed = {"tokens": [{"value": TOKEN}], "apps": [{"id": APP_ID, "secrets": []}]}
    emulator = Emulator(Seed.model_validate({**seed, "unknowns": {"refusedToken": carrier}}))
    action = {"type": "status", "errorCode": name}
    emulator.faults.add([FaultRule.model_validate({"times": None, "action": action})])
    transport = httpx.ASGITransport(Gateway(emulator))
    okta = OktaClient("http://127.0.0.1:8080", sign_in(call), transport, now=clock)
    try:
        return await CALLS[call](okta)
    except OktaError as error:
        return error
    finally:
        assert emulator.log.alarms() == []


def sign_in(call: str) -> SignIn:
    if call != "token":
        return ApiTokenSignIn(SecretValue(TOKEN))
    ids = count()
    return ServiceAppSignIn(
        "0oa1nkheCuDn82XVI0g5",
        KEYS,
        Dpop.AUTO,
        now=clock,
        clock=OktaClock(clock),
        draw=lambda: f"jti-{next(ids)}",
    )


ANSWERS = [
    (name, carrier)
    for name in FAULT_CODES
    for carrier in (Carrier if name in RESOURCE_ERRORS else (Carrier.HEADER,))
]


@pytest.mark.parametrize(("name", "carrier"), ANSWERS)
def test_no_answer_is_unmapped(name: str, carrier: Carrier) -> None:
    for call in CALLS:
        found = virtual_time.run(outcome(name, carrier, call))

        if isinstance(found, OktaError):
            check(found, call)
        else:
            # Of all calls it is a proof alone that an error may be the answer to, and a role too
            # small to read users that a sign-in does not mind; what is gone need not be deleted.
            assert isinstance(found, Proof) or (call, name) in {
                ("users.me", "E0000006"),
                ("secrets.delete", "E0000007"),
            }


def check(error: OktaError, call: str) -> None:
    trouble, complaint = error.trouble, error.complaint
    assert call in trouble.message
    assert trouble.reason is not Reason.NOT_AN_OKTA_ORG
    if isinstance(error, RateLimitedError):
        assert (trouble.next, trouble.reason) == (Next.WAIT, Reason.RATE_LIMITED)
        return
    assert complaint is not None
    assert is_known(complaint.code) or complaint.code in READ_BY_ITS_CAUSE | PASSING
    assert complaint.code in trouble.message
    assert complaint.text in trouble.message
    is_unavailable = isinstance(error, UnavailableError)
    assert is_unavailable == (trouble.reason is Reason.OKTA_UNAVAILABLE)
    assert is_unavailable == (trouble.next is Next.RETRY)


def test_a_code_that_nobody_has_given_a_meaning_is_noticed() -> None:
    body = {"errorCode": "E0000999", "errorSummary": "Something new"}
    call = Call(Endpoint.APP, APP_ID)
    error = error_of_answer(httpx.Response(400, json=body), call, START)

    with pytest.raises(AssertionError):
        check(error, call.endpoint)
