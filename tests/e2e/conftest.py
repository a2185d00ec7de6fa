"""Fixtures of the end-to-end tests: the CRDs, and a scene a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controlplane import ControlPlane
from tests.emulator_client import EmulatorClient
from tests.scene import Scene

CRDS = Path(__file__).parents[2] / "crds"


@pytest.fixture(scope="session")
def crds(control_plane: ControlPlane) -> None:
    control_plane.kubectl("apply", "-f", str(CRDS))
    control_plane.kubectl("wait", "--for=condition=Established", "-f", str(CRDS))


@pytest.fixture
def scene(
    control_plane: ControlPlane,
    crds: None,
    namespace: str,
    okta_emulator: EmulatorClient,
    tmp_path: Path,
) -> Iterator[Scene]:
    """A namespace in which nothing runs yet."""
    stage = Scene(control_plane, namespace, okta_emulator, tmp_path)
    yield stage
    stage.close()


@pytest.fixture(scope="module")
def stage(
    control_plane: ControlPlane,
    crds: None,
    okta_emulator: EmulatorClient,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    """A namespace with an operator and a connection, for all tests of a file."""
    folder = tmp_path_factory.mktemp("stage")
    shared = Scene(control_plane, control_plane.create_namespace(), okta_emulator, folder)
    shared.connect()
    shared.operator()
    shared.until_connected()
    yield shared
    shared.close()


@pytest.fixture
def running(stage: Scene) -> Scene:
    """An app and a resource's name of this test's own; the operator runs already."""
    return stage.another()


@pytest.fixture
def ready(running: Scene) -> Scene:
    """A resource whose first secret is published."""
    running.rotate()
    running.until_ready()
    return running
