"""What comes due with time: rechecks on a grid of their own, and the previous secret's end."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from okta_rotator.api.conditions import Condition, ConditionType, Reason
from okta_rotator.api.names import ROTATE_ANNOTATION
from okta_rotator.api.rotation_status import RotationStatus
from okta_rotator.rotation.agenda import (
    next_look,
    promised_until,
    recheck_at,
    retirement_at,
    revoke_at,
)
from okta_rotator.rotation.seen import RECHECK_AGAIN, Seen
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import Candidate, State, Trigger
from tests.unit.rotation.builders import (
    OFF,
    UID,
    C,
    P,
    resource,
    snapshot,
    state,
    superseded,
)
from tests.unit.rotation.faults import START

SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=n) for n in (1, 60, 3600, 86400))
DUE = datetime.fromisoformat("2026-04-01T00:00:00Z")
"""When the rotation of `builders.state` is due."""

UNTIL_NEXT: dict[str, Any] = {}
HELD = {"spec.previousSecret": {"inactiveHold": "2h"}}
FOR = {"spec.previousSecret": {"retention": "For", "duration": "24h"}}
FOR_HELD = {"spec.previousSecret": {"retention": "For", "duration": "24h", "inactiveHold": "3h"}}
FOR_UNHELD = {"spec.previousSecret": {"retention": "For", "duration": "24h", "inactiveHold": "0s"}}


# ------------------------------------------------------------------ rechecks


def recheck(interval: str = "24h", uid: str = "", **fields: Any) -> datetime | None:
    changes = {"spec.verification.recheckInterval": interval}
    looked_at = resource(changes, uid=uid or UID)
    seen = Seen(**{"since": START, **fields})
    return recheck_at(snapshot(resource=looked_at, seen=seen))


@pytest.mark.parametrize(("interval", "length"), [("1m", MINUTE), ("24h", DAY), ("36h", 1.5 * DAY)])
def test_a_recheck_comes_once_an_interval(interval: str, length: timedelta) -> None:
    first = recheck(interval)
    assert first is not None
    assert START < first <= START + length
    assert recheck(interval, asked_at=first) == first + length
    assert recheck(interval, asked_at=first - SECOND) == first


def test_a_restart_moves_no_recheck() -> None:
    first = recheck()
    assert first is not None
    for restarted_at in (START + HOUR, first - SECOND):
        assert recheck(since=restarted_at) == first


def test_an_answer_between_two_rechecks_moves_none() -> None:
    first = recheck()
    assert first is not None
    assert recheck(asked_at=first + HOUR) == first + DAY


def test_the_rechecks_of_many_resources_are_spread_over_the_interval() -> None:
    moments = [recheck(uid=f"uid-{number}") for number in range(200)]
    hours = {(at - START) // HOUR for at in moments if at is not None}
    assert len(hours) == 24


def test_a_recheck_without_an_answer_is_repeated_soon() -> None:
    again = START + RECHECK_AGAIN
    assert recheck(asked_at=START - DAY, ask_again_at=again) == again


@pytest.mark.parametrize(("status", "is_at_once"), [("False", True), ("True", False)])
def test_a_new_process_rechecks_at_once_what_was_not_ready(status: str, is_at_once: bool) -> None:
    ready = Condition(
        type=ConditionType.READY,
        status="True" if status == "True" else "False",
        reason=Reason.VERIFICATION_FAILED,
        message="",
        last_transition_time=START,
    )
    looked_at = resource(status=RotationStatus(conditions=(ready,)))
    s = snapshot(resource=looked_at, seen=Seen(since=START))
    assert (recheck_at(s) == START) is is_at_once
    asked = snapshot(resource=looked_at, seen=Seen(since=START, asked_at=START))
    assert recheck_at(asked) != START


@pytest.mark.parametrize(
    "s",
    [
        snapshot(state=None, seen=Seen(since=START)),
        snapshot(state=state(active=None), seen=Seen(since=START)),
        snapshot(resource=resource({"spec.verification.enabled": False}), seen=Seen(since=START)),
        snapshot(seen=Seen()),
    ],
    ids=["no state", "no active secret", "verification off", "not looked at yet"],
)
def test_there_is_nothing_to_recheck(s: Snapshot) -> None:
    assert recheck_at(s) is None


# ------------------------------------------------------------------ the previous secret's end


def kept(at: datetime = START, **fields: Any) -> State:
    return state(previous=superseded("p", P, at, **fields))


def looked_at(
    changes: dict[str, Any], content: State, now: datetime = START, **fields: Any
) -> Snapshot:
    return snapshot(resource=resource(changes, **fields), state=content, now=now)


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        (UNTIL_NEXT, None),
        (HELD, DUE - 2 * HOUR),
        (FOR, START + DAY),
        (FOR_UNHELD, START + DAY),
        ({**HELD, "spec.isAutoRotationEnabled": False}, None),
    ],
)
def test_when_the_previous_secret_is_deactivated(
    changes: dict[str, Any], at: datetime | None
) -> None:
    content = kept()
    s = looked_at(changes, content)
    assert revoke_at(s, content) == at
    assert retirement_at(s) == at


def test_a_rotation_that_is_asked_for_begins_with_the_hold() -> None:
    content = kept()
    s = looked_at(HELD, content, now=START + HOUR, annotations={ROTATE_ANNOTATION: "t"})
    assert revoke_at(s, content) == START + HOUR


def test_a_rotation_that_is_asked_for_does_not_shorten_what_was_promised() -> None:
    content = kept()
    s = looked_at(FOR, content, now=START + HOUR, annotations={ROTATE_ANNOTATION: "t"})
    assert revoke_at(s, content) == START + DAY


@pytest.mark.parametrize(
    ("changes", "off_at", "at"),
    [
        (UNTIL_NEXT, START, None),
        (HELD, START, None),
        (FOR, START + DAY, START + DAY + HOUR),
        (FOR_HELD, START + HOUR, START + 4 * HOUR),
        (FOR_UNHELD, START + DAY, START + DAY),
        (FOR, None, None),
    ],
)
def test_when_the_deactivated_previous_secret_is_deleted(
    changes: dict[str, Any], off_at: datetime | None, at: datetime | None
) -> None:
    content = kept(state=OFF, deactivated_at=off_at)
    assert retirement_at(looked_at(changes, content)) == at


def test_what_is_not_known_to_be_superseded_has_no_end() -> None:
    content = state(previous=replace(superseded("p", P, START), superseded_at=None))
    s = looked_at(FOR, content)
    assert revoke_at(s, content) is None
    assert retirement_at(s) is None
    assert promised_until(s, content, Trigger.MANUAL) is None


@pytest.mark.parametrize("content", [state(), replace(kept(), candidate=Candidate(C, 1))])
def test_nothing_is_retired_by_its_time_without_one_or_while_a_rotation_is_under_way(
    content: State,
) -> None:
    assert retirement_at(looked_at(FOR, content)) is None


def test_without_a_state_nothing_is_retired() -> None:
    assert retirement_at(snapshot(state=None)) is None


@pytest.mark.parametrize(
    ("changes", "previous", "until"),
    [
        (UNTIL_NEXT, {}, None),
        (HELD, {}, timedelta(hours=2)),
        (FOR, {}, DAY + HOUR),
        (FOR_UNHELD, {}, DAY),
        (HELD, {"state": OFF, "deactivated_at": START - HOUR}, HOUR),
        (HELD, {"state": OFF, "deactivated_at": START - 2 * HOUR}, None),
        (HELD, {"state": OFF}, 2 * HOUR),
        (UNTIL_NEXT, {"state": OFF}, None),
    ],
)
@pytest.mark.parametrize("trigger", [Trigger.SCHEDULE, Trigger.MANUAL])
def test_how_long_a_rotation_has_to_wait_for_the_previous_secret(
    changes: dict[str, Any],
    previous: dict[str, Any],
    until: timedelta | None,
    trigger: Trigger,
) -> None:
    content = kept(**previous)
    promised = promised_until(looked_at(changes, content), content, trigger)
    assert promised == (None if until is None else START + until)


def test_a_promise_ends_with_the_hold_when_its_time_is_over() -> None:
    content = kept(at=START - 30 * DAY)
    assert promised_until(looked_at(FOR, content), content, Trigger.SCHEDULE) == START + HOUR


@pytest.mark.parametrize("bound", ["a", "p"])
def test_what_is_to_be_revoked_is_promised_to_nobody(bound: str) -> None:
    content = replace(kept(), bound_secret_id=bound)
    assert promised_until(looked_at(FOR, content), content, Trigger.MANUAL) is None


def test_a_repair_waits_for_no_promise() -> None:
    content = kept()
    assert promised_until(looked_at(FOR, content), content, Trigger.REPAIR) is None
    assert promised_until(looked_at(FOR, state()), state(), Trigger.MANUAL) is None


def test_the_next_look_is_at_the_first_of_what_comes() -> None:
    content = kept()
    s = looked_at(FOR, content)
    assert next_look(s) == START + DAY
    assert next_look(looked_at(UNTIL_NEXT, content)) == DUE
    assert next_look(looked_at(UNTIL_NEXT, content, now=DUE)) is None
    soon = replace(s, seen=Seen(ask_again_at=START + MINUTE))
    assert next_look(soon) == START + MINUTE
