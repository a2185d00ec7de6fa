"""An event loop whose clock jumps to the next timer: hours of waiting pass in no time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE_WITH_THREADS = 5.0


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """For what does no I/O but timers."""

    def __init__(self) -> None:
        self._now = 1000.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self._now

    def jump(self, seconds: float) -> None:
        self._now += seconds


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            # Only a thread can still bring something, and threads take real time.
            if not (ready := super().select(PATIENCE_WITH_THREADS)):
                raise RuntimeError("nothing is under way, and nothing is waited for by a timer")
            return ready
        self._loop.jump(timeout)
        return super().select(0)


def jump(seconds: float) -> None:
    """Let time pass at one stroke, as for a process that was not there meanwhile."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    loop.jump(seconds)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)
