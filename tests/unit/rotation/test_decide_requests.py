"""What a person asks for beside a rotation: an end of the overlap, and the way back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from okta_rotator.api.names import (
    REPLACE_FOREIGN_ANNOTATION,
    REVOKE_PREVIOUS_ANNOTATION,
    ROLLBACK_ANNOTATION,
    ROTATE_ANNOTATION,
)
from okta_rotator.api.rotation_status import Failures, HandledRequests, RotationStatus
from okta_rotator.rotation.decide import decide
from okta_rotator.rotation.decisions import Blocked, Decision, WriteState
from okta_rotator.rotation.facts import Verb, asked, requests
from okta_rotator.rotation.okta_view import Proof
from okta_rotator.rotation.seen import Seen
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import State, Trigger
from tests.unit.rotation.builders import (
    OFF,
    P,
    credential,
    job,
    proof,
    resource,
    rotating,
    secret,
    seen,
    snapshot,
    state,
    superseded,
    target,
)
from tests.unit.rotation.faults import START
from tests.unit.rotation.rows import (
    A_OFF,
    A_ON,
    C_ON,
    DISCARDED,
    P_OFF,
    P_ON,
    SECOND,
    WITH_P,
    Row,
    check,
    rows,
)
from tests.unit.rotation.telling import job_of, roles, told

REVOKE = {REVOKE_PREVIOUS_ANNOTATION: "t"}
ROTATE = {ROTATE_ANNOTATION: "t"}
ROLLBACK = {ROLLBACK_ANNOTATION: "t"}
LEAK = {**REVOKE, **ROTATE}
FOR = {"spec.previousSecret": {"retention": "For", "duration": "24h"}}

BOUND_P = replace(WITH_P, bound_secret_id="p", handled_revoke_previous="t")
BOUND_A = replace(WITH_P, bound_secret_id="a", handled_revoke_previous="t")
OFF_ALREADY = state(previous=superseded("p", P, START, state=OFF, deactivated_at=START))
ACCEPTED, REFUSED = proof(P), proof(P, Proof.REFUSED)
NOTED = replace(WITH_P, refused_tries=(START,))
UNPROVEN = {"spec.verification.enabled": False}


def decided(content: State, asks: dict[str, str], **fields: Any) -> Decision:
    return decide(snapshot(state=content, resource=resource(annotations=asks), **fields))


def bound_by(content: State, asks: dict[str, str], **fields: Any) -> str | None:
    """The secret that a `revoke-previous` is bound to at first sight."""
    decision = decided(content, asks, **fields)
    assert isinstance(decision, WriteState), told(decision)
    assert told(decision) == "write bind"
    assert decision.state.handled_revoke_previous == asks[REVOKE_PREVIOUS_ANNOTATION]
    return decision.state.bound_secret_id


# ------------------------------------------------------------------ revoke-previous


def test_revoke_previous_means_the_secret_that_is_the_previous_one_now() -> None:
    assert bound_by(WITH_P, REVOKE) == "p"
    assert bound_by(rotating(), REVOKE) == "p"
    assert bound_by(state(), REVOKE) is None


def test_with_the_token_of_a_rotation_it_means_the_one_that_is_active_until_then() -> None:
    assert bound_by(WITH_P, LEAK) == "a"
    assert bound_by(rotating(job=job(Trigger.MANUAL, token="t")), REVOKE) == "a"
    assert bound_by(rotating(job=job(token="other")), LEAK) == "a"


def test_the_token_of_a_rotation_that_is_done_means_its_old_secret() -> None:
    assert bound_by(replace(WITH_P, handled_rotate="t"), LEAK) == "p"
    assert bound_by(WITH_P, {**REVOKE, ROTATE_ANNOTATION: "another"}) == "p"
    assert bound_by(rotating(job=job(Trigger.MANUAL, token="other")), REVOKE) == "p"


def test_before_the_first_rotation_there_is_nothing_to_bind() -> None:
    started = rotating(Trigger.CREATION, active=None, previous=None, job=job(token="t"))
    assert bound_by(started, REVOKE, target=None) is None


@pytest.mark.parametrize("content", [BOUND_P, replace(WITH_P, handled_revoke_previous="t")])
def test_a_request_is_bound_once(content: State) -> None:
    assert told(decided(content, REVOKE, seen=seen(A_ON, P_ON))) != "write bind"


def test_a_second_request_waits_for_the_end_of_the_first() -> None:
    later = {REVOKE_PREVIOUS_ANNOTATION: "t2"}
    assert told(decided(BOUND_P, later, seen=seen(A_ON, P_ON))) == "read target"
    ended = replace(BOUND_P, bound_secret_id=None, previous=None)
    assert bound_by(ended, later) is None


@pytest.mark.parametrize("asks", [REVOKE, {}], ids=["asked", "annotation gone"])
def test_the_bound_secret_is_deactivated_and_deleted_at_once(asks: dict[str, str]) -> None:
    def then(content: State = BOUND_P, **fields: Any) -> str:
        return told(decided(content, asks, **fields))

    assert then(seen=Seen()) == "read app"
    assert then(seen=seen(A_ON, P_ON)) == "read target"
    assert then(seen=seen(A_ON, P_ON), target_is_live=True) == "deactivate p"
    assert then(seen=seen(A_ON, P_OFF)) == "delete p"
    assert then(seen=seen(A_ON)) == "write note-previous"


def test_when_it_is_gone_it_is_forgotten() -> None:
    decision = decided(BOUND_P, REVOKE, seen=seen(A_ON))
    assert isinstance(decision, WriteState)
    assert decision.state == replace(BOUND_P, bound_secret_id=None, previous=None)


def test_one_that_is_neither_active_nor_previous_any_more_takes_nothing_with_it() -> None:
    content = replace(WITH_P, bound_secret_id="gone-long-ago")
    decision = decided(content, {}, seen=seen(A_ON, P_ON))
    assert isinstance(decision, WriteState)
    assert decision.state == WITH_P


def test_what_was_promised_does_not_hold_up_a_revocation() -> None:
    content = replace(BOUND_P, previous=superseded("p", P, START))
    asked_for = resource(FOR, annotations=REVOKE)
    s = snapshot(state=content, resource=asked_for, seen=seen(A_ON, P_ON), target_is_live=True)
    assert told(decide(s)) == "deactivate p"


@pytest.mark.parametrize(
    ("okta", "held"),
    [((A_ON, P_ON), target(P, "a")), ((secret("a", P, OFF), P_ON), target(P, "a"))],
    ids=["the target holds it", "it is the only active one"],
)
def test_a_bound_secret_that_is_in_use_is_left(okta: Any, held: Any) -> None:
    unpublishable = replace(BOUND_P, active=credential("a", None))
    s = snapshot(state=unpublishable, target=held, seen=seen(*okta), target_is_live=True)
    assert told(decide(s)) not in ("deactivate p", "delete p")


def test_a_leak_has_a_new_one_made_though_the_annotations_are_taken_away() -> None:
    decision = decided(BOUND_A, {}, seen=seen(A_ON, P_ON))
    assert told(decision) == "write intent"
    assert job_of(decision).trigger is Trigger.MANUAL
    assert job_of(decision).token == "t"


def test_a_leak_waits_for_no_promise() -> None:
    content = replace(BOUND_A, previous=superseded("p", P, START))
    asked_for = resource(FOR, annotations=LEAK)
    begun = decide(snapshot(state=content, resource=asked_for, seen=seen(A_ON, P_ON)))
    assert told(begun) == "write intent"
    under_way = replace(rotating(Trigger.MANUAL), previous=content.previous, bound_secret_id="a")
    s = snapshot(state=under_way, resource=asked_for, seen=seen(A_ON, P_ON), target_is_live=True)
    assert told(decide(s)) == "deactivate p"


def test_the_leaked_secret_is_never_taken_back() -> None:
    moved = replace(WITH_P, bound_secret_id="p")
    assert told(decided(moved, {}, seen=seen(A_OFF, P_ON))) == "write intent"
    assert told(decided(moved, ROLLBACK, seen=seen(A_ON, P_ON))) == "read target"


def test_until_the_new_one_is_there_the_leaked_one_is_still_published() -> None:
    content = replace(rotating(Trigger.MANUAL), bound_secret_id="a")
    assert told(decided(content, LEAK, target=None, seen=Seen())) == "prove A"


# ------------------------------------------------------------------ rollback


@rows(
    Row("P active", WITH_P, (A_ON, P_ON), "prove P", asks=ROLLBACK),
    Row("P inactive", OFF_ALREADY, (A_ON, P_OFF), "activate p", asks=ROLLBACK),
    Row(
        "proven",
        WITH_P,
        (A_ON, P_ON),
        "write roll-back",
        "p1 a0",
        asks=ROLLBACK,
        proofs=ACCEPTED,
    ),
    Row(
        "refused",
        WITH_P,
        (A_ON, P_ON),
        "write note-refusal",
        "a0 p1",
        asks=ROLLBACK,
        proofs=REFUSED,
    ),
    Row(
        "refused, and noted",
        NOTED,
        (A_ON, P_ON),
        "write decline-rollback",
        "a0 p1",
        asks=ROLLBACK,
        proofs=REFUSED,
    ),
    Row(
        "Okta does not say",
        WITH_P,
        (A_ON, P_ON),
        "blocked CannotVerify",
        asks=ROLLBACK,
        proofs=proof(P, Proof.CANNOT_TELL),
    ),
    Row("no previous", state(), (A_ON,), "write decline-rollback", "a0 -", asks=ROLLBACK),
    Row("P gone", WITH_P, (A_ON,), "write note-previous", "a0 -", asks=ROLLBACK),
    Row(
        "no value of P",
        state(previous=credential("p", None, 1)),
        (A_ON, secret("p", P, shown=False)),
        "write decline-rollback",
        "a0 p1",
        asks=ROLLBACK,
    ),
    Row(
        "the value of P by the list",
        state(previous=credential("p", None, 1)),
        (A_ON, P_ON),
        "write roll-back",
        "p1 a0",
        asks=ROLLBACK,
        proofs=ACCEPTED,
    ),
    Row(
        "unproven where nothing is proven",
        WITH_P,
        (A_ON, P_ON),
        "write roll-back",
        "p1 a0",
        asks=ROLLBACK,
        changes=UNPROVEN,
    ),
    Row(
        "activated where nothing is proven",
        OFF_ALREADY,
        (A_ON, P_OFF),
        "activate p",
        asks=ROLLBACK,
        changes=UNPROVEN,
    ),
    Row(
        "too many refusals",
        replace(WITH_P, refused_tries=(START,) * 4),
        (A_ON, P_ON),
        "blocked VerificationFailed",
        asks=ROLLBACK,
    ),
    Row(
        "a rotation that is due comes after",
        WITH_P,
        (A_ON, P_ON),
        "prove P",
        asks={**ROLLBACK, **ROTATE},
    ),
    Row("a rotation under way comes first", rotating(), (A_ON, C_ON), "prove C", asks=ROLLBACK),
    Row("a candidate is removed first", DISCARDED, (A_ON, C_ON), "deactivate c", asks=ROLLBACK),
    Row(
        "done already",
        replace(WITH_P, handled_rollback="t"),
        (A_ON, P_ON),
        "settled",
        asks=ROLLBACK,
        listed=False,
    ),
)
def test_a_rollback(row: Row) -> None:
    check(row)


def test_a_rollback_keeps_the_schedule_and_counts_the_time_of_the_old_one_anew() -> None:
    later = START + 60 * SECOND
    known = seen(A_ON, P_ON, proofs=ACCEPTED)
    decision = decided(WITH_P, ROLLBACK, seen=known, now=later)
    assert isinstance(decision, WriteState)
    after = decision.state
    assert (after.last_rotated_at, after.series_from) == (START, START)
    assert after.last_trigger is WITH_P.last_trigger
    assert after.handled_rollback == "t"
    assert after.previous is not None
    assert after.previous.superseded_at == later
    assert after.active is not None
    assert after.active.superseded_at is None
    assert after.job is None


def test_a_rollback_without_a_proof_does_not_begin_where_the_app_has_no_known_method() -> None:
    app = seen().app
    assert app is not None
    unknown = replace(WITH_P, auth_method="none")
    s = snapshot(
        state=unknown,
        resource=resource(annotations=ROLLBACK),
        seen=seen(A_ON, P_ON, app=replace(app, auth_method="none")),
    )
    assert told(decide(s)) == "blocked AppNotEligible"


@pytest.mark.parametrize("asks", [REVOKE, ROLLBACK])
def test_a_request_is_answered_by_a_settled_resource(asks: dict[str, str]) -> None:
    decision = decided(WITH_P, asks, seen=Seen())
    assert told(decision) in ("write bind", "read app")


# ------------------------------------------------------------------ all of them


def test_a_token_counts_as_handled_by_the_state_or_by_status() -> None:
    def open_by(content: State, by_status: str | None) -> str | None:
        told_before = RotationStatus(handled_requests=HandledRequests(rollback=by_status))
        looked_at = resource(annotations=ROLLBACK, status=told_before)
        return asked(snapshot(state=content, resource=looked_at), Verb.ROLLBACK)

    assert open_by(state(), None) == "t"
    assert open_by(state(handled_rollback="t"), None) is None
    assert open_by(state(), "t") is None
    assert open_by(state(handled_rollback="t"), "another") is None
    assert open_by(state(handled_rollback="another"), "another") == "t"


@pytest.mark.parametrize("verb", list(Verb))
def test_every_verb_has_its_own_annotation_token_and_memory(verb: Verb) -> None:
    asking = resource(annotations={verb.annotation: "t"})
    assert asked(snapshot(resource=asking), verb) == "t"
    assert requests(snapshot(resource=asking)) == {f"{verb}=t"}
    done = state(**{f"handled_{verb}": "t"})
    assert requests(snapshot(resource=asking, state=done)) == frozenset()
    assert verb.annotation == "okta-rotator.dev/" + verb.replace("_", "-")


@pytest.mark.parametrize("verb", list(Verb))
def test_a_token_of_any_verb_can_be_too_long(verb: Verb) -> None:
    decision = decided(state(), {verb.annotation: "x" * 1025})
    assert isinstance(decision, Blocked)
    assert verb.annotation in decision.why


def failed_before(asks: dict[str, str], **memory: Any) -> Snapshot:
    held = Failures(count=3, last_at=START, next_attempt_at=START + 60 * SECOND)
    status = RotationStatus(observed_generation=1, failures=held)
    looked_at = resource(annotations=asks, status=status)
    return snapshot(resource=looked_at, state=WITH_P, seen=Seen(**memory), now=START + SECOND)


@pytest.mark.parametrize(
    ("asks", "follows"),
    [(ROTATE, "read app"), (ROLLBACK, "read app"), ({}, "settled")],
)
def test_back_off_is_not_for_what_is_newly_asked_for(asks: dict[str, str], follows: str) -> None:
    assert told(decide(failed_before(asks))) == follows


def test_back_off_is_kept_for_what_was_there_when_the_last_attempt_failed() -> None:
    tried = failed_before(ROTATE, tried=frozenset({"rotate=t"}))
    assert told(decide(tried)) == "blocked OktaUnavailable"
    changed = failed_before({ROTATE_ANNOTATION: "t2"}, tried=frozenset({"rotate=t"}))
    assert told(decide(changed)) == "read app"


def test_tokens_that_are_there_at_first_sight_are_noted_and_not_acted_on() -> None:
    asks = {**LEAK, **ROLLBACK, REPLACE_FOREIGN_ANNOTATION: "f"}
    decision = decide(
        snapshot(state=None, target=None, resource=resource(annotations=asks), seen=seen(P_ON))
    )
    assert isinstance(decision, WriteState)
    assert roles(decision.state) == "- p1 new"
    made = decision.state
    handled = (made.handled_rotate, made.handled_revoke_previous, made.handled_rollback)
    assert handled == ("t", "t", "t")
    assert made.bound_secret_id is None
    assert made.handled_replace_foreign == "f"
