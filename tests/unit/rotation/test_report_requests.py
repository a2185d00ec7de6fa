"""What status says of the previous secret's end, of waiting rotations and of requests."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.api.rotation_status import RotationResult
from okta_rotator.rotation.decisions import Blocked, Settled
from okta_rotator.rotation.report import next_look, report
from okta_rotator.rotation.seen import Seen
from okta_rotator.rotation.state import State
from okta_rotator.rotation.trouble import Next, Trouble
from tests.unit.rotation.builders import (
    OFF,
    P,
    invalid_resource,
    resource,
    seen,
    snapshot,
    state,
    superseded,
)
from tests.unit.rotation.faults import START
from tests.unit.rotation.rows import A_ON, P_ON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DUE = datetime.fromisoformat("2026-04-01T00:00:00Z")
SETTLED = Settled("nothing is due", DUE)
FOR = {"spec.previousSecret": {"retention": "For", "duration": "24h"}}
HELD = {"spec.previousSecret": {"inactiveHold": "2h"}}
MANUAL_ONLY = {"spec.isAutoRotationEnabled": False}
KEPT = state(previous=superseded("p", P, START))
KEPT_OFF = state(previous=superseded("p", P, START, state=OFF, deactivated_at=START))
WAITING = Blocked(
    Trouble(Next.WAIT, Reason.RETENTION_PENDING, "the previous one is kept", START + DAY),
    counts=False,
)


@pytest.mark.parametrize(
    ("changes", "content", "at"),
    [
        (FOR, KEPT, START + DAY),
        (FOR, KEPT_OFF, None),
        (HELD, KEPT, DUE - 2 * HOUR),
        ({}, KEPT, DUE),
        (MANUAL_ONLY, KEPT, None),
        ({**FOR, **MANUAL_ONLY}, KEPT, START + DAY),
    ],
)
def test_when_the_previous_secret_will_be_deactivated(
    changes: dict[str, Any], content: State, at: datetime | None
) -> None:
    status = report(snapshot(resource=resource(changes), state=content), SETTLED)
    told = {one.secret_id: one.revoke_at for one in status.credentials or ()}
    assert told == {"a": None, "p": at}


def test_a_spec_that_cannot_be_read_promises_nothing() -> None:
    status = report(snapshot(resource=invalid_resource(), state=KEPT), SETTLED)
    assert [one.revoke_at for one in status.credentials or ()] == [None, None]


def test_a_rotation_that_waits_for_a_promise_is_pending_and_failing() -> None:
    s = snapshot(resource=resource(FOR), state=KEPT, seen=seen(A_ON, P_ON))
    status = report(s, WAITING)
    shown = {c.type: (c.status, c.reason) for c in status.conditions or ()}
    assert shown == {
        "Ready": ("True", "Published"),
        "RotationFailing": ("True", "RetentionPending"),
    }
    assert status.rotation_status is RotationResult.PENDING
    assert status.failures is None
    assert status.last_rotation_message == "the previous one is kept"
    assert next_look(s, WAITING, status) == START + DAY


def test_a_published_value_that_was_refused_is_not_ready_until_it_is_accepted() -> None:
    refused = report(snapshot(seen=Seen(refused_at=START)), SETTLED)
    assert next((c.type, c.status) for c in refused.conditions or ()) == ("Ready", "False")


def test_every_request_that_was_handled_is_told() -> None:
    handled = state(
        handled_rotate="t1",
        handled_revoke_previous="t2",
        handled_rollback="t3",
        handled_replace_foreign="f",
    )
    told = report(snapshot(state=handled), SETTLED).handled_requests
    assert told is not None
    assert told.to_api() == {
        "rotate": "t1",
        "revokePrevious": "t2",
        "rollback": "t3",
        "replaceForeign": "f",
    }
