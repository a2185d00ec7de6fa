"""`okta-rotator.dev/paused`: nothing is done for a resource, but its deletion."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.api.names import PAUSED_ANNOTATION, ROTATE_ANNOTATION
from okta_rotator.api.rotation_status import RotationResult
from okta_rotator.rotation.decide import decide
from okta_rotator.rotation.decisions import Blocked, LetGo
from okta_rotator.rotation.report import report
from okta_rotator.rotation.snapshot import Resource, Snapshot
from tests.unit.rotation.builders import invalid_resource, resource, rotating, snapshot, target
from tests.unit.rotation.faults import START

LATE = START + timedelta(days=31)


def paused(value: str = "true", **fields: Any) -> Resource:
    return resource(annotations={PAUSED_ANNOTATION: value, ROTATE_ANNOTATION: "next"}, **fields)


def is_stopped(s: Snapshot) -> bool:
    decision = decide(s)
    return isinstance(decision, Blocked) and decision.trouble.reason is Reason.PAUSED


@pytest.mark.parametrize("value", ["true", "True", "yes", "while we move"])
def test_whatever_a_person_writes_stops_everything(value: str) -> None:
    assert is_stopped(snapshot(resource=paused(value), now=LATE))
    assert is_stopped(snapshot(resource=paused(value), state=rotating()))
    assert is_stopped(snapshot(resource=paused(value), target=None))
    assert is_stopped(snapshot(resource=paused(value), state=None, target=None))


@pytest.mark.parametrize("value", ["false", "False", ""])
def test_what_says_no_does_not(value: str) -> None:
    assert not is_stopped(snapshot(resource=paused(value), now=LATE))


def test_a_spec_that_cannot_be_read_is_no_matter_meanwhile() -> None:
    assert is_stopped(snapshot(resource=invalid_resource(annotations={PAUSED_ANNOTATION: "true"})))


def test_deletion_goes_on() -> None:
    assert isinstance(decide(snapshot(resource=paused(deleting=True))), LetGo)


def test_a_good_value_stays_ready_and_no_rotation_is_announced() -> None:
    s = snapshot(resource=paused())
    status = report(s, decide(s))  # type: ignore[arg-type]
    conditions = {c.type: (c.status, c.reason) for c in status.conditions or ()}
    assert conditions == {"Ready": ("True", "Published"), "RotationFailing": ("True", "Paused")}
    assert status.next_rotation_at is None
    assert status.rotation_status is RotationResult.PENDING
    assert status.failures is None


def test_what_is_not_as_the_spec_wants_it_needs_a_person() -> None:
    s = snapshot(resource=paused(), target=target(data={}))
    status = report(s, decide(s))  # type: ignore[arg-type]
    conditions = {c.type: (c.status, c.reason) for c in status.conditions or ()}
    assert conditions == {"Ready": ("False", "Paused"), "Stalled": ("True", "Paused")}
