"""The work queue: one lane a key, due times, back-off, and its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest

from okta_rotator import queue as module
from okta_rotator.api.conditions import Reason
from okta_rotator.queue import WorkQueue
from okta_rotator.rotation.places import aside, in_line
from okta_rotator.rotation.trouble import Next, PortError, Trouble
from okta_rotator.telemetry.logging import SUBJECT
from tests.unit.clocks import START, ManualClock
from tests.waiting import until

UNREACHABLE = PortError(Trouble(Next.RETRY, Reason.CLUSTER_UNAVAILABLE, "no answer"))


class Bench:
    """A queue over work that notes each call, and waits for a gate where a test closes one."""

    def __init__(self, workers: int = 3) -> None:
        self.clock = ManualClock()
        self.calls: list[str] = []
        self.running: list[str] = []
        self.most_at_once = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.answers: dict[str, datetime | Exception | None] = {}
        self.queue: WorkQueue[str] = WorkQueue(self._work, workers=workers, now=self.clock)

    async def _work(self, key: str) -> datetime | None:
        assert key not in self.running
        self.running.append(key)
        self.most_at_once = max(self.most_at_once, len(self.running))
        self.calls.append(key)
        try:
            await self.gate.wait()
        finally:
            self.running.remove(key)
        answer = self.answers.get(key)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def wake_alarm(self) -> None:
        """Have the alarm look at the clock, as it does by itself after half a minute at most."""
        self.queue._heap_changed.set()


@asynccontextmanager
async def running(bench: Bench) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(bench.queue.run())
    await settle()
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_keys_are_worked_on_side_by_side_up_to_the_number_of_workers() -> None:
    bench = Bench(workers=3)
    bench.gate.clear()
    async with running(bench):
        for key in "abcd":
            bench.queue.add(key)
        await settle()
        assert sorted(bench.running) == ["a", "b", "c"]
        assert bench.queue.depth == 1
        assert bench.queue.is_busy("d")
        bench.gate.set()
        await bench.queue.drained()
    assert bench.calls == ["a", "b", "c", "d"]


async def test_a_key_is_never_worked_on_twice_at_a_time() -> None:
    bench = Bench()
    bench.gate.clear()
    async with running(bench):
        bench.queue.add("a")
        await settle()
        for _ in range(5):
            bench.queue.add("a")
        await settle()
        assert bench.running == ["a"]
        bench.gate.set()
        await bench.queue.drained()
    # Once more for all that came meanwhile.
    assert bench.calls == ["a", "a"]


async def test_a_key_that_waits_is_not_queued_again() -> None:
    bench = Bench()
    for _ in range(3):
        bench.queue.add("a")
    assert bench.queue.depth == 1
    async with running(bench):
        await bench.queue.drained()
    assert bench.calls == ["a"]


async def test_the_age_of_what_waits_longest() -> None:
    bench = Bench()
    assert bench.queue.oldest_age == timedelta(0)
    bench.queue.add("a")
    bench.clock.advance(3)
    bench.queue.add("b")
    assert bench.queue.oldest_age == timedelta(seconds=3)


async def test_a_due_time_is_kept() -> None:
    bench = Bench()
    bench.queue.add_at("a", START + timedelta(minutes=5))
    async with running(bench):
        bench.clock.advance(299)
        bench.wake_alarm()
        await settle()
        assert bench.calls == []
        bench.clock.advance(1)
        bench.wake_alarm()
        await until(lambda: bench.calls == ["a"])


async def test_the_alarm_rings_by_itself() -> None:
    bench = Bench()
    async with running(bench):
        bench.queue.add_at("a", START + timedelta(milliseconds=50))
        bench.clock.advance(1)
        await until(lambda: bench.calls == ["a"])


async def test_a_later_due_time_replaces_an_earlier_one() -> None:
    bench = Bench()
    bench.queue.add_at("a", START + timedelta(minutes=1))
    bench.queue.add_at("a", START + timedelta(minutes=9))
    async with running(bench):
        bench.clock.advance(60)
        bench.wake_alarm()
        await settle()
        assert bench.calls == []
        bench.clock.advance(480)
        bench.wake_alarm()
        await until(lambda: bench.calls == ["a"])


async def test_work_says_when_to_look_again() -> None:
    bench = Bench()
    bench.answers["a"] = START + timedelta(hours=1)
    async with running(bench):
        bench.queue.add("a")
        await until(lambda: bench.calls == ["a"])
        bench.answers["a"] = None
        bench.clock.advance(3600)
        bench.wake_alarm()
        await until(lambda: bench.calls == ["a", "a"])


async def test_what_is_worked_on_early_is_no_longer_due() -> None:
    bench = Bench()
    bench.queue.add_at("a", START + timedelta(minutes=1))
    async with running(bench):
        bench.queue.add("a")
        await until(lambda: bench.calls == ["a"])
        bench.clock.advance(60)
        bench.wake_alarm()
        await settle()
    assert bench.calls == ["a"]


@pytest.mark.parametrize(
    "error", [UNREACHABLE, ValueError("a defect")], ids=["port error", "defect"]
)
async def test_the_back_off_doubles_up_to_a_minute_and_begins_anew(error: Exception) -> None:
    bench = Bench()
    bench.answers["a"] = error
    async with running(bench):
        bench.queue.add("a")
        await until(lambda: len(bench.calls) == 1)
        for turn, seconds in enumerate((1, 2, 4, 8, 16, 32, 60, 60), start=2):
            await assert_next_after(bench, seconds, turn)
        bench.answers["a"] = None
        await assert_next_after(bench, 60, 10)
        bench.answers["a"] = error
        bench.queue.add("a")
        await until(lambda: len(bench.calls) == 11)
        await assert_next_after(bench, 1, 12)


async def assert_next_after(bench: Bench, seconds: float, turn: int) -> None:
    await bench.queue.drained()
    bench.clock.advance(seconds - 0.5)
    bench.wake_alarm()
    await settle()
    assert len(bench.calls) == turn - 1
    bench.clock.advance(0.5)
    bench.wake_alarm()
    await until(lambda: len(bench.calls) == turn)


async def test_a_defect_is_logged_with_its_place(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.answers["a"] = ValueError("a defect")
    async with running(bench):
        bench.queue.add("a")
        await bench.queue.drained()
        await settle()
    assert "a: a defect of okta-rotator; please report it" in caplog.text
    assert "Traceback" in caplog.text


async def test_each_line_of_a_work_says_whose_it_is() -> None:
    """The works of two keys go on at the same time, and one worker has several of them."""
    told: list[tuple[str, str | None]] = []

    async def work(key: str) -> None:
        await asyncio.sleep(0)
        told.append((key, SUBJECT.get()))

    queue: WorkQueue[str] = WorkQueue(work, workers=2, now=ManualClock())
    task = asyncio.create_task(queue.run())
    for key in "abcd":
        queue.add(key)
    await queue.drained()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert told == [(key, key) for key in "abcd"]
    assert SUBJECT.get() is None


async def test_a_forgotten_key_is_no_longer_due_and_has_no_past() -> None:
    bench = Bench()
    bench.answers["a"] = UNREACHABLE
    async with running(bench):
        bench.queue.add("a")
        await until(lambda: bench.calls == ["a"])
        await settle()
        bench.queue.forget("a")
        bench.clock.advance(3600)
        bench.wake_alarm()
        await settle()
        assert bench.calls == ["a"]
        bench.queue.add("a")
        await until(lambda: len(bench.calls) == 2)
        await assert_next_after(bench, 1, 3)


async def test_a_key_forgotten_while_it_runs_is_not_worked_on_again() -> None:
    bench = Bench()
    bench.gate.clear()
    async with running(bench):
        bench.queue.add("a")
        await settle()
        bench.queue.add("a")
        bench.queue.forget("a")
        bench.gate.set()
        await bench.queue.drained()
    assert bench.calls == ["a"]


async def test_the_end_lets_what_runs_come_to_its_end_and_begins_nothing() -> None:
    bench = Bench(workers=1)
    bench.answers["a"] = START
    bench.gate.clear()
    async with running(bench):
        bench.queue.add("a")
        await settle()
        bench.queue.add("a")
        bench.queue.add("b")
        bench.queue.add_at("c", START)
        bench.queue.stop_taking()
        drained = asyncio.create_task(bench.queue.drained())
        bench.queue.add("d")
        bench.queue.add_at("e", START)
        await settle()
        assert not drained.done()
        assert bench.queue.depth == 0
        bench.gate.set()
        await asyncio.wait_for(drained, 2)
        bench.wake_alarm()
        await settle()
    assert bench.calls == ["a"]


async def test_an_idle_queue_is_drained_at_once() -> None:
    bench = Bench()
    await asyncio.wait_for(bench.queue.drained(), 1)
    bench.queue.add("a")
    bench.queue.stop_taking()
    await asyncio.wait_for(bench.queue.drained(), 1)


@pytest.mark.parametrize("jump", [timedelta(days=-1), timedelta(days=400)])
async def test_a_clock_that_jumps_is_noticed(
    jump: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_SLEEP", 0.05)
    bench = Bench()
    async with running(bench):
        bench.queue.add_at("a", START + timedelta(days=30))
        await settle()
        bench.clock.now += jump
        await asyncio.sleep(0.1)
        assert bool(bench.calls) == (jump > timedelta(0))
        bench.clock.now = START + timedelta(days=30)
        await until(lambda: bench.calls == ["a"])


@pytest.mark.parametrize("error", [UNREACHABLE, None], ids=["retry", "due time"])
async def test_a_clock_set_back_does_not_hold_up_what_was_due_soon(
    error: Exception | None,
) -> None:
    bench = Bench()
    async with running(bench):
        bench.answers["a"] = error or START + timedelta(seconds=1)
        bench.queue.add("a")
        await until(lambda: bench.calls == ["a"])
        await bench.queue.drained()
        bench.clock.advance(-3 * 3600)
        bench.wake_alarm()
        await settle()
        assert bench.calls == ["a"]
        bench.clock.advance(1.1)
        bench.wake_alarm()
        await until(lambda: bench.calls == ["a", "a"])


async def test_a_date_that_comes_early_since_the_clock_was_set_back_is_kept_in_the_end() -> None:
    due = START + timedelta(days=30)
    bench = Bench()

    async def work(key: str) -> datetime | None:
        bench.calls.append(key)
        return due if bench.clock.now < due else None

    bench.queue = WorkQueue(work, workers=1, now=bench.clock)
    async with running(bench):
        bench.queue.add("a")
        await until(lambda: bench.calls == ["a"])
        for seconds, calls in ((-7200, 1), (30 * 86400, 2), (7199, 2), (1, 3)):
            await bench.queue.drained()
            bench.clock.advance(seconds)
            bench.wake_alarm()
            await settle()
            assert len(bench.calls) == calls
        assert bench.clock.now == due


@pytest.mark.parametrize("jump", [-3 * 3600, 3 * 3600, -400 * 86400, 400 * 86400])
async def test_a_clock_that_jumps_makes_nothing_spin(jump: float) -> None:
    """Work that is due every ten minutes is done once or twice more, whichever way it jumps."""
    bench = Bench()

    async def work(key: str) -> datetime:
        bench.calls.append(key)
        return bench.clock.now + timedelta(minutes=10)

    bench.queue = WorkQueue(work, workers=1, now=bench.clock)
    async with running(bench):
        bench.queue.add("a")
        await until(lambda: bench.calls == ["a"])
        bench.clock.advance(jump)
        for _ in range(10):
            bench.wake_alarm()
            await settle()
        assert len(bench.calls) <= 2
        bench.clock.advance(600)
        bench.wake_alarm()
        await until(lambda: len(bench.calls) >= 2)


async def test_a_due_time_in_the_past_comes_at_once_and_once() -> None:
    bench = Bench()
    async with running(bench):
        bench.queue.add_at("a", START - timedelta(days=1))
        await until(lambda: bench.calls == ["a"])
        await settle()
    assert bench.calls == ["a"]


async def test_replaced_due_times_do_not_pile_up() -> None:
    bench = Bench()
    for minute in range(5 * module.MOST_STALE):
        bench.queue.add_at("a", START + timedelta(minutes=minute))
        bench.queue.add_at("b", START + timedelta(days=minute))
    assert len(bench.queue._heap) <= module.MOST_STALE + 4
    async with running(bench):
        bench.clock.advance(5 * module.MOST_STALE * 60)
        bench.wake_alarm()
        await until(lambda: bench.calls == ["a"])


async def test_a_cancellation_of_something_else_does_not_end_a_worker(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As when kopf, at its end, cancels the task in which aiohttp resolves a name."""
    bench = Bench(workers=1)
    inner = asyncio.get_running_loop().create_future()

    async def wait_for_another(key: str) -> None:
        bench.calls.append(key)
        if key == "a":
            await asyncio.shield(inner)

    bench.queue = WorkQueue(wait_for_another, workers=1, now=bench.clock)
    async with running(bench):
        bench.queue.add("a")
        await settle()
        inner.cancel()
        bench.queue.add("b")
        await until(lambda: bench.calls == ["a", "b"])
        await bench.queue.drained()
    assert "something that the work waited for was cancelled" in caplog.text


async def test_cancelling_the_queue_ends_all_of_it(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.gate.clear()
    caplog.set_level(logging.DEBUG)
    async with running(bench) as task:
        bench.queue.add("a")
        await settle()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert bench.running == []
        await asyncio.wait_for(bench.queue.drained(), 1)
    assert not [one for one in caplog.records if one.name == "okta_rotator.queue"]


async def test_a_failure_of_the_queue_itself_is_not_hidden() -> None:
    bench = Bench()

    def broken() -> datetime:
        raise OSError("no clock")

    bench.queue = WorkQueue(bench._work, workers=1, now=broken)
    bench.queue._heap.append((START, 0, "a"))
    with pytest.raises(ExceptionGroup):
        await asyncio.wait_for(bench.queue.run(), 2)


class Waiters(Bench):
    """Work that waits aside, in line, until the gate opens; it notes each beginning."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers)
        self.gate.clear()
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.queue = WorkQueue(
            self._wait, workers=workers, now=self.clock, line_of=lambda key: key[0]
        )

    async def _wait(self, key: str) -> None:
        self.begun.append(key)
        if key[0] != "q":
            async with aside():
                with in_line():
                    await self.gate.wait()
        await self._end(key)

    async def _end(self, key: str) -> None:
        self.running.append(key)
        self.most_at_once = max(self.most_at_once, len(self.running))
        await asyncio.sleep(0)
        self.running.remove(key)
        self.ended.append(key)


async def test_work_that_waits_aside_holds_no_other_up() -> None:
    bench = Waiters(workers=2)
    async with running(bench):
        for number in range(20):
            bench.queue.add(f"s{number}")
        bench.queue.add("q")
        await until(lambda: bench.ended == ["q"])
        assert len(bench.begun) == 21
        assert bench.queue.is_busy("s0")
        assert bench.queue.depth == 0
        bench.gate.set()
        await bench.queue.drained()
    assert len(bench.ended) == 21


async def test_no_more_work_at_a_time_than_there_are_workers_whoever_comes_back() -> None:
    bench = Waiters(workers=2)
    async with running(bench):
        for number in range(20):
            bench.queue.add(f"s{number}")
        await until(lambda: len(bench.begun) == 20)
        bench.gate.set()
        await bench.queue.drained()
    assert bench.most_at_once == 2


async def test_however_many_of_one_line_wait_another_is_begun() -> None:
    bench = Waiters(workers=2)
    async with running(bench):
        for line in "stu":
            for number in range(module.MOST_ASIDE * 2):
                bench.queue.add(f"{line}{number}")
        await until(lambda: len(bench.begun) > module.MOST_ASIDE / 2)
        await settle()
        bench.queue.add("q")
        await until(lambda: bench.ended == ["q"])
        assert len(bench.begun) <= module.MOST_ASIDE + 2
        assert {key[0] for key in bench.begun} == set("qstu")


async def test_news_of_what_stands_in_line_begins_it_anew() -> None:
    bench = Waiters(workers=2)
    async with running(bench):
        bench.queue.add("s")
        await until(lambda: bench.begun == ["s"])
        bench.queue.add("s")
        await settle()
        assert bench.begun == ["s"], "no news"
        bench.queue.renew("s")
        await until(lambda: bench.begun == ["s", "s"])
        assert bench.ended == []
        bench.gate.set()
        await bench.queue.drained()
    assert bench.ended == ["s"]


async def test_the_end_and_a_deletion_leave_nothing_in_line() -> None:
    bench = Waiters(workers=2)
    async with running(bench):
        bench.queue.add("s")
        bench.queue.add("t")
        await until(lambda: len(bench.begun) == 2)
        bench.queue.renew("s")
        bench.queue.forget("s")
        await settle()
        assert not bench.queue.is_busy("s")
        bench.queue.stop_taking()
        await bench.queue.drained()
    assert bench.ended == []


async def test_a_place_that_comes_free_as_its_taker_is_cancelled_is_not_lost() -> None:
    bench = Waiters(workers=1)
    async with running(bench):
        bench.queue.add("s1")
        await until(lambda: bench.begun == ["s1"])
        bench.gate.set()
        bench.queue.add("q1")
        bench.queue.renew("s1")
        await bench.queue.drained()
        bench.queue.add("q2")
        await bench.queue.drained()
    assert set(bench.ended) == {"s1", "q1", "q2"}
