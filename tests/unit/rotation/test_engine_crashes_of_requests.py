"""A crash, a lost answer and a failed read at every call of what is not a plain rotation.

As in `test_engine_crashes.py`: the boundaries are all the calls of a run in which nothing fails,
and the world checks the promises after each effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from okta_rotator.rotation.decisions import LetGo
from okta_rotator.rotation.seen import LATE_SECRET
from tests.unit.rotation import builders
from tests.unit.rotation.faults import (
    Call,
    CrashError,
    Fault,
    Moment,
    at_call,
    no_answer,
    unavailable,
)
from tests.unit.rotation.test_engine import rotated_once, rotated_twice
from tests.unit.rotation.test_engine_requests import (
    ADOPT,
    DAY,
    FOR,
    HOUR,
    held,
    ids,
    kept_for_a_day,
    value_of,
)
from tests.unit.rotation.world import World

OKTA_WRITES = (
    "create_secret",
    "activate_secret",
    "deactivate_secret",
    "delete_secret_in_okta",
)
OKTA_READS = ("read_app", "list_secrets", "introspect")
CLUSTER_WRITES = ("create_state", "replace_state", "write_target", "write_status", "delete_secret")
REVOKE = {"spec.deletionPolicy": {"secret": "Delete", "oktaSecrets": "Revoke"}}
MOMENTS = [Moment.BEFORE, Moment.AFTER]


@dataclass(frozen=True, slots=True)
class Story:
    """How it begins, what the world goes through, and how it must end."""

    begin: Callable[[], Awaitable[World]]
    ends_well: Callable[[World], None]
    waits: tuple[timedelta, ...] = ()
    """How long nothing happens, and then something comes due."""

    async def run(self, *faults: Fault) -> World:
        world = await self.begin()
        world.forget_calls()
        world.wire.faults.extend(faults)
        await world.settle()
        for length in self.waits:
            world.clock.advance(length)
            await world.settle()
        return world


def assert_published(world: World) -> None:
    state = world.state
    assert state.active is not None
    assert world.published == state.active.value
    assert (state.candidate, state.job, state.bound_secret_id) == (None, None, None)
    assert world.condition("Ready") == ("True", "Published")
    assert world.condition("RotationFailing") is None


# ------------------------------------------------------------------ how they begin and end


async def a_rollback() -> World:
    world = await rotated_twice()
    world.annotate(rollback="t")
    return world


async def a_rollback_to_what_was_deactivated() -> World:
    world = await kept_for_a_day()
    world.clock.advance(DAY)
    await world.settle()
    world.annotate(rollback="t")
    return world


def rolled_back(world: World) -> None:
    assert_published(world)
    assert ids(world)[0] < ids(world)[1], "the older one is published again"
    assert held(world) == dict.fromkeys(ids(world), "ACTIVE")
    assert world.state.handled_rollback == "t"
    assert world.okta.made == 2


async def an_end_of_the_overlap() -> World:
    world = await rotated_twice()
    world.annotate(**{"revoke-previous": "t"})
    return world


async def a_leak() -> World:
    world = await rotated_twice()
    world.annotate(**{"rotate": "t", "revoke-previous": "t"})
    return world


def only_the_last_one_is_left(world: World) -> None:
    assert_published(world)
    (only,) = world.okta.secrets
    assert only.value == world.published
    assert only.id == f"ocs{world.okta.made}"
    assert world.state.previous is None


def overlap_has_ended(world: World) -> None:
    only_the_last_one_is_left(world)
    assert world.okta.made == 2


def leak_is_closed(world: World) -> None:
    only_the_last_one_is_left(world)
    assert world.okta.made == 3


async def a_leak_with_a_promise() -> World:
    world = await kept_for_a_day()
    world.annotate(**{"rotate": "t", "revoke-previous": "t"})
    return world


async def a_rotation_that_waits() -> World:
    world = await kept_for_a_day()
    world.annotate(rotate="t2")
    return world


def waited_and_rotated(world: World) -> None:
    assert_published(world)
    assert world.okta.made == 3
    assert sorted(held(world)) == ["ocs2", "ocs3"]


async def an_adoption() -> World:
    world = World(builders.resource(ADOPT))
    world.put_foreign("made-by-a-person")
    return world


def adopted(world: World) -> None:
    assert_published(world)
    assert world.okta.made == 1
    assert world.published == value_of(world, "ocs1")


async def a_named_stranger() -> World:
    world = await rotated_once()
    theirs = world.okta.put("made-by-a-person")
    world.annotate(**{"rotate": "t", "replace-foreign": theirs.id})
    return world


def stranger_was_replaced(world: World) -> None:
    assert_published(world)
    assert sorted(held(world)) == ["ocs1", "ocs3"]
    assert ids(world) == ("ocs3", "ocs1")


async def a_revocation(*, twice: bool, foreign: bool = False, under_way: bool = False) -> World:
    world = World(builders.resource({**REVOKE, **FOR}))
    await rotated_once(world)
    if twice:
        world.annotate(rotate="t1")
        await world.settle()
    if under_way:
        number = len(world.wire.calls)
        world.annotate(rotate="t1")
        calls = ("introspect",)
        strikes = Fault(lambda c: c.number > number and c.name in calls, Moment.BEFORE, no_answer())
        world.add_fault(strikes)
        await world.run()
        assert world.state.candidate is not None
    if foreign:
        world.put_foreign("made-by-a-person")
    world.clock.advance(LATE_SECRET)
    world.begin_deletion()
    return world


def gone(world: World) -> None:
    assert world.cluster.secrets == {}
    assert world.ours_in_okta == world.stand_ins_in_okta
    assert len(world.stand_ins_in_okta) == 1
    assert world.okta.secrets == world.stand_ins_in_okta


def gone_but_for_the_strangers(world: World) -> None:
    assert world.cluster.secrets == {}
    assert list(held(world)) == list(world.untouchable)


STORIES: dict[str, Story] = {
    "rollback": Story(a_rollback, rolled_back),
    "rollback of a deactivated one": Story(a_rollback_to_what_was_deactivated, rolled_back),
    "revoke-previous": Story(an_end_of_the_overlap, overlap_has_ended),
    "leak": Story(a_leak, leak_is_closed),
    "leak with retention": Story(a_leak_with_a_promise, leak_is_closed),
    "retention": Story(kept_for_a_day, overlap_has_ended, (DAY, 3 * HOUR)),
    "rotation that waits": Story(a_rotation_that_waits, waited_and_rotated),
    "adoption": Story(an_adoption, adopted),
    "replace-foreign": Story(a_named_stranger, stranger_was_replaced),
    "revocation": Story(lambda: a_revocation(twice=True), gone),
    "revocation of the only one": Story(lambda: a_revocation(twice=False), gone),
    "revocation under way": Story(lambda: a_revocation(twice=False, under_way=True), gone),
    "revocation beside a stranger's": Story(
        lambda: a_revocation(twice=False, foreign=True), gone_but_for_the_strangers
    ),
}


def calls_of_a_clean_run(story: Story) -> list[Call]:
    return list(asyncio.run(story.run()).wire.calls)


def boundaries(names: tuple[str, ...] | None = None) -> list[object]:
    return [
        pytest.param(story, call.number, id=f"{title}: {call.number} {call.name}")
        for title, story in STORIES.items()
        for call in calls_of_a_clean_run(story)
        if names is None or call.name in names
    ]


@pytest.mark.parametrize("title", STORIES)
async def test_without_a_fault_it_ends_well(title: str) -> None:
    STORIES[title].ends_well(await STORIES[title].run())


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(("story", "number"), boundaries())
async def test_a_crash_at_any_call_is_made_good(story: Story, number: int, moment: Moment) -> None:
    world = await story.run(Fault(at_call(number), moment, CrashError()))
    assert not world.wire.faults[-1].times, "the fault was never met"
    story.ends_well(world)


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize(("story", "number"), boundaries(OKTA_WRITES))
async def test_a_write_to_okta_without_an_answer_is_made_good(
    story: Story, number: int, moment: Moment
) -> None:
    story.ends_well(await story.run(Fault(at_call(number), moment, no_answer())))


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize(("story", "number"), boundaries(OKTA_WRITES))
async def test_a_crash_and_then_a_call_that_fails_are_made_good(
    story: Story, number: int, moment: Moment
) -> None:
    crash = Fault(at_call(number), moment, CrashError())
    story.ends_well(await story.run(crash, Fault(at_call(number + 3), moment, unavailable())))


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(("story", "number"), boundaries(CLUSTER_WRITES))
async def test_a_write_to_the_cluster_without_an_answer_is_made_good(
    story: Story, number: int, moment: Moment
) -> None:
    story.ends_well(await story.run(Fault(at_call(number), moment, no_answer())))


@pytest.mark.parametrize(("story", "number"), boundaries(OKTA_READS))
async def test_a_read_that_fails_is_tried_again(story: Story, number: int) -> None:
    story.ends_well(await story.run(Fault(at_call(number), Moment.BEFORE, unavailable())))


@pytest.mark.parametrize("title", [title for title in STORIES if title.startswith("revocation")])
async def test_a_revocation_ends_with_the_finalizer(title: str) -> None:
    world = await STORIES[title].begin()
    outcome = await world.settle()
    assert isinstance(outcome.verdict, LetGo)
    assert not outcome.verdict.is_incomplete
