"""When a failed rotation is tried again: one minute, doubling to an hour, with fixed jitter."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final

FIRST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(hours=1)
JITTER: Final = 0.2
"""The share of the delay by which it is shortened at most."""


def next_attempt_at(failed_at: datetime, failures: int, uid: str) -> datetime:
    """When to try again after the given number of failures in a row (1 or more).

    The jitter is a hash of the resource's uid and the count, so every pass computes the same.
    """
    doublings = min(max(failures, 1) - 1, 16)
    delay = min(FIRST * (1 << doublings), LONGEST)
    return failed_at + delay * (1 - JITTER * hashed_fraction(f"{uid}/{failures}"))


def hashed_fraction(text: str) -> float:
    """A number from 0 up to 1 that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64
