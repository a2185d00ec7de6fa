"""The schedule in local time: one slot a day of the zone, whatever the clocks do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from importlib.resources import files
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okta_rotator.api.zones import zone, zone_names
from okta_rotator.rotation.schedule import Schedule, Slot, next_rotation_at, served_date, shown

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FIRST, TEN_YEARS = date(2026, 1, 1), 3653
LONGEST_CHANGE = 2 * HOUR
"""Troll's clocks are changed by two hours."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(instant: datetime, place: tzinfo) -> datetime:
    return instant.astimezone(place).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("name", "told", "instant"),
    [
        pytest.param("Europe/Berlin", "2026-03-29 01:59", "2026-03-29 00:59", id="before a gap"),
        pytest.param("Europe/Berlin", "2026-03-29 02:00", "2026-03-29 01:00", id="its beginning"),
        pytest.param("Europe/Berlin", "2026-03-29 02:59", "2026-03-29 01:00", id="its end"),
        pytest.param("Europe/Berlin", "2026-03-29 03:00", "2026-03-29 01:00", id="after it"),
        pytest.param(
            "Europe/Berlin", "2026-10-25 02:30", "2026-10-25 00:30", id="of two the first"
        ),
        pytest.param("Europe/Berlin", "2026-10-25 03:00", "2026-10-25 02:00", id="after both"),
        pytest.param("Africa/Cairo", "2026-04-24 00:10", "2026-04-23 22:00", id="no midnight"),
        pytest.param(
            "America/Nuuk", "2026-03-28 23:30", "2026-03-29 00:59", id="no end of the day: before"
        ),
        pytest.param(
            "Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:30", id="half an hour"
        ),
        pytest.param(
            "Pacific/Apia", "2011-12-30 12:00", "2011-12-30 10:00", id="no such day: after"
        ),
    ],
)
def test_when_the_clocks_show_a_time(name: str, told: str, instant: str) -> None:
    assert shown(datetime.fromisoformat(told), zone(name)) == utc(instant)


BERLIN = zone("Europe/Berlin")


@pytest.mark.parametrize(
    ("last", "manual", "expected"),
    [
        ("2026-03-01 10:00", True, "2026-04-01 00:30"),
        ("2026-03-01 01:29", True, "2026-03-31 00:30"),
        ("2026-03-01 01:30", True, "2026-04-01 00:30"),
        ("2026-03-01 23:30", True, "2026-04-01 00:30"),
        ("2026-03-01 10:00", False, "2026-03-31 00:30"),
        ("2026-03-01 23:30", False, "2026-04-01 00:30"),
    ],
)
def test_the_seeds_rule_in_a_zone(last: str, manual: bool, expected: str) -> None:
    slot = Schedule(30, time(2, 30), BERLIN).next_slot(utc(last), manual)
    assert slot == Slot(utc(expected), utc(expected))


# ------------------------------------------------------------------ series


def series(schedule: Schedule, first: date, count: int) -> Iterator[Slot]:
    """The slots from that day on, each served a few seconds late."""
    slot = schedule.next_slot(shown(datetime.combine(first, schedule.time), schedule.zone), False)
    for _ in range(count):
        yield slot
        served_at = slot.due + timedelta(seconds=3)
        slot = schedule.next_slot(served_at, False, served_date(slot.due, served_at, slot.at))


def assert_one_a_day(schedule: Schedule, first: date, count: int) -> None:
    interval = schedule.interval_days * DAY
    slots = list(series(schedule, first, count))
    days = [local(slot.due, schedule.zone).date() for slot in slots]
    assert all(b - a == interval for a, b in pairwise(days)), (schedule, first)
    gaps = [b.due - a.due for a, b in pairwise(slots)]
    assert all(abs(gap - interval) <= LONGEST_CHANGE for gap in gaps), (schedule, first)


@cache
def changes() -> dict[tuple[tuple[int, timedelta], ...], str]:
    """Days on which clocks are changed, from `FIRST` on, with the new offset; a zone for each."""
    found: dict[tuple[tuple[int, timedelta], ...], str] = {}
    days = [datetime.combine(FIRST, time(), UTC) + number * DAY for number in range(TEN_YEARS)]
    for name in _distinct():
        offsets = [day.astimezone(zone(name)).utcoffset() or timedelta(0) for day in days]
        changed = [n for n in range(TEN_YEARS) if n == 0 or offsets[n] != offsets[n - 1]]
        found.setdefault(tuple((n, offsets[n]) for n in changed), name)
    return found


def _distinct() -> list[str]:
    """One name of all that have the same data."""
    data = {name: files("tzdata").joinpath("zoneinfo", *name.split("/")) for name in zone_names()}
    return sorted({path.read_bytes(): name for name, path in sorted(data.items())}.values())


TIMES = [time(hour, minute) for hour in (0, 1, 2, 3, 4, 22, 23) for minute in (0, 15, 30, 59)]
SPREADS = [timedelta(0), timedelta(minutes=45), timedelta(hours=23, minutes=58, seconds=11)]


def test_every_zone_has_one_slot_a_day_where_its_clocks_are_changed() -> None:
    seen = set()
    for days, name in changes().items():
        for (_, before), (number, after) in pairwise(days):
            day = FIRST + number * DAY
            kind = (name, before, after, day.year in (2026, 2031, 2035), day.month)
            if kind in seen:
                continue
            seen.add(kind)
            for at in TIMES:
                for spread in SPREADS:
                    assert_one_a_day(Schedule(1, at, zone(name), spread), day - 4 * DAY, 6)
    assert len(seen) > 100


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/Nuuk", "Africa/Casablanca"])
def test_a_daily_rotation_at_half_past_eleven_with_a_spread_of_an_hour_rotates_every_day(
    name: str,
) -> None:
    for spread in (timedelta(minutes=15), timedelta(minutes=45)):
        assert_one_a_day(Schedule(1, time(23, 30), zone(name), spread), FIRST, TEN_YEARS)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("interval", [1, 7, 30])
@pytest.mark.parametrize("at", [time(0, 0), time(2, 30), time(23, 30)])
def test_every_zone_has_one_slot_a_day_for_ten_years(at: time, interval: int) -> None:
    for name in zone_names():
        for spread in SPREADS:
            schedule = Schedule(interval, at, zone(name), spread)
            assert_one_a_day(schedule, FIRST, TEN_YEARS // interval)


# ------------------------------------------------------------------ any zone, any time

PATIENT = settings(deadline=None)
ZONES = st.sampled_from(sorted(zone_names())).map(zone)
INSTANTS = st.datetimes(
    datetime.fromisoformat("2026-01-01"),
    datetime.fromisoformat("2036-01-01"),
    timezones=st.just(UTC),
)
SCHEDULES = st.builds(
    Schedule,
    st.integers(1, 3650),
    st.times(timezones=st.none()).map(lambda at: time(at.hour, at.minute)),
    ZONES,
    st.integers(0, 24 * 3600 - 1).map(lambda seconds: timedelta(seconds=seconds)),
)


@PATIENT
@given(SCHEDULES, INSTANTS)
def test_after_a_manual_rotation_a_whole_interval_passes_and_a_day_more_at_most(
    schedule: Schedule, last: datetime
) -> None:
    gap = schedule.next_slot(last, True).due - last
    interval = schedule.interval_days * DAY
    assert interval - LONGEST_CHANGE <= gap <= interval + DAY + LONGEST_CHANGE


@PATIENT
@given(SCHEDULES, INSTANTS)
def test_after_an_automatic_rotation_the_gap_is_within_a_day_and_a_change_of_the_interval(
    schedule: Schedule, last: datetime
) -> None:
    gap = schedule.next_slot(last, False).due - last
    assert abs(gap - schedule.interval_days * DAY) <= DAY + LONGEST_CHANGE
    assert gap > timedelta(0)


@PATIENT
@given(SCHEDULES, INSTANTS, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_slot_that_is_served_late_never_makes_the_next_one_due_at_once(
    schedule: Schedule, last: datetime, delay: timedelta
) -> None:
    slot = schedule.next_slot(last, False)
    served_at = slot.due + delay
    series_from = served_date(slot.due, served_at, slot.at)
    following = schedule.next_slot(served_at, False, series_from)
    assert following.due > served_at
    if delay < 20 * HOUR:
        assert local(following.at, schedule.zone).date() == (
            local(slot.at, schedule.zone).date() + schedule.interval_days * DAY
        )


@PATIENT
@given(INSTANTS, st.integers(1, 3650), st.integers(0, 23), st.integers(0, 59), st.booleans())
def test_in_utc_it_is_the_seeds_rule(
    last: datetime, interval: int, hour: int, minute: int, manual: bool
) -> None:
    slot = Schedule(interval, time(hour, minute), zone("UTC")).next_slot(last, manual)
    assert slot.due == slot.at == next_rotation_at(last, interval, hour, minute, manual)
