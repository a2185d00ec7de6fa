"""Holds the Lease for this process: takes it, renews it, gives it up. What to do says `lease.py`.

One task for the life of the process (`run`). Whoever loses the lease calls `on_loss`, which is to
end the process: what is under way has been let begin by `fence`, and nothing more is.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, assert_never

from okta_rotator.cluster.errors import ConflictError, NotFoundError
from okta_rotator.cluster.kube_api import KubeApi
from okta_rotator.cluster.lease import (
    Lease,
    Lost,
    View,
    Wait,
    Write,
    after_reading,
    after_the_end,
    after_writing,
    decide,
    given_up_body,
    held_body,
    may_write,
)
from okta_rotator.cluster.processes import has_ended, identity
from okta_rotator.rotation.fence import NotLeadingError
from okta_rotator.rotation.trouble import PortError

logger = logging.getLogger(__name__)

RENEW_EVERY: Final = 5.0
"""Seconds between two renewals: 12 writes a minute. After one, Okta may be written to for 18 s."""

LOOK_EVERY: Final = 2.0
"""Seconds between two looks of who stands by; as client-go's RetryPeriod."""

TRY_AGAIN: Final = 1.0
"""Seconds after a renewal that failed."""

READ_AGAIN: Final = 0.2
"""Seconds after a write that came too late: somebody may have taken the lease."""

CALL_LIMIT: Final = 5.0
"""Seconds for one look or renewal."""

SHORTEST_ALARM: Final = 0.001
"""Seconds: the clock and the event loop's own may differ by a little."""

LONGEST_SILENCE: Final = 60.0
"""Seconds without a look after which the process is dead; two calls and a pause take 15."""


class Elector:
    """A candidate for one Lease. `clock` gives its seconds, `now` the time for people to read.

    `api` is unfenced and nobody else's, so that a renewal never waits for another's connection.
    `identity` is of this process and of no later one of the same pod. `has_ended` says of a holder
    whether it is surely no more. `on_loss` is told why the lease is lost. With `makes_namespace` a
    namespace that is missing is made.
    """

    def __init__(
        self,
        api: KubeApi,
        namespace: str,
        name: str,
        *,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        identity: str,
        has_ended: Callable[[str], bool],
        on_loss: Callable[[str], None],
        makes_namespace: bool = False,
    ) -> None:
        self._api = api
        self._namespace = namespace
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._name = name
        self._clock = clock
        self._now = now
        self._has_ended = has_ended
        self._on_loss = on_loss
        self._makes_namespace = makes_namespace
        self._view = View(identity)
        self._is_stale = True
        """What we know of the Lease may not be so: it is read before anything is decided."""
        self._may_be_ours = False
        """A write was sent, and whatever came of it, nobody has taken it back."""
        self._is_gained = asyncio.Event()
        self._turn = asyncio.Event()
        """Set, and replaced, at each renewal and at the loss."""
        self._alarm: asyncio.TimerHandle | None = None
        self._looked_at = clock()
        self._trouble: str | None = "starting"
        self._told = ""

    @property
    def lease(self) -> str:
        return f"{self._namespace}/{self._name}"

    @property
    def holder(self) -> str:
        """Who was last seen to hold it; empty: nobody."""
        return self._view.lease.holder if self._view.lease is not None else ""

    @property
    def is_leader(self) -> bool:
        return may_write(self._view, self._clock(), 0)

    async def fence(self, takes: float) -> None:
        """Where too little of the lease is left it waits for a renewal, as long as it is ours."""
        while not may_write(self._view, self._clock(), takes):
            if not self.is_leader:
                raise NotLeadingError
            await self._turn.wait()

    async def gained(self) -> None:
        await self._is_gained.wait()

    async def run(self) -> None:
        while True:
            pause = await self._once()
            if self._view.is_over:
                return
            await asyncio.sleep(pause)

    async def give_up(self) -> None:
        self._set_alarm(None)
        self._view = after_the_end(self._view)
        self._tell()
        if not self._may_be_ours:
            return
        try:
            async with asyncio.timeout(CALL_LIMIT):
                lease = await self._read()
                if lease is not None and lease.holder == self._view.me:
                    await self._put(given_up_body(lease, self._now()))
        except (PortError, TimeoutError) as error:
            logger.warning("the lease %s runs out by itself: %s", self.lease, _said(error))
        else:
            logger.info("the lease %s is given up", self.lease)

    def what_keeps_it(self) -> str | None:
        return self._trouble

    def what_is_dead(self) -> str | None:
        silence = self._clock() - self._looked_at
        if silence > LONGEST_SILENCE:
            return f"the lease {self.lease} has not been looked at for {silence:.0f} s"
        return None

    async def _once(self) -> float:
        """Look, and do what is to be done; returns the seconds until the next time."""
        self._looked_at = self._clock()
        try:
            async with asyncio.timeout(CALL_LIMIT):
                if self._is_stale:
                    self._view = self._after_a_look(await self._read())
                pause = await self._move()
        except (PortError, TimeoutError) as error:
            return self._after_trouble(error)
        self._trouble = None
        return pause

    def _after_a_look(self, lease: Lease | None) -> View:
        is_vacant = lease is not None and bool(lease.holder) and self._has_ended(lease.holder)
        if is_vacant:
            self._say("the lease %s was held by a process that has ended", self.lease)
        return after_reading(self._view, lease, self._clock(), is_vacant)

    async def _move(self) -> float:
        now = self._clock()
        match decide(self._view, now):
            case Wait(until=until):
                self._say("standing by: the lease %s is held by %s", self.lease, self.holder)
                return min(LOOK_EVERY, until - now)
            case Lost(why=why):
                self._lose(why)
                return 0.0
            case Write():
                await self._write()
                return RENEW_EVERY
            case never:
                assert_never(never)

    async def _write(self) -> None:
        body = held_body(self._view, self._namespace, self._name, self._now())
        self._is_stale = self._may_be_ours = True
        sent_at = self._clock()
        lease = await (self._put(body) if self._view.lease is not None else self._made(body))
        self._is_stale = False
        self._view = after_writing(self._view, lease, sent_at)
        if self._view.is_over:
            return
        self._set_alarm(self._view.held_until)
        self._say("leading: the lease %s is ours", self.lease)
        self._is_gained.set()
        self._tell()

    def _after_trouble(self, error: Exception) -> float:
        if isinstance(error, ConflictError):
            return READ_AGAIN
        self._trouble = f"the lease {self.lease} cannot be had: {_said(error)}"
        if isinstance(error, NotFoundError):
            self._trouble += " (--lease-namespace names another namespace)"
        if self._view.held_until is None:
            self._say("%s", self._trouble, level=logging.WARNING)
            return LOOK_EVERY
        self._say("the lease %s could not be renewed yet: %s", self.lease, _said(error))
        return TRY_AGAIN

    def _set_alarm(self, held_until: float | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if held_until is not None:
            left = max(held_until - self._clock(), SHORTEST_ALARM)
            self._alarm = asyncio.get_running_loop().call_later(left, self._look_at_the_clock)

    def _look_at_the_clock(self) -> None:
        """By a timer and no task: of all that waits in a process that slept, timers come first."""
        if self.is_leader:
            self._set_alarm(self._view.held_until)
        else:
            self._lose("it could not be renewed in time")

    def _lose(self, why: str) -> None:
        if self._view.is_over:
            return
        self._set_alarm(None)
        self._view = after_the_end(self._view)
        self._tell()
        self._on_loss(f"the lease {self.lease} is lost: {why}")

    def _tell(self) -> None:
        self._turn.set()
        self._turn = asyncio.Event()

    async def _read(self) -> Lease | None:
        with contextlib.suppress(NotFoundError):
            return Lease(await self._api.get(f"{self._path}/{self._name}"))
        return None

    async def _made(self, body: dict[str, object]) -> Lease:
        try:
            return await self._post(body)
        except NotFoundError:
            if not self._makes_namespace:
                raise
        await self._api.post("/api/v1/namespaces", {"metadata": {"name": self._namespace}})
        logger.info("made the namespace %s, for the lease", self._namespace)
        return await self._post(body)

    async def _post(self, body: dict[str, object]) -> Lease:
        return Lease(await self._api.post(self._path, body))

    async def _put(self, body: dict[str, object]) -> Lease:
        return Lease(await self._api.put(f"{self._path}/{self._name}", body))

    def _say(self, text: str, *values: str, level: int = logging.INFO) -> None:
        """Once, until there is something else to say."""
        said = text % values
        if said != self._told:
            logger.log(level, "%s", said)
        self._told = said


def candidate(
    api: KubeApi,
    namespace: str,
    name: str,
    on_loss: Callable[[str], None],
    *,
    makes_namespace: bool = False,
) -> Elector:
    """This process as a candidate."""
    return Elector(
        api,
        namespace,
        name,
        clock=seconds,
        now=lambda: datetime.now(UTC),
        identity=identity(),
        has_ended=has_ended,
        on_loss=on_loss,
        makes_namespace=makes_namespace,
    )


def seconds() -> float:
    """By a clock that nobody sets, and that goes on while the machine sleeps, where it can."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _said(error: Exception) -> str:
    return str(error) or f"no answer within {CALL_LIMIT:g} s"
