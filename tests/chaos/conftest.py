"""Fixtures of the tests of chaos: proxies, a crowd of consumers, and a ground to build on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos.consumer import Crowd
from tests.chaos.ground import Ground
from tests.chaos.proxy import Proxies
from tests.controlplane import ControlPlane
from tests.emulator_client import EmulatorClient

CRDS = Path(__file__).parents[2] / "crds"

Grounds = Callable[[], Ground]


def serve_crds(control_plane: ControlPlane) -> None:
    control_plane.kubectl("apply", "-f", str(CRDS))
    control_plane.kubectl("wait", "--for=condition=Established", "-f", str(CRDS))


@pytest.fixture(scope="session")
def crds(control_plane: ControlPlane) -> None:
    serve_crds(control_plane)


@pytest.fixture(scope="module")
def neighbours() -> Iterator[Proxies]:
    with Proxies() as running:
        yield running


@pytest.fixture(scope="module")
def crowd(control_plane: ControlPlane, okta_emulator: EmulatorClient) -> Iterator[Crowd]:
    with Crowd(control_plane, okta_emulator.base_url) as running:
        yield running


@pytest.fixture(scope="module")
def grounds(
    control_plane: ControlPlane,
    crds: None,
    okta_emulator: EmulatorClient,
    neighbours: Proxies,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Grounds]:
    """Makes grounds, each with a namespace and ways of its own, on which nothing runs yet."""
    folder = tmp_path_factory.mktemp("grounds")
    made: list[Ground] = []

    def make() -> Ground:
        namespace = control_plane.create_namespace()
        made.append(Ground(control_plane, namespace, okta_emulator, folder, neighbours))
        return made[-1]

    yield make
    for ground in made:
        ground.close()


@pytest.fixture(scope="module")
def shared(grounds: Grounds) -> Ground:
    """A ground with an operator that has its connection, for all tests of a file."""
    made = grounds()
    made.begin()
    return made
