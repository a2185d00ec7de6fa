"""An event loop in a thread of its own, for what goes on beside a test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """Runs from `start` to `stop`, whichever thread calls them."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], patience: float | None = None) -> T:
        """Have something done in the loop, and wait for it, for so many seconds."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(patience)

    def stop(self) -> None:
        """End what still goes on there, and the thread."""
        self.run(_ended())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


async def _ended() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
    # A transport lets its socket go in the turn after it was closed.
    await asyncio.sleep(0)
