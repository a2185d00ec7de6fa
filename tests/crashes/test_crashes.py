"""The process is killed before and after each of its calls; the next one makes it good.

The boundaries are not listed by hand: they are all requests to Okta and all writes to Kubernetes
(Secrets, status, Events, and kopf's own patches) of a run in which nothing fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.crashes.campaign import Campaign, assert_survived, conduct
from tests.crashes.planted import PLANTED, Patch
from tests.crashes.scenarios import ALL, MANUAL, Scenario
from tests.crashes.stage import Place
from tests.crashes.wire import Side
from tests.okta_fixtures import emulator_process


@pytest.mark.timeout(300)
def test_a_rotation_survives_a_death_after_each_call(
    campaigns: list[Campaign], place: Place
) -> None:
    assert_survived(campaigns, place, MANUAL, [Side.AFTER])


@pytest.mark.timeout(900)
@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.title)
@pytest.mark.parametrize(
    "side",
    [
        pytest.param(Side.AFTER, marks=pytest.mark.crashes),
        pytest.param(Side.BEFORE, marks=pytest.mark.slow),
    ],
)
def test_a_death_at_any_call_is_survived(
    campaigns: list[Campaign], place: Place, side: Side, scenario: Scenario
) -> None:
    assert_survived(campaigns, place, scenario, [side])


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(place: Place, plant: Callable[[Patch], None]) -> None:
    with emulator_process(may_ring=True) as okta:
        planted = replace(place, okta=okta, command=("tests.crashes.planted", plant.__name__))
        found = conduct(planted, MANUAL, [Side.AFTER]).failures
    assert any(PLANTED[plant] in complaint for complaint in found), "\n".join(found)
