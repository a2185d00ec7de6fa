"""The rows of the table that have a candidate, and those that lead to one."""

from __future__ import annotations

from dataclasses import replace

from okta_rotator.rotation.decide import decide
from okta_rotator.rotation.okta_view import Proof
from okta_rotator.rotation.state import Candidate, Trigger
from tests.unit.rotation.builders import (
    OFF,
    A,
    C,
    F,
    P,
    credential,
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
    C_OFF,
    C_ON,
    C_TWIN,
    C_TWIN_OFF,
    DISCARDED,
    F_ON,
    FIRST,
    G_OFF,
    G_ON,
    GIVEN,
    NONE,
    P_OFF,
    P_ON,
    WITH_P,
    Row,
    check,
    rows,
)
from tests.unit.rotation.telling import job_of, told

READS = "read target"


@rows(
    Row("both on: one is deactivated", rotating(), (C_ON, C_TWIN), "deactivate c"),
    Row("one off: it is deleted", rotating(), (C_ON, C_TWIN_OFF), "delete c2"),
    Row(
        "the recorded one stays",
        state(active=credential("c", C)),
        (C_ON, C_TWIN),
        "deactivate c2",
        NONE,
        target(C, "c"),
    ),
    Row(
        "the recorded one stays, whichever comes first",
        state(active=credential("c", C)),
        (C_TWIN, C_ON),
        "deactivate c2",
        NONE,
        target(C, "c"),
    ),
)
def test_a_known_value_is_held_twice(row: Row) -> None:
    check(row)


def test_a_strangers_value_that_is_held_twice_is_left_alone() -> None:
    twins = (secret("f", F), secret("f2", F))
    row = Row("", None, twins, "blocked TwoSecretsExist", None, None)
    check(row)


@rows(
    Row("C absent: forget it", DISCARDED, (A_ON, P_ON), "write forget-candidate", "a0 p1"),
    Row("C off: delete it", DISCARDED, (A_ON, C_OFF), "delete c"),
    Row("C on: deactivate it", DISCARDED, (A_ON, C_ON), "deactivate c"),
    Row("C the only one on: unmark it", DISCARDED, (C_ON,), "write unmark-discard", "a0 p1 C"),
    Row(
        "C the only one on, and just refused: try again later",
        DISCARDED,
        (C_ON,),
        "blocked VerificationFailed",
        proofs=proof(C, Proof.REFUSED),
    ),
)
def test_the_candidate_has_the_discard_mark(row: Row) -> None:
    check(row)


def test_that_a_refused_candidate_is_the_only_active_one_is_looked_at_anew() -> None:
    remembered = replace(seen(C_ON), listed_in_this_pass=False)
    assert told(decide(snapshot(state=DISCARDED, seen=remembered))) == "list"


@rows(
    Row("C on: verify", rotating(), (A_ON, C_ON), "prove C"),
    Row(
        "C on and accepted: move the roles",
        rotating(),
        (A_ON, C_ON),
        "write move-roles",
        "c1 a0",
        proofs=proof(C),
    ),
    Row(
        "C on and refused: note it",
        rotating(),
        (A_ON, C_ON),
        "write note-refusal",
        "a0 p1 C",
        proofs=proof(C, Proof.REFUSED),
    ),
    Row(
        "C on and refused once: wait",
        rotating(refused_tries=(START,)),
        (A_ON, C_ON),
        "blocked VerificationFailed",
        proofs=proof(C, Proof.REFUSED),
    ),
    Row(
        "C on and refused twice: discard",
        rotating(refused_tries=(START, START)),
        (A_ON, C_ON),
        "write mark-discard",
        "a0 p1 C discarded",
        proofs=proof(C, Proof.REFUSED),
    ),
    Row(
        "C on and Okta does not say: nothing is promoted",
        rotating(),
        (A_ON, C_ON),
        "blocked CannotVerify",
        proofs=proof(C, Proof.CANNOT_TELL),
    ),
    Row("C off: discard", rotating(), (A_ON, C_OFF), "write mark-discard", "a0 p1 C discarded"),
    Row(
        "C on, A gone: the old previous stays",
        rotating(previous=credential("p", P, 1, OFF)),
        (P_OFF, C_ON),
        "write move-roles",
        "c0 p1",
        proofs=proof(C),
    ),
)
def test_the_candidate_is_in_okta(row: Row) -> None:
    check(row)


@rows(
    Row("the slot is free: create", rotating(previous=NONE), (A_ON,), "create C"),
    Row("no secret at all: create", FIRST, (), "create C", NONE, NONE),
    Row("P and another on: deactivate P", rotating(), (A_ON, P_ON), "deactivate p", live=True),
    Row("P and another on: what is published is read first", rotating(), (A_ON, P_ON), READS),
    Row("P off: delete P", rotating(), (A_ON, P_OFF), "delete p"),
    Row("A off: delete A", rotating(previous=NONE), (A_OFF, F_ON), "delete a"),
    Row("A off and P off: delete P first", rotating(), (A_OFF, P_OFF), "delete p"),
    Row("F besides A: it is foreign", rotating(), (A_ON, F_ON), "blocked ForeignSecret"),
    Row("F and G: foreign", rotating(), (F_ON, G_ON), "blocked ForeignSecret"),
    Row("P the only one on: it stays", FIRST, (F_ON, G_OFF), "blocked ForeignSecret", NONE, NONE),
    Row(
        "P published: it stays",
        FIRST,
        (F_ON, G_ON),
        "blocked ForeignSecret",
        NONE,
        GIVEN,
        live=True,
    ),
)
def test_the_candidate_is_not_in_okta(row: Row) -> None:
    check(row)


@rows(
    Row("A absent by an earlier list: list again", WITH_P, (P_ON,), "list", listed=False),
    Row(
        "A absent, and just accepted: the list is behind",
        WITH_P,
        (P_ON,),
        "blocked OktaUnavailable",
        proofs=proof(A),
    ),
    Row("A off, P on: they change places", WITH_P, (A_OFF, P_ON), "write swap-roles", "p1 a0 new"),
    Row(
        "A off, P on, T differs: they change places before anything is published",
        WITH_P,
        (A_OFF, P_ON),
        "write swap-roles",
        "p1 a0 new",
        NONE,
    ),
    Row("A gone, P on: P alone", WITH_P, (P_ON,), "write swap-roles", "p1 - new"),
    Row(
        "A gone, P on, with a job: its candidate goes on",
        rotating(),
        (P_ON, C_ON),
        "write swap-roles",
        "p1 - C",
    ),
    Row(
        "A off, P on, with a discarded candidate: they change places first",
        DISCARDED,
        (A_OFF, P_ON),
        "write swap-roles",
        "p1 a0 C discarded",
    ),
    Row(
        "P of which the state has no value: Okta shows it",
        state(previous=credential("p", NONE, 1)),
        (P_ON,),
        "write swap-roles",
        "p1 - new",
    ),
    Row("A gone, P gone: rotate", WITH_P, (), "write intent", "a0 p1 new"),
    Row("A gone, P off: rotate", WITH_P, (P_OFF,), "write intent", "a0 p1 new"),
    Row("A off, no P: rotate", state(), (A_OFF, F_ON), "write intent", "a0 - new"),
    Row("A gone, two strangers: foreign", state(), (F_ON, G_ON), "blocked ForeignSecret"),
)
def test_the_active_secret_is_no_longer_active(row: Row) -> None:
    check(row)


def test_a_rotation_after_a_loss_counts_as_a_repair() -> None:
    for okta in ((P_ON,), ()):
        begun = job_of(decide(snapshot(state=WITH_P, seen=seen(*okta))))
        assert begun.trigger is Trigger.REPAIR


def test_after_a_swap_the_previous_secret_is_published_before_the_rotation_goes_on() -> None:
    swapped = rotating(
        Trigger.REPAIR, active=credential("p", P, 1), previous=None, candidate=Candidate(C, 0)
    )
    asked = decide(snapshot(state=swapped, seen=seen(P_ON)))
    assert told(asked) == "prove P"
    assert told(decide(snapshot(state=swapped, seen=seen(P_ON, proofs=proof(P))))) == "publish"
