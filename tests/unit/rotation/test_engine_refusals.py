"""Five refusals in a day ring Okta's alarm: never, with one answer or one process lost."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from okta_rotator.rotation.okta_view import Proof
from tests.unit.rotation.builders import NAME, VALUE_KEY
from tests.unit.rotation.faults import Call, CrashError, Fault, Moment, no_answer
from tests.unit.rotation.test_engine import rotated_once, rotated_twice
from tests.unit.rotation.world import World

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MOST = 4


class Introspection:
    """Strikes the introspection of that number, counted from when it is made."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, call: Call) -> bool:
        if call.name == "introspect":
            self.left -= 1
            return self.left == 0
        return False


def most_refusals_in_a_day(world: World) -> int:
    moments = [at for at, _, said in world.okta.introspections if said is Proof.REFUSED]
    return max((_within_a_day(moments, at) for at in moments), default=0)


def _within_a_day(moments: list[datetime], first: datetime) -> int:
    return sum(first <= at < first + DAY for at in moments)


async def a_world_that_refuses_all(with_previous: bool) -> World:
    """Okta refuses every value of the app, those to come included."""
    world = await (rotated_twice() if with_previous else rotated_once())
    world.broken_by_a_person = True
    world.okta.distrusted |= {one.value for one in world.okta.secrets if one.value}
    world.okta.distrusts_new = True
    world.okta.introspections.clear()
    return world


async def for_days(world: World, days: int, wakes: timedelta = 10 * MINUTE) -> None:
    """Passes at their times, and at each heartbeat."""
    end = world.clock() + days * DAY
    while world.clock() < end:
        try:
            outcome = await world.run()
        except CrashError:
            world.restart()
            continue
        soon = world.clock() + wakes
        again = outcome.next_look or soon
        world.clock.advance_to(max(min(again, soon), world.clock() + timedelta(seconds=1)))


FAULTS = {"lost": no_answer(), "crash": CrashError()}


@pytest.mark.parametrize("with_previous", [True, False])
@pytest.mark.parametrize("number", range(1, 7))
@pytest.mark.parametrize("fault", FAULTS)
async def test_one_lost_answer_or_process_rings_no_alarm(
    fault: str, number: int, with_previous: bool
) -> None:
    world = await a_world_that_refuses_all(with_previous)
    world.add_fault(Fault(Introspection(number), Moment.AFTER, FAULTS[fault]))
    await for_days(world, 2)
    assert not world.wire.faults[0].times, "the fault was never met"
    assert 3 <= most_refusals_in_a_day(world) <= MOST


async def test_without_a_fault_no_more_are_risked() -> None:
    world = await a_world_that_refuses_all(with_previous=True)
    await for_days(world, 3)
    assert 3 <= most_refusals_in_a_day(world) <= MOST


@pytest.mark.parametrize("number", range(1, 5))
async def test_a_refused_candidate_and_one_lost_answer_ring_no_alarm(number: int) -> None:
    world = await rotated_once()
    world.okta.distrusts_new = True
    world.okta.introspections.clear()
    world.annotate(rotate="t")
    world.add_fault(Fault(Introspection(number), Moment.AFTER, no_answer()))
    await for_days(world, 2)
    assert 3 <= most_refusals_in_a_day(world) <= MOST
    assert world.condition("Ready") == ("True", "Published")


async def test_an_accepted_repair_does_not_undo_a_lost_answer_about_the_candidate() -> None:
    world = await rotated_once()
    world.okta.distrusts_new = True
    world.okta.introspections.clear()
    world.annotate(rotate="t")
    world.add_fault(Fault(Introspection(1), Moment.AFTER, no_answer()))
    await world.run()
    world.broken_by_a_person = True
    world.cluster.change_secret(NAME, data={VALUE_KEY: "theirs"})
    await for_days(world, 2)
    assert most_refusals_in_a_day(world) <= MOST
