"""Rollbacks, ends of the overlap, leaks, retention and adoption, from the request to the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.api.names import REPLACE_FOREIGN_ANNOTATION
from okta_rotator.api.rotation_status import RotationResult
from okta_rotator.rotation.decisions import Blocked
from okta_rotator.rotation.okta_view import Proof, SecretState
from okta_rotator.rotation.trouble import Next, Trouble
from okta_rotator.rotation.values import SecretValue
from tests.unit.rotation import builders
from tests.unit.rotation.fake_okta import FakeOkta
from tests.unit.rotation.faults import Fault, Moment, lost_race, named, unavailable
from tests.unit.rotation.test_engine import rotate_by_schedule, rotated_once, rotated_twice
from tests.unit.rotation.world import World

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FOR = {
    "spec.previousSecret": {"retention": "For", "duration": "24h", "inactiveHold": "2h"},
    "spec.isAutoRotationEnabled": False,
}
HELD = {"spec.previousSecret": {"inactiveHold": "2h"}}
ADOPT = {"spec.adoptionPolicy": "Adopt"}
REVOCATION = ["deactivate_secret", "delete_secret_in_okta"]


def held(world: World) -> dict[str, str]:
    """What Okta holds: states by id."""
    return {one.id: str(one.state) for one in world.okta.secrets}


def ids(world: World) -> tuple[str, str]:
    """The secretIds of the active and the previous one."""
    state = world.state
    assert state.active is not None
    assert state.previous is not None
    return state.active.secret_id, state.previous.secret_id


def notices(world: World) -> list[str]:
    return [notice.reason for notice in world.cluster.notices]


def value_of(world: World, secret_id: str) -> SecretValue:
    (found,) = [one.value for one in world.okta.secrets if one.id == secret_id]
    assert found is not None
    return found


async def kept_for_a_day() -> World:
    """A world with retention For in which a rotation was asked for and is done."""
    world = await rotated_once(World(builders.resource(FOR)))
    world.annotate(rotate="t1")
    await world.settle()
    world.forget_calls()
    return world


# ------------------------------------------------------------------ rollback


async def test_a_rollback_publishes_the_previous_secret_and_keeps_the_schedule() -> None:
    world = await rotated_twice()
    active, previous = ids(world)
    before = world.resource.status
    world.annotate(rollback="t")
    await world.settle()
    assert ids(world) == (previous, active)
    assert world.published == value_of(world, previous)
    status = world.resource.status
    assert status.active_index != before.active_index
    assert status.last_rotated_at == before.last_rotated_at
    assert status.next_rotation_at == before.next_rotation_at
    assert status.handled_requests is not None
    assert status.handled_requests.rollback == "t"
    assert "RolledBack" in notices(world)
    assert world.apps_calls == []
    assert world.condition("Ready") == ("True", "Published")


async def test_a_rollback_brings_back_what_was_deactivated() -> None:
    world = await kept_for_a_day()
    world.clock.advance(DAY)
    await world.settle()
    active, previous = ids(world)
    assert held(world)[previous] == "INACTIVE"
    world.forget_calls()
    world.annotate(rollback="t")
    await world.settle()
    assert held(world) == {active: "ACTIVE", previous: "ACTIVE"}
    assert world.published == value_of(world, previous)
    assert world.wire.count("activate_secret") == 1
    world.clock.advance(DAY)
    await world.settle()
    assert held(world)[active] == "INACTIVE"


async def test_a_rollback_without_a_previous_secret_is_told_and_done_with() -> None:
    world = await rotated_once()
    before = world.published
    world.annotate(rollback="t")
    await world.settle()
    await rotate_by_schedule(world)
    assert notices(world).count("RollbackDeclined") == 1
    declined = next(n for n in world.cluster.notices if n.reason == "RollbackDeclined")
    assert declined.is_warning
    assert world.published != before


async def test_a_rollback_to_what_okta_refuses_is_told_and_done_with() -> None:
    world = await rotated_twice()
    active, previous = ids(world)
    world.okta.distrusted.add(value_of(world, previous))
    world.annotate(rollback="t")
    await world.settle()
    assert ids(world) == (active, previous)
    assert "RollbackDeclined" in notices(world)
    assert len(world.state.refused_tries) == 1


async def test_a_rollback_goes_by_what_okta_says_of_a_secret_once_it_is_active(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Deactivated in the console right before the proof, it is refused, and then activated."""
    world = await rotated_twice()
    active, previous = ids(world)
    value, ask = value_of(world, previous), FakeOkta._introspect

    def deactivated_first(*question: Any) -> Proof:
        monkeypatch.undo()
        world.okta.set_state(previous, SecretState.INACTIVE)
        return ask(*question)

    monkeypatch.setattr(FakeOkta, "_introspect", deactivated_first)
    # So that Okta's list is read once more.
    world.wire.faults = [Fault(named("replace_state"), Moment.BEFORE, lost_race("another hand"))]
    world.annotate(rollback="t")
    await world.settle()
    assert ids(world) == (previous, active)
    assert "RollbackDeclined" not in notices(world)
    assert world.published == value
    assert len(world.state.refused_tries) == 1


async def test_a_rollback_and_a_rotation_together_come_in_that_order() -> None:
    world = await rotated_twice()
    active, previous = ids(world)
    world.annotate(rollback="t", rotate="t")
    await world.settle()
    assert ids(world)[1] == previous
    assert active not in held(world)
    assert "RolledBack" in notices(world)


# ------------------------------------------------------------------ the end of the overlap


async def test_revoke_previous_ends_the_previous_secret_now() -> None:
    world = await rotated_twice()
    active, _ = ids(world)
    world.annotate(**{"revoke-previous": "t"})
    await world.settle()
    assert held(world) == {active: "ACTIVE"}
    assert world.apps_calls == REVOCATION
    assert world.state.previous is None
    assert world.state.bound_secret_id is None
    assert world.resource.status.handled_requests is not None
    assert world.resource.status.handled_requests.revoke_previous == "t"
    world.forget_calls()
    await world.settle()
    assert world.apps_calls == []


async def test_revoke_previous_keeps_no_promise_and_no_hold() -> None:
    world = await kept_for_a_day()
    active, _ = ids(world)
    world.annotate(**{"revoke-previous": "t"})
    await world.settle()
    assert held(world) == {active: "ACTIVE"}


async def test_a_leaked_secret_goes_with_the_rotation_that_replaces_it() -> None:
    world = await rotated_twice()
    leaked, previous = ids(world)
    world.annotate(**{"rotate": "leak", "revoke-previous": "leak"})
    await world.settle()
    (only,) = world.okta.secrets
    assert only.id not in (leaked, previous)
    assert world.published == only.value
    assert world.state.previous is None


async def test_a_leak_is_seen_to_though_the_request_is_taken_away() -> None:
    world = await rotated_once()
    leaked = world.published
    world.annotate(**{"rotate": "leak", "revoke-previous": "leak"})
    world.add_fault(Fault(named("create_secret"), Moment.BEFORE, unavailable()))
    await world.run()
    world.cluster.change_resource(replace(world.resource, annotations={}))
    await world.settle()
    assert leaked is not None
    assert not world.okta.accepts(leaked)
    assert world.published == world.okta.secrets[-1].value
    assert len(world.okta.secrets) == 1


async def test_a_leaked_only_secret_works_until_the_new_one_is_published() -> None:
    world = await rotated_once()
    world.annotate(**{"rotate": "leak", "revoke-previous": "leak"})
    world.add_fault(Fault(named("write_target"), Moment.BEFORE, unavailable(), times=2))
    await world.settle()
    assert len(world.okta.secrets) == 1


# ------------------------------------------------------------------ retention


async def test_retention_for_deactivates_holds_and_deletes() -> None:
    world = await kept_for_a_day()
    active, previous = ids(world)
    told = {one.secret_id: one.revoke_at for one in world.resource.status.credentials or ()}
    assert told[active] is None
    moved = world.state.previous
    assert moved is not None
    assert moved.superseded_at is not None
    revoke_at = told[previous]
    assert revoke_at == (moved.superseded_at + DAY).replace(microsecond=0)
    outcome = await world.settle()
    assert outcome.next_look is not None
    assert outcome.next_look <= moved.superseded_at + DAY
    world.clock.advance_to(moved.superseded_at + DAY)
    await world.settle()
    assert held(world) == {previous: "INACTIVE", active: "ACTIVE"}
    shown = {one.secret_id: one for one in world.resource.status.credentials or ()}
    assert shown[previous].state == "INACTIVE"
    assert shown[previous].revoke_at is None
    world.clock.advance(2 * HOUR)
    await world.settle()
    assert held(world) == {active: "ACTIVE"}
    assert world.wire.count("create_secret") == 0


async def test_a_rotation_that_would_cut_it_short_waits_and_then_runs() -> None:
    world = await kept_for_a_day()
    active, previous = ids(world)
    world.annotate(rotate="t2")
    outcome = await world.run()
    assert isinstance(outcome.verdict, Blocked)
    assert world.condition("RotationFailing") == ("True", "RetentionPending")
    assert world.condition("Ready") == ("True", "Published")
    assert world.resource.status.rotation_status is RotationResult.PENDING
    assert world.resource.status.failures is None
    assert world.apps_calls == []
    await world.settle()
    assert world.condition("RotationFailing") is None
    assert previous not in held(world)
    assert ids(world)[1] == active


async def test_a_leak_does_not_wait_for_the_promise() -> None:
    world = await kept_for_a_day()
    before = world.clock()
    world.annotate(**{"rotate": "leak", "revoke-previous": "leak"})
    await world.settle()
    assert world.clock() - before < HOUR
    assert len(world.okta.secrets) == 1


async def test_with_a_hold_the_previous_secret_is_off_by_the_time_of_the_rotation() -> None:
    world = World(builders.resource(HELD))
    await rotated_once(world)
    await rotate_by_schedule(world)
    active, previous = ids(world)
    due = world.resource.status.next_rotation_at
    assert due is not None
    told = {one.secret_id: one.revoke_at for one in world.resource.status.credentials or ()}
    assert told[previous] == due - 2 * HOUR
    world.clock.advance_to(due - 2 * HOUR)
    await world.settle()
    assert held(world) == {previous: "INACTIVE", active: "ACTIVE"}
    world.clock.advance_to(due + timedelta(minutes=1))
    world.forget_calls()
    await world.settle()
    assert world.apps_calls == ["delete_secret_in_okta", "create_secret"]
    assert ids(world)[1] == active


async def test_with_a_hold_a_rotation_that_is_asked_for_waits_for_it() -> None:
    world = World(builders.resource(HELD))
    await rotated_once(world)
    await rotate_by_schedule(world)
    _, previous = ids(world)
    begin = world.clock()
    world.annotate(rotate="t")
    await world.run()
    assert held(world)[previous] == "INACTIVE"
    assert world.condition("RotationFailing") == ("True", "RetentionPending")
    await world.settle()
    assert 2 * HOUR <= world.clock() - begin < 3 * HOUR
    assert previous not in held(world)


# ------------------------------------------------------------------ what was there before


async def test_an_adopted_secret_is_proven_and_published_without_a_rotation() -> None:
    world = World(builders.resource(ADOPT))
    theirs = world.put_foreign("made-by-a-person")
    await world.settle()
    assert world.published == theirs.value
    assert world.okta.secrets == [theirs]
    assert [said for _, _, said in world.okta.introspections] == ["accepted"]
    assert world.condition("Ready") == ("True", "Published")
    assert world.resource.status.next_rotation_at is not None
    assert "Adopted" in notices(world)
    assert "Rotated" not in notices(world)


async def test_an_adopted_secret_is_rotated_by_schedule() -> None:
    world = World(builders.resource(ADOPT))
    theirs = world.okta.put("made-by-a-person")
    await world.settle()
    await rotate_by_schedule(world)
    assert ids(world)[1] == theirs.id
    await rotate_by_schedule(world)
    assert theirs.id not in held(world)


async def test_what_is_adopted_and_refused_is_not_published() -> None:
    world = World(builders.resource(ADOPT))
    theirs = world.okta.put("made-by-a-person")
    assert theirs.value is not None
    world.okta.distrusted.add(theirs.value)
    world.broken_by_a_person = True
    await world.settle()
    assert world.published == world.okta.secrets[-1].value
    assert world.published != theirs.value


async def test_what_okta_hides_is_not_adopted() -> None:
    world = World(builders.resource(ADOPT))
    world.put_foreign("made-by-a-person")
    world.okta.shows_values = False
    await world.settle()
    assert world.condition("Stalled") == ("True", "InsufficientPermission")
    world.okta.shows_values = True
    await world.settle()
    assert world.condition("Ready") == ("True", "Published")


async def test_a_strangers_secret_that_is_named_makes_place_for_the_next_one() -> None:
    world = await rotated_once()
    active = world.okta.secrets[0]
    theirs = world.okta.put("made-by-a-person")
    world.annotate(rotate="t")
    await world.settle()
    assert world.condition("RotationFailing") == ("True", "ForeignSecret")
    world.annotate(**{REPLACE_FOREIGN_ANNOTATION.partition("/")[2]: theirs.id})
    await world.settle()
    assert theirs.id not in held(world)
    assert ids(world)[1] == active.id
    assert world.resource.status.handled_requests is not None
    assert world.resource.status.handled_requests.replace_foreign == theirs.id


@pytest.mark.parametrize("state", list(SecretState))
async def test_a_named_secret_that_is_not_in_the_way_is_left(state: SecretState) -> None:
    world = await rotated_once()
    theirs = world.okta.put("made-by-a-person", state)
    world.annotate(**{"replace-foreign": theirs.id})
    await world.settle()
    assert theirs.id in held(world)


async def test_of_two_strangers_the_one_that_is_named_goes_and_the_other_stays() -> None:
    world = World()
    unused = world.okta.put("nobody-uses-it")
    world.clock.advance(DAY)
    used = world.put_foreign("in-use")
    await world.settle()
    assert world.condition("Stalled") == ("True", "TwoSecretsExist")
    world.annotate(**{"replace-foreign": unused.id})
    await world.settle()
    assert unused.id not in held(world)
    assert used.id in held(world)
    assert world.condition("Ready") == ("True", "Published")


async def test_a_hold_that_is_set_under_a_rotation_is_kept_and_ends() -> None:
    world = await rotated_twice()
    _, previous = ids(world)
    world.annotate(rotate="t")
    world.add_fault(Fault(named("deactivate_secret"), Moment.BEFORE, unavailable()))
    await world.run()
    assert world.state.candidate is not None
    world.change_spec(HELD)
    begin = world.clock()
    await world.settle()
    assert previous not in held(world)
    assert 2 * HOUR <= world.clock() - begin < 3 * HOUR


async def test_a_rollback_before_the_first_rotation_undoes_nothing() -> None:
    world = World()
    theirs = world.put_foreign("made-by-a-person")
    world.okta.distrusts_new = True
    for _ in range(2):
        outcome = await world.run()
        world.clock.advance_to(outcome.next_look or world.clock())
    assert world.state.active is None
    world.annotate(rollback="t")
    world.okta.distrusts_new = False
    world.clock.advance(DAY)
    await world.settle()
    assert world.published is not None
    assert world.published != theirs.value


# ------------------------------------------------------------------ what is in the way of an end


def lose_connection(world: World) -> None:
    down = Trouble(Next.RETRY, Reason.CONNECTION_NOT_READY, "not ready")
    world.connection = replace(world.connection, problem=down)


async def test_what_is_in_the_way_of_the_previous_secrets_end_is_told_before_and_once() -> None:
    world = await kept_for_a_day()
    _, previous = ids(world)
    world.clock.advance(DAY - 2 * HOUR)
    lose_connection(world)
    outcome = await world.settle()
    assert "RetirementEndangered" not in notices(world)
    assert outcome.next_look is not None
    world.clock.advance_to(outcome.next_look)
    await world.settle()
    (told,) = [one for one in world.cluster.notices if one.reason == "RetirementEndangered"]
    assert told.is_warning
    assert f"{previous} is to be deactivated at " in told.message
    assert told.message.endswith("as long as this lasts: ConnectionNotReady")
    world.clock.advance(DAY)
    await world.settle()
    assert notices(world).count("RetirementEndangered") == 1
    assert held(world)[previous] == "ACTIVE"


async def test_an_end_that_comes_in_time_is_no_news() -> None:
    world = await kept_for_a_day()
    _, previous = ids(world)
    for _ in range(2):
        world.clock.advance(DAY)
        await world.settle()
    assert previous not in held(world)
    assert "RetirementEndangered" not in notices(world)
