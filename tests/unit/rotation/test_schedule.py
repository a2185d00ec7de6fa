"""The seed's rule of the next rotation: its seven known cases, and the rule restated."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okta_rotator.rotation.schedule import next_rotation_at, served_date

DAY = timedelta(days=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("last", "interval", "at", "manual", "expected"),
    [
        pytest.param(
            "2026-03-01 10:00", 30, (0, 0), True, "2026-04-01 00:00", id="created, padded"
        ),
        pytest.param(
            "2026-03-01 10:00", 30, (12, 0), True, "2026-03-31 12:00", id="created before the time"
        ),
        pytest.param(
            "2026-03-01 12:00:30", 30, (12, 0), True, "2026-04-01 12:00", id="equal minute pads"
        ),
        pytest.param(
            "2026-03-01 00:00:03", 30, (0, 0), False, "2026-03-31 00:00", id="automatic, on time"
        ),
        pytest.param(
            "2026-03-01 15:00", 30, (0, 0), False, "2026-03-31 00:00", id="automatic but late"
        ),
        pytest.param(
            "2026-03-02 00:10", 30, (23, 0), False, "2026-04-01 23:00", id="ran the next UTC day"
        ),
        pytest.param(
            "2026-03-01 15:00", 1, (0, 0), False, "2026-03-02 00:00", id="daily, late: nine hours"
        ),
    ],
)
def test_the_cases_of_the_seed(
    last: str, interval: int, at: tuple[int, int], manual: bool, expected: str
) -> None:
    assert next_rotation_at(utc(last), interval, *at, manual) == utc(expected)


@pytest.mark.parametrize(
    ("last", "expected"),
    [("2026-03-01 11:59:59", "2026-03-31 12:00"), ("2026-03-01 12:00:00", "2026-04-01 12:00")],
)
def test_the_pad_begins_with_the_very_minute(last: str, expected: str) -> None:
    assert next_rotation_at(utc(last), 30, 12, 0, True) == utc(expected)


@pytest.mark.parametrize(
    ("last", "expected"),
    [("2024-02-28 10:00", "2024-02-29 12:00"), ("2026-12-31 10:00", "2027-01-01 12:00")],
)
def test_leap_days_and_years_are_days_like_others(last: str, expected: str) -> None:
    assert next_rotation_at(utc(last), 1, 12, 0, True) == utc(expected)


INSTANTS = st.datetimes(max_value=datetime.fromisoformat("2100-01-01"), timezones=st.just(UTC))
INTERVALS = st.integers(1, 3650)
HOURS, MINUTES = st.integers(0, 23), st.integers(0, 59)


@given(INSTANTS, INTERVALS, HOURS, MINUTES, st.booleans())
def test_the_rule_restated(
    last: datetime, interval: int, hour: int, minute: int, manual: bool
) -> None:
    days = interval
    if manual and last.hour * 60 + last.minute >= hour * 60 + minute:
        days += 1
    day = date.fromordinal(last.date().toordinal() + days)
    expected = datetime.combine(day, time(hour, minute), UTC)
    assert next_rotation_at(last, interval, hour, minute, manual) == expected


@given(INSTANTS, INTERVALS, HOURS, MINUTES)
def test_after_a_manual_rotation_almost_a_whole_interval_passes_and_less_than_one_day_more(
    last: datetime, interval: int, hour: int, minute: int
) -> None:
    gap = next_rotation_at(last, interval, hour, minute, True) - last
    # The comparison is by the minute: a rotation within the very minute is padded.
    assert timedelta(days=interval) < gap <= timedelta(days=interval + 1)


@given(INSTANTS, INTERVALS, HOURS, MINUTES)
def test_after_an_automatic_rotation_the_gap_is_the_interval_give_or_take_a_day(
    last: datetime, interval: int, hour: int, minute: int
) -> None:
    gap = next_rotation_at(last, interval, hour, minute, False) - last
    assert abs(gap - timedelta(days=interval)) < DAY
    assert gap > timedelta(0)


@given(INSTANTS, INTERVALS, HOURS, MINUTES)
def test_a_series_that_is_served_on_time_never_creeps(
    last: datetime, interval: int, hour: int, minute: int
) -> None:
    first = next_rotation_at(last, interval, hour, minute, True)
    second = next_rotation_at(first, interval, hour, minute, False)
    assert second - first == timedelta(days=interval)


@given(INSTANTS, INTERVALS, HOURS, MINUTES, st.booleans(), st.integers(-12, 14))
def test_only_the_instant_counts_and_not_the_zone_it_is_told_in(
    last: datetime, interval: int, hour: int, minute: int, manual: bool, offset: int
) -> None:
    elsewhere = last.astimezone(timezone(timedelta(hours=offset)))
    told = next_rotation_at(elsewhere, interval, hour, minute, manual)
    assert told == next_rotation_at(last, interval, hour, minute, manual)
    assert told.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 3, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="time zone"):
        next_rotation_at(naive, 30, 0, 0, False)


def test_the_end_of_the_calendar_is_no_error() -> None:
    assert next_rotation_at(utc("9999-12-30 00:00"), 3650, 0, 0, False).year == 9999


@pytest.mark.parametrize(
    ("due", "rotated", "counts_from"),
    [
        pytest.param(None, "2026-03-01 10:00", "2026-03-01 10:00", id="no slot: the instant"),
        pytest.param(
            "2026-03-01 23:59", "2026-03-02 00:10", "2026-03-01 23:59", id="queued past midnight"
        ),
        pytest.param("2026-03-01 23:59", "2026-03-01 23:59", "2026-03-01 23:59", id="at once"),
        pytest.param(
            "2026-03-01 10:00", "2026-03-02 09:59:59", "2026-03-01 10:00", id="almost a day"
        ),
        pytest.param(
            "2026-03-01 10:00", "2026-03-02 10:00", "2026-03-02 10:00", id="a day: starts anew"
        ),
        pytest.param(
            "2026-03-02 10:00", "2026-03-01 10:00", "2026-03-01 10:00", id="a slot of the future"
        ),
    ],
)
def test_the_date_that_a_series_goes_on_from(
    due: str | None, rotated: str, counts_from: str
) -> None:
    slot = None if due is None else utc(due)
    assert served_date(slot, utc(rotated)) == utc(counts_from)


@given(INSTANTS, INTERVALS, HOURS, MINUTES, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_served_slot_never_makes_the_next_one_due_before_it_was_served(
    last: datetime, interval: int, hour: int, minute: int, delay: timedelta
) -> None:
    due = next_rotation_at(last, interval, hour, minute, False)
    rotated = due + delay
    following = next_rotation_at(served_date(due, rotated), interval, hour, minute, False)
    assert following > rotated
