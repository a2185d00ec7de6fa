"""SIGTERM and SIGINT: heeded from the first moment on, and by one handler until the last.

A container's first process does not get to see a signal that it has no handler for, and kopf's own
handlers come late, and fail at a second signal.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Any, Final, NoReturn, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class EndedError(Exception):
    """The process was asked to end before the work was done."""


class End:
    """Whether the process is to end. `then` is called once, at the moment when it is asked to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.is_by_signal = False
        self.then: Callable[[], None] = lambda: None
        self._noted: signal.Signals | None = None

    def note_signals(self) -> None:
        """Before there is an event loop: remember the first one for `heed_signals`."""
        for each in SIGNALS:
            signal.signal(each, lambda number, _: self._note(signal.Signals(number)))

    def heed_signals(self) -> None:
        """In the event loop: end at a signal from now on, whoever has handled them until now."""
        loop = asyncio.get_running_loop()
        for each in SIGNALS:
            loop.add_signal_handler(each, self._ask, each)
        if self._noted is not None and not self.asked.is_set():
            self._ask(self._noted)

    def ignore_signals(self) -> None:
        """After the event loop: what ends already is not to be killed on its last steps."""
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)

    async def or_result(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of the work. Raises EndedError if an end is asked for sooner."""
        working, asked = asyncio.create_task(work), asyncio.create_task(self.asked.wait())
        try:
            await asyncio.wait((working, asked), return_when=asyncio.FIRST_COMPLETED)
            if self.asked.is_set():
                raise EndedError
            return working.result()
        finally:
            working.cancel()
            asked.cancel()
            await asyncio.gather(working, asked, return_exceptions=True)

    def _note(self, which: signal.Signals) -> None:
        self._noted = self._noted or which

    def _ask(self, which: signal.Signals) -> None:
        if self.asked.is_set():
            logger.info("%s: the process is ending already", which.name)
            return
        logger.info("%s: ending, once what runs has come to its end", which.name)
        self.is_by_signal = True
        self.asked.set()
        self.then()


def end_at_once(why: str) -> NoReturn:
    """For who has lost the lease: an end in good order might still write something."""
    logger.critical("%s; ended at once, to be started anew", why)
    os._exit(1)
