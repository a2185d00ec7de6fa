"""The table of the design, row by row: what the state and Okta say, and what follows."""

from __future__ import annotations

from datetime import timedelta

from okta_rotator.rotation.decide import decide
from okta_rotator.rotation.okta_view import Proof
from okta_rotator.rotation.state import Trigger
from tests.unit.rotation.builders import (
    EARLIER_UID,
    OFF,
    A,
    C,
    F,
    N,
    P,
    credential,
    job,
    proof,
    rotating,
    secret,
    seen,
    snapshot,
    state,
    target,
)
from tests.unit.rotation.faults import START
from tests.unit.rotation.rows import (
    A_OFF,
    A_ON,
    C_ON,
    E_ON,
    EARLIER,
    F_ON,
    G_ON,
    GIVEN,
    N_LATER,
    N_OFF,
    N_OFF_LATER,
    N_ON,
    NONE,
    P_OFF,
    P_ON,
    WITH_P,
    Row,
    check,
    rows,
    witnessing,
)
from tests.unit.rotation.telling import job_of, told


@rows(
    Row("Okta is empty: intent", NONE, (), "write intent", "- - new", NONE),
    Row("T's value is on and ours: it is adopted", NONE, (A_ON,), "write adopt", "a0 -"),
    Row(
        "T's value is ours: the other is not previous unless witnessed",
        NONE,
        (A_ON, F_ON),
        "write adopt",
        "a0 -",
    ),
    Row(
        "T's value is ours: the other is previous if status names it",
        NONE,
        (P_ON, A_ON),
        "write adopt",
        "a0 p1",
        status=witnessing("a", "p"),
    ),
    Row(
        "T's value is ours by T's annotation, also without our prefix",
        NONE,
        (F_ON,),
        "write adopt",
        "f0 -",
        target(F, "f"),
    ),
    Row("one that is not T's: it is previous", NONE, (F_ON,), "write intent", "- f1 new", NONE),
    Row(
        "one that is off: it is previous",
        NONE,
        (secret("f", F, OFF),),
        "write intent",
        "- f1 new",
        NONE,
    ),
    Row(
        "one, and witnesses that do not name it: it is foreign",
        NONE,
        (F_ON,),
        "write intent",
        "- - new",
        NONE,
        witnessing("a"),
    ),
    Row("one that is T's and off: it is previous", NONE, (A_OFF,), "write intent", "- a1 new"),
    Row(
        "one that T holds and that is not ours: it is previous",
        NONE,
        (F_ON,),
        "write intent",
        "- f1 new",
        GIVEN,
    ),
    Row(
        "two, T's value on but not ours: T active, the other previous, intent",
        NONE,
        (G_ON, F_ON),
        "write intent",
        "f0 g1 new",
        GIVEN,
    ),
    Row(
        "two of ours: the newest is active, the other previous",
        NONE,
        (N_LATER, A_ON),
        "write adopt",
        "n0 a1",
        NONE,
        proofs=proof(N),
    ),
    Row(
        "two of ours of one second: the later in the list is the newest",
        NONE,
        (A_ON, N_ON),
        "write adopt",
        "n0 a1",
        NONE,
        proofs=proof(N),
    ),
    Row(
        "two of ours: the newest that is on is active",
        NONE,
        (A_ON, N_OFF_LATER),
        "write adopt",
        "a0 n1",
        NONE,
    ),
    Row("two, one of ours: the other is foreign", NONE, (F_ON, N_ON), "write adopt", "n0 -", NONE),
    Row(
        "two, one of ours that is off: a person decides",
        NONE,
        (F_ON, N_OFF),
        "blocked TwoSecretsExist",
        None,
        NONE,
    ),
    Row(
        "two, none of ours: a person decides",
        NONE,
        (F_ON, G_ON),
        "blocked TwoSecretsExist",
        None,
        NONE,
    ),
    Row(
        "one that another rotator made: it is not ours to retire",
        NONE,
        (E_ON,),
        "blocked ForeignSecret",
        None,
        NONE,
    ),
    Row(
        "two, T's value on but not ours, the other another rotator's: that one is left alone",
        NONE,
        (E_ON, F_ON),
        "blocked ForeignSecret",
        None,
        GIVEN,
    ),
    Row(
        "two, one of another rotator: a person decides",
        NONE,
        (E_ON, F_ON),
        "blocked ForeignSecret",
        None,
        NONE,
    ),
)
def test_without_a_state(row: Row) -> None:
    check(row)


@rows(
    Row("A still on: it is previous", state(), (A_ON, N_ON), "write restore", "n1 a0"),
    Row("A gone: none is previous", state(), (N_ON,), "write restore", "n0 -"),
    Row("A gone and P on: P is previous", WITH_P, (P_ON, N_ON), "write restore", "n0 p1"),
    Row("C not in Okta: it is forgotten", rotating(), (A_ON, N_ON), "write restore", "n1 a0"),
    Row(
        "C in Okta: it is discarded", rotating(), (C_ON, N_ON), "write restore", "n0 - C discarded"
    ),
    Row("T's value is off: the state is right", state(), (A_ON, N_OFF), "prove A"),
    Row("T's value is gone: the state is right", state(), (A_ON,), "prove A"),
)
def test_the_target_holds_a_value_of_ours_that_the_state_does_not_know(row: Row) -> None:
    held = Row(row.title, row.state, row.okta, row.follows, row.leaves, target(N, "n"))
    check(held)


@rows(
    Row(
        "a value of the candidate is no news", rotating(), (A_ON, C_ON), "prove A", NONE, target(C)
    ),
    Row("a stranger's value is overwritten", state(), (A_ON, F_ON), "prove A", NONE, target(F)),
    Row("the previous value is overwritten", WITH_P, (A_ON, P_ON), "prove A", NONE, target(P)),
    Row(
        "a value made for the resource that wrote the state is ours",
        state(uid=EARLIER_UID, active=credential("a", A)),
        (A_ON, E_ON),
        "write restore",
        "e1 a0",
        target(EARLIER, "e"),
    ),
)
def test_what_else_the_target_may_hold(row: Row) -> None:
    check(row)


@rows(
    Row("P absent: clear it", WITH_P, (A_ON,), "write note-previous", "a0 -"),
    Row("P off: note it", WITH_P, (A_ON, P_OFF), "write note-previous", "a0 p1"),
    Row("P on: nothing", WITH_P, (A_ON, P_ON), "settled"),
    Row("F besides: leave it", state(), (A_ON, F_ON), "settled"),
    Row("T absent: prove", state(), (A_ON,), "prove A", NONE, NONE),
    Row("T differs: prove", state(), (A_ON,), "prove A", NONE, target(F)),
    Row(
        "T differs, proven: publish", state(), (A_ON,), "publish", NONE, target(F), proofs=proof(A)
    ),
    Row(
        "T differs, Okta does not say: publish",
        state(),
        (A_ON,),
        "publish",
        NONE,
        target(F),
        proofs=proof(A, Proof.CANNOT_TELL),
    ),
    Row(
        "T differs, refused: note it",
        state(),
        (A_ON,),
        "write note-refusal",
        "a0 -",
        target(F),
        proofs=proof(A, Proof.REFUSED),
    ),
    Row("T differs only in a label: publish", state(), (A_ON,), "publish", NONE, target(labels={})),
)
def test_the_active_secret_is_active(row: Row) -> None:
    check(row)


def test_a_due_rotation_begins_when_everything_else_is_in_order() -> None:
    late = START + timedelta(days=31)
    begun = decide(snapshot(state=WITH_P, seen=seen(A_ON, P_ON), now=late))
    assert told(begun) == "write intent"
    assert job_of(begun).due == START.replace(month=4, day=1, hour=0)
    blocked = decide(snapshot(state=state(), seen=seen(A_ON, F_ON), now=late))
    assert told(blocked) == "blocked ForeignSecret"


def test_a_job_is_finished_before_the_next_is_begun() -> None:
    late = START + timedelta(days=400)
    under_way = rotating(job=job(Trigger.SCHEDULE), previous=None)
    assert told(decide(snapshot(state=under_way, seen=seen(A_ON), now=late))) == "create C"
