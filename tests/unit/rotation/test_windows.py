"""Windows, held against the same question asked minute by minute."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okta_rotator.api.patterns import parsed_duration
from okta_rotator.api.timing import Window
from okta_rotator.api.zones import zone
from okta_rotator.rotation.cron import Cron
from okta_rotator.rotation.windows import HORIZON_DAYS, Windows

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(policy: str, schedule: str, duration: str, time_zone: str = "UTC") -> Window:
    fields: dict[str, Any] = {"policy": policy, "schedule": schedule, "duration": duration}
    return Window(**fields, time_zone=time_zone)


def opening(at: str, *windows: Window) -> str | None:
    first = Windows(windows).opening(utc(at))
    return None if first is None else f"{first:%Y-%m-%d %H:%M}"


NIGHTS = window("Allow", "0 22 * * MON-FRI", "4h")
BERLIN_NIGHTS = window("Allow", "0 22 * * MON-FRI", "4h", "Europe/Berlin")
YEARS_END = window("Deny", "0 0 20 12 *", "336h")


@pytest.mark.parametrize(
    ("windows", "at", "first"),
    [
        pytest.param((NIGHTS,), "2026-11-24 12:00", "2026-11-24 22:00", id="later on the day"),
        pytest.param((NIGHTS,), "2026-11-24 22:00", "2026-11-24 22:00", id="the first minute"),
        pytest.param((NIGHTS,), "2026-11-25 01:59", "2026-11-25 01:59", id="the last minute"),
        pytest.param((NIGHTS,), "2026-11-25 02:00", "2026-11-25 22:00", id="over"),
        pytest.param((NIGHTS,), "2026-11-28 02:00", "2026-11-30 22:00", id="the weekend"),
        pytest.param((BERLIN_NIGHTS,), "2026-11-24 12:00", "2026-11-24 21:00", id="in winter"),
        pytest.param((BERLIN_NIGHTS,), "2026-07-21 12:00", "2026-07-21 20:00", id="in summer"),
        pytest.param((YEARS_END,), "2026-12-19 23:59", "2026-12-19 23:59", id="not denied yet"),
        pytest.param((YEARS_END,), "2026-12-20 00:00", "2027-01-03 00:00", id="denied"),
        pytest.param(
            (NIGHTS, YEARS_END), "2026-12-19 12:00", "2027-01-04 22:00", id="deny goes before allow"
        ),
        pytest.param(
            (NIGHTS, window("Allow", "0 3 * * SUN", "1h")),
            "2026-11-28 12:00",
            "2026-11-29 03:00",
            id="either of two",
        ),
        pytest.param(
            (NIGHTS, window("Deny", "30 21 * * *", "1h")),
            "2026-11-24 12:00",
            "2026-11-24 22:30",
            id="denied at its beginning",
        ),
    ],
)
def test_the_first_opening(windows: tuple[Window, ...], at: str, first: str) -> None:
    assert opening(at, *windows) == first


def test_an_instant_within_an_open_minute_is_open() -> None:
    at = utc("2026-11-24 22:00:30.5")
    assert Windows((NIGHTS,)).opening(at) == at


@pytest.mark.parametrize(
    "windows",
    [
        pytest.param((window("Allow", "0 0 30 2 *", "4h"),), id="the 30th of February"),
        pytest.param((window("Deny", "* * * * *", "1m", "Europe/Berlin"),), id="each minute"),
        pytest.param((window("Deny", "0 0 * * *", "24h"),), id="each day"),
        pytest.param((NIGHTS, window("Deny", "0 22 * * *", "4h")), id="what is allowed is denied"),
        pytest.param(
            (window("Deny", "0 0 1-15 * *", "24h"), window("Deny", "0 0 16-31 * *", "24h")),
            id="two halves of a month",
        ),
    ],
)
def test_windows_that_never_open(windows: tuple[Window, ...]) -> None:
    assert Windows(windows).opening(utc("2026-11-24 12:00")) is None


def test_a_leap_day_is_waited_for() -> None:
    assert opening("2028-03-01", window("Allow", "0 0 29 2 *", "1h")) == "2032-02-29 00:00"
    assert HORIZON_DAYS * DAY > 4 * 366 * DAY


def test_a_day_of_25_hours_has_an_hour_that_24_do_not_cover() -> None:
    each_day = window("Deny", "0 0 * * *", "24h", "Europe/Berlin")
    assert opening("2026-01-01", each_day) == "2026-10-25 22:00"


@pytest.mark.parametrize(
    ("windows", "days", "closure"),
    [
        ((NIGHTS,), 30, 2 * DAY + 20 * HOUR),
        ((YEARS_END,), 366, 14 * DAY),
        ((window("Allow", "0 0 1 1 *", "24h"),), 800, 365 * DAY),
        ((window("Allow", "0 0 30 2 *", "24h"),), 10, 10 * DAY),
        ((window("Deny", "0 0 30 2 *", "24h"),), 10, timedelta(0)),
    ],
)
def test_the_longest_closure(windows: tuple[Window, ...], days: int, closure: timedelta) -> None:
    assert Windows(windows).longest_closure(utc("2026-11-23"), days) == closure


# ------------------------------------------------------------------ minute by minute

ZONES = [
    *("UTC", "Europe/Berlin", "America/Nuuk", "America/St_Johns", "Australia/Lord_Howe"),
    *("Antarctica/Troll", "Africa/Cairo", "America/Santiago", "Africa/Casablanca", "Asia/Beirut"),
    *("Pacific/Kiritimati", "Pacific/Niue", "Atlantic/Azores", "America/Havana", "Asia/Kathmandu"),
]


def changes(name: str) -> list[datetime]:
    """Days of ten years, in UTC, on which the zone's clocks are changed; the first at least."""
    days = [datetime(2026, 1, 1, tzinfo=UTC) + number * DAY for number in range(3653)]
    offsets = [day.astimezone(zone(name)).utcoffset() for day in days]
    places = range(len(days) - 1)
    return [days[n] for n in places if offsets[n] != offsets[n + 1]] or days[:1]


MOMENTS = st.sampled_from(ZONES).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from(changes(name)))
)
FIELD = st.sampled_from(["*", "*/7", "0", "30", "59", "0,30"])
HOURS = st.sampled_from(["*", "0", "1", "2", "3", "22", "23", "0-3", "22-1", "*/3"])
DAYS = st.sampled_from(["*", "SUN", "SAT", "MON-FRI", "FRI-SUN"])
LENGTHS = st.sampled_from(["1m", "7m", "30m", "1h", "2h", "3h1m", "24h", "49h"])


def occurrences(cron: Cron, place: tzinfo, first: datetime, last: datetime) -> set[datetime]:
    """Each minute whose local time matches, and the one after skipped times that would have."""
    found, at = set(), first
    before = (at - MINUTE).astimezone(place).replace(tzinfo=None)
    while at < last:
        local = at.astimezone(place).replace(tzinfo=None)
        skipped = [before + n * MINUTE for n in range(1, max(1, (local - before) // MINUTE))]
        if any(_matches(cron, one) for one in (local, *skipped)):
            found.add(at)
        before, at = local, at + MINUTE
    return found


def _matches(cron: Cron, local: datetime) -> bool:
    minute = local.hour * 60 + local.minute
    return cron.falls_on(local.date()) and bool(cron.minutes_of_day >> minute & 1)


@settings(max_examples=25, deadline=None)
@given(MOMENTS, st.builds("{} {} * * {}".format, FIELD, HOURS, DAYS), LENGTHS, st.data())
def test_windows_where_clocks_are_changed(
    moment: tuple[str, datetime], schedule: str, length: str, data: st.DataObject
) -> None:
    name, day = moment
    one = window("Allow", schedule, length, name)
    starts = sorted(occurrences(Cron.parse(schedule), zone(name), day - 4 * DAY, day + 2 * DAY))
    windows = Windows((one,))
    for number in data.draw(st.lists(st.integers(-1440, 2879), min_size=30, max_size=30)):
        at = day + number * MINUTE
        place = bisect_right(starts, at)
        is_open = place > 0 and at - starts[place - 1] < parsed_duration(length)
        assert (windows.opening(at) == at) is is_open, (at, name, schedule, length)
