"""Lets calls to Okta wait for their turn, so that no rate limit is met. Used by `exchange.py`.

One governor for each connection, whatever its credentials. What may be sent says `limits.py`. Of
those that wait, the namespaces come in turn, and within a namespace the most overdue first.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

import httpx

from okta_rotator.api.connection import MAX_UTILIZATION_PERCENT
from okta_rotator.okta.limits import (
    WINDOW,
    Allowance,
    Bucket,
    Concurrency,
    read_rate,
)
from okta_rotator.rotation.turns import Budget, Turn


class Permit:
    """Leave for one call, given back at its end."""

    def __init__(self, governor: Governor, bucket: Bucket, is_probe: bool) -> None:
        self._governor = governor
        self._bucket = bucket
        self._is_probe = is_probe
        self._is_answered = False

    def learn(self, response: httpx.Response) -> None:
        """Take what the answer says of the limits."""
        self._is_answered = self._governor.learn(self._bucket, response)

    def release(self) -> None:
        self._governor.release(self._bucket, self._is_probe, self._is_answered)


Waiting = Callable[[], AbstractContextManager[None]]


class Governor:
    """`percent` is the share of each limit that may be used; `clock` gives the loop's seconds."""

    def __init__(
        self,
        percent: int = MAX_UTILIZATION_PERCENT,
        clock: Callable[[], float] = lambda: asyncio.get_running_loop().time(),
    ) -> None:
        self._clock = clock
        self._allowances = {bucket: Allowance(percent) for bucket in Bucket}
        self._lines: OrderedDict[Bucket, Line] = OrderedDict((b, Line()) for b in Bucket)
        self._concurrency = Concurrency(percent)
        self._alarm: asyncio.TimerHandle | None = None

    def keep_within(self, percent: int) -> None:
        """From now on that share of each limit may be used, of what is known already too."""
        self._concurrency.percent = percent
        for allowance in self._allowances.values():
            allowance.percent = percent

    @asynccontextmanager
    async def permit(
        self, bucket: Bucket, turn: Turn, waiting: Waiting = nullcontext
    ) -> AsyncIterator[Permit]:
        """Wait for the turn of a call, and hold leave for it."""
        permit = await self.acquire(bucket, turn, waiting)
        try:
            yield permit
        finally:
            permit.release()

    async def acquire(self, bucket: Bucket, turn: Turn, waiting: Waiting = nullcontext) -> Permit:
        """Leave for one call, as soon as it may be sent. To be released by the caller.

        Where it may not be sent at once, the wait is within `waiting`.
        """
        place: Place = asyncio.get_running_loop().create_future()
        self._lines[bucket].add(turn, place)
        self._serve()
        try:
            if not place.done():
                with waiting():
                    await place
            return place.result()
        except BaseException:
            if not place.cancel() and not place.cancelled():
                place.result().release()
            raise

    def budgets(self) -> dict[str, Budget]:
        """What is left of each limit that an answer has told of, and how many wait for it."""
        now = self._clock()
        known = {bucket: one.budget(now) for bucket, one in self._allowances.items()}
        return {
            str(bucket): Budget(*calls, waiting=len(self._lines[bucket]))
            for bucket, calls in known.items()
            if calls is not None
        }

    def learn(self, bucket: Bucket, response: httpx.Response) -> bool:
        """Whether the answer said anything of the limits."""
        rate, now = read_rate(response.headers), self._clock()
        if response.status_code == 429 and (rate is None or rate.limit <= 0):
            self._refused(bucket, rate.seconds if rate is not None else None, now)
        elif rate is not None:
            self._allowances[bucket].learn(rate, now)
            if bucket is Bucket.APPS:
                self._concurrency.learn(rate.limit)
        self._serve()
        return rate is not None or response.status_code == 429

    def release(self, bucket: Bucket, is_probe: bool, is_answered: bool) -> None:
        self._allowances[bucket].done(is_probe, is_answered)
        self._concurrency.under_way -= 1
        self._serve()

    def _refused(self, bucket: Bucket, seconds: float | None, now: float) -> None:
        """By the concurrency limit where it says "limit 0", else by we do not know what."""
        if seconds is None:
            self._allowances[bucket].refuse(now)
        self._concurrency.refuse(seconds or WINDOW, now)

    def _serve(self) -> None:
        """Let go all that may go now, and look again when the next window opens."""
        now = self._clock()
        while place := self._next(now):
            bucket, future = place
            is_probe = self._allowances[bucket].sent(now)
            self._concurrency.under_way += 1
            future.set_result(Permit(self, bucket, is_probe))
        self._set_alarm(now)

    def _next(self, now: float) -> tuple[Bucket, Place] | None:
        """Whose turn it is, of the bucket that was served the longest ago."""
        is_full = self._concurrency.under_way >= self._concurrency.limit(now)
        for bucket, line in self._lines.items():
            # What holds a place among those under way may wait for a token, so that needs none.
            if (is_full and bucket is not Bucket.TOKEN) or not line:
                continue
            place = line.pop() if self._allowances[bucket].may_send(now) else None
            if place is not None:
                self._lines.move_to_end(bucket)
                return bucket, place
        return None

    def _set_alarm(self, now: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        openings = [self._allowances[b].opens_at(now) for b, line in self._lines.items() if line]
        known = [at for at in openings if at is not None]
        if known:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(max(min(known) - now, 0.0), self._serve)


Place = asyncio.Future[Permit]


class Line:
    """Those that wait for one bucket: namespaces in turn, the most overdue of each first."""

    def __init__(self) -> None:
        self._heaps: OrderedDict[str, list[tuple[Turn, int, Place]]] = OrderedDict()
        self._counter = 0

    def __bool__(self) -> bool:
        return bool(self._heaps)

    def __len__(self) -> int:
        """Those that wait. Who has given up is counted until its turn comes."""
        return sum(map(len, self._heaps.values()))

    def add(self, turn: Turn, place: Place) -> None:
        self._counter += 1
        heap = self._heaps.setdefault(turn.namespace, [])
        heapq.heappush(heap, (turn, self._counter, place))

    def pop(self) -> Place | None:
        """Whose turn it is; who has given up is passed over."""
        while self._heaps:
            namespace, heap = self._heaps.popitem(last=False)
            _, _, place = heapq.heappop(heap)
            is_waiting = not place.done()
            if heap:
                self._heaps[namespace] = heap
                # Whoever gave up has not used its namespace's turn.
                self._heaps.move_to_end(namespace, last=is_waiting)
            if is_waiting:
                return place
        return None
