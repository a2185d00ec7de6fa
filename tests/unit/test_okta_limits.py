"""What may be sent without meeting a limit: the pure core, by a clock that the test holds."""

from datetime import datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from okta_rotator.okta.calls import Endpoint
from okta_rotator.okta.limits import (
    BUCKETS,
    LONGEST_WAIT,
    MARGIN,
    SMALLEST_LIMIT,
    WINDOW,
    Allowance,
    Concurrency,
    Rate,
    read_rate,
)
from tests.unit.okta_org import NOW

RESET = 1_000_060


def rate(remaining: int, limit: int = 50, reset: int = RESET, seconds: float = 60) -> Rate:
    return Rate(limit, remaining, reset, seconds)


def learned(allowance: Allowance, found: Rate, now: float = 0) -> Allowance:
    """After one call with that answer."""
    is_probe = allowance.sent(now)
    allowance.learn(found, now)
    allowance.done(is_probe, is_answered=True)
    return allowance


def sendable(allowance: Allowance, now: float = 0, most: int = 1000) -> int:
    """How many calls may be sent at once."""
    count = 0
    while count < most and allowance.may_send(now):
        allowance.sent(now)
        count += 1
    return count


def test_every_call_has_its_bucket() -> None:
    assert set(BUCKETS) == set(Endpoint)


def test_before_the_first_answer_one_call_is_sent_alone() -> None:
    assert sendable(Allowance(80)) == 1


@pytest.mark.parametrize(
    ("percent", "limit", "remaining", "sends"),
    [
        (80, 50, 49, 39),
        (80, 50, 30, 20),
        (80, 50, 11, 1),
        (80, 50, 10, 0),
        (80, 50, 0, 0),
        (100, 50, 49, 49),
        (1, 50, 49, 0),
        (50, 10, 9, 4),
        (80, 1, 0, 0),
    ],
)
def test_a_share_of_the_window_is_spent_whoever_spends_the_rest(
    percent: int, limit: int, remaining: int, sends: int
) -> None:
    allowance = learned(Allowance(percent), rate(remaining, limit))

    assert sendable(allowance) == sends


def test_the_smallest_share_is_one_call_a_window() -> None:
    allowance = learned(Allowance(1), rate(49))

    assert not allowance.may_send(59.9)
    assert sendable(allowance, 60) == 1


def test_in_a_new_window_one_call_learns_and_the_others_follow() -> None:
    allowance = learned(Allowance(80), rate(10))
    assert not allowance.may_send(59)
    assert allowance.opens_at(59) == 60

    assert sendable(allowance, 60) == 1
    allowance.learn(rate(49, reset=RESET + 60), 60.1)
    allowance.done(is_probe=True, is_answered=True)

    assert sendable(allowance, 60.1) == 39


def test_answers_that_come_late_and_out_of_order_free_nothing() -> None:
    allowance = learned(Allowance(80), rate(49))
    for _ in range(3):
        allowance.sent(0)
    for remaining in (46, 48, 47):
        allowance.learn(rate(remaining), 0)
        allowance.done(is_probe=False, is_answered=True)

    assert sendable(allowance) == 36


def test_a_late_answer_of_a_former_window_holds_nobody_up_for_long() -> None:
    allowance = learned(Allowance(80), rate(10))
    learned(allowance, rate(49, reset=RESET + 60), 60)

    learned(allowance, rate(3, seconds=1.5), 60.1)

    assert not allowance.may_send(61.5)
    assert allowance.opens_at(60.2) == pytest.approx(61.6)
    assert sendable(allowance, 61.6) == 39


def test_of_the_windows_of_the_org_and_of_the_token_both_bind() -> None:
    allowance = learned(Allowance(80), rate(25, limit=100, reset=RESET + 40, seconds=100))
    learned(allowance, rate(12))

    assert sendable(allowance) == 2
    assert sendable(allowance, 60) == 3


def test_the_earliest_end_that_an_answer_allows_is_taken() -> None:
    allowance = learned(Allowance(80), rate(30, seconds=61))
    learned(allowance, rate(29, seconds=60.3), 0.1)
    learned(allowance, rate(28, seconds=61), 0.2)

    assert allowance.opens_at(1) == pytest.approx(60.4)


def test_a_window_that_lasts_longer_than_it_said_is_asked_one_by_one() -> None:
    allowance = learned(Allowance(80), rate(10))

    learned(allowance, rate(9, seconds=1), 60)

    assert not allowance.may_send(60.5)
    assert sendable(allowance, 61) == 1


def test_a_servers_clock_that_is_set_back_is_followed() -> None:
    allowance = learned(Allowance(80), rate(10))

    learned(allowance, rate(49, reset=RESET - 5000), 60)

    assert sendable(allowance, 60) == 39


def test_a_refusal_without_headers_closes_for_a_window() -> None:
    allowance = Allowance(80)
    allowance.refuse(5)

    assert not allowance.may_send(5 + WINDOW - 0.1)
    assert sendable(allowance, 5 + WINDOW) == 1


def test_where_nothing_answers_as_many_may_learn_of_it_as_is_surely_safe() -> None:
    allowance = Allowance(80)
    allowance.done(allowance.sent(0), is_answered=False)
    assert sendable(allowance) == SMALLEST_LIMIT * 80 // 100

    known = learned(Allowance(80), rate(10))
    known.done(known.sent(60), is_answered=False)
    assert sendable(known, 60) == 40


def test_after_a_silence_the_first_answer_counts() -> None:
    allowance = Allowance(80)
    allowance.done(allowance.sent(0), is_answered=False)

    learned(allowance, rate(12), 1)

    assert sendable(allowance, 1) == 2


def headers(date: datetime | str, **rates: str) -> httpx.Headers:
    text = date if isinstance(date, str) else format_datetime(date, usegmt=True)
    return httpx.Headers({"Date": text, **{f"X-Rate-Limit-{n}": v for n, v in rates.items()}})


def test_the_end_of_a_window_is_reckoned_by_the_servers_clock() -> None:
    oktas = NOW - timedelta(days=1)
    end = int(oktas.timestamp()) + 25
    found = read_rate(headers(oktas, Limit="50", Remaining="7", Reset=str(end)))

    assert found == Rate(50, 7, end, 25 + MARGIN)


@pytest.mark.parametrize(("end", "seconds"), [(-30, 0), (90_000, LONGEST_WAIT)])
def test_an_end_that_cannot_be_is_bounded(end: int, seconds: float) -> None:
    reset = str(int(NOW.timestamp()) + end)
    found = read_rate(headers(NOW, Limit="50", Remaining="7", Reset=reset))

    assert found is not None
    assert found.seconds == seconds


@pytest.mark.parametrize(
    "partial",
    [
        httpx.Headers(),
        headers(NOW, Limit="50", Remaining="7"),
        headers(NOW, Limit="50", Reset="1"),
        headers(NOW, Limit="fifty", Remaining="7", Reset="1"),
        headers(NOW, Limit="50", Remaining="7", Reset="9" * 400),
        headers("today", Limit="50", Remaining="7", Reset="1"),
    ],
)
def test_headers_that_do_not_say_it_all_say_nothing(partial: httpx.Headers) -> None:
    assert read_rate(partial) is None


def test_the_calls_under_way_keep_to_the_plan() -> None:
    concurrency = Concurrency(80)
    assert concurrency.limit(0) == 28

    concurrency.learn(50)
    assert concurrency.limit(0) == 60

    concurrency.learn(10)
    assert concurrency.limit(0) == 28


def test_a_refusal_for_too_many_halves_them_for_a_while() -> None:
    concurrency = Concurrency(80)
    concurrency.learn(50)

    concurrency.refuse(60, 0)
    assert concurrency.limit(1) == 30
    concurrency.refuse(60, 1)
    assert concurrency.limit(60.9) == 15
    assert concurrency.limit(61) == 60
    for _ in range(20):
        concurrency.refuse(60, 70)
    assert concurrency.limit(70) == 1


def test_what_is_left_is_what_may_be_sent() -> None:
    allowance = Allowance(80)
    assert allowance.budget(0) is None
    learned(allowance, rate(remaining=30))
    assert allowance.budget(0) == (40, 20)
    assert sendable(allowance) == 20
    assert allowance.budget(0) == (40, 0)


def test_nothing_is_left_where_others_have_spent_it_and_all_is_in_the_next_window() -> None:
    allowance = learned(Allowance(80), rate(remaining=2))
    assert allowance.budget(0) == (40, 0)
    assert allowance.budget(61) == (40, 40)
