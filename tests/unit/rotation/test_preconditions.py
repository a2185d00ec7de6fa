"""Apps that cannot be rotated: each has its reason, and a message that says what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.decide import decide
from okta_rotator.rotation.decisions import Blocked, ListSecrets
from okta_rotator.rotation.trouble import Next, PortError, Trouble
from tests.unit.rotation.builders import resource, seen, snapshot, state, target
from tests.unit.rotation.fake_okta import APP
from tests.unit.rotation.faults import START, Call, Fault, Moment
from tests.unit.rotation.world import World

LATE = START + timedelta(days=31)
"""A scheduled rotation is due."""
UNLISTED = replace(seen(), secrets=None, listed_in_this_pass=False)

APPS: list[tuple[dict[str, Any], Reason, str]] = [
    (
        {"auth_method": "private_key_jwt"},
        Reason.APP_NOT_ELIGIBLE,
        "with a key of its own (private_key_jwt), and has no client secret to rotate. Delete this",
    ),
    (
        {"auth_method": "none"},
        Reason.APP_NOT_ELIGIBLE,
        "is a public client (none), which has no client secret to rotate, such as a single-page",
    ),
    (
        {"auth_method": "tls_client_auth"},
        Reason.APP_NOT_ELIGIBLE,
        "with tls_client_auth, which uses no client secret. To have one rotated, set its client",
    ),
    (
        {"sign_on_mode": "SAML_2_0", "client_id": None, "auth_method": None},
        Reason.APP_NOT_ELIGIBLE,
        "signs on by SAML_2_0; only OPENID_CONNECT apps have client secrets. Make this resource",
    ),
    ({"status": "INACTIVE"}, Reason.APP_INACTIVE, "activate it in Okta"),
    ({"status": "DELETED"}, Reason.APP_NOT_FOUND, "was deleted. Make this resource anew"),
    ({"client_id": "0oaanother000"}, Reason.CLIENT_ID_MISMATCH, "make this resource anew"),
]


@pytest.mark.parametrize(("fields", "reason", "advice"), APPS, ids=str)
@pytest.mark.parametrize(
    "there",
    [{"state": None, "target": None}, {"state": state(), "target": target(), "now": LATE}],
    ids=["first", "routine"],
)
def test_an_app_that_cannot_be_rotated_is_told_before_anything_else_is_asked(
    there: dict[str, Any], fields: dict[str, Any], reason: Reason, advice: str
) -> None:
    looked_at = replace(UNLISTED, app=replace(APP, **fields))

    decision = decide(snapshot(seen=looked_at, **there))

    assert isinstance(decision, Blocked)
    assert (decision.trouble.next, decision.trouble.reason) == (Next.PERSON, reason)
    assert advice in decision.why


@pytest.mark.parametrize(
    "method", ["client_secret_basic", "client_secret_post", "client_secret_jwt"]
)
def test_an_app_that_authenticates_with_a_secret_may_be_rotated(method: str) -> None:
    looked_at = replace(UNLISTED, app=replace(APP, auth_method=method))

    decision = decide(snapshot(state=None, target=None, seen=looked_at))

    assert isinstance(decision, ListSecrets)


REFUSED = Trouble(Next.PERSON, Reason.INSUFFICIENT_PERMISSION, "The operator may not do this")
WRITES = {"create_secret", "deactivate_secret", "delete_secret_in_okta", "activate_secret"}


def refuses_writes(world: World) -> None:
    """As to a role that may only read, which Okta tells upon a write."""

    def strikes(call: Call) -> bool:
        return call.name in WRITES

    world.add_fault(Fault(strikes, Moment.BEFORE, PortError(REFUSED), times=1000))


def writes(world: World) -> list[str]:
    return [call.name for call in world.wire.calls if call.name in WRITES]


async def test_a_write_that_is_refused_leaves_nothing_half_done_and_is_tried_once() -> None:
    world = World(resource())
    refuses_writes(world)

    outcome = await world.run()

    assert isinstance(outcome.verdict, Blocked)
    assert world.condition("Stalled") == ("True", "InsufficientPermission")
    assert world.okta.secrets == []
    assert writes(world) == ["create_secret"]
    # Not before somebody changes something, or the heartbeat.
    assert outcome.next_look is None
    candidate = world.state.candidate
    assert candidate is not None

    world.wire.faults.clear()
    await world.settle()

    # The very value that was written down.
    assert world.published == candidate.value
    assert len(world.okta.secrets) == 1


async def test_a_refused_write_over_a_good_value_changes_nothing_in_okta() -> None:
    world = World(resource())
    for token in ("first", "second"):
        world.annotate(rotate=token)
        await world.settle()
    held, published = list(world.okta.secrets), world.published
    world.forget_calls()
    refuses_writes(world)

    world.annotate(rotate="third")
    await world.run()

    assert len(held) == 2
    assert world.okta.secrets == held
    assert world.published == published
    assert writes(world) == ["deactivate_secret"]
    assert world.condition("Ready") == ("True", "Published")
    assert world.condition("RotationFailing") == ("True", "InsufficientPermission")
