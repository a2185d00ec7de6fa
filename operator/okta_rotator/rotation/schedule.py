"""When the next scheduled rotation is due: the seed's rule in UTC, and the same in any zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from okta_rotator.api.patterns import parsed_duration
from okta_rotator.api.rotation import RotationSpec
from okta_rotator.api.zones import zone
from okta_rotator.rotation.backoff import hashed_fraction
from okta_rotator.rotation.windows import Windows, first_opening, prepared

DAY: Final = timedelta(days=1)
NEVER: Final = datetime.max.replace(tzinfo=UTC, microsecond=0)
"""What lies beyond the calendar."""
LAST_YEAR: Final = 9990
"""From here on the calendar's end is near, and nothing is computed any more."""


def next_rotation_at(
    last_rotated_at: datetime,
    interval_days: int,
    hour: int,
    minute: int,
    manual: bool,
) -> datetime:
    """The instant of the next scheduled rotation, in UTC, as Infisical computes it.

    The UTC date of `last_rotated_at`, at `hour`:`minute`:00, plus `interval_days` days; and one
    day more if the last rotation was `manual` (the creation counts as manual) and its UTC
    hour:minute was at or after `hour`:`minute`, so that a whole interval passes at least.

    Source: `calculateNextRotationAt` of Infisical's secret-rotation-v2.
    Raises ValueError for a `last_rotated_at` without a time zone.
    """
    if last_rotated_at.tzinfo is None:
        raise ValueError("last_rotated_at needs a time zone")
    return Schedule(interval_days, time(hour, minute)).next_slot(last_rotated_at, manual).due


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the series of scheduled rotations."""

    at: datetime
    """By the rule. It lies on the slot's own date in the zone, also where the clocks change."""
    due: datetime
    """The same, later by the resource's spread: when the rotation is due."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The part of a spec that says when, for the resource with one uid."""

    interval_days: int
    time: time
    """Of the day, in the zone."""
    zone: tzinfo = UTC
    spread: timedelta = timedelta(0)
    """How much later this resource's rotations are due, in whole seconds, under a day."""
    windows: Windows | None = None

    @classmethod
    def of(cls, spec: RotationSpec, uid: str) -> Schedule:
        """The schedule of a spec. Without a uid (`""`) no spread is applied: it is not known."""
        at = spec.rotate_at or spec.rotate_at_utc
        return cls(
            interval_days=spec.rotation_interval,
            time=time(at.hours, at.minutes) if at is not None else time(),
            zone=zone(spec.rotate_at.time_zone) if spec.rotate_at is not None else UTC,
            spread=_spread(spec.spread, uid),
            windows=prepared(spec.windows) if spec.windows else None,
        )

    def next_slot(
        self, last_rotated_at: datetime, manual: bool, series_from: datetime | None = None
    ) -> Slot:
        """The slot after the last rotation, by the rule of `next_rotation_at` in the zone.

        `series_from` is the instant whose date counts instead, if the last rotation was a
        scheduled one: see `served_date`. Local times are without the spread, so that it moves a
        series as a whole.
        """
        if last_rotated_at.year >= LAST_YEAR - self.interval_days // 365:
            return Slot(NEVER, NEVER)
        last = _local(last_rotated_at, self.zone) - self.spread
        days = self.interval_days
        if manual:
            is_late_in_its_day = (last.hour, last.minute) >= (self.time.hour, self.time.minute)
            return self._slot(last.date() + (days + is_late_in_its_day) * DAY)
        base = last if series_from is None else _local(series_from, self.zone)
        slot = self._slot(base.date() + days * DAY)
        # A day of 23 hours: what was served almost a day late has had this slot as well.
        return slot if slot.due > last_rotated_at else self._slot(base.date() + (days + 1) * DAY)

    def opening(self, due: datetime, now: datetime) -> datetime | None:
        """When a rotation is tried that is due then; None: the windows never open."""
        if self.windows is None or due.year >= LAST_YEAR:
            return due
        first = first_opening(self.windows, due)
        if first is None or first > now:
            return first
        # Unless it is open now, the opening that it waited for has passed without it.
        again = self.open_from(now)
        return first if again == now else again

    def open_from(self, now: datetime) -> datetime | None:
        """The first instant from now on within the windows; None: there is none."""
        return now if self.windows is None else self.windows.opening(now)

    def never_opens(self, now: datetime) -> bool:
        """Whether the windows leave no opening at all. What is found holds for the month."""
        month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return self.windows is not None and first_opening(self.windows, month) is None

    def longest_closure(self, at: datetime) -> timedelta:
        """How long the windows stay shut on end, within two years and an interval from `at` on."""
        if self.windows is None:
            return timedelta(0)
        return self.windows.longest_closure(at, 2 * 366 + self.interval_days)

    def _slot(self, day: date) -> Slot:
        local = datetime.combine(day, self.time)
        at = shown(local, self.zone)
        return Slot(at, shown(local + self.spread, self.zone) if self.spread else at)


def shown(local: datetime, zone: tzinfo) -> datetime:
    """The instant, in UTC, at which the clocks of a zone show the local time, on its own date.

    Of two the first. Where they skip it: the first instant after, or if that is another day
    already, the last minute before; for a day that is skipped as a whole, the first instant after.
    """
    if zone is UTC:
        return local.replace(tzinfo=UTC)
    instant = local.replace(tzinfo=zone).astimezone(UTC)
    if _local(instant, zone) == local:
        return instant
    after = _end_of_gap(local, zone)
    before = after - timedelta(minutes=1)
    is_another_day = _local(after, zone).date() != local.date()
    return before if is_another_day and _local(before, zone).date() == local.date() else after


def _end_of_gap(skipped: datetime, zone: tzinfo) -> datetime:
    """The first instant after the clocks were moved over that local time."""
    low = skipped.replace(tzinfo=zone, fold=1).astimezone(UTC)
    high = skipped.replace(tzinfo=zone, fold=0).astimezone(UTC)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if _local(middle, zone) > skipped:
            high = middle
        else:
            low = middle
    return high


def served_date(
    due: datetime | None, rotated_at: datetime, slot_at: datetime | None = None
) -> datetime:
    """The instant whose date the series goes on from after a scheduled rotation.

    A slot that was served within a day counts with its own date, so that a rotation of 23:59 that
    queues past midnight does not move the series. One that waited longer starts anew from the day
    on which it ran. `slot_at` is the slot without the spread that is in `due`.
    """
    if due is None:
        return rotated_at
    spread = due - (slot_at or due)
    in_time = timedelta(0) <= rotated_at - due < DAY
    return due - spread if in_time else rotated_at - spread


def _local(instant: datetime, zone: tzinfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def _spread(within: str | None, uid: str) -> timedelta:
    if within is None or not uid:
        return timedelta(0)
    share = parsed_duration(within) * hashed_fraction(f"{uid}/spread")
    return timedelta(seconds=share // timedelta(seconds=1))
