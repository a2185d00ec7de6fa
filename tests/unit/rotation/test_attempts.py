"""Which passes were attempts at a rotation, and how they went: each is counted once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.attempts import Attempt, Result
from okta_rotator.rotation.state import Trigger
from tests.unit.rotation.fake_okta import APP
from tests.unit.rotation.faults import CrashError, Fault, Moment, named, unavailable
from tests.unit.rotation.test_engine import rotated_once
from tests.unit.rotation.world import World

A_MONTH = timedelta(days=31)


def success(trigger: Trigger) -> Attempt:
    return Attempt(Result.SUCCESS, Reason.PUBLISHED, trigger)


async def attempts(world: World, passes: int) -> list[Attempt | None]:
    """Of so many passes, each at the time that the one before has named."""
    made = []
    for _ in range(passes):
        outcome = await world.run()
        made.append(outcome.attempt)
        world.clock.advance_to(outcome.next_look or world.clock())
    return made


async def test_each_rotation_is_one_success_by_its_trigger() -> None:
    world = World()
    assert await attempts(world, 1) == [success(Trigger.CREATION)]
    assert await attempts(world, 1) == [None]
    world.clock.advance(A_MONTH)
    assert await attempts(world, 1) == [success(Trigger.SCHEDULE)]
    world.annotate(rotate="t1")
    assert await attempts(world, 2) == [success(Trigger.MANUAL), None]


async def test_each_try_that_fails_is_one_failure_and_then_one_success() -> None:
    world = await rotated_once()
    world.annotate(rotate="t1")
    world.add_fault(Fault(named("create_secret"), Moment.BEFORE, unavailable(), times=2))
    failure = Attempt(Result.FAILURE, Reason.OKTA_UNAVAILABLE, Trigger.MANUAL)
    assert await attempts(world, 3) == [failure, failure, success(Trigger.MANUAL)]


async def test_what_waits_for_a_person_is_one_failure_however_often_it_is_looked_at() -> None:
    world = await rotated_once()
    world.okta.app = replace(APP, status="INACTIVE")
    world.clock.advance(A_MONTH)
    failure = Attempt(Result.FAILURE, Reason.APP_INACTIVE, Trigger.SCHEDULE)
    assert await attempts(world, 3) == [failure, None, None]
    world.restart()
    assert await attempts(world, 1) == [None]


async def test_a_first_rotation_that_cannot_be_done_is_a_failure_of_the_creation() -> None:
    world = World()
    world.okta.app = None
    (attempt,) = await attempts(world, 1)
    assert attempt == Attempt(Result.FAILURE, Reason.APP_NOT_FOUND, Trigger.CREATION)


async def test_a_rotation_that_waits_for_a_promise_has_not_failed() -> None:
    world = await rotated_once()
    world.change_spec({"spec.previousSecret": {"retention": "For", "duration": "24h"}})
    world.annotate(rotate="t1")
    assert await attempts(world, 1) == [success(Trigger.MANUAL)]
    world.annotate(rotate="t2")
    assert await attempts(world, 1) == [None]
    assert world.condition("RotationFailing") == ("True", "RetentionPending")


async def test_a_crash_neither_loses_nor_repeats_a_success() -> None:
    """The roles have moved; the process dies before it says so."""
    world = await rotated_once()
    world.annotate(rotate="t1")
    world.add_fault(Fault(named("write_status"), Moment.BEFORE, CrashError()))
    try:
        await world.run()
    except CrashError:
        world.restart()
    assert await attempts(world, 2) == [success(Trigger.MANUAL), None]


async def test_a_repair_of_the_target_is_no_rotation() -> None:
    world = await rotated_once()
    world.cluster.secrets.pop(world.target.name)
    assert await attempts(world, 1) == [None]


async def test_what_has_begun_keeps_its_trigger_though_nothing_is_due_any_more() -> None:
    world = await rotated_once()
    world.clock.advance(A_MONTH)
    world.add_fault(Fault(named("create_secret"), Moment.BEFORE, unavailable(), times=2))
    failure = Attempt(Result.FAILURE, Reason.OKTA_UNAVAILABLE, Trigger.SCHEDULE)
    assert await attempts(world, 1) == [failure]
    world.change_spec({"spec.isAutoRotationEnabled": False})
    assert await attempts(world, 1) == [failure]
