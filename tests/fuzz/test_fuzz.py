"""However a resource was edited, it ends as a fresh one with the same spec would be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from tests.controlplane import ControlPlane
from tests.emulator_client import EmulatorClient
from tests.fuzz.ground import ground, install
from tests.fuzz.sequences import Author, Drawn, Ground, Told, run_all, summary
from tests.fuzz.stories import STORIES


@pytest.fixture(scope="module")
def here(
    control_plane: ControlPlane,
    okta_emulator: EmulatorClient,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Ground]:
    install(control_plane)
    with ground(control_plane, okta_emulator, tmp_path_factory.mktemp("fuzz")) as parts:
        yield parts


def hold(here: Ground, authors: Iterable[Author]) -> None:
    runs = run_all(here, authors)
    print("\n" + summary(runs))
    failed = [run.story() for run in runs if run.failure is not None]
    assert not failed, "\n".join(failed)


@pytest.mark.timeout(300)
def test_edited_resources_end_as_fresh_ones(here: Ground) -> None:
    told = [Told(name, edits) for name, edits in STORIES.items()]
    hold(here, [*told, *(Drawn(seed, edits=10) for seed in range(1, 6))])


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_resources_that_were_edited_often_end_as_fresh_ones(here: Ground) -> None:
    hold(here, [Drawn(seed, edits=20) for seed in range(100, 130)])
