"""When scheduled rotations may run, by the windows of a spec.

Pure. Tenants write these, so the work is bounded: time is looked at day by day, each day of UTC as
one integer with a bit a minute, and no further ahead than `HORIZON_DAYS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import count, islice
from typing import Final

from okta_rotator.api.patterns import parsed_duration
from okta_rotator.api.timing import Window, WindowPolicy
from okta_rotator.api.zones import zone
from okta_rotator.rotation.cron import Cron

HORIZON_DAYS: Final = 5 * 366
"""What does not open within five years never does: the 29th of February comes in four."""

DAY: Final = 1440
"""Minutes."""
WHOLE_DAY: Final = (1 << DAY) - 1
MINUTE: Final = timedelta(minutes=1)


class Windows:
    """The windows of a spec, made ready. Two are the same if they are one object."""

    def __init__(self, windows: tuple[Window, ...]) -> None:
        self._allow = [_Prepared.of(w) for w in windows if w.policy is WindowPolicy.ALLOW]
        self._deny = [_Prepared.of(w) for w in windows if w.policy is WindowPolicy.DENY]

    def opening(self, at: datetime) -> datetime | None:
        """The first instant from `at` on that is open; None: there is none before the horizon."""
        midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        passed = (at - midnight) // MINUTE
        for day in self._days(midnight.toordinal(), HORIZON_DAYS):
            still_open = day >> passed << passed
            if still_open:
                first = (still_open & -still_open).bit_length() - 1
                return max(at, midnight + first * MINUTE)
            midnight, passed = midnight + timedelta(days=1), 0
        return None

    def longest_closure(self, at: datetime, days: int) -> timedelta:
        """The longest time without an opening within so many days of UTC from that of `at` on."""
        longest = running = 0
        for day in self._days(at.astimezone(UTC).toordinal(), days):
            if day:
                first = (day & -day).bit_length() - 1
                longest, running = max(longest, running + first), DAY - day.bit_length()
            else:
                running += DAY
        return max(longest, running) * MINUTE

    def _days(self, first: int, most: int) -> Iterator[int]:
        """The open minutes of each day of UTC from the one with that ordinal on."""
        allow = [window.days(first) for window in self._allow]
        deny = [window.days(first) for window in self._deny]
        for _ in range(most):
            is_open = 0 if allow else WHOLE_DAY
            for days in allow:
                is_open |= next(days)
            for days in deny:
                is_open &= ~next(days)
            yield is_open


@lru_cache(maxsize=1024)
def prepared(windows: tuple[Window, ...]) -> Windows:
    """The windows, as ready for all specs that have the same ones."""
    return Windows(windows)


@lru_cache(maxsize=16384)
def first_opening(windows: Windows, at: datetime) -> datetime | None:
    """`Windows.opening`, remembered: each pass over a resource asks the same again."""
    return windows.opening(at)


@dataclass(frozen=True, slots=True)
class _Prepared:
    cron: Cron
    minutes: int
    zone: tzinfo
    covered: int
    """What one day's openings cover, from its midnight on, where the clocks are not changed."""

    @classmethod
    def of(cls, window: Window) -> _Prepared:
        cron, minutes = Cron.parse(window.schedule), parsed_duration(window.duration) // MINUTE
        return cls(cron, minutes, zone(window.time_zone), _spread(cron.minutes_of_day, minutes))

    def days(self, first: int) -> Iterator[int]:
        """What the window covers of each day of UTC from the one with that ordinal on."""
        begin = first - self.minutes // DAY - 2
        return islice(self._days(begin), first - begin + 1, None)

    def _days(self, first: int) -> Iterator[int]:
        """From the day before `first` on. By a day's end the zone's next one may have begun."""
        coverage = 0
        for ordinal in count(first):
            if self.cron.falls_on(date.fromordinal(ordinal)):
                coverage |= self._from_the_day_before(ordinal)
            yield coverage & WHOLE_DAY
            coverage >>= DAY

    def _from_the_day_before(self, ordinal: int) -> int:
        """What the openings of a day of the zone cover, from UTC's midnight of the day before."""
        before, after, change = _clocks(self.zone, ordinal)
        if before == after:
            return self.covered << DAY - before
        starts = self.cron.minutes_of_day << DAY - before
        skipped = starts >> change & ((1 << max(0, after - before)) - 1)
        starts &= (1 << change) - 1
        starts |= self.cron.minutes_of_day << DAY - after >> change << change
        return _spread(starts | bool(skipped) << change, self.minutes)


@lru_cache(maxsize=65536)
def _clocks(zone: tzinfo, ordinal: int) -> tuple[int, int, int]:
    """The minutes east of UTC as a day of the zone begins and ends, and when that changes.

    That is in minutes from UTC's midnight of the day before.
    """
    day = date.fromordinal(ordinal)
    midnight = datetime.combine(day, time(), zone)
    # The last instant of the day counts: a midnight that is skipped is not the day's any more.
    end = (midnight + timedelta(days=1)).replace(fold=1).astimezone(UTC)
    before, after = _offset(midnight), _offset(end.astimezone(zone))
    origin = datetime.combine(day - timedelta(days=1), time(), UTC)
    low = high = DAY - before
    if before != after:
        high = 2 * DAY - after
    while low < high:
        middle = (low + high) // 2
        is_changed = _offset((origin + middle * MINUTE).astimezone(zone)) == after
        low, high = (low, middle) if is_changed else (middle + 1, high)
    return before, after, low


def _offset(local: datetime) -> int:
    """Minutes east of UTC."""
    return (local.utcoffset() or timedelta(0)) // MINUTE


def _spread(starts: int, minutes: int) -> int:
    """Each bit, and so many in all from it on."""
    covered, width = starts, 1
    while width < minutes:
        step = min(width, minutes - width)
        covered |= covered << step
        width += step
    return covered
