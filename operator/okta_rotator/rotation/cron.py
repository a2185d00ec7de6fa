"""Cron schedules as crontab(5) reads them: which days, and which minutes of the day.

Pure. Any text that `api.timing.CronSchedule` lets pass has a meaning here: a range that runs
backwards goes over the end (`22-2`, `FRI-MON`), and a number with a step goes to the end (`5/15`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from okta_rotator.api.timing import DAY_NAMES, MONTH_NAMES


@dataclass(frozen=True, slots=True)
class Cron:
    """A schedule, taken apart. The minutes are bits, the first of the day is bit 0."""

    minutes_of_day: int
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""
    either_day: bool
    """Whether one of day and weekday is enough: where neither is given with a star."""

    @classmethod
    def parse(cls, text: str) -> Cron:
        minute, hour, day, month, weekday = text.lower().split(" ")
        hours, minutes = _values(hour, 0, 24), _values(minute, 0, 60)
        return cls(
            minutes_of_day=sum(1 << 60 * h + m for h in hours for m in minutes),
            days=_values(day, 1, 31),
            months=_values(month, 1, 12, MONTH_NAMES),
            weekdays=_values(weekday, 0, 7, DAY_NAMES),
            either_day=not day.startswith("*") and not weekday.startswith("*"),
        )

    def falls_on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return by_day or by_weekday if self.either_day else by_day and by_weekday


def _values(field: str, least: int, count: int, names: Sequence[str] = ()) -> frozenset[int]:
    """The values of a field that counts from `least` on, around the end where a range does."""
    items = (number for item in field.split(",") for number in _item(item, least, count, names))
    return frozenset((number - least) % count + least for number in items)


def _item(item: str, least: int, count: int, names: Sequence[str]) -> Iterator[int]:
    values, _, step = item.partition("/")
    first, _, last = values.partition("-")
    if first == "*":
        start, end = least, least + count - 1
    else:
        start = _number(first, least, names)
        end = _number(last or first, least, names)
        if step and not last:
            end = least + count - 1
    yield from range(start, end + 1 if start <= end else end + count + 1, int(step or 1))


def _number(text: str, least: int, names: Sequence[str]) -> int:
    return names.index(text) + least if text in names else int(text)
