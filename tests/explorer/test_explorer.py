"""Every reachable state of the decision keeps the promises, and leads to rest."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import pytest

from tests.explorer.configurations import LARGE, SMALL
from tests.explorer.explore import Configuration, Findings, explore
from tests.explorer.table import cells_of, printed, summary, unvisited

pytestmark = pytest.mark.no_cover  # To measure coverage would double the time.


@cache
def small_findings() -> list[Findings]:
    """Walked once, by the first test: in its call, for a fixture would be measured."""
    return walked(SMALL)


def walked(configurations: Iterable[Configuration]) -> list[Findings]:
    found = [explore(one) for one in configurations]
    print("\n" + summary(found))
    print(f"states {sum(one.states for one in found)}", end=", ")
    print(f"transitions {sum(one.transitions for one in found)}", end=", ")
    print(f"seconds {sum(one.seconds for one in found):.1f}")
    print(printed(cells_of(found)))
    return found


@pytest.mark.timeout(600)
def test_no_promise_is_broken_and_every_world_comes_to_rest() -> None:
    findings = small_findings()
    assert not any(one.broken for one in findings), summary(findings)


def test_every_decision_met_every_outcome() -> None:
    assert unvisited(cells_of(small_findings())) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("configuration", LARGE, ids=lambda one: one.name)
def test_larger_budgets_find_nothing_more(configuration: Configuration) -> None:
    (found,) = walked([configuration])
    assert not found.broken, summary([found])
