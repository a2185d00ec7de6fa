"""Calls that wait for their turn, at an Okta that counts, in virtual time."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from math import ceil, floor

import httpx
import pytest

from okta_rotator.okta.governor import Governor
from okta_rotator.okta.limits import Bucket
from okta_rotator.rotation.turns import Budget, Turn
from tests import virtual_time
from tests.unit.okta_org import NOW

LATENCY = 0.1
EPOCH = NOW.timestamp()


def now() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Okta:
    """Counts the calls of one bucket as Okta does: a window begins with its first call."""

    limit: int = 50
    window: float = 60
    at_once: int = 75
    clock_error: float = 0.37
    """Seconds that its clock differs from ours, so that whole seconds do not fall together."""
    latency: float = LATENCY
    ends: float = 0
    used: int = 0
    under_way: int = 0
    refused: int = 0
    most_at_once: int = 0
    most_used: int = 0
    served: list[str] = field(default_factory=list)

    async def call(self, name: str = "") -> httpx.Response:
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            await asyncio.sleep(self.latency / 2)
            response = self._answer(name)
            await asyncio.sleep(self.latency / 2)
            return response
        finally:
            self.under_way -= 1

    def _answer(self, name: str) -> httpx.Response:
        if self.under_way > self.at_once:
            self.refused += 1
            return self._said(429, 0, 0)
        time = now() + self.clock_error
        if time >= self.ends:
            self.ends, self.used = time + self.window, 0
        if self.used >= self.limit:
            self.refused += 1
            return self._said(429, self.limit, 0)
        self.used += 1
        self.most_used = max(self.most_used, self.used)
        self.served.append(name)
        return self._said(200, self.limit, self.limit - self.used)

    def _said(self, status: int, limit: int, remaining: int) -> httpx.Response:
        date = NOW + timedelta(seconds=floor(now() + self.clock_error))
        headers = {
            "Date": format_datetime(date, usegmt=True),
            "X-Rate-Limit-Limit": str(limit),
            "X-Rate-Limit-Remaining": str(remaining),
            "X-Rate-Limit-Reset": str(ceil(EPOCH + self.ends)),
        }
        return httpx.Response(status, headers=headers)


async def governed(
    governor: Governor,
    okta: Okta,
    turn: Turn = Turn(),  # noqa: B008 - frozen
    name: str = "",
    bucket: Bucket = Bucket.APPS,
) -> int:
    async with governor.permit(bucket, turn) as permit:
        response = await okta.call(name)
        permit.learn(response)
        return response.status_code


def turn(due: int, key: str = "", namespace: str = "team-a") -> Turn:
    return Turn(NOW + timedelta(seconds=due), key, namespace)


async def rotation(governor: Governor, okta: Okta, whose: Turn) -> float:
    """Its three calls, one after the other; when it was done."""
    for step in ("create", "deactivate", "delete"):
        assert await governed(governor, okta, whose, f"{whose.key} {step}") == 200
    return now()


async def all_rotations(governor: Governor, okta: Okta, turns: list[Turn]) -> list[float]:
    return await asyncio.gather(*(rotation(governor, okta, each) for each in turns))


def best_seconds(calls: int, usable: int, window: float = 60) -> float:
    """The least time: a full share at the start of each window."""
    return (ceil(calls / usable) - 1) * window


@pytest.mark.parametrize(("limit", "percent"), [(50, 80), (50, 100), (10, 80), (100, 50)])
@pytest.mark.parametrize("clock_error", [0.0, 0.37, 0.99])
def test_two_hundred_rotations_take_hardly_longer_than_the_limit_demands(
    limit: int, percent: int, clock_error: float
) -> None:
    okta = Okta(limit, clock_error=clock_error)

    async def scene() -> float:
        began = now()
        turns = [turn(0, f"r{number:03}") for number in range(200)]
        await all_rotations(Governor(percent), okta, turns)
        return now() - began

    took = virtual_time.run(scene())

    usable = limit * percent // 100
    assert okta.refused == 0
    assert okta.most_used == usable
    assert best_seconds(600, usable) / took >= 0.95


def test_those_that_are_begun_are_finished_before_others_are_begun() -> None:
    okta = Okta()

    async def scene() -> list[float]:
        began = now()
        turns = [turn(0, f"r{number:03}") for number in range(120)]
        done = await all_rotations(Governor(), okta, turns)
        return [at - began for at in done]

    done = virtual_time.run(scene())

    # Forty calls a window, three for each.
    for third in range(3):
        ended = done[third * 40 : (third + 1) * 40]
        assert max(ended) < (third + 1) * 3 * 62
        assert min(ended) > third * 3 * 60


def test_the_most_overdue_comes_first() -> None:
    order = virtual_time.run(order_of([turn(3, "c"), turn(1, "a"), turn(2, "b")]))

    assert order == ["c", "a", "b"], "the first was alone, and did not wait"


def test_namespaces_come_in_turn() -> None:
    many = [turn(number, f"a{number}", "team-a") for number in range(1, 5)]
    few = [turn(100, "b1", "team-b"), turn(50, "b0", "team-b"), turn(200, "c0", "team-c")]

    order = virtual_time.run(order_of([turn(0, "first"), *many, *few]))

    assert order == ["first", "a1", "b0", "c0", "a2", "b1", "a3", "a4"]


async def order_of(turns: list[Turn]) -> list[str]:
    """Which order they are served in, one at a time."""
    governor, okta = Governor(1), Okta(limit=10)
    await asyncio.gather(*(governed(governor, okta, each, each.key) for each in turns))
    return okta.served


def test_two_connections_do_not_slow_each_other() -> None:
    slow, quick = Okta(limit=10), Okta(limit=1000)

    async def scene() -> tuple[float, float]:
        began = now()
        slowly = asyncio.create_task(
            all_rotations(Governor(), slow, [turn(0, f"s{n}") for n in range(30)])
        )
        await all_rotations(Governor(), quick, [turn(0, f"q{n}") for n in range(30)])
        took = now() - began
        await slowly
        return took, now() - began

    quickly, all_in_all = virtual_time.run(scene())

    assert quickly < 1
    assert all_in_all > 600


def test_what_another_program_spends_counts_too() -> None:
    okta = Okta()
    seen: list[int] = []

    async def scene() -> None:
        for _ in range(30):
            await okta.call("another")
        governor = Governor()
        for _ in range(15):
            seen.append(await governed(governor, okta))

    virtual_time.run(scene())

    assert seen == [200] * 15
    assert okta.served[:40] == ["another"] * 30 + [""] * 10
    assert okta.refused == 0


def test_where_no_limit_is_near_nothing_waits() -> None:
    okta = Okta(limit=1_000_000)

    async def scene() -> float:
        governor, began = Governor(), now()
        await asyncio.gather(*(governed(governor, okta) for _ in range(61)))
        return now() - began

    # One call that learns, then the other sixty at the same time.
    assert virtual_time.run(scene()) == pytest.approx(2 * LATENCY)
    assert okta.most_at_once == 60


def test_no_more_are_under_way_than_a_small_plan_allows() -> None:
    okta = Okta(limit=20, at_once=35)
    other = Okta(limit=1000, at_once=35)

    async def scene() -> None:
        governor = Governor()
        await governed(governor, okta)
        await asyncio.gather(*(governed(governor, other, bucket=Bucket.OAUTH) for _ in range(200)))

    virtual_time.run(scene())

    assert other.most_at_once == 28
    assert other.refused == 0


def test_a_limit_on_calls_at_once_that_nobody_told_of_is_learned() -> None:
    okta = Okta(limit=1_000_000, at_once=20)

    async def scene() -> None:
        governor = Governor()
        for _ in range(20):
            await asyncio.gather(*(governed(governor, okta) for _ in range(60)))

    virtual_time.run(scene())

    assert 0 < okta.refused < 1200 * 0.1


def test_a_refusal_without_headers_is_waited_out() -> None:
    async def scene() -> float:
        governor, began = Governor(), now()
        async with governor.permit(Bucket.APPS, Turn()) as permit:
            permit.learn(httpx.Response(429))
        assert await governed(governor, Okta()) == 200
        return now() - began

    assert 60 <= virtual_time.run(scene()) < 61


def test_a_refused_call_lets_the_others_wait_for_the_reset() -> None:
    okta = Okta(limit=5)

    async def scene() -> float:
        began = now()
        for _ in range(5):
            await okta.call()
        governor = Governor()
        statuses = await asyncio.gather(*(governed(governor, okta) for _ in range(4)))
        assert sorted(statuses) == [200, 200, 200, 429]
        return now() - began

    assert 60 < virtual_time.run(scene()) < 63
    assert okta.refused == 1


def test_where_nothing_answers_nobody_waits_long_to_learn_of_it() -> None:
    async def silence(governor: Governor) -> None:
        with suppress(TimeoutError):
            async with governor.permit(Bucket.APPS, Turn()):
                async with asyncio.timeout(10):
                    await asyncio.sleep(100)

    async def scene() -> float:
        governor, began = Governor(), now()
        await asyncio.gather(*(silence(governor) for _ in range(81)))
        return now() - began

    assert virtual_time.run(scene()) == pytest.approx(10 + 80 / 8 * 10)


def test_a_call_for_a_token_goes_beyond_the_calls_that_wait_for_it() -> None:
    async def scene() -> None:
        governor, okta = Governor(), Okta(limit=1000)
        await governed(governor, okta)
        async with contexts(governor, 60):
            await governed(governor, Okta(), bucket=Bucket.TOKEN)

    virtual_time.run(scene())


class contexts:
    """So many permits at the same time."""

    def __init__(self, governor: Governor, count: int) -> None:
        self._governor = governor
        self._count = count

    async def __aenter__(self) -> None:
        acquired = [self._governor.acquire(Bucket.APPS, Turn()) for _ in range(self._count)]
        self._permits = await asyncio.gather(*acquired)

    async def __aexit__(self, *error: object) -> None:
        for permit in self._permits:
            permit.release()


@pytest.mark.parametrize("when", ["waiting", "granted"])
def test_who_gives_up_takes_nothing_away(when: str) -> None:
    async def scene() -> float:
        governor, okta = Governor(1), Okta(limit=10)
        began = now()
        first = await governor.acquire(Bucket.APPS, Turn())
        second = asyncio.create_task(governed(governor, okta, name="second"))
        third = asyncio.create_task(governed(governor, okta, name="third"))
        await asyncio.sleep(1)
        if when == "granted":
            first.release()
        second.cancel()
        if when == "waiting":
            first.release()
        assert await third == 200
        return now() - began

    assert virtual_time.run(scene()) < 2


def test_what_is_left_is_told_for_each_limit_that_an_answer_told_of() -> None:
    okta = Okta(limit=50)

    async def scene() -> tuple[dict[str, Budget], dict[str, Budget], dict[str, Budget]]:
        governor = Governor(80)
        nothing = governor.budgets()
        calls = [asyncio.create_task(governed(governor, okta)) for _ in range(43)]
        await asyncio.sleep(50)
        spent = governor.budgets()
        await asyncio.gather(*calls)
        return nothing, spent, governor.budgets()

    nothing, spent, after = virtual_time.run(scene())

    assert nothing == {}
    assert spent == {"apps": Budget(most=40, left=0, waiting=3)}
    assert after == {"apps": Budget(most=40, left=37, waiting=0)}
