"""The work queue: one lane a key, many workers, due times and back-off.

A key that is added while its work runs is worked on once more afterwards, never twice at a time.
Work that waits aside of its place (`places.py`) is begun, and leaves the place to another. Knows
nothing of what the work is.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable, Hashable
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, TypeVar

from okta_rotator.rotation.places import PLACE, ChangedError, Place
from okta_rotator.rotation.trouble import PortError
from okta_rotator.telemetry.logging import SUBJECT

logger = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)

FIRST_RETRY: Final = timedelta(seconds=1)
LONGEST_RETRY: Final = timedelta(minutes=1)
"""The back-off where the work itself fails, which means that the cluster cannot be reached."""

MOST_ASIDE: Final = 500
"""Works that may have been begun and wait aside; each costs some 30 kB."""

MOST_STALE: Final = 1000
"""Due times that may lie in the heap although others have replaced them."""

LONGEST_SLEEP: Final = 30.0
"""Seconds after which the clock is looked at again, so that a clock that jumps is noticed."""

NO_JUMP: Final = timedelta(seconds=1)
"""What the clock may be slowed down by between two looks."""


class WorkQueue(Generic[K]):
    """Calls `work` for each key that is due; it returns when to look at the key again, or None.

    `workers` work at a time. Keys of the same line may have to wait for the same thing: lines come
    in turn, and what one has begun leaves room for the others.
    """

    def __init__(
        self,
        work: Callable[[K], Awaitable[datetime | None]],
        *,
        workers: int,
        now: Callable[[], datetime],
        line_of: Callable[[K], Hashable] = lambda key: None,
    ) -> None:
        self._work = work
        self._now = now
        self._line_of = line_of
        self._places = workers
        """Those that are free."""
        self._returning: deque[asyncio.Future[None]] = deque()
        self._workers = workers + MOST_ASIDE
        self._idle_workers: deque[asyncio.Future[tuple[Hashable, K]]] = deque()
        self._lines: OrderedDict[Hashable, deque[K]] = OrderedDict()
        self._begun: Counter[Hashable] = Counter()
        self._waiting_since: dict[K, datetime] = {}
        self._running: dict[K, Place | None] = {}
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
            # What is about to begin finds all that is known by then.
            if self._running[key] is not None:
                self._again.add(key)
        elif key not in self._waiting_since:
            self._waiting_since[key] = self._now()
            self._idle.clear()
            self._lines.setdefault(self._line_of(key), deque()).append(key)
            self._serve()

    def renew(self, key: K) -> None:
        """Work on the key as it is now: if its work stands in line somewhere, it begins anew."""
        self.add(key)
        place = self._running.get(key)
        if place is not None:
            place.outdate()

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
        self._lines.clear()
        self._waiting_since.clear()
        self._due.clear()
        self._again.clear()
        for place in self._running.values():
            if place is not None:
                place.outdate()
        self._set_idle()

    async def _worker(self) -> None:
        while True:
            idle: asyncio.Future[tuple[Hashable, K]] = asyncio.get_running_loop().create_future()
            self._idle_workers.append(idle)
            self._serve()
            line, key = await idle
            place = self._running[key] = Place(self._free, self._take)
            PLACE.set(place)
            SUBJECT.set(str(key))
            try:
                await self._once(key)
            finally:
                del self._running[key]
                self._begun[line] -= 1
                place.leave()
                self._after(key)

    def _serve(self) -> None:
        """Give the free places: first to who comes back, for that is nearer to its end."""
        while self._places:
            if self._returning:
                returning = self._returning.popleft()
                if not returning.done():
                    self._places -= 1
                    returning.set_result(None)
            elif not self._begin():
                return

    def _begin(self) -> bool:
        """Begin with the next key, if there is one that may be."""
        if self._idle_workers and self._idle_workers[0].done():
            return False  # The queue is being cancelled.
        for line, keys in self._lines.items():
            # However many wait aside, half of the room is left for each line that comes.
            if self._begun[line] >= len(self._idle_workers):
                continue
            key = keys.popleft()
            self._lines.move_to_end(line)
            if not keys:
                del self._lines[line]
            self._waiting_since.pop(key, None)
            self._running[key] = None
            self._begun[line] += 1
            self._places -= 1
            self._idle_workers.popleft().set_result((line, key))
            return True
        return False

    def _free(self) -> None:
        self._places += 1
        self._serve()

    async def _take(self) -> None:
        returning: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._returning.append(returning)
        self._serve()
        try:
            await returning
        except asyncio.CancelledError:
            if not returning.cancel() and not returning.cancelled():
                self._free()
            raise

    async def _once(self, key: K) -> None:
        self._due.pop(key, None)
        try:
            when = await self._work(key)
        except PortError as error:
            logger.warning("%s: %s", key, error)
            self._retry(key)
        except ChangedError:
            # `renew` has asked for it again, and an end or a deletion for nothing more.
            logger.debug("%s: begun anew", key)
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
