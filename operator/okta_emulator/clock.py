"""The emulator's only source of time, and the two ways Okta writes an instant.

Every part that needs the time is given a `Clock`, so that a test can stand still or jump.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from functools import lru_cache

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    return datetime.now(UTC)


class MovableClock:
    """A clock that the control API may set forward or back, so that days pass in a test."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.offset = timedelta(0)

    def __call__(self) -> datetime:
        return self._clock() + self.offset


def whole_second(instant: datetime) -> datetime:
    """Okta stores instants at second resolution (its live answers all end in `.000Z`)."""
    return instant.replace(microsecond=0)


def wire_time(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def http_date(instant: datetime) -> str:
    return _http_date(int(instant.timestamp()))


@lru_cache(maxsize=8)
def _http_date(second: int) -> str:
    return formatdate(second, usegmt=True)
