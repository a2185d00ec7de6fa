"""What the explorer says comes of a pass is what `Engine.run` makes of it.

The explorer takes a pass apart into single steps, each of them canonical. Here whole passes of the
real engine run from worlds of every kind, undisturbed and with each fault at each decision, and
must leave what the steps lead to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from okta_rotator.rotation.decisions import Decision, Verdict
from okta_rotator.rotation.engine import _READS
from tests.explorer import hands
from tests.explorer.bench import Bench, decision_on
from tests.explorer.configurations import SMALL
from tests.explorer.explore import Budget, Configuration, Explorer
from tests.explorer.forms import World
from tests.explorer.outcomes import Outcome, calls_of, fault_of, possible
from tests.unit.rotation.faults import Call, Fault

pytestmark = pytest.mark.no_cover

COMPARED = (
    Outcome.FAILS,
    Outcome.LOST,
    Outcome.RACE,
    Outcome.CRASH_BEFORE,
    Outcome.CRASH_AFTER,
)
"""Late effects are the same to the engine as lost ones, so they are left out."""

COMPARABLE = tuple(one for one in SMALL if one.first.older is None)
"""What a stale list shows is kept step by step, which a whole pass cannot do."""

READ_BEFORE = 2
"""The reads of Secrets with which each pass begins."""

REACHED, EACH = 600, 8
"""So many worlds of a configuration are reached, and so many idle ones compared, evenly spread."""


def idle_worlds(configuration: Configuration) -> list[World]:
    narrow = replace(configuration, budget=Budget(faults=1, hands=1, dues=1))
    explorer = Explorer(narrow, most=REACHED)
    explorer.run()
    idle = [one for one in explorer.worlds() if one.running is None and not one.gone]
    return idle[:: max(1, len(idle) // EACH)]


def decisions_of_a_pass(configuration: Configuration, world: World) -> list[tuple[World, Decision]]:
    """Each world of an undisturbed pass, with the decision there."""
    passed, at = [], Bench(configuration.setup, world).begun()
    while at.running is not None:
        decision = decision_on(configuration.setup, at)
        passed.append((at, decision))
        at = after(configuration, at, decision, Outcome.DONE)
    return passed


def after(
    configuration: Configuration, world: World, decision: Decision, outcome: Outcome
) -> World:
    left = Bench(configuration.setup, world).after(decision, outcome)
    assert left is not None
    return left


def end_of_pass(configuration: Configuration, world: World) -> World:
    while world.running is not None:
        decision = decision_on(configuration.setup, world)
        world = after(configuration, world, decision, Outcome.DONE)
    return world


def fault_at(passed: list[tuple[World, Decision]], place: int, outcome: Outcome) -> Fault | None:
    """The fault that strikes the call of this decision, and not an earlier call of its name."""
    decision = passed[place][1]
    fault = fault_of(decision, outcome)
    if fault is None:
        return None
    names = calls_of(decision)
    earlier = sum(calls_of(one) == names for _, one in passed[:place])
    shows_progress = place > 0 and "write_status" in names and passed[0][0].told is None
    if "read_secret" in names:
        # The resource is read anew before the first write, and its neighbours once more.
        again = any(not isinstance(one, (*_READS, Verdict)) for _, one in passed[:place])
        neighbours = place + 1 + again if passed[place][0].rival is not None else 0
        earlier += READ_BEFORE + neighbours
    left = [earlier + shows_progress]

    def strikes(call: Call) -> bool:
        if call.name in names:
            left[0] -= 1
        return call.name in names and left[0] < 0

    return replace(fault, strikes=strikes)


def cases(configuration: Configuration, world: World) -> Iterator[tuple[World, list[Fault]]]:
    """What the steps lead to, and the faults to set for the real engine."""
    passed = decisions_of_a_pass(configuration, world)
    yield end_of_pass(configuration, passed[0][0]), []
    for place, (at, decision) in enumerate(passed):
        for outcome in COMPARED:
            fault = fault_at(passed, place, outcome)
            if outcome not in possible(type(decision)) or fault is None:
                continue
            left = Bench(configuration.setup, at).after(decision, outcome)
            if left is not None:
                yield end_of_pass(configuration, left), [fault]


@pytest.mark.parametrize("configuration", COMPARABLE, ids=lambda one: one.name)
async def test_steps_lead_to_where_a_pass_of_the_engine_leads(
    configuration: Configuration,
) -> None:
    compared = 0
    for idle in idle_worlds(configuration):
        world = hands.waking(idle)
        for expected, faults in cases(configuration, world):
            left = await Bench(configuration.setup, world).pass_through(*faults)
            assert left == expected, (idle, faults)
            compared += 1
    assert compared > EACH
