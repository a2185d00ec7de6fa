"""When the next scheduled rotation is due: the seed's rule, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


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
    last = last_rotated_at.astimezone(UTC)
    slot = last.replace(hour=hour, minute=minute, second=0, microsecond=0)
    is_late_in_its_day = (last.hour, last.minute) >= (hour, minute)
    days = interval_days + (1 if manual and is_late_in_its_day else 0)
    return _plus_days(slot, days)


def served_date(due: datetime | None, rotated_at: datetime) -> datetime:
    """The instant whose date the series goes on from after a scheduled rotation.

    A slot that was served within a day counts with its own date, so that a rotation of 23:59 that
    queues past midnight does not move the series. One that waited longer starts anew from the day
    on which it ran.
    """
    if due is not None and timedelta(0) <= rotated_at - due < timedelta(days=1):
        return due
    return rotated_at


def _plus_days(instant: datetime, days: int) -> datetime:
    try:
        return instant + timedelta(days=days)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC, microsecond=0)
