"""What is worth an Event, and that it is told once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.api.rotation_status import RotationStatus
from okta_rotator.rotation.decisions import Blocked, Settled
from okta_rotator.rotation.notices import Notice, job_of, transitions
from okta_rotator.rotation.report import report
from okta_rotator.rotation.trouble import Next, Trouble
from tests.resources import Json
from tests.unit.rotation.builders import resource, snapshot, state
from tests.unit.rotation.faults import START
from tests.unit.rotation.rows import FIRST

SETTLED = report(snapshot(), Settled("nothing is due"))
DOWN = Trouble(Next.RETRY, Reason.OKTA_UNAVAILABLE, "Okta answers 503")
DENIED = Trouble(Next.PERSON, Reason.ACCESS_DENIED, "Okta refuses the call")
BEGUN = report(snapshot(state=FIRST, target=None), None)


def told(old: RotationStatus, new: RotationStatus) -> list[Notice]:
    return transitions(old, new, "my-secret")


def failing(old: RotationStatus, trouble: Trouble = DOWN) -> RotationStatus:
    later = START + timedelta(hours=1)
    return report(snapshot(resource=resource(status=old), now=later), Blocked(trouble))


def test_a_rotation_is_told_with_secret_id_and_job() -> None:
    (notice,) = told(BEGUN, SETTLED)
    assert notice == Notice("Rotated", "Secret my-secret holds the client secret a (job job-0)")


def test_a_rotation_is_told_once() -> None:
    assert told(SETTLED, SETTLED) == []


def test_two_rotations_in_one_second_are_told_both() -> None:
    (before,) = SETTLED.credentials or ()
    other = before.model_copy(update={"secret_id": "before"})
    assert told(SETTLED.model_copy(update={"credentials": (other,)}), SETTLED) != []


def test_a_rotation_without_a_job_is_told_too() -> None:
    adopted = report(snapshot(state=state(last_job_id=None)), Settled("nothing is due"))
    (notice,) = told(RotationStatus(), adopted)
    assert notice.message == "Secret my-secret holds the client secret a"


def test_a_failure_is_a_warning_once_and_not_at_each_attempt() -> None:
    first = failing(SETTLED)
    assert told(SETTLED, first) == [Notice("OktaUnavailable", "Okta answers 503", is_warning=True)]
    assert told(first, failing(first)) == []


def test_another_failure_is_another_warning() -> None:
    (notice,) = told(failing(SETTLED), failing(SETTLED, DENIED))
    assert (notice.reason, notice.is_warning) == ("AccessDenied", True)


def test_one_trouble_in_two_conditions_is_one_warning() -> None:
    stalled = report(snapshot(state=None, target=None), Blocked(DENIED))
    assert len(told(RotationStatus(), stalled)) == 1


def test_work_under_way_is_no_warning() -> None:
    assert told(RotationStatus(), BEGUN) == []


def test_a_recovery_is_told() -> None:
    assert told(failing(SETTLED), SETTLED) == [Notice("Recovered", "no longer OktaUnavailable")]


def test_a_trouble_that_is_only_being_worked_on_is_not_over() -> None:
    stalled = report(snapshot(state=None, target=None), Blocked(DENIED))
    assert told(stalled, BEGUN) == []


@pytest.mark.parametrize(
    ("old", "new", "job"),
    [
        ({}, {"rotation": {"jobId": "j1"}, "lastRotationJobId": "j1"}, "j1"),
        (
            {"rotation": {"jobId": "j1"}, "lastRotationJobId": "j1"},
            {"lastRotationJobId": "j1"},
            "j1",
        ),
        ({"lastRotationJobId": "j0"}, {"lastRotationJobId": "j1"}, "j1"),
        ({"lastRotationJobId": "j1"}, {"lastRotationJobId": "j1"}, None),
        ({}, {}, None),
    ],
    ids=["under way", "ended", "begun and ended", "long over", "never"],
)
def test_what_a_pass_tells_belongs_to_the_job_that_it_worked_on(
    old: Json, new: Json, job: str | None
) -> None:
    read = RotationStatus.model_validate
    assert job_of(read(old), read(new)) == job
