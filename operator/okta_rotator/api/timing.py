"""The part of a rotation's spec that says when: times of day, and windows."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StrictInt

from okta_rotator.api.base import ApiModel, Atomic
from okta_rotator.api.patterns import Duration, between, parsed_duration
from okta_rotator.api.rules import Rule, cel_text, matching
from okta_rotator.api.zones import zone_names

MOST_WINDOWS: Final = 16

TimeZone = Annotated[
    str,
    Field(max_length=64),
    # Go takes an offset such as +02:00 for a zone too, and the server's own one for Local.
    matching(
        "[A-Za-z][-+_A-Za-z0-9]*(/[-+_A-Za-z0-9]+)*",
        "must be the name of an IANA time zone, such as Europe/Berlin or UTC",
    ),
    Rule(
        cel="self != 'Local' && timestamp('2026-01-01T00:00:00Z').getHours(self) >= 0",
        says="is no IANA time zone that this operator knows: use one such as Europe/Berlin or UTC",
        holds=lambda name: name in zone_names(),
    ),
]
"""The name of a zone. The API server and the operator each ask their own data."""

Hour = Annotated[StrictInt, Field(ge=0, le=23)]
Minute = Annotated[StrictInt, Field(ge=0, le=59)]


class TimeOfDay(ApiModel):
    """A time of day in UTC."""

    hours: Hour
    """Hour of the day in UTC, 0 to 23."""
    minutes: Minute
    """Minute of the hour, 0 to 59."""


class LocalTimeOfDay(ApiModel):
    """A time of day in a time zone."""

    hours: Hour
    """Hour of the day on the clocks of the zone, 0 to 23."""
    minutes: Minute
    """Minute of the hour, 0 to 59. A time that the clocks skip moves forward to the first one
    that they show (or, where that is another day, back to the last one before); one that they
    show twice is taken once, the first."""
    time_zone: TimeZone
    """IANA name of the zone, such as Europe/Berlin."""


class WindowPolicy(StrEnum):
    """What a window does to scheduled rotations."""

    ALLOW = "Allow"
    DENY = "Deny"


DAY_NAMES: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTH_NAMES: Final = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)


def _cron_field(place: int, name: str, values: str, such_as: str) -> Rule:
    """The field at that place (from 0): `*`, values and ranges, some with a step, by commas."""
    item = f"^([*]|({values})(-({values}))?)(/[1-9][0-9]?)?$"
    fields = "self.lowerAscii().split(' ')"
    return Rule(
        cel=f"{fields}.size() != 5 || "
        f"{fields}[{place}].split(',').all(item, item.matches({cel_text(item)}))",
        says=f"the {name} (field {place + 1}) must be *, numbers or ranges, such as {such_as}",
        holds=lambda text: all(
            re.fullmatch(item, one) for one in text.lower().split(" ")[place].split(",")
        ),
    )


CronSchedule = Annotated[
    str,
    Field(max_length=80),
    matching(
        "[-*/,0-9A-Za-z]+( [-*/,0-9A-Za-z]+){4}",
        "must be five cron fields (minute, hour, day of the month, month, weekday) with single "
        "blanks between them, such as 0 22 * * MON-FRI",
    ),
    _cron_field(0, "minute", "[0-5]?[0-9]", "0, 15,45 or */10"),
    _cron_field(1, "hour", "[01]?[0-9]|2[0-3]", "22, 2,14 or 8-17"),
    _cron_field(2, "day of the month", "0?[1-9]|[12][0-9]|3[01]", "1, 1-7 or */2"),
    _cron_field(3, "month", f"0?[1-9]|1[0-2]|{'|'.join(MONTH_NAMES)}", "12, 1-3 or JAN,JUL"),
    _cron_field(4, "weekday", f"[0-7]|{'|'.join(DAY_NAMES)}", "6, 1-5 or MON-FRI"),
]
"""Moments as in crontab(5): where day and weekday are both given, one of them has to match."""


def _is_whole_minutes(text: str) -> bool:
    return parsed_duration(text).total_seconds() % 60 == 0


WindowLength = Annotated[
    Duration,
    between("1m", "720h"),
    Rule(
        cel="duration(self).getSeconds() % 60 == 0",
        says="must be whole minutes",
        holds=_is_whole_minutes,
    ),
]


class Window(ApiModel):
    """Times at which scheduled rotations are allowed, or denied."""

    policy: WindowPolicy
    """Allow: scheduled rotations run within the windows of this policy alone, if there are any.
    Deny: within this window none runs, whatever else allows it."""
    schedule: CronSchedule
    """When the window opens: five cron fields, on the clocks of timeZone, such as
    0 22 * * MON-FRI. A time that the clocks skip opens it at the first minute after; one that
    they show twice opens it both times."""
    duration: WindowLength
    """How long it stays open, 1m to 720h, in whole minutes, such as 4h."""
    time_zone: TimeZone = "UTC"
    """IANA name of the zone of schedule. Default: UTC."""


Windows = Annotated[
    tuple[Window, ...],
    Field(max_length=MOST_WINDOWS),
    Atomic(),
]
