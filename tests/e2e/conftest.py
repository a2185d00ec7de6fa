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
    stage = Scene(control_plane, namespace, okta_emulator, tmp_path)
    yield stage
    stage.close()
