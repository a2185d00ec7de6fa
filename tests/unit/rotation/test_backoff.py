"""When a failed rotation is tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okta_rotator.rotation.backoff import hashed_fraction, next_attempt_at
from tests.unit.rotation.faults import START

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("failures", "minutes"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (10_000, 60)]
)
def test_the_delay_doubles_to_an_hour_less_at_most_a_fifth(failures: int, minutes: int) -> None:
    delay = next_attempt_at(START, failures, "uid") - START
    assert minutes * MINUTE * 0.8 <= delay <= minutes * MINUTE


def test_a_count_below_one_is_taken_as_one() -> None:
    assert timedelta(0) < next_attempt_at(START, 0, "uid") - START <= MINUTE


@given(st.integers(1, 100), st.text(alphabet="0123456789abcdef-"))
def test_every_pass_computes_the_same(failures: int, uid: str) -> None:
    first = next_attempt_at(START, failures, uid)
    assert first == next_attempt_at(START, failures, uid)
    assert START < first <= START + timedelta(hours=1)


def test_resources_do_not_come_again_all_at_once() -> None:
    moments = {next_attempt_at(START, 7, f"uid-{n}") for n in range(100)}
    assert len(moments) == 100
    assert max(moments) - min(moments) > timedelta(minutes=8)


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_a_hashed_fraction_is_from_0_to_below_1(text: str) -> None:
    assert 0 <= hashed_fraction(text) < 1
