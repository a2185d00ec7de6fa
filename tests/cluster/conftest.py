"""Fixtures of all tests on a control plane."""

from pathlib import Path

import pytest

from tests.controlplane.cluster import ControlPlane

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def crds(control_plane: ControlPlane) -> None:
    """Our kinds, served by the control plane."""
    control_plane.kubectl("apply", "-f", str(ROOT / "crds"))
    established = ["--for=condition=Established", "--timeout=30s"]
    control_plane.kubectl("wait", *established, "-f", str(ROOT / "crds"))
