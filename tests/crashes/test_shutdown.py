"""The process is asked to end at each of its calls; it does, in time, and the next one goes on.

As in `test_crashes.py`, the calls are all of a run in which nothing fails, and the same judge looks
at what is left. `tests/e2e/test_shutdown.py` looks closer at a rotation by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.crashes.campaign import Campaign, assert_survived, conduct
from tests.crashes.planted import PLANTED_AT_THE_END, Patch
from tests.crashes.scenarios import (
    ADOPTION,
    ALL,
    GOODBYE,
    MANUAL,
    RETIREMENT,
    REVOCATION,
    ROLLBACK,
    Scenario,
)
from tests.crashes.stage import Place
from tests.crashes.wire import ENDS, Call, Side

TURNS = {
    ROLLBACK: "okta: introspect",
    ADOPTION: "okta: introspect",
    RETIREMENT: "okta: deactivate",
    REVOCATION: "okta: delete",
    GOODBYE: "okta: deactivate",
}
"""A call of each in which something is half done."""


def first(name: str) -> Callable[[Call], bool]:
    """Of the calls whose names begin so."""

    def is_meant(call: Call) -> bool:
        return call.boundary.name.startswith(name) and call.boundary.nth == 1

    return is_meant


@pytest.mark.timeout(300)
def test_an_end_amid_what_is_no_rotation(campaigns: list[Campaign], place: Place) -> None:
    def conducted(scenario: Scenario) -> Campaign:
        return conduct(place, scenario, (Side.ANSWERED,), first(TURNS[scenario]))

    with ThreadPoolExecutor(len(TURNS)) as pool:
        found = list(pool.map(conducted, TURNS))
    campaigns.extend(found)
    for campaign in found:
        assert not campaign.failures, "\n".join(campaign.failures)
        assert [case.was_struck for case in campaign.cases] == [True]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.title)
def test_an_end_at_any_call_is_clean_and_gone_on_from(
    campaigns: list[Campaign], place: Place, scenario: Scenario
) -> None:
    assert_survived(campaigns, place, scenario, ENDS)


@pytest.mark.slow
@pytest.mark.parametrize("plant", PLANTED_AT_THE_END, ids=lambda plant: plant.__name__)
def test_a_planted_bug_in_the_end_is_found(place: Place, plant: Callable[[Patch], None]) -> None:
    planted = replace(place, command=("tests.crashes.planted", plant.__name__))
    campaign = conduct(planted, MANUAL, (Side.ANSWERED,), first("okta: read app"))
    assert campaign.cases
    assert not campaign.clean.complaints, campaign.clean.complaints
    found = campaign.failures
    assert any(PLANTED_AT_THE_END[plant] in complaint for complaint in found), "\n".join(found)
