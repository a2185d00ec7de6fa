"""Fixtures of the crash tests: what all cases share, and the account at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.proxy import Proxies
from tests.controlplane import ControlPlane
from tests.crashes.campaign import Campaign
from tests.crashes.stage import Place
from tests.okta_fixtures import emulator_process

CRDS = Path(__file__).parents[2] / "crds"


@pytest.fixture(scope="module")
def place(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    control_plane.kubectl("apply", "-f", str(CRDS))
    control_plane.kubectl("wait", "--for=condition=Established", "-f", str(CRDS))
    with emulator_process() as okta, Proxies() as proxies:
        yield Place(control_plane, okta, proxies, tmp_path_factory.mktemp("crashes"))


@pytest.fixture(scope="module")
def campaigns(request: pytest.FixtureRequest) -> Iterator[list[Campaign]]:
    """Those that were conducted; an account of them is printed after the last."""
    conducted: list[Campaign] = []
    yield conducted
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(_account(conducted))


def _account(campaigns: list[Campaign]) -> str:
    cases = [case for campaign in campaigns for case in campaign.cases]
    tallies = [case.tally for case in (*cases, *(campaign.clean for campaign in campaigns))]
    figures = {
        "scenarios": len(campaigns),
        "boundaries": sum(len(campaign.boundaries) for campaign in campaigns),
        "deaths": sum(case.was_struck for case in cases),
        "survived": sum(case.was_struck and not case.complaints for case in cases),
        "sign-ins of apps": sum(tally.attempts for tally in tallies),
        "refused": sum(tally.refused for tally in tallies),
        "without a Secret": sum(tally.missing for tally in tallies),
        "longest end": f"{max((case.took for case in cases), default=0.0):.1f} s",
        "seconds": round(sum(campaign.seconds for campaign in campaigns)),
    }
    return "\n" + ", ".join(f"{name}: {figure}" for name, figure in figures.items())
