"""What goes with a resource that is deleted with oktaSecrets Revoke, and in which order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.decide import decide
from okta_rotator.rotation.decisions import Blocked, CreateSecret, Decision, LetGo, WriteState
from okta_rotator.rotation.okta_view import OktaSecret
from okta_rotator.rotation.seen import LATE_SECRET, Seen
from okta_rotator.rotation.snapshot import Key
from okta_rotator.rotation.state import Candidate, Standing, State
from okta_rotator.rotation.trouble import Next, Trouble
from okta_rotator.rotation.values import SecretValue, is_stand_in
from tests.unit.rotation.builders import (
    CONNECTION,
    A,
    C,
    F,
    N,
    P,
    credential,
    invalid_resource,
    neighbour,
    resource,
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
    DISCARDED,
    F_ON,
    G_OFF,
    G_ON,
    P_OFF,
    P_ON,
    S_OFF,
    S_ON,
    SECOND,
    WITH_P,
    S,
)
from tests.unit.rotation.telling import told

REVOKE = {"spec.deletionPolicy": {"secret": "Delete", "oktaSecrets": "Revoke"}}
GOING = resource(REVOKE, deleting=True)
STANDING_IN = state(candidate=Candidate(S, 0))
TWICE_REVOKED = state(previous=credential("s", S, 1))


def decided(
    content: State | None, *okta: OktaSecret, target: Any = None, **fields: Any
) -> Decision:
    known = fields.pop("seen", None) or seen(*okta, app=None)
    sound = {"resource": GOING, "state": content, "target": target, "seen": known}
    return decide(snapshot(**{**sound, **fields}))


@pytest.mark.parametrize(
    ("content", "okta", "follows"),
    [
        (rotating(), (A_ON, C_ON), "deactivate c"),
        (rotating(), (A_ON, C_OFF), "delete c"),
        (rotating(), (A_ON, P_ON), "deactivate p"),
        (rotating(), (A_ON, P_OFF), "delete p"),
        (DISCARDED, (A_ON, C_ON), "deactivate c"),
        (WITH_P, (A_ON, P_ON), "deactivate p"),
        (WITH_P, (A_ON, P_OFF), "delete p"),
        (WITH_P, (A_OFF, P_ON), "delete a"),
        (WITH_P, (P_ON,), "write stand-in"),
        (WITH_P, (A_ON,), "write stand-in"),
        (rotating(), (A_ON,), "write stand-in"),
        (rotating(), (C_ON,), "write note-candidate"),
        (rotating(), (C_ON, G_OFF), "write note-candidate"),
        (rotating(), (C_OFF,), "delete c"),
        (DISCARDED, (C_ON,), "write note-candidate"),
        (STANDING_IN, (A_ON,), "create new"),
        (STANDING_IN, (A_ON, S_ON), "deactivate a"),
        (STANDING_IN, (A_OFF, S_ON), "delete a"),
        (STANDING_IN, (S_ON,), "delete state"),
        (STANDING_IN, (), "delete state"),
        (STANDING_IN, (A_ON, S_OFF), "blocked ForeignSecret"),
        (TWICE_REVOKED, (A_ON, S_ON), "deactivate s"),
        (TWICE_REVOKED, (A_ON, S_OFF), "delete s"),
        (state(), (A_ON, F_ON), "deactivate a"),
        (state(), (A_OFF, F_ON), "delete a"),
        (state(), (F_ON,), "delete state"),
        (state(), (F_ON, G_ON), "delete state"),
        (state(), (), "delete state"),
        (state(active=None, last_rotated_at=None), (F_ON,), "delete state"),
        (STANDING_IN, (A_ON, G_OFF), "blocked ForeignSecret"),
        (state(), (A_ON, G_OFF), "write stand-in"),
        (state(previous=credential("f", F, 1)), (A_ON, F_ON), "deactivate f"),
    ],
)
def test_what_the_state_names_is_revoked_and_nothing_else(
    content: State, okta: tuple[OktaSecret, ...], follows: str
) -> None:
    assert told(decided(content, *okta)) == follows


def test_a_copy_that_never_took_the_state_up_revokes_nothing() -> None:
    """As of a namespace that is restored beside the living one: its secrets are in use."""
    copied = state(uid="of-the-living-one", previous=credential("p", P, 1))
    decision = decided(copied, A_ON, P_ON)
    assert isinstance(decision, LetGo)
    assert decision.is_incomplete
    assert "written for another resource" in decision.why


# ------------------------------------------------------------------ what a living one uses


@pytest.mark.parametrize("shared", [A, P, C])
@pytest.mark.parametrize("okta", [(A_ON, P_ON), (A_ON, C_ON), (A_ON, P_OFF)])
def test_what_a_living_resource_uses_too_is_not_revoked(
    shared: SecretValue, okta: tuple[OktaSecret, ...]
) -> None:
    """As a restored copy does, whatever uid its state Secret names."""
    living = neighbour(standing=Standing.LIVE, values=(N, shared))
    decision = decided(rotating(), *okta, neighbours=(living,))
    if any(one.holds(shared) for one in okta):
        assert isinstance(decision, LetGo)
        assert decision.is_incomplete
        named = "the OktaClientSecretRotation other uses its client secrets too"
        assert decision.why == f"{named}: nothing is revoked"
    else:
        assert not isinstance(decision, LetGo), "Okta does not hold it any more"


def test_one_of_another_namespace_is_not_named() -> None:
    key = Key("team-b", "of-others")
    living = neighbour(key=key, standing=Standing.LIVE, values=(A,), claim=None)
    decision = decided(WITH_P, A_ON, P_ON, neighbours=(living,))
    assert isinstance(decision, LetGo)
    assert decision.why.startswith("another resource in another namespace uses")
    assert not {"team-b", "of-others"} & set(decision.why.split())


def test_one_with_other_secrets_is_in_no_deletions_way() -> None:
    living = neighbour(standing=Standing.LIVE, values=(N, F))
    assert told(decided(WITH_P, A_ON, P_ON, neighbours=(living,))) == "deactivate p"
    new = neighbour(standing=Standing.NEW)
    assert told(decided(WITH_P, A_ON, P_ON, neighbours=(new,))) == "deactivate p"


@pytest.mark.parametrize(("claim", "follows"), [(0, "let go"), (None, "deactivate p")])
def test_one_whose_state_cannot_be_read_counts_if_it_has_reached_the_app(
    claim: int | None, follows: str
) -> None:
    closed = neighbour(standing=Standing.LIVE, values=(), claim=claim)
    assert told(decided(WITH_P, A_ON, P_ON, neighbours=(closed,))) == follows


def test_the_stand_in_may_be_anybodys() -> None:
    copied = neighbour(standing=Standing.LIVE, values=(N, S))
    assert told(decided(STANDING_IN, A_ON, S_ON, neighbours=(copied,))) == "deactivate a"


# ------------------------------------------------------------------ what may come late

MAY_COME = Seen(secret_may_come_until=START + SECOND)


@pytest.mark.parametrize("content", [None, WITH_P])
@pytest.mark.parametrize("policy", [REVOKE, {"spec.deletionPolicy.secret": "Delete"}])
def test_a_secret_that_may_come_yet_is_waited_for(
    content: State | None, policy: dict[str, Any]
) -> None:
    going = resource(policy, deleting=True)
    decision = decided(content, resource=going, seen=MAY_COME)
    assert isinstance(decision, Blocked)
    assert decision.trouble.next is Next.WAIT
    assert decision.trouble.until == START + SECOND
    assert not decision.counts


def test_what_is_there_goes_at_once() -> None:
    assert told(decided(WITH_P, target=target(), seen=MAY_COME)) == "delete target"


def test_with_retain_nothing_is_waited_for() -> None:
    going = resource({"spec.deletionPolicy.secret": "Retain"}, deleting=True)
    assert told(decided(WITH_P, resource=going, seen=MAY_COME)) == "let go"
    assert (
        told(decided(WITH_P, resource=invalid_resource(deleting=True), seen=MAY_COME)) == "let go"
    )


def test_that_its_time_is_over_counts_from_the_next_pass_on() -> None:
    """For what this one has read may be older."""
    decision = decided(WITH_P, seen=MAY_COME, now=START + 2 * SECOND)
    assert isinstance(decision, Blocked)
    assert MAY_COME.clamped(START).secret_may_come_until == START + SECOND
    assert MAY_COME.clamped(START + SECOND).secret_may_come_until is None


def test_a_clock_that_was_put_back_makes_that_no_longer() -> None:
    year = timedelta(days=365)
    assert MAY_COME.clamped(START - year).secret_may_come_until == START - year + LATE_SECRET


# ------------------------------------------------------------------ the order


def test_the_target_goes_first() -> None:
    assert told(decided(WITH_P, A_ON, P_ON, target=target())) == "delete target"
    kept = target(deleting=True)
    assert told(decided(WITH_P, A_ON, P_ON, target=kept)) == "deactivate p"


def test_a_strangers_target_stays() -> None:
    theirs = target(annotations={}, labels={})
    assert told(decided(WITH_P, A_ON, P_ON, target=theirs)) == "deactivate p"


def test_the_stand_in_takes_the_place_of_the_candidate_in_the_state() -> None:
    decision = decided(rotating(previous=None), A_ON)
    assert isinstance(decision, WriteState)
    after = decision.state
    assert after.candidate is not None
    assert is_stand_in(after.candidate.value)
    assert (after.job, after.asked_at) == (None, None)
    assert after.active == rotating().active


def test_a_candidate_that_works_is_known_as_active_before_a_stand_in_is_drawn() -> None:
    decision = decided(rotating(), C_ON)
    assert isinstance(decision, WriteState)
    after = decision.state
    assert after.active is not None
    assert (after.active.secret_id, after.active.value) == ("c", C)
    assert (after.candidate, after.job, after.asked_at) == (None, None, None)
    assert after.last_rotated_at == rotating().last_rotated_at
    assert after.previous is not None
    assert after.previous.secret_id == "a"
    assert told(decided(after, C_ON)) == "write stand-in"


def test_the_stand_in_that_was_written_down_is_the_one_that_is_made() -> None:
    decision = decided(STANDING_IN, A_ON)
    assert isinstance(decision, CreateSecret)
    assert decision.value == S


def test_a_stand_in_whose_value_okta_hides_is_known_by_its_hash() -> None:
    hidden = secret("s", S, shown=False)
    assert told(decided(STANDING_IN, A_ON, hidden)) == "deactivate a"
    assert told(decided(STANDING_IN, hidden)) == "delete state"


def test_where_there_is_no_place_for_a_stand_in_a_person_is_told_what_to_do() -> None:
    decision = decided(STANDING_IN, A_ON, G_OFF)
    assert isinstance(decision, Blocked)
    assert decision.trouble.next is Next.PERSON
    assert "g" in decision.why
    assert "spec.deletionPolicy.oktaSecrets to Retain" in decision.why


@pytest.mark.parametrize("known", [Seen(), Seen(secrets=(A_ON,))])
def test_okta_is_listed_in_this_very_pass(known: Seen) -> None:
    assert told(decided(WITH_P, seen=known)) == "list"


def test_a_write_that_may_still_land_is_waited_out_before_the_list() -> None:
    decision = decided(WITH_P, seen=Seen(unsettled_until=START + SECOND))
    assert isinstance(decision, Blocked)
    assert decision.trouble.until == START + SECOND


def test_a_lost_connection_lets_the_resource_go_and_says_what_is_left() -> None:
    gone = Trouble(Next.PERSON, Reason.CONNECTION_NOT_FOUND, "there is no such connection")
    decision = decided(WITH_P, connection=replace(CONNECTION, problem=gone, is_lost=True))
    assert isinstance(decision, LetGo)
    assert decision.is_incomplete
    assert "no such connection" in decision.why


def test_a_connection_that_may_come_back_is_waited_for() -> None:
    down = Trouble(Next.RETRY, Reason.CONNECTION_NOT_READY, "Okta cannot be reached")
    decision = decided(WITH_P, connection=replace(CONNECTION, problem=down))
    assert isinstance(decision, Blocked)
    assert not decision.counts
    assert decision.trouble.reason is Reason.CONNECTION_NOT_READY
    assert "oktaSecrets to Retain" in decision.why


def test_okta_down_is_a_failure_that_comes_again() -> None:
    down = Trouble(Next.RETRY, Reason.OKTA_UNAVAILABLE, "Okta answers 503.")
    decision = decided(WITH_P, seen=Seen(trouble=down))
    assert isinstance(decision, Blocked)
    assert decision.counts
    assert decision.why.startswith("Okta answers 503. The deletion waits for that")


def test_with_the_app_its_secrets_are_gone() -> None:
    gone = Trouble(Next.PERSON, Reason.APP_NOT_FOUND, "Okta knows no app")
    assert told(decided(WITH_P, seen=Seen(trouble=gone))) == "delete state"


@pytest.mark.parametrize(
    ("content", "connection"),
    [
        (state(app_id="0oa00000000000000000"), CONNECTION),
        (state(), replace(CONNECTION, org_id="00o2")),
    ],
    ids=["another app", "another org"],
)
def test_the_secrets_of_another_app_are_left(content: State, connection: Any) -> None:
    decision = decided(content, A_ON, F_ON, connection=connection)
    assert isinstance(decision, LetGo)
    assert decision.is_incomplete


def test_an_org_that_was_never_reached_contradicts_nothing() -> None:
    unknown = replace(CONNECTION, org_id=None)
    assert told(decided(WITH_P, A_ON, P_ON, connection=unknown)) == "deactivate p"


def test_a_state_that_cannot_be_read_revokes_nothing_and_says_so() -> None:
    decision = decided(None, A_ON, state_error="cannot read record")
    assert isinstance(decision, LetGo)
    assert decision.is_incomplete


def test_without_a_state_there_is_nothing_to_revoke() -> None:
    decision = decided(None, F_ON)
    assert decision == LetGo("the resource is being deleted")


def test_a_spec_that_cannot_be_read_lets_the_resource_go() -> None:
    going = invalid_resource(deleting=True)
    assert told(decided(WITH_P, A_ON, resource=going)) == "let go"


@pytest.mark.parametrize("secrets", ["Retain", "Delete"])
def test_with_retain_okta_is_not_touched(secrets: str) -> None:
    going = resource({"spec.deletionPolicy.secret": secrets}, deleting=True)
    assert told(decided(WITH_P, A_OFF, P_ON, resource=going)) == "let go"


def test_a_deletion_goes_before_what_only_a_person_can_put_right() -> None:
    paused = replace(GOING, annotations={"okta-rotator.dev/rotate": "x" * 2000})
    assert told(decided(WITH_P, A_ON, P_ON, resource=paused)) == "deactivate p"
