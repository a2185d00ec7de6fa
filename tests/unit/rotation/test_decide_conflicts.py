"""Two resources for one app or target, targets that cannot be written, and a clock put back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.api.names import ADOPT_ANNOTATION, ROTATION_NAME_ANNOTATION
from okta_rotator.rotation.decide import decide
from okta_rotator.rotation.decisions import Blocked, WriteState
from okta_rotator.rotation.okta_view import Proof
from okta_rotator.rotation.seen import FIGHT, LATE_EFFECT, RECHECK_AGAIN, Seen
from okta_rotator.rotation.snapshot import Key, Neighbour
from okta_rotator.rotation.state import Candidate, Standing, State
from okta_rotator.rotation.trouble import Next, Trouble
from tests.unit.rotation.builders import (
    CONNECTION,
    ID_KEY,
    NAME,
    VALUE_KEY,
    A,
    C,
    F,
    N,
    P,
    credential,
    job,
    neighbour,
    proof,
    resource,
    seen,
    snapshot,
    state,
    superseded,
    target,
)
from tests.unit.rotation.faults import START
from tests.unit.rotation.rows import A_ON, SECOND, WITH_P
from tests.unit.rotation.telling import told

DOWN = Trouble(Next.RETRY, Reason.CONNECTION_NOT_READY, "Okta cannot be reached")
LIVE = Standing.LIVE
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
BEGUN = state(active=None, last_rotated_at=None, candidate=Candidate(C, 0), job=job())
UNBEGUN = state(active=None, last_rotated_at=None)
YOUNGER, OLDER = START + DAY, START - DAY


@pytest.mark.parametrize(
    ("content", "other", "is_first"),
    [
        (None, neighbour(created_at=YOUNGER), True),
        (None, neighbour(created_at=OLDER), False),
        (None, neighbour(created_at=YOUNGER, standing=LIVE), False),
        (UNBEGUN, neighbour(created_at=YOUNGER, standing=LIVE), False),
        (BEGUN, neighbour(created_at=OLDER), True),
        (state(), neighbour(created_at=OLDER), True),
        (state(), neighbour(created_at=YOUNGER, standing=LIVE), True),
        (state(), neighbour(created_at=OLDER, standing=LIVE), False),
        (state(), neighbour(created_at=START, standing=LIVE, uid="0"), False),
        (state(), neighbour(created_at=START, standing=LIVE, uid="f"), True),
    ],
)
@pytest.mark.parametrize("shares_target", [True, False])
def test_who_has_come_further_comes_first_then_the_older_one(
    content: State | None, other: Neighbour, is_first: bool, shares_target: bool
) -> None:
    there = None if content is None or content.active is None else target()
    beside = replace(other, shares_target=shares_target)
    s = snapshot(state=content, target=there, neighbours=(beside,))
    assert (told(decide(s)) != "blocked Conflict") is is_first


def test_of_several_the_first_one_counts() -> None:
    late, early = neighbour("late"), neighbour("early", created_at=OLDER)
    for order in ((late, early), (early, late)):
        decision = decide(snapshot(state=None, target=None, neighbours=order))
        assert isinstance(decision, Blocked)
        assert "early" in decision.why


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (
            neighbour(created_at=OLDER),
            "the OktaClientSecretRotation other rotates the same Okta app, and came first.",
        ),
        (
            neighbour(created_at=OLDER, shares_target=True),
            "the OktaClientSecretRotation other has the same target Secret, and came first.",
        ),
        (
            neighbour(created_at=OLDER, key=Key("team-b", "theirs")),
            "another resource in another namespace rotates the same Okta app, and came first.",
        ),
    ],
)
def test_the_other_one_is_named_unless_it_is_of_another_namespace(
    other: Neighbour, says: str
) -> None:
    decision = decide(snapshot(state=None, target=None, neighbours=(other,)))
    assert isinstance(decision, Blocked)
    assert decision.why.startswith(says)
    assert decision.trouble.next is Next.PERSON
    assert not decision.counts


def test_the_one_that_comes_second_does_nothing_but_go() -> None:
    first = neighbour(created_at=OLDER, standing=LIVE)
    drifted = snapshot(target=None, neighbours=(first,))
    assert told(decide(drifted)) == "blocked Conflict"
    going = replace(drifted, resource=resource(deleting=True))
    assert told(decide(going)) == "let go"


# ------------------------------------------------------------------ the target


def test_an_immutable_target_can_only_be_deleted() -> None:
    decision = decide(snapshot(target=target(P, immutable=True)))
    assert isinstance(decision, Blocked)
    assert told(decision) == "blocked TargetConflict"
    assert "immutable" in decision.why
    assert told(decide(snapshot(target=target(immutable=True)))) == "settled"


def test_no_rotation_is_begun_that_could_not_be_published() -> None:
    """It would retire the previous secret, and move the roles, for nothing that anybody sees."""
    due = {"now": START + timedelta(days=31), "seen": seen(A_ON)}
    assert told(decide(snapshot(**due))) == "write intent"
    assert told(decide(snapshot(**due, target=target(immutable=True)))) == "blocked TargetConflict"


def test_another_resources_target_is_told_apart_from_a_strangers() -> None:
    theirs = target(annotations={**target().annotations, ROTATION_NAME_ANNOTATION: "other"})
    decision = decide(snapshot(target=theirs))
    assert isinstance(decision, Blocked)
    assert "is the target of the OktaClientSecretRotation other" in decision.why


def theirs_under_our_key(value: str, **fields: Any) -> Any:
    return target(data={ID_KEY: "x", VALUE_KEY: value, "more": "y"}, **fields)


WITHOUT_KEYS = state(target_keys=())


def test_a_key_that_is_not_on_record_is_a_strangers() -> None:
    noted = state(target_keys=(ID_KEY, VALUE_KEY))
    assert told(decide(snapshot(state=noted, target=theirs_under_our_key("x")))) == "prove A"
    decision = decide(snapshot(state=WITHOUT_KEYS, target=theirs_under_our_key("x")))
    assert isinstance(decision, Blocked)
    assert told(decision) == "blocked TargetConflict"
    assert ID_KEY in decision.why


def test_unless_a_person_gives_it_to_us_or_we_have_made_the_value() -> None:
    given = {**target().annotations, ADOPT_ANNOTATION: NAME}
    adopted = theirs_under_our_key("x", annotations=given)
    assert told(decide(snapshot(state=WITHOUT_KEYS, target=adopted))) == "write note-target-keys"
    ours_there = target(N, data={VALUE_KEY: N.reveal()})
    assert told(decide(snapshot(state=WITHOUT_KEYS, target=ours_there))) == "list"


def test_a_value_that_cannot_be_published_is_compared_with_nothing() -> None:
    hidden = state(active=credential("a", None), target_keys=())
    decision = decide(snapshot(state=hidden, target=theirs_under_our_key("x")))
    assert told(decision) == "write note-target-keys"


def repaired(times: int, changed: bool = True, **fields: Any) -> str:
    moments = tuple(START + n * SECOND for n in range(times))
    known = Seen(since=START, repaired_at=moments)
    s = snapshot(
        target=target(F) if changed else target(),
        seen=known,
        now=START + 10 * SECOND,
        **fields,
    )
    decision = decide(s)
    if isinstance(decision, Blocked):
        assert decision.trouble.next is Next.WAIT
        assert decision.trouble.until == START + FIGHT
        assert "5 times within a minute" in decision.why
        assert not decision.counts
    return told(decision)


def test_a_target_that_is_fought_over_is_left_for_a_while() -> None:
    assert repaired(4) == "prove A"
    assert repaired(5) == "blocked Conflict"
    assert repaired(5, changed=False) == "settled"
    later = snapshot(
        target=target(F),
        seen=Seen(since=START, repaired_at=(START,) * 5),
        now=START + FIGHT,
    )
    assert told(decide(later)) == "prove A"
    hidden = state(active=credential("a", None))
    assert repaired(5, state=hidden) == "settled"


# ------------------------------------------------------------------ rechecks


def rechecking(said: dict[Any, Any] | None = None, **fields: Any) -> str:
    due = {"since": START - 2 * DAY, "proofs": said or {}}
    known = Seen(**{**due, **fields.pop("seen", {})})
    return told(decide(snapshot(seen=known, **fields)))


def test_a_recheck_that_is_due_asks_for_the_active_value() -> None:
    assert rechecking() == "prove A"
    assert rechecking(seen={"asked_at": START}) == "settled"


@pytest.mark.parametrize(
    "fields",
    [
        {"state": state(auth_method=None)},
        {"state": state(auth_method="private_key_jwt")},
        {"state": state(active=credential("a", None)), "target": None},
        {"state": state(refused_tries=(START,) * 4)},
        {"resource": resource({"spec.verification.enabled": False})},
        {"connection": replace(CONNECTION, problem=DOWN)},
    ],
)
def test_a_recheck_is_not_made(fields: dict[str, Any]) -> None:
    assert rechecking(**fields) == "settled"


def test_a_rotation_that_is_due_makes_a_recheck_needless() -> None:
    asked = resource(annotations={"okta-rotator.dev/rotate": "t"})
    assert rechecking(resource=asked) == "read app"


def test_a_refused_recheck_is_noted_at_once() -> None:
    refused = proof(A, Proof.REFUSED)
    memory = {"refused_at": START, "asked_at": START}
    assert rechecking(refused, seen=memory) == "write note-refusal"
    listed_known = {**memory, "app": seen().app, "secrets": (A_ON,)}
    assert rechecking(refused, seen=listed_known) == "write note-refusal"


# ------------------------------------------------------------------ the clock


def test_what_the_state_says_of_a_time_to_come_counts_as_now() -> None:
    ahead = START + 10 * DAY
    content = replace(
        WITH_P,
        previous=superseded("p", P, ahead, deactivated_at=ahead),
        last_rotated_at=ahead,
        series_from=ahead,
        asked_at=ahead,
        refused_tries=(START - DAY, ahead),
        job=job(started_at=ahead),
        candidate=Candidate(C, 1),
    )
    decision = decide(snapshot(state=content))
    assert isinstance(decision, WriteState)
    assert told(decision) == "write note-clock"
    after = decision.state
    assert after.previous == superseded("p", P, START, deactivated_at=START)
    assert (after.last_rotated_at, after.series_from, after.asked_at) == (START,) * 3
    assert after.refused_tries == (START - DAY, START)
    assert after.job == job(started_at=START)
    assert after.active == content.active
    assert told(decide(snapshot(state=after, seen=seen(A_ON)))) != "write note-clock"


@pytest.mark.parametrize(("ahead", "is_put_right"), [(5, False), (6, True)])
def test_two_clocks_may_differ_by_five_minutes(ahead: int, is_put_right: bool) -> None:
    content = state(last_rotated_at=START + ahead * MINUTE)
    assert (told(decide(snapshot(state=content))) == "write note-clock") is is_put_right


def test_what_was_seen_by_a_clock_that_was_ahead_counts_as_seen_now() -> None:
    ahead = START + DAY
    memory = Seen(
        since=ahead,
        asked_at=ahead,
        ask_again_at=ahead,
        refused_at=ahead,
        unsettled_until=ahead,
        repaired_at=(START - SECOND, START, ahead),
    )
    clamped = memory.clamped(START)
    assert (clamped.since, clamped.asked_at, clamped.refused_at) == (START,) * 3
    assert clamped.ask_again_at == START + RECHECK_AGAIN
    assert clamped.unsettled_until == START + LATE_EFFECT
    assert clamped.repaired_at == (START - SECOND, START)
    assert clamped.clamped(START) == clamped
    assert Seen().clamped(START) == Seen()


def test_what_was_seen_in_the_past_is_kept() -> None:
    before = START - DAY
    memory = Seen(since=before, asked_at=before, refused_at=before, unsettled_until=before)
    assert memory.clamped(START) == memory
