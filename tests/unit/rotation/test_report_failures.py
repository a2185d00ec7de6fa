"""How failures are counted in status, and when the resource is looked at again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.api.rotation_status import RotationStatus
from okta_rotator.rotation.decisions import Blocked, LetGo, Settled, Verdict
from okta_rotator.rotation.report import next_look, report
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.trouble import Next, Trouble
from tests.unit.rotation.builders import (
    UID,
    resource,
    snapshot,
)
from tests.unit.rotation.faults import START

HOUR = timedelta(hours=1)
NEXT = datetime(2026, 4, 1, tzinfo=UTC)
SETTLED = Settled("nothing is due", NEXT)
UNTIL = START + HOUR
RETRY = Trouble(Next.RETRY, Reason.OKTA_UNAVAILABLE, "Okta answers 503")
WAIT = Trouble(Next.WAIT, Reason.RATE_LIMITED, "the limit is used up", UNTIL)
PERSON = Trouble(Next.PERSON, Reason.ACCESS_DENIED, "Okta refuses the call")
REFUSED = Blocked(Trouble(Next.WAIT, Reason.VERIFICATION_FAILED, "refused", UNTIL), counts=False)


def after(old: RotationStatus, **fields: Any) -> Snapshot:
    return snapshot(resource=resource(status=old), **fields)


def test_a_failure_does_not_move_the_next_rotation() -> None:
    late = snapshot(now=NEXT + HOUR)
    assert report(late, Blocked(RETRY)).next_rotation_at == NEXT


def test_failures_are_counted_and_come_again_later_and_later() -> None:
    now, status, delays = START, RotationStatus(), []
    for count in range(1, 5):
        status = report(after(status, now=now), Blocked(RETRY))
        failures = status.failures
        assert failures is not None
        assert (failures.count, failures.last_at) == (count, now)
        assert failures.next_attempt_at is not None
        delays.append(failures.next_attempt_at - now)
        now = failures.next_attempt_at
    assert delays == sorted(delays)
    assert status.failures is not None
    assert status.last_rotation_attempted_at == status.failures.last_at
    assert status.last_rotation_message == "Okta answers 503"


def failing_once() -> RotationStatus:
    return report(snapshot(), Blocked(RETRY))


def test_what_does_not_count_leaves_the_failures_as_they_are() -> None:
    old = failing_once()
    later = after(old, now=START + HOUR)
    assert report(later, REFUSED).failures == old.failures
    assert report(later, Blocked(RETRY, counts=False)).failures == old.failures
    assert report(later, None).failures == old.failures


def test_a_success_ends_the_failures() -> None:
    status = report(after(failing_once()), SETTLED)
    assert status.failures is None
    assert status.last_rotation_message is None


@pytest.mark.parametrize("verdict", [None, Blocked(RETRY, counts=False)])
def test_a_change_of_the_spec_resets_the_failures(verdict: Verdict | None) -> None:
    changed = snapshot(resource=resource(status=failing_once(), generation=2))
    assert report(changed, verdict).failures is None
    again = report(changed, Blocked(RETRY)).failures
    assert again is not None
    assert again.count == 1


def test_oktas_limit_waits_for_its_own_reset_and_is_no_failure_more() -> None:
    failures = report(snapshot(), Blocked(WAIT)).failures
    assert failures is not None
    assert (failures.count, failures.next_attempt_at) == (0, UNTIL)
    again = report(after(failing_once()), Blocked(WAIT)).failures
    assert again is not None
    assert (again.count, again.next_attempt_at) == (1, UNTIL)


def test_what_needs_a_person_is_not_counted_up() -> None:
    first = report(snapshot(), Blocked(PERSON))
    assert first.failures is not None
    assert (first.failures.count, first.failures.next_attempt_at) == (1, None)
    assert report(after(first, now=START + HOUR), Blocked(PERSON)) == first


def test_back_off_that_is_waited_out_changes_nothing_in_status() -> None:
    old = failing_once()
    until = old.failures.next_attempt_at if old.failures else None
    waiting = Blocked(replace(RETRY, next=Next.WAIT, until=until), counts=False)
    assert report(after(old, now=START + timedelta(seconds=9)), waiting) == old


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (SETTLED, NEXT),
        (Settled("nothing is due"), None),
        (Blocked(WAIT), UNTIL),
        (Blocked(PERSON), None),
        (LetGo("deleted"), None),
    ],
)
def test_when_to_look_again(verdict: Verdict, expected: datetime | None) -> None:
    assert next_look(snapshot(), verdict, RotationStatus()) == expected


def test_a_failure_is_looked_at_again_when_its_back_off_is_over() -> None:
    status = failing_once()
    assert status.failures is not None
    again = next_look(snapshot(), Blocked(RETRY), status)
    assert again == status.failures.next_attempt_at
    assert next_look(snapshot(), Blocked(RETRY), RotationStatus()) is None


def test_the_owner_of_a_status_is_its_uid() -> None:
    """Two resources of other uids come again at other times."""
    other = snapshot(resource=resource(uid=UID[::-1]))
    one, two = failing_once(), report(other, Blocked(RETRY))
    assert one.failures != two.failures
