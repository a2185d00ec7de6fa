"""The place of a worker, given back while its work waits for the outside.

`queue.py` gives each work a place. A call to Okta is made aside of it, since it may wait minutes
for its turn, and works that need no turn, or one at another org, are not to wait with it. Nothing
of a call is sent while it stands in line, so news ends that: the work is begun anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar


class ChangedError(Exception):
    """What is worked on has changed while a call stood in line: nothing of it was sent."""


class Place:
    """Where one work stands. Made by the task that does it; `free` and `take` are the queue's."""

    def __init__(self, free: Callable[[], None], take: Callable[[], Awaitable[None]]) -> None:
        self._free = free
        self._take = take
        self._task = asyncio.current_task()
        self._is_outdated = False
        self._is_in_line = False
        self.is_held = True

    def outdate(self) -> None:
        """There is news of what is worked on: its call, if it stands in line, is given up."""
        if self._is_in_line and not self._is_outdated and self._task is not None:
            self._task.cancel()
        self._is_outdated = True

    def leave(self) -> None:
        if self.is_held:
            self.is_held = False
            self._free()

    async def come_back(self) -> None:
        await self._take()
        self.is_held = True

    @contextmanager
    def in_line(self) -> Iterator[None]:
        if self._is_outdated:
            raise ChangedError
        self._is_in_line = True
        try:
            yield
        except asyncio.CancelledError:
            # As asyncio.timeout does it: somebody else may have cancelled the task as well.
            if self._is_outdated and self._task is not None and self._task.uncancel() == 0:
                raise ChangedError from None
            raise
        finally:
            self._is_in_line = False


PLACE: ContextVar[Place | None] = ContextVar("place", default=None)
"""Of the work that the task does; None where no queue has given it one."""


@asynccontextmanager
async def aside() -> AsyncIterator[None]:
    """Let another work have the place meanwhile."""
    place = PLACE.get()
    if place is None or not place.is_held:
        yield
        return
    place.leave()
    try:
        yield
    except Exception:
        # But not upon a cancellation: what is cancelled has nothing more to do.
        await place.come_back()
        raise
    await place.come_back()


@contextmanager
def in_line() -> Iterator[None]:
    """For the wait before anything of a call is sent. Raises ChangedError upon news."""
    place = PLACE.get()
    if place is None:
        yield
        return
    with place.in_line():
        yield
