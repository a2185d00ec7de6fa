"""Who goes first at Okta where calls have to wait: the most overdue."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from okta_rotator.api.conditions import Condition, ConditionType, Reason
from okta_rotator.api.rotation_status import RotationProgress, RotationStatus
from okta_rotator.rotation.turns import OF_THE_CONNECTION, turn_of
from tests.unit.rotation.builders import NAMESPACE, UID, resource
from tests.unit.rotation.faults import START

LONG_AGO, LATELY, SOON = START - timedelta(days=9), START - timedelta(hours=1), START + timedelta(1)
CREATED = START - timedelta(days=20)
BEGUN = RotationProgress(started_at=START)


def due(ready: str = "True", **fields: Any) -> datetime:
    """When the calls of a resource with this status count as due."""
    condition = Condition(
        type=ConditionType.READY,
        status=ready,
        reason=Reason.PUBLISHED,
        message="",
        last_transition_time=START,
    )
    status = RotationStatus(conditions=(condition,), **fields)
    return turn_of(resource(status=status, created_at=CREATED)).due


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"next_rotation_at": LATELY}, LATELY),
        # Its place does not change once it has begun.
        ({"next_rotation_at": LATELY, "rotation": BEGUN}, LATELY),
        # Asked for by hand.
        ({"next_rotation_at": SOON, "rotation": BEGUN}, START),
        ({"last_rotated_at": LONG_AGO, "rotation": BEGUN}, START),
        ({"last_rotated_at": LONG_AGO}, LONG_AGO),
        ({}, CREATED),
    ],
)
def test_the_most_overdue_goes_first(fields: dict[str, Any], at: datetime) -> None:
    assert due(**fields) == at


def test_a_resource_without_a_good_value_goes_by_its_age() -> None:
    assert due("False", next_rotation_at=SOON, rotation=BEGUN) == CREATED
    assert turn_of(resource(created_at=CREATED)).due == CREATED


def test_a_turn_names_its_resource_and_the_connection_comes_first() -> None:
    turn = turn_of(resource())
    assert (turn.key, turn.namespace) == (UID, NAMESPACE)
    assert turn > OF_THE_CONNECTION
