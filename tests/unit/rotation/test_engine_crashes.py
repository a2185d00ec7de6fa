"""A crash before and after every call of a port, and every lost answer: the end is the same.

The boundaries are not listed by hand: they are all the calls of a run in which nothing fails.
The promises (a published value that works, two secrets at most, none that the state does not know)
are checked by the world after each single effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.rotation.faults import (
    Call,
    CrashError,
    Fault,
    Moment,
    at_call,
    named,
    no_answer,
    unavailable,
)
from tests.unit.rotation.test_engine import rotate_by_schedule, rotated_once, rotated_twice
from tests.unit.rotation.world import World

OKTA_WRITES = ("create_secret", "deactivate_secret", "delete_secret_in_okta")
OKTA_READS = ("read_app", "list_secrets", "introspect")
CLUSTER_WRITES = ("create_state", "replace_state", "write_target", "write_status")


async def a_new_resource() -> World:
    world = World()
    world.put_foreign("made-by-a-person")
    return world


async def a_resource_with_a_previous_secret() -> World:
    world = await rotated_twice()
    due = world.resource.status.next_rotation_at
    assert due is not None
    world.clock.advance_to(due)
    return world


async def a_resource_with_a_request() -> World:
    world = await rotated_once()
    world.annotate(rotate="t1")
    return world


async def a_new_process_with_a_rotation_due() -> World:
    world = await a_resource_with_a_previous_secret()
    world.restart()
    return world


Scenario = Callable[[], Awaitable[World]]
SCENARIOS: dict[str, Scenario] = {
    "first rotation": a_new_resource,
    "rotation with retirement": a_resource_with_a_previous_secret,
    "rotation by a new process": a_new_process_with_a_rotation_due,
    "manual rotation": a_resource_with_a_request,
}


def calls_of_a_clean_run(scenario: Scenario) -> list[Call]:
    async def run() -> list[Call]:
        world = await scenario()
        world.forget_calls()
        await world.settle()
        return list(world.wire.calls)

    return asyncio.run(run())


def boundaries(names: tuple[str, ...] | None = None) -> list[object]:
    return [
        pytest.param(scenario, call.number, id=f"{title}: {call.number} {call.name}")
        for title, scenario in SCENARIOS.items()
        for call in calls_of_a_clean_run(scenario)
        if names is None or call.name in names
    ]


def assert_rotated_once(world: World, made_before: int) -> None:
    """Exactly one new secret, published, known to the state, and nothing left to do."""
    state = world.state
    assert world.okta.made == made_before + 1
    assert state.candidate is None
    assert state.job is None
    assert state.active is not None
    assert world.published == state.active.value
    assert state.active.secret_id == world.okta.secrets[-1].id
    indices = [one.index for one in world.resource.status.credentials or ()]
    assert len(set(indices)) == len(indices)
    assert world.condition("Ready") == ("True", "Published")
    assert world.condition("RotationFailing") is None
    assert world.condition("Rotating") is None


@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.AFTER])
@pytest.mark.parametrize(("scenario", "number"), boundaries())
async def test_a_crash_at_any_call_is_made_good_by_the_next_process(
    scenario: Scenario, number: int, moment: Moment
) -> None:
    world = await scenario()
    made = world.okta.made
    world.forget_calls()
    world.add_fault(Fault(at_call(number), moment, CrashError()))
    await world.settle()
    assert not world.wire.faults[0].times, "the fault was never met"
    assert_rotated_once(world, made)


@pytest.mark.parametrize("second", range(0, 14, 3))
@pytest.mark.parametrize(("scenario", "number"), boundaries(OKTA_WRITES))
async def test_two_crashes_are_no_worse_than_one(
    scenario: Scenario, number: int, second: int
) -> None:
    world = await scenario()
    made = world.okta.made
    world.forget_calls()
    world.add_fault(Fault(at_call(number), Moment.AFTER, CrashError()))
    world.add_fault(Fault(at_call(number + 1 + second), Moment.AFTER, CrashError()))
    await world.settle()
    assert_rotated_once(world, made)


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize(("scenario", "number"), boundaries(OKTA_WRITES))
async def test_a_write_to_okta_without_an_answer_makes_no_second_secret(
    scenario: Scenario, number: int, moment: Moment
) -> None:
    world = await scenario()
    made = world.okta.made
    world.forget_calls()
    world.add_fault(Fault(at_call(number), moment, no_answer()))
    await world.settle()
    assert_rotated_once(world, made)


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize(("scenario", "number"), boundaries(OKTA_WRITES))
async def test_a_process_that_dies_while_a_write_is_under_way_makes_no_second_secret(
    scenario: Scenario, number: int, moment: Moment
) -> None:
    world = await scenario()
    made = world.okta.made
    world.forget_calls()
    world.add_fault(Fault(at_call(number), moment, CrashError()))
    world.add_fault(Fault(at_call(number + 1), Moment.BEFORE, unavailable()))
    await world.settle()
    assert_rotated_once(world, made)


@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.AFTER])
@pytest.mark.parametrize(("scenario", "number"), boundaries(CLUSTER_WRITES))
async def test_a_write_to_the_cluster_without_an_answer_is_made_good(
    scenario: Scenario, number: int, moment: Moment
) -> None:
    world = await scenario()
    made = world.okta.made
    world.forget_calls()
    world.add_fault(Fault(at_call(number), moment, no_answer()))
    await world.settle()
    assert_rotated_once(world, made)


@pytest.mark.parametrize(("scenario", "number"), boundaries(OKTA_READS))
async def test_a_read_that_fails_is_tried_again(scenario: Scenario, number: int) -> None:
    world = await scenario()
    made = world.okta.made
    world.forget_calls()
    world.add_fault(Fault(at_call(number), Moment.BEFORE, unavailable()))
    await world.settle()
    assert_rotated_once(world, made)


async def test_a_restart_waits_out_the_last_write_of_the_process_before() -> None:
    world = World()
    world.add_fault(Fault(named("create_secret"), Moment.LATE, CrashError()))
    with pytest.raises(CrashError):
        await world.run()
    world.restart()
    begin = world.clock()
    outcome = await world.run()
    assert outcome.next_look is not None
    assert outcome.next_look >= begin + timedelta(seconds=10)
    assert world.wire.count("list_secrets") == 1
    await world.settle()
    assert_rotated_once(world, 0)


async def test_a_change_of_the_spec_does_not_shorten_the_wait_for_a_lost_answer() -> None:
    world = World()
    world.add_fault(Fault(named("create_secret"), Moment.LATE, no_answer()))
    await world.run()
    world.cluster.change_resource(replace(world.resource, generation=2))
    await world.settle()
    assert_rotated_once(world, 0)


async def test_an_unreachable_cluster_at_the_start_does_not_shorten_the_wait() -> None:
    world = World()
    world.add_fault(Fault(named("create_secret"), Moment.LATE, CrashError()))
    with pytest.raises(CrashError):
        await world.run()
    world.restart()
    number = len(world.wire.calls)
    world.add_fault(Fault(at_call(number), Moment.BEFORE, unavailable()))
    await world.settle()
    assert_rotated_once(world, 0)


async def test_a_rotation_that_failed_is_tried_again_with_back_off_and_then_forgotten() -> None:
    world = await rotated_once()
    world.add_fault(Fault(named("create_secret"), Moment.BEFORE, unavailable(), times=3))
    due = world.resource.status.next_rotation_at
    assert due is not None
    world.clock.advance_to(due)
    counts = []
    for _ in range(3):
        outcome = await world.run()
        failures = world.resource.status.failures
        assert failures is not None
        counts.append(failures.count)
        assert world.condition("Ready") == ("True", "Published")
        assert world.condition("RotationFailing") == ("True", "OktaUnavailable")
        assert world.resource.status.next_rotation_at == due
        assert outcome.next_look == failures.next_attempt_at
        assert outcome.next_look is not None
        world.clock.advance_to(outcome.next_look)
    await world.settle()
    assert counts == [1, 2, 3]
    assert world.resource.status.failures is None
    assert world.okta.made == 2


async def test_back_off_is_kept_when_something_else_wakes_the_resource() -> None:
    world = await rotated_once()
    world.add_fault(Fault(named("create_secret"), Moment.BEFORE, unavailable(), times=9))
    world.clock.advance(timedelta(days=40))
    await world.run()
    tries = world.wire.count("create_secret")
    status = world.resource.status
    outcome = await world.run()
    assert world.wire.count("create_secret") == tries
    assert outcome.resource.status == status


async def test_a_routine_rotation_after_a_crash_is_routine_again() -> None:
    world = await rotated_twice()
    world.restart()
    await rotate_by_schedule(world)
    world.forget_calls()
    await rotate_by_schedule(world)
    assert world.apps_calls == ["deactivate_secret", "delete_secret_in_okta", "create_secret"]
