"""The work queue: one lane a key, many workers, due times and back-off.

A key that is added while its work runs is worked on once more afterwards, never twice at a time.
Knows nothing of what the work is.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Awaitable, Callable, Hashable
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, TypeVar

from okta_rotator.rotation.trouble import PortError

logger = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)

FIRST_RETRY: Final = timedelta(seconds=1)
LONGEST_RETRY: Final = timedelta(minutes=1)
"""The back-off where the work itself fails, which means that the cluster cannot be reached."""

MOST_STALE: Final = 1000
"""Due times that may lie in the heap although others have replaced them."""

LONGEST_SLEEP: Final = 30.0
"""Seconds after which the clock is looked at again, so that a clock that jumps is noticed."""

NO_JUMP: Final = timedelta(seconds=1)
"""What the clock may be slowed down by between two looks."""


class WorkQueue(Generic[K]):
    """Calls `work` for each key that is due; it returns when to look at the key again, or None."""

    def __init__(
        self,
        work: Callable[[K], Awaitable[datetime | None]],
        *,
        workers: int,
        now: Callable[[], datetime],
    ) -> None:
        self._work = work
        self._workers = workers
        self._now = now
        self._ready: asyncio.Queue[K] = asyncio.Queue()
        self._waiting_since: dict[K, datetime] = {}
        self._running: set[K] = set()
        self._again: set[K] = set()
        self._failures: dict[K, int] = {}
        self._due: dict[K, datetime] = {}
        self._heap: list[tuple[datetime, int, K]] = []
        self._counter = 0
        self._heap_changed = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._is_stopping = False

    def add(self, key: K) -> None:
        """Work on the key as soon as a worker is free."""
        if self._is_stopping:
            return
        if key in self._running:
            self._again.add(key)
        elif key not in self._waiting_since:
            self._waiting_since[key] = self._now()
            self._idle.clear()
            self._ready.put_nowait(key)

    def add_at(self, key: K, when: datetime) -> None:
        """Work on the key at that time, unless a later call names an earlier or later one."""
        self._due[key] = when
        self._push(key, when)
        if len(self._heap) > MOST_STALE + 2 * len(self._due):
            self._rebuild_heap()
        self._heap_changed.set()

    def forget(self, key: K) -> None:
        """The key is no more: what was planned for it is dropped."""
        self._due.pop(key, None)
        self._failures.pop(key, None)
        self._again.discard(key)

    def is_busy(self, key: K) -> bool:
        """Whether the key is worked on, or waits for a worker."""
        return key in self._running or key in self._waiting_since

    @property
    def depth(self) -> int:
        """Keys that wait for a worker."""
        return len(self._waiting_since)

    @property
    def oldest_age(self) -> timedelta:
        """How long the key that waits longest has waited."""
        oldest = min(self._waiting_since.values(), default=None)
        return timedelta(0) if oldest is None else self._now() - oldest

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._alarm())
            for _ in range(self._workers):
                tasks.create_task(self._worker())

    async def drained(self) -> None:
        """Wait until nothing waits and nothing runs."""
        await self._idle.wait()

    def stop_taking(self) -> None:
        """Let what runs come to its end, and begin nothing more, whatever is added from now on."""
        self._is_stopping = True
        while not self._ready.empty():
            self._waiting_since.pop(self._ready.get_nowait(), None)
        self._due.clear()
        self._again.clear()
        self._set_idle()

    async def _worker(self) -> None:
        while True:
            key = await self._ready.get()
            self._waiting_since.pop(key, None)
            self._running.add(key)
            try:
                await self._once(key)
            finally:
                self._running.discard(key)
                self._after(key)

    async def _once(self, key: K) -> None:
        self._due.pop(key, None)
        try:
            when = await self._work(key)
        except PortError as error:
            logger.warning("%s: %s", key, error)
            self._retry(key)
        except asyncio.CancelledError:
            if _is_being_cancelled():
                raise
            logger.warning("%s: something that the work waited for was cancelled", key)
            self._retry(key)
        except Exception:
            logger.exception("%s: a defect of okta-rotator; please report it", key)
            self._retry(key)
        else:
            self._failures.pop(key, None)
            if when is not None:
                self.add_at(key, when)

    def _retry(self, key: K) -> None:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = min(FIRST_RETRY * (1 << min(failures, 10)), LONGEST_RETRY)
        self.add_at(key, self._now() + delay)

    def _push(self, key: K, when: datetime) -> None:
        self._counter += 1
        heapq.heappush(self._heap, (when, self._counter, key))

    def _rebuild_heap(self) -> None:
        self._heap.clear()
        for key, when in self._due.items():
            self._push(key, when)

    def _after(self, key: K) -> None:
        if key in self._again:
            self._again.discard(key)
            self.add(key)
        self._set_idle()

    def _set_idle(self) -> None:
        if not self._running and not self._waiting_since:
            self._idle.set()

    async def _alarm(self) -> None:
        ahead = self._ahead_of_timers()
        while True:
            self._heap_changed.clear()
            before, ahead = ahead, self._ahead_of_timers()
            if before - ahead > NO_JUMP:
                self._bring_forward(before - ahead)
            self._add_what_is_due()
            try:
                async with asyncio.timeout(self._until_next()):
                    await self._heap_changed.wait()
            except TimeoutError:
                continue

    def _add_what_is_due(self) -> None:
        now = self._now()
        while self._heap and self._heap[0][0] <= now:
            when, _, key = heapq.heappop(self._heap)
            if self._due.get(key) == when:
                del self._due[key]
                self.add(key)

    def _ahead_of_timers(self) -> timedelta:
        """What this grows or shrinks by is what somebody has set the clock forward or back."""
        timers = timedelta(seconds=asyncio.get_running_loop().time())
        return self._now() - datetime.fromtimestamp(0, UTC) - timers

    def _bring_forward(self, by: timedelta) -> None:
        """After a clock was set back nothing waits longer than it would have without that.

        A retry would else wait for hours. What is early for a date is told its time once more.
        """
        self._due = {key: when - by for key, when in self._due.items()}
        self._rebuild_heap()

    def _until_next(self) -> float:
        if not self._heap:
            return LONGEST_SLEEP
        seconds = (self._heap[0][0] - self._now()).total_seconds()
        return min(max(seconds, 0.001), LONGEST_SLEEP)


def _is_being_cancelled() -> bool:
    """Whether this task itself is, and not only a task of aiohttp or kopf that it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
