"""How long everything may take, and what is raised where it takes longer, or is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable

BOUND = 20.0
"""Seconds in which everything has to settle."""

PAUSE = 0.1
"""Seconds between two looks."""


class Unsettled(Exception):
    """Something is not as it has to be; the text says what."""


def wait_until(holds: Callable[[], object], what: str) -> None:
    """Raises Unsettled if it does not hold within the bound."""
    deadline = time.monotonic() + BOUND
    while not holds():
        if time.monotonic() > deadline:
            raise Unsettled(f"not within {BOUND:.0f} s: {what}")
        time.sleep(PAUSE)
