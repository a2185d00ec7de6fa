"""Drawn orders of events never let two write at once; and planted bugs are found by them."""

from __future__ import annotations

import pytest

from okta_rotator.cluster import lease
from tests.unit.lease_machine import Election

STEPS = 400
SEEDS = 400
BUG = "two may write"


def search(kind: type[Election], seeds: range) -> int:
    """How many have led, in all."""
    leaders = 0
    for seed in seeds:
        election = kind(seed)
        election.run(STEPS)
        leaders += len(election.leaders)
    return leaders


def test_two_never_write_at_once() -> None:
    assert search(Election, range(SEEDS)) > 5 * SEEDS


@pytest.mark.slow
def test_two_never_write_at_once_in_many_more_orders() -> None:
    search(Election, range(SEEDS, 200 * SEEDS))


class CountsFromTheAnswer(Election):
    count_from = staticmethod(lambda _, now: now)


class SeesFromTheSending(Election):
    seen_at = staticmethod(lambda request, _: request.sent_at)


class WritesWithoutTheVersion(Election):
    is_guarded = False


@pytest.mark.parametrize("bug", [CountsFromTheAnswer, SeesFromTheSending, WritesWithoutTheVersion])
def test_a_planted_bug_is_found(bug: type[Election]) -> None:
    with pytest.raises(AssertionError, match=BUG):
        search(bug, range(SEEDS))


@pytest.mark.parametrize(("name", "value"), [("MARGIN", -0.7), ("GIVEN_UP", 30)])
def test_wrong_figures_are_found(name: str, value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim that outlasts what was promised; a hand's wiping taken for a giving up."""
    monkeypatch.setattr(lease, name, value)
    with pytest.raises(AssertionError, match=BUG):
        search(Election, range(SEEDS))
