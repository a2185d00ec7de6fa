"""Cron schedules, held against an independent reading of them (cronsim)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice, takewhile

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import given, settings
from hypothesis import strategies as st

from okta_rotator.rotation.cron import Cron

DAYS_LOOKED_AT = 800


def fields(
    least: int, most: int, names: str = "", *, steps_from_one: bool = True
) -> st.SearchStrategy[str]:
    """Lists of values, ranges that run forwards and stars, some of them with a step.

    `steps_from_one`: also a value with a step, which means from there to the end of the field.
    """
    named = names.split()
    numbers = st.integers(least, most)
    value = numbers.map(str) if not named else numbers.map(str) | st.sampled_from(named)
    ranges = st.lists(numbers, min_size=2, max_size=2, unique=True).map(sorted)
    spans = st.just("*") | ranges.map(lambda ends: f"{ends[0]}-{ends[1]}")
    begin = spans | value if steps_from_one else spans
    stepped = st.builds("{}/{}".format, begin, st.integers(1, 99))
    return st.lists(value | spans | stepped, min_size=1, max_size=3).map(",".join)


SCHEDULES = st.builds(
    "{} {} {} {} {}".format,
    fields(0, 59),
    fields(0, 23),
    fields(1, 31),
    fields(1, 12, "JAN feb Dec"),
    # cronsim's week ends on Sunday, ours, as Kubernetes' own, on Saturday.
    fields(0, 7, "SUN mon Sat", steps_from_one=False),
)
DATES = st.dates(date(2026, 1, 1), date(2036, 1, 1))


def moments(cron: Cron, first: date) -> Iterator[datetime]:
    for number in range(DAYS_LOOKED_AT):
        day = first + timedelta(days=number)
        if cron.falls_on(day):
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
            for minute in range(1440):
                if cron.minutes_of_day >> minute & 1:
                    yield midnight + timedelta(minutes=minute)


def by_cronsim(schedule: str, first: date) -> Iterator[datetime]:
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    try:
        moments = CronSim(schedule, begin - timedelta(seconds=1))
    except CronSimError:
        return  # It refuses what never comes.
    end = begin + timedelta(days=DAYS_LOOKED_AT)
    yield from takewhile(lambda at: at < end, moments)


@settings(deadline=None)
@given(SCHEDULES, DATES)
def test_a_schedule_is_read_as_others_read_it(schedule: str, first: date) -> None:
    ours = moments(Cron.parse(schedule), first)
    assert list(islice(ours, 40)) == list(islice(by_cronsim(schedule, first), 40))


@pytest.mark.parametrize(
    ("schedule", "same"),
    [
        ("0 22-2 * * *", "0 22,23,0,1,2 * * *"),
        ("0 22-4/2 * * *", "0 22,0,2,4 * * *"),
        ("0 0 30-2 * *", "0 0 30,31,1,2 * *"),
        ("0 0 * NOV-FEB *", "0 0 * 11,12,1,2 *"),
        ("0 0 * * FRI-MON", "0 0 * * 5,6,0,1"),
        ("0 0 * * 6-2/2", "0 0 * * 6,1"),
        ("0 0 * * 5-7", "0 0 * * 5,6,0"),
        ("50-10/10 * * * *", "50,0,10 * * * *"),
    ],
)
def test_a_range_that_runs_backwards_goes_over_the_end(schedule: str, same: str) -> None:
    assert Cron.parse(schedule) == Cron.parse(same)


def test_a_weekday_with_a_step_goes_on_to_saturday() -> None:
    """As in the cron of Kubernetes' CronJob, whose weekdays are 0 to 6."""
    assert Cron.parse("0 0 * * 1/1") == Cron.parse("0 0 * * 1-6")
    assert Cron.parse("0 0 * * 3/2") == Cron.parse("0 0 * * 3,5")


def test_either_of_day_and_weekday_is_enough_where_both_are_given() -> None:
    friday_13th, friday, thirteenth = date(2026, 11, 13), date(2026, 11, 20), date(2026, 10, 13)
    either = Cron.parse("0 0 13 * FRI")
    assert all(map(either.falls_on, (friday_13th, friday, thirteenth)))
    both = Cron.parse("0 0 */12 * FRI")
    assert [both.falls_on(day) for day in (friday_13th, friday, thirteenth)] == [True, False, False]
