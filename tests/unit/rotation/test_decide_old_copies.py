"""A state that is behind what Okta holds, and an active secret that Okta no longer accepts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from okta_rotator.rotation.decide import decide
from okta_rotator.rotation.decisions import Blocked, Decision, WriteState
from okta_rotator.rotation.okta_view import AuthMethod, OktaSecret, Proof
from okta_rotator.rotation.state import Candidate, State, Trigger
from tests.unit.rotation.builders import (
    EARLIER_UID,
    A,
    C,
    N,
    P,
    credential,
    job,
    ours,
    proof,
    resource,
    rotating,
    secret,
    seen,
    snapshot,
    state,
    superseded,
)
from tests.unit.rotation.faults import START
from tests.unit.rotation.rows import (
    A_OFF,
    A_ON,
    F_ON,
    N_LATER,
    N_OFF_LATER,
    N_ON,
    P_OFF,
    P_ON,
    S_ON,
    SECOND,
    WITH_P,
    Row,
    S,
    check,
    rows,
    witnessing,
)
from tests.unit.rotation.telling import job_of, roles, told

MINUTE = timedelta(minutes=1)
ROTATE = {"okta-rotator.dev/rotate": "t"}
X, Y = ours(11), ours(12)
OLD_COPY = state(active=credential("x", X), previous=credential("y", Y, 1))
OLD_COPY_UNDER_WAY = rotating(active=credential("x", X), previous=None)
TWICE = replace(WITH_P, refused_tries=(START - 2 * MINUTE, START))
A_REFUSED = proof(A, Proof.REFUSED)


@rows(
    Row("A under another id", state(), (secret("a2", A),), "write note-ids", "a20 -"),
    Row("P under another id", WITH_P, (A_ON, secret("p2", P)), "write note-ids", "a0 p21"),
    Row(
        "with a candidate",
        rotating(previous=None),
        (secret("a2", A),),
        "write note-ids",
        "a20 - C",
    ),
    Row(
        "a stand-in that nobody was given",
        state(candidate=Candidate(S, 1)),
        (A_ON, S_ON),
        "write forget-candidate",
        "a0 -",
    ),
    Row(
        "nor ever made", state(candidate=Candidate(S, 1)), (A_ON,), "write forget-candidate", "a0 -"
    ),
)
def test_what_the_state_says_is_put_right(row: Row) -> None:
    check(row)


@pytest.mark.parametrize(
    ("bound", "okta", "then"),
    [
        ("a", (secret("a2", A), P_ON), "a2"),
        ("p", (A_ON, secret("p2", P)), "p2"),
        ("p", (secret("a2", A), P_ON), "p"),
        ("gone", (secret("a2", A), P_ON), "gone"),
    ],
)
def test_what_is_to_be_revoked_stays_so_under_another_id(
    bound: str, okta: tuple[OktaSecret, ...], then: str
) -> None:
    decision = decide(snapshot(state=replace(WITH_P, bound_secret_id=bound), seen=seen(*okta)))
    assert isinstance(decision, WriteState)
    assert told(decision) == "write note-ids"
    assert decision.state.bound_secret_id == then


def test_a_stand_in_in_okta_is_no_stranger_and_holds_nothing_up() -> None:
    decision = decide(snapshot(resource=resource(annotations=ROTATE), seen=seen(A_ON, S_ON)))
    assert told(decision) == "write intent"


@rows(
    Row("one newer", OLD_COPY, (N_ON,), "write restore", "n0 -", target=None),
    Row("two newer", OLD_COPY, (secret("m", ours(13)), N_LATER), "prove N", target=None),
    Row(
        "two newer, the newest good",
        OLD_COPY,
        (secret("m", ours(13)), N_LATER),
        "write restore",
        "n0 m1",
        target=None,
        proofs=proof(ours(4)),
    ),
    Row(
        "not only by an old list", OLD_COPY, (N_ON,), "list", target=None, listed=False, asks=ROTATE
    ),
    Row(
        "an inactive one is none",
        OLD_COPY,
        (N_OFF_LATER, F_ON),
        "blocked ForeignSecret",
        target=None,
    ),
    Row("a stranger's is none", OLD_COPY, (F_ON,), "write intent", "x0 y1 new", target=None),
    Row(
        "with a candidate that Okta never saw",
        OLD_COPY_UNDER_WAY,
        (N_ON,),
        "write restore",
        "n0 -",
        target=None,
    ),
    Row("a stand-in is none", OLD_COPY, (S_ON,), "write intent", "x0 y1 new", target=None),
    Row(
        "one is known",
        state(active=credential("x", X), previous=credential("a", A, 1)),
        (A_ON, N_ON),
        "write swap-roles",
        "a1 - new",
        target=None,
    ),
    Row(
        "by the uid that the state records",
        replace(OLD_COPY, uid=EARLIER_UID),
        (secret("e", ours(9, EARLIER_UID)),),
        "write restore",
        "e0 -",
        target=None,
    ),
    Row(
        "by what status names",
        OLD_COPY,
        (F_ON,),
        "write restore",
        "f0 -",
        target=None,
        status=witnessing("f", generation=9),
    ),
)
def test_a_state_that_knows_none_of_ours_is_an_old_copy(row: Row) -> None:
    check(row)


def test_an_old_copy_loses_its_job_and_is_counted_on_from_what_was_reported() -> None:
    decision = decide(
        snapshot(
            state=OLD_COPY_UNDER_WAY,
            target=None,
            resource=resource(status=witnessing("n", generation=9)),
            seen=seen(N_ON),
        )
    )
    assert isinstance(decision, WriteState)
    after = decision.state
    assert (after.candidate, after.job, after.asked_at) == (None, None, None)
    assert after.generation == 9
    assert after.last_rotated_at == START


@pytest.mark.parametrize("noted", [3, 4])
def test_which_of_ours_works_is_not_asked_at_the_risk_of_an_alarm(noted: int) -> None:
    content = replace(OLD_COPY, refused_tries=(START,) * noted)
    older = secret("m", ours(13))
    decision = decide(snapshot(state=content, target=None, seen=seen(older, N_LATER)))
    assert told(decision) == "write restore"


def test_a_refusal_of_one_of_ours_is_noted_with_the_restored_state() -> None:
    said = {**proof(N, Proof.REFUSED), **proof(ours(13))}
    known = seen(secret("m", ours(13)), N_LATER, proofs=said)
    decision = decide(snapshot(state=OLD_COPY, target=None, seen=known))
    assert isinstance(decision, WriteState)
    assert roles(decision.state) == "m0 n1"
    assert decision.state.refused_tries == (START,)


# ------------------------------------------------------------------ Okta refuses the active one


def refused(
    content: State,
    *okta: OktaSecret,
    proofs: dict[Any, Any] | None = None,
    after: timedelta = MINUTE,
    **fields: Any,
) -> Decision:
    """Okta refused A at `START`, and says what it says in this pass, so much later."""
    now = START + after
    said = proof(A, Proof.REFUSED, now) if proofs is None else proofs
    known = seen(*okta, proofs=said, refused_at=START, **fields)
    return decide(snapshot(state=content, seen=known, now=now))


NOTED = replace(WITH_P, refused_tries=(START, START + MINUTE))


def test_the_second_look_is_a_minute_after_the_first() -> None:
    early = refused(WITH_P, A_ON, P_ON, proofs={}, after=30 * SECOND)
    assert isinstance(early, Blocked)
    assert early.trouble.until == START + MINUTE
    assert told(refused(WITH_P, A_ON, P_ON, proofs={})) == "prove A"


def test_a_refusal_is_noted_before_anything_follows_from_it() -> None:
    assert told(refused(WITH_P, A_ON, P_ON)) == "write note-refusal"


def test_after_a_refusal_the_app_and_the_list_are_read() -> None:
    assert told(refused(NOTED, A_ON, P_ON, app=None)) == "read app"
    assert told(refused(NOTED, A_ON, P_ON, listed_in_this_pass=False)) == "list"


def test_a_first_refusal_has_a_second_look() -> None:
    known = seen(A_ON, P_ON, proofs=A_REFUSED, refused_at=START)
    noted = replace(WITH_P, refused_tries=(START,))
    decision = decide(snapshot(state=noted, seen=known))
    assert isinstance(decision, Blocked)
    assert decision.trouble.until == START + MINUTE


def test_an_active_secret_that_is_inactive_needs_no_second_look() -> None:
    known = seen(A_OFF, P_ON, proofs=A_REFUSED, refused_at=START)
    noted = replace(WITH_P, refused_tries=(START,))
    assert told(decide(snapshot(state=noted, seen=known))) == "write swap-roles"
    alone = replace(noted, previous=None)
    known = seen(A_OFF, F_ON, proofs=A_REFUSED, refused_at=START)
    assert told(decide(snapshot(state=alone, seen=known))) == "write intent"


LATER = START + MINUTE
STILL = proof(A, Proof.REFUSED, LATER)


@pytest.mark.parametrize(
    ("content", "okta", "said", "follows"),
    [
        (NOTED, (A_ON, P_ON), {}, "write note-asking"),
        (replace(NOTED, asked_at=LATER), (A_ON, P_ON), {}, "prove P"),
        (NOTED, (A_ON, P_ON), proof(P, Proof.ACCEPTED, LATER), "write swap-roles"),
        (NOTED, (A_ON, P_ON), proof(P, Proof.REFUSED, LATER + SECOND), "write note-refusal"),
        (NOTED, (A_ON, P_ON), proof(P, Proof.REFUSED, LATER), "write intent"),
        (NOTED, (A_ON, P_ON), proof(P, Proof.CANNOT_TELL, LATER), "write intent"),
        (NOTED, (A_ON, P_OFF), {}, "write intent"),
        (NOTED, (A_ON,), {}, "write intent"),
        (replace(NOTED, previous=None), (A_ON,), {}, "write intent"),
        (replace(NOTED, bound_secret_id="p"), (A_ON, P_ON), {}, "write intent"),
        (
            replace(NOTED, refused_tries=(*(START,) * 3, LATER)),
            (A_ON, P_ON),
            {},
            "write intent",
        ),
        (replace(NOTED, previous=None), (A_ON, F_ON), {}, "blocked ForeignSecret"),
    ],
)
def test_where_okta_refuses_a_and_accepts_p_that_is_published_meanwhile(
    content: State, okta: tuple[OktaSecret, ...], said: dict[Any, Any], follows: str
) -> None:
    assert told(refused(content, *okta, proofs={**STILL, **said})) == follows


def test_the_roles_change_places_and_a_repair_begins_in_one_write() -> None:
    said = {**STILL, **proof(P, Proof.ACCEPTED, LATER)}
    decision = refused(NOTED, A_ON, P_ON, proofs=said)
    assert isinstance(decision, WriteState)
    assert roles(decision.state) == "p1 a0 new"
    assert job_of(decision).trigger is Trigger.REPAIR


def test_a_promise_to_the_previous_secret_does_not_hold_up_the_repair() -> None:
    content = replace(NOTED, previous=superseded("p", None, START))
    rule = {"spec.previousSecret": {"retention": "For", "duration": "24h"}}
    known = seen(A_ON, secret("p", P, shown=False), proofs=STILL, refused_at=START)
    s = snapshot(state=content, resource=resource(rule), seen=known, now=LATER)
    assert told(decide(s)) == "write intent"


def test_a_candidate_under_way_is_what_replaces_a_refused_active_one() -> None:
    under_way = rotating(refused_tries=(START, LATER), job=job(started_at=LATER + SECOND))
    decision = refused(under_way, A_ON, secret("c", C), proofs=STILL)
    assert told(decision) == "prove C"


def test_another_method_of_the_app_makes_the_answer_to_the_old_one_nothing() -> None:
    app = seen().app
    assert app is not None
    by_post = replace(app, auth_method="client_secret_post")
    noted = replace(WITH_P, refused_tries=(START,))
    decision = refused(noted, A_ON, P_ON, proofs=A_REFUSED, app=by_post)
    assert told(decision) == "write note-auth-method"
    said = {(A, AuthMethod.POST): (Proof.ACCEPTED, LATER)}
    good = decide(
        snapshot(
            state=replace(noted, auth_method="client_secret_post"),
            seen=seen(A_ON, P_ON, proofs=said, app=by_post),
            now=LATER,
        )
    )
    assert told(good) == "settled"
