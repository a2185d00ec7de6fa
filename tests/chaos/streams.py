"""What may happen to the lines of a watch on their way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Final

from tests.chaos.ground import Call, Plan
from tests.chaos.proxy import Answer

Lines = AsyncGenerator[bytes, None]

GONE: Final = b'{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},' + (
    b'"status":"Failure","message":"too old resource version","reason":"Expired","code":410}}\n'
)


class Valve:
    """Shut, it holds what comes; opened, all of it goes on. From whichever thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._is_open = asyncio.Event()
        self._is_open.set()
        self.is_lossy = False
        """What was held is lost when it opens, and the watch has to be begun anew (410)."""

    def shut(self) -> None:
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result()

    def open(self) -> None:
        self._loop.call_soon_threadsafe(self._is_open.set)

    async def _shut(self) -> None:
        self._is_open.clear()

    async def through(self, lines: Lines) -> Lines:
        async with contextlib.aclosing(lines):
            async for line in lines:
                was_held = not self._is_open.is_set()
                await self._is_open.wait()
                if was_held and self.is_lossy:
                    yield GONE
                    return
                yield line


def expired() -> Answer:
    """What the API server answers to a watch from a version that it no longer knows."""

    async def gone() -> Lines:
        yield GONE

    return Answer(200, headers={"Content-Type": "application/json"}, stream=gone())


async def delayed(lines: Lines, seconds: float) -> Lines:
    """Each line comes so much later than it was sent."""
    loop = asyncio.get_running_loop()
    coming: asyncio.Queue[tuple[float, bytes | None]] = asyncio.Queue()

    async def take_in() -> None:
        async for line in lines:
            coming.put_nowait((loop.time() + seconds, line))
        coming.put_nowait((loop.time() + seconds, None))

    taking = asyncio.create_task(take_in())
    try:
        while True:
            due, line = await coming.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if line is None:
                return
            yield line
    finally:
        taking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await taking
        await lines.aclose()


def watches_held(valve: Valve, *plurals: str) -> Plan:
    """The watches of these kinds go through the valve."""
    names = {f"watch {plural}" for plural in plurals}

    async def plan(call: Call) -> Answer:
        answer = await call.forward()
        if call.name in names and answer.stream is not None:
            answer.stream = valve.through(answer.stream)
        return answer

    return plan


def watches_delayed(seconds: float) -> Plan:
    async def plan(call: Call) -> Answer:
        answer = await call.forward()
        if answer.stream is not None:
            answer.stream = delayed(answer.stream, seconds)
        return answer

    return plan
