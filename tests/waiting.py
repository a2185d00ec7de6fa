"""Waiting in asynchronous tests for what no event tells of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(holds: Callable[[], object], seconds: float = 2.0) -> None:
    """Raises TimeoutError if it does not hold in time."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what tests wait for sets no event
            await asyncio.sleep(0.005)
