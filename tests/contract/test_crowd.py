"""Hundreds of rotations due at once, as the operator makes them, in virtual time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

import pytest

from okta_emulator.seed import RateLimits
from tests import virtual_time
from tests.contract.crowd import PERCENT, Crowd, Org, clock, now
from tests.resources import Json

ROUTINE = ("secrets.create", "secrets.deactivate", "secrets.delete")
"""The calls of a routine rotation that Okta's small limit counts."""

WORKERS = 4
"""Far fewer than the rotations that wait, so that a worker held up would be missed."""

LIMIT = 50
USABLE = LIMIT * PERCENT // 100
DAY = timedelta(days=1).total_seconds()

LARGE = {f"a{number:03}": number * 37 % 120 // 2 for number in range(150)}
SMALL = {f"b{number:03}": number * 17 % 50 for number in range(50)}
"""The resources of two namespaces, and at which minute after midnight each is due."""

OF_ANOTHER = "c000"
"""A resource of another org."""


@asynccontextmanager
async def at_work(crowd: Crowd) -> AsyncIterator[None]:
    task = asyncio.create_task(crowd.controller.queue.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert all(org.emulator.log.alarms() == [] for org in crowd.orgs)


def limit(org: Org, **limits: int) -> None:
    """From now on, and count anew."""
    org.emulator.rate.replace(RateLimits.model_validate(limits))
    org.emulator.requests.clear()
    org.calls.clear()


def in_small_bucket(org: Org) -> Json:
    return {name: calls for name, calls in org.calls.items() if name.startswith("secrets.")}


def seconds_until_midnight() -> float:
    return DAY - (clock() - clock().replace(hour=0, minute=0, second=0)).total_seconds()


@dataclass
class Night:
    """Routine rotations, all of them overdue when the operator looks: when each was done."""

    org: Org
    done: list[tuple[str, float]]

    @property
    def order(self) -> list[str]:
        return [name for name, _ in self.done if name != OF_ANOTHER]

    @property
    def begun(self) -> list[str]:
        """By the first call of each that the small limit counts; without the very first one,
        which the operator happened to look at for another reason, when no other waited yet.
        """
        calls = self.org.emulator.requests.as_json()
        small = (str(call["appId"]) for call in calls if call["bucket"] == "apps")
        return list(dict.fromkeys(app_id[-4:] for app_id in small))[1:]


@pytest.fixture(scope="module")
def night() -> Night:
    return virtual_time.run(_night())


async def _night() -> Night:
    org, another = Org("acme"), Org("another")
    crowd = Crowd([org, another], WORKERS)
    async with at_work(crowd):
        for namespace, minutes in (("team-a", LARGE), ("team-b", SMALL)):
            for name, minute in minutes.items():
                crowd.add(org, name, namespace, minute=minute)
        # Due after all others.
        crowd.add(another, OF_ANOTHER, minute=59)
        everybody = [*LARGE, *SMALL, OF_ANOTHER]
        # From the third on both places of an app are taken.
        await crowd.until_rotated(everybody, 2)
        await crowd.controller.queue.drained()
        crowd.cluster.rotated.clear()
        limit(org, apps=LIMIT)
        virtual_time.jump(seconds_until_midnight() + 3600)
        began = now()
        await crowd.until_rotated(everybody, 1)
    return Night(org, [(name, at - began) for name, at in crowd.cluster.rotated])


def test_two_hundred_rotations_take_hardly_longer_than_the_limit_demands(night: Night) -> None:
    best = (ceil(len(night.order) * len(ROUTINE) / USABLE) - 1) * 60

    assert len(night.order) == 200
    assert night.org.refused == 0
    assert best / night.done[-1][1] >= 0.95


def test_a_routine_rotation_costs_three_calls_that_the_small_limit_counts(night: Night) -> None:
    assert in_small_bucket(night.org) == dict.fromkeys(ROUTINE, 200)
    assert night.org.calls["apps.read"] == 200


def test_namespaces_come_in_turn_and_of_each_the_most_overdue_first(night: Night) -> None:
    for dues in (LARGE, SMALL):
        own = [dues[name] for name in night.begun if name in dues]
        assert own == sorted(own)
    # Until the few of the small namespace are all begun.
    assert 45 <= sum(name in SMALL for name in night.begun[:100]) <= 50


def test_what_is_begun_is_finished_before_much_more_is(night: Night) -> None:
    ends = {name: place for place, name in enumerate(night.order)}

    assert all(ends[name] - place <= USABLE for place, name in enumerate(night.begun))


def test_another_connection_does_not_wait_behind_them(night: Night) -> None:
    assert night.done[0][0] == OF_ANOTHER
    assert night.done[0][1] < 5


def test_idle_resources_cost_nothing_of_the_small_limit_and_are_asked_of_by_and_by() -> None:
    """The recheck is an introspection, once in its interval, at a moment of each one's own."""
    count, days = 60, 2

    async def scene() -> Org:
        org = Org("acme")
        crowd = Crowd([org], WORKERS)
        async with at_work(crowd):
            names = [f"r{number:03}" for number in range(count)]
            for name in names:
                crowd.add(org, name, days=30, recheck="24h")
            await crowd.until_rotated(names, 1)
            await crowd.controller.queue.drained()
            limit(org, oauth2=5)
            await asyncio.sleep(days * DAY)
        return org

    org = virtual_time.run(scene())
    calls = org.emulator.requests.as_json()
    hours = Counter(str(call["time"])[:13] for call in calls)

    assert in_small_bucket(org) == {}
    assert set(org.calls) == {"introspect"}
    assert org.calls["introspect"] == count * days
    assert org.refused == 0
    assert len(hours) > 20 * days
    assert max(hours.values()) < 5 * count / 24


def waiting_crowd() -> tuple[Org, Crowd]:
    """Many resources whose first rotation is far beyond what the limit of a minute allows."""
    org = Org("acme", apps=LIMIT)
    crowd = Crowd([org], WORKERS)
    for number in range(100):
        crowd.add(org, f"r{number:03}")
    return org, crowd


LAST = "r099"


def test_a_resource_that_waits_for_its_turn_is_deleted_at_once() -> None:
    async def scene() -> tuple[bool, float, bool]:
        _, crowd = waiting_crowd()
        async with at_work(crowd):
            await asyncio.sleep(5)
            is_waiting = crowd.controller.queue.is_busy(crowd.cluster.resource(LAST).key)
            began = now()
            is_gone = await crowd.controller.let_go(crowd.deleted(LAST), patience=60)
            return is_gone, now() - began, is_waiting

    is_gone, took, was_waiting = virtual_time.run(scene())

    assert was_waiting
    assert is_gone
    assert took < 1


def test_a_spec_that_changes_while_its_rotation_waits_is_the_one_that_is_applied() -> None:
    async def scene() -> Json:
        _, crowd = waiting_crowd()
        async with at_work(crowd):
            await asyncio.sleep(5)
            crowd.rename_key(LAST, "OTHER_SECRET")
            await crowd.until_rotated([LAST], 1)
            target = await crowd.cluster.read_secret("team-a", LAST)
            return dict(target.data) if target is not None else {}

    assert set(virtual_time.run(scene())) == {"OKTA_CLIENT_ID", "OTHER_SECRET"}


def test_the_end_does_not_wait_for_calls_that_stand_in_line() -> None:
    async def scene() -> tuple[float, Counter[str]]:
        org, crowd = waiting_crowd()
        async with at_work(crowd):
            await asyncio.sleep(5)
            began = now()
            crowd.controller.queue.stop_taking()
            await crowd.controller.queue.drained()
            return now() - began, org.calls

    took, calls = virtual_time.run(scene())

    assert took < 1
    assert calls["secrets.list"] + calls["secrets.create"] == USABLE
