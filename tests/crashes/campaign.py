"""Runs a scenario once undisturbed, and then once for each boundary of that run, side by side."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.crashes import judge
from tests.crashes.consumer import Tally
from tests.crashes.scenarios import Scenario
from tests.crashes.stage import PATIENCE, Place, Stage
from tests.crashes.wire import ENDS, Boundary, Call, Side, Strike

SIDE_BY_SIDE = 16
"""Cases at a time: most of them wait."""

TRIES = 3
"""Of a boundary that a run may pass by, since a slow one reports more often on its way."""


@dataclass
class Case:
    """One run of a scenario, with or without a death in it."""

    scenario: Scenario
    strike: Strike | None
    was_struck: bool = False
    complaints: list[str] = field(default_factory=list)
    took: float = 0.0
    """Seconds to end in, where it was asked to."""
    calls: list[Call] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)

    def __str__(self) -> str:
        return f"{self.scenario.title}, {self.strike}" if self.strike else self.scenario.title


@dataclass
class Campaign:
    """All runs of one scenario."""

    clean: Case
    cases: list[Case]
    seconds: float

    @property
    def failures(self) -> list[str]:
        found = [self.clean, *self.cases]
        return [f"{case}: {text}" for case in found for text in case.complaints]

    @property
    def boundaries(self) -> list[Boundary]:
        return [call.boundary for call in self.clean.calls]


def conduct(
    place: Place,
    scenario: Scenario,
    sides: Sequence[Side],
    only: Callable[[Call], bool] = lambda call: True,
) -> Campaign:
    """Raises nothing: what went wrong is among the failures."""
    since = time.monotonic()
    clean = _play(place, scenario, None)
    calls = list(filter(only, clean.calls))
    strikes = [Strike(call.boundary, side) for call in calls for side in sides]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        cases = list(pool.map(lambda strike: _struck(place, scenario, strike), strikes))
    return Campaign(clean, cases, time.monotonic() - since)


def assert_survived(
    campaigns: list[Campaign], place: Place, scenario: Scenario, sides: Sequence[Side]
) -> None:
    """At each boundary of the scenario, by each of these sides."""
    campaign = conduct(place, scenario, sides)
    campaigns.append(campaign)
    assert not campaign.failures, "\n".join(campaign.failures)
    deaths = [case.strike for case in campaign.cases if case.was_struck]
    assert len(set(deaths)) == len(campaign.boundaries) * len(sides) > 0


def _struck(place: Place, scenario: Scenario, strike: Strike) -> Case:
    for _ in range(TRIES):
        case = _play(place, scenario, strike)
        if case.was_struck or case.complaints:
            return case
    case.complaints.append(f"not reached in {TRIES} runs")
    return case


def _play(place: Place, scenario: Scenario, strike: Strike | None) -> Case:
    case = Case(scenario, strike)
    with _complaining(case), contextlib.closing(Stage(place)) as stage:
        with _complaining(case):
            case.complaints.extend(_acts(stage, case))
        case.tally = stage.end_consumer()
        must_sign_in = scenario.lives and bool(case.calls)
        case.complaints.extend(judge.of_the_consumer(case.tally, must_sign_in))
    return case


@contextlib.contextmanager
def _complaining(case: Case) -> Iterator[None]:
    try:
        yield
    except Exception:
        case.complaints.append(traceback.format_exc())


def _acts(stage: Stage, case: Case) -> Iterator[str]:
    scenario = case.scenario
    stage.connect()
    stage.start()
    stage.until_connected()
    scenario.stage(stage)
    stage.settle()
    then = judge.before(stage)
    stage.begin_consumer(scenario.promise)
    stage.wire.begin(case.strike)
    scenario.trigger(stage)

    ended = _once_per_news(stage, lambda: judge.has_ended(stage, scenario, then))
    if case.strike is not None:
        stage.until(
            lambda: stage.wire.struck.is_set() or (ended() and stage.is_still()),
            "a death",
            PATIENCE,
        )
        case.was_struck = stage.wire.struck.is_set()
        if not case.was_struck:
            return
        if case.strike.side in ENDS:
            case.took, code = stage.await_end()
            yield from judge.of_the_shutdown(case.took, code, stage.logs())
        stage.until(stage.wire.is_quiet, "what was under way has come to its end")
        if stage.wire.was_left:
            yield "it ended before its call was answered"
        yield from judge.at_death(stage, scenario, then)
        stage.start()
    yield from _undisturbed(stage, ended, lambda: list(judge.at_end(stage, scenario, then)))
    case.calls = list(stage.wire.calls)


def _undisturbed(
    stage: Stage, ended: Callable[[], bool], verdict: Callable[[], list[str]]
) -> list[str]:
    """The verdict on an end during which nothing happened: one that failed is tried again."""
    while True:
        stage.until(lambda: stage.is_still() and ended(), "its end", PATIENCE)
        complaints = verdict()
        if stage.is_still():
            return complaints


def _once_per_news(stage: Stage, holds: Callable[[], bool]) -> Callable[[], bool]:
    """The same answer until the operator does something: reads cost more than they tell."""
    answer = False

    def asked() -> bool:
        nonlocal answer
        if stage.wire.has_news():
            answer = holds()
        return answer

    return asked
