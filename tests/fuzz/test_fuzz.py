"""However a resource was edited, it ends as a fresh one with the same spec would be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.controlplane import ControlPlane
from tests.emulator_client import EmulatorClient
from tests.fuzz.ground import ground, install
from tests.fuzz.sequences import Ground, run_all, summary


@pytest.fixture(scope="module")
def here(
    control_plane: ControlPlane,
    okta_emulator: EmulatorClient,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Ground]:
    install(control_plane)
    with ground(control_plane, okta_emulator, tmp_path_factory.mktemp("fuzz")) as parts:
        yield parts


def hold(here: Ground, seeds: range, edits: int) -> None:
    runs = run_all(here, seeds, edits, at_once=4)
    print("\n" + summary(runs))
    failed = [run.story() for run in runs if run.failure is not None]
    assert not failed, "\n".join(failed)


@pytest.mark.timeout(300)
def test_a_few_edited_resources_end_as_fresh_ones(here: Ground) -> None:
    hold(here, range(1, 7), edits=10)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_edited_resources_end_as_fresh_ones(here: Ground) -> None:
    hold(here, range(100, 130), edits=20)
