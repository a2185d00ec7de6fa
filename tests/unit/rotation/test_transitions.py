"""How one state becomes the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from okta_rotator.rotation.state import Candidate, Trigger
from okta_rotator.rotation.transitions import (
    adopt,
    begin,
    forget_candidate,
    known,
    mark_discard,
    move_roles,
    note_candidate,
    note_refusal,
    recent_refusals,
    superseded,
    swap_roles,
)
from tests.unit.rotation.builders import (
    OFF,
    A,
    C,
    F,
    P,
    credential,
    job,
    rotating,
    secret,
    state,
)
from tests.unit.rotation.faults import START

NOW = START + timedelta(days=30, microseconds=123456)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("index", [0, 1])
def test_a_candidate_gets_the_index_that_the_active_one_has_not(index: int) -> None:
    begun = begin(state(active=credential("a", A, index)), job(), C)
    assert begun.candidate == Candidate(C, 1 - index)
    assert begun.job == job()


def test_the_first_candidate_has_index_0() -> None:
    begun = begin(state(active=None), job(), C)
    assert begun.candidate == Candidate(C, 0)


def test_the_roles_move_in_one_write() -> None:
    before = rotating(Trigger.MANUAL, job=job(Trigger.MANUAL, token="t1"), target_keys=("k",))
    after = move_roles(before, secret("c", C), True, NOW)
    assert after.active is not None
    assert (after.active.secret_id, after.active.value, after.active.index) == ("c", C, 1)
    assert before.active is not None
    assert after.previous == superseded(before.active, NOW)
    assert (after.candidate, after.job, after.last_job_id) == (None, None, "job-1")
    assert after.last_rotated_at == NOW.replace(microsecond=0)
    assert after.last_trigger is Trigger.MANUAL
    assert after.handled_rotate == "t1"
    assert after.target_keys == ("k",)


def test_the_value_of_the_new_active_one_is_the_candidates_also_where_okta_hides_it() -> None:
    after = move_roles(rotating(), secret("c", C, shown=False), True, NOW)
    assert after.active is not None
    assert after.active.value == C


def test_the_old_previous_stays_where_okta_no_longer_holds_the_old_active_one() -> None:
    before = rotating()
    after = move_roles(before, secret("c", C), False, NOW)
    assert after.previous == before.previous
    assert after.active is not None
    assert after.active.index == 0


@pytest.mark.parametrize("active_index", [0, 1])
@pytest.mark.parametrize("candidate_index", [0, 1])
@pytest.mark.parametrize("is_held", [True, False])
def test_active_and_previous_never_share_an_index(
    active_index: int, candidate_index: int, is_held: bool
) -> None:
    before = rotating(
        active=credential("a", A, active_index),
        previous=credential("p", P, 1 - active_index),
        candidate=Candidate(C, candidate_index),
    )
    after = move_roles(before, secret("c", C), is_held, NOW)
    assert after.active is not None
    assert after.previous is not None
    assert {after.active.index, after.previous.index} == {0, 1}


def test_the_first_rotation_leaves_the_secret_that_was_found_as_previous() -> None:
    before = rotating(active=None, previous=credential("f", F, 1), candidate=Candidate(C, 0))
    after = move_roles(before, secret("c", C), False, NOW)
    assert after.previous == superseded(credential("f", F, 1), NOW)
    assert after.active is not None
    assert after.active.index == 0


def test_a_handled_token_is_kept_by_a_rotation_without_one() -> None:
    after = move_roles(rotating(handled_rotate="t1"), secret("c", C), True, NOW)
    assert after.handled_rotate == "t1"


def test_a_scheduled_rotation_goes_on_from_the_slot_that_it_served() -> None:
    due = NOW - HOUR
    after = move_roles(rotating(job=job(due=due)), secret("c", C), True, NOW)
    assert after.series_from == due


def test_only_a_job_with_a_candidate_can_move_the_roles() -> None:
    with pytest.raises(ValueError, match="candidate"):
        move_roles(state(), secret("c", C), True, NOW)
    with pytest.raises(ValueError, match="candidate"):
        move_roles(rotating(job=None), secret("c", C), True, NOW)


def test_an_adoption_counts_as_an_automatic_rotation_of_this_instant() -> None:
    bare = state(active=None, last_rotated_at=None, last_trigger=None, series_from=None)
    after = adopt(bare, secret("a", A), secret("p", P, OFF), NOW)
    assert after.active == known(secret("a", A), 0)
    assert after.previous == superseded(credential("p", P, 1, OFF), NOW)
    assert after.last_rotated_at == after.series_from == NOW.replace(microsecond=0)
    assert after.last_trigger is Trigger.REPAIR
    assert not Trigger.REPAIR.counts_as_manual


@pytest.mark.parametrize(
    ("trigger", "manual"),
    [
        (Trigger.CREATION, True),
        (Trigger.MANUAL, True),
        (Trigger.SCHEDULE, False),
        (Trigger.REPAIR, False),
    ],
)
def test_creation_and_requests_count_as_manual(trigger: Trigger, manual: bool) -> None:
    assert trigger.counts_as_manual is manual


def test_the_roles_change_places_and_the_schedule_stays() -> None:
    before = state(previous=credential("p", P, 1))
    after = swap_roles(before, secret("a", A, OFF), NOW)
    assert after.active == before.previous
    gone = replace(credential("a", A, 0, OFF), superseded_at=NOW, deactivated_at=NOW)
    assert after.previous == gone
    assert after.last_rotated_at == before.last_rotated_at


def test_only_a_candidate_can_be_noted_as_active() -> None:
    with pytest.raises(ValueError, match="candidate"):
        note_candidate(state(), secret("c", C), NOW)


def test_an_active_secret_that_is_gone_is_forgotten_when_the_roles_change_places() -> None:
    after = swap_roles(state(previous=credential("p", P, 1)), None, NOW)
    assert after.previous is None


def test_without_a_previous_secret_no_roles_can_change_places() -> None:
    with pytest.raises(ValueError, match="previous"):
        swap_roles(state(), None, NOW)


def test_refusals_are_remembered_for_24_hours() -> None:
    tries = (NOW - 25 * HOUR, NOW - 24 * HOUR, NOW - 23 * HOUR)
    noted = note_refusal(state(refused_tries=tries), NOW)
    assert noted.refused_tries == (NOW - 23 * HOUR, NOW)
    assert recent_refusals(noted, NOW + 2 * HOUR) == (NOW,)


def test_the_discard_mark_is_set_and_taken_off() -> None:
    marked = mark_discard(rotating())
    assert marked.candidate == Candidate(C, 1, discard=True)
    assert mark_discard(marked, discard=False) == rotating()


def test_a_candidate_is_forgotten_with_its_job_and_nothing_else() -> None:
    before = rotating()
    after = forget_candidate(before)
    assert after == replace(before, candidate=None, asked_at=None, job=None, last_job_id="job-1")
