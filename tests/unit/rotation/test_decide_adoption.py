"""A first look with adoptionPolicy Adopt, and with a stranger's secret that may be taken away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from okta_rotator.api.names import REPLACE_FOREIGN_ANNOTATION
from okta_rotator.rotation.decide import decide
from okta_rotator.rotation.decisions import Blocked, WriteState
from okta_rotator.rotation.okta_view import OktaSecret, Proof
from okta_rotator.rotation.state import Trigger
from tests.unit.rotation.builders import (
    EARLIER_UID,
    OFF,
    F,
    G,
    N,
    P,
    ours,
    proof,
    resource,
    secret,
    seen,
    snapshot,
)
from tests.unit.rotation.faults import START
from tests.unit.rotation.rows import (
    E_ON,
    F_ON,
    G_OFF,
    G_ON,
    GIVEN,
    N_LATER,
    NONE,
    P_OFF,
    P_ON,
    S_ON,
    SECOND,
    Row,
    check,
    rows,
    witnessing,
)
from tests.unit.rotation.telling import told

ADOPT = {"spec.adoptionPolicy": "Adopt"}
NEWER_F = secret("f", F, created=START + SECOND)
NEWER_G_OFF = secret("g", G, OFF, created=START + SECOND)
HIDDEN = secret("f", F, shown=False)
OTHERS = secret("x", ours(8, EARLIER_UID))
OTHERS_TOO = secret("y", ours(7, EARLIER_UID))


@rows(
    Row("none", NONE, (), "write intent", "- - new", target=None, changes=ADOPT),
    Row("one", NONE, (F_ON,), "write adopt", "f0 -", target=None, changes=ADOPT),
    Row("one, with Rotate", NONE, (F_ON,), "write intent", "- f1 new", target=None),
    Row("hidden", NONE, (HIDDEN,), "blocked InsufficientPermission", target=None, changes=ADOPT),
    Row("hidden, with Rotate", NONE, (HIDDEN,), "blocked InsufficientPermission", target=None),
    Row("two", NONE, (G_ON, NEWER_F), "write adopt", "f0 -", target=None, changes=ADOPT),
    Row(
        "two, in the other order",
        NONE,
        (NEWER_F, G_ON),
        "write adopt",
        "f0 -",
        target=None,
        changes=ADOPT,
    ),
    Row(
        "two, the newer one inactive",
        NONE,
        (F_ON, NEWER_G_OFF),
        "write adopt",
        "f0 -",
        target=None,
        changes=ADOPT,
    ),
    Row(
        "two, the newest hidden",
        NONE,
        (G_ON, replace(NEWER_F, value=None)),
        "blocked InsufficientPermission",
        target=None,
        changes=ADOPT,
    ),
    Row(
        "two, the target holds one",
        NONE,
        (F_ON, G_ON),
        "write adopt",
        "f0 -",
        target=GIVEN,
        changes=ADOPT,
    ),
    Row(
        "two, the target holds one, with Rotate",
        NONE,
        (F_ON, G_ON),
        "write intent",
        "f0 g1 new",
        target=GIVEN,
    ),
    Row(
        "a stranger's where status names ours",
        NONE,
        (F_ON,),
        "write intent",
        "- - new",
        target=None,
        changes=ADOPT,
        status=witnessing("gone"),
    ),
    Row(
        "one of ours that status names",
        NONE,
        (F_ON,),
        "write adopt",
        "f0 -",
        target=None,
        changes=ADOPT,
        status=witnessing("f"),
    ),
    Row("one of ours", NONE, (P_ON,), "write adopt", "p0 -", target=None, changes=ADOPT),
    Row("another rotator's", NONE, (OTHERS,), "blocked ForeignSecret", target=None, changes=ADOPT),
    Row("only a stand-in", NONE, (S_ON,), "write intent", "- s1 new", target=None, changes=ADOPT),
    Row(
        "one and a stand-in", NONE, (S_ON, F_ON), "write adopt", "f0 -", target=None, changes=ADOPT
    ),
    Row(
        "a stand-in and an inactive one",
        NONE,
        (S_ON, G_OFF),
        "write intent",
        "- s1 new",
        target=None,
        changes=ADOPT,
    ),
)
def test_adopt(row: Row) -> None:
    check(row)


def test_what_is_adopted_counts_as_rotated_automatically_now() -> None:
    decision = decide(
        snapshot(
            state=None, target=None, resource=resource(ADOPT), seen=seen(F_ON), now=START + SECOND
        )
    )
    assert isinstance(decision, WriteState)
    state = decision.state
    assert state.job is None
    assert state.last_rotated_at == START + SECOND
    assert state.series_from == START + SECOND
    assert state.last_trigger is Trigger.REPAIR
    assert state.active is not None
    assert state.active.value == F


def test_a_value_that_okta_hides_is_told_with_the_way_out() -> None:
    decision = decide(
        snapshot(state=None, target=None, resource=resource(ADOPT), seen=seen(HIDDEN))
    )
    assert isinstance(decision, Blocked)
    assert "okta.apps.clientCredentials.read" in decision.why
    assert not decision.counts


def named(secret_id: str) -> dict[str, str]:
    return {REPLACE_FOREIGN_ANNOTATION: secret_id}


@rows(
    Row(
        "another rotator's alone",
        NONE,
        (OTHERS,),
        "write intent",
        "- x1 new",
        target=None,
        asks=named("x"),
    ),
    Row(
        "the other of two",
        NONE,
        (OTHERS, OTHERS_TOO),
        "blocked ForeignSecret",
        target=None,
        asks=named("y"),
    ),
    Row(
        "one of two strangers",
        NONE,
        (F_ON, G_ON),
        "write intent",
        "- g1 new",
        target=None,
        asks=named("f"),
    ),
    Row(
        "one of two strangers, and neither is what was ours",
        NONE,
        (F_ON, G_ON),
        "write intent",
        "- - new",
        target=None,
        status=witnessing("z"),
        asks=named("f"),
    ),
    Row(
        "neither of them",
        NONE,
        (F_ON, G_ON),
        "blocked TwoSecretsExist",
        target=None,
        asks=named("h"),
    ),
    Row("a stand-in besides", NONE, (S_ON, F_ON), "write intent", "- s1 new", target=None),
    Row(
        "an earlier resource's is a stranger's too",
        NONE,
        (E_ON, F_ON),
        "blocked ForeignSecret",
        target=None,
    ),
)
def test_a_strangers_secret_may_be_taken_away_at_the_first_look(row: Row) -> None:
    check(row)


@rows(
    Row("which of them is asked", NONE, (P_ON, N_LATER), "prove N", target=None),
    Row(
        "the newest is good",
        NONE,
        (P_ON, N_LATER),
        "write adopt",
        "n0 p1",
        target=None,
        proofs=proof(N),
    ),
    Row(
        "the newest is refused",
        NONE,
        (P_ON, N_LATER),
        "prove P",
        target=None,
        proofs=proof(N, Proof.REFUSED),
    ),
    Row(
        "the older one is good",
        NONE,
        (P_ON, N_LATER),
        "write adopt",
        "p0 n1",
        target=None,
        proofs={**proof(N, Proof.REFUSED), **proof(P)},
    ),
    Row(
        "Okta does not say",
        NONE,
        (P_ON, N_LATER),
        "write adopt",
        "n0 p1",
        target=None,
        proofs=proof(N, Proof.CANNOT_TELL),
    ),
    Row(
        "both are refused",
        NONE,
        (P_ON, N_LATER),
        "write adopt",
        "n0 p1",
        target=None,
        proofs={**proof(N, Proof.REFUSED), **proof(P, Proof.REFUSED)},
    ),
    Row("one is inactive", NONE, (P_OFF, N_LATER), "write adopt", "n0 p1", target=None),
    Row(
        "nothing is proven by this spec",
        NONE,
        (P_ON, N_LATER),
        "write adopt",
        "n0 p1",
        target=None,
        changes={"spec.verification.enabled": False},
    ),
)
def test_of_two_of_ours_the_one_that_works_is_active(row: Row) -> None:
    check(row)


def test_refusals_of_the_first_look_are_remembered() -> None:
    proofs = {**proof(N, Proof.REFUSED, START - SECOND), **proof(P)}
    decision = decide(snapshot(state=None, target=None, seen=seen(P_ON, N_LATER, proofs=proofs)))
    assert isinstance(decision, WriteState)
    assert decision.state.refused_tries == (START - SECOND,)


@pytest.mark.parametrize("okta", [(OTHERS,), (OTHERS, F_ON)])
def test_another_rotators_secret_is_named_with_the_command_for_it(
    okta: tuple[OktaSecret, ...],
) -> None:
    known = replace(seen(), secrets=okta)
    decision = decide(snapshot(state=None, target=None, seen=known))
    assert isinstance(decision, Blocked)
    assert "--overwrite okta-rotator.dev/replace-foreign=x" in decision.why
    assert told(decision) == "blocked ForeignSecret"


@pytest.mark.parametrize("order", [1, -1])
def test_the_older_one_of_another_rotators_two_is_named(order: int) -> None:
    """The newer one is what the other published last."""
    later = replace(OTHERS_TOO, created=OTHERS.created + SECOND)
    decision = decide(snapshot(state=None, target=None, seen=seen(*(OTHERS, later)[::order])))
    assert isinstance(decision, Blocked)
    assert "replace-foreign=x" in decision.why
