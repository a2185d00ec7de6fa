"""The control plane as pytest fixtures; a plugin, named in the top-level conftest.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controlplane.binaries import find
from tests.controlplane.cluster import PROGRAMS, ControlPlane
from tests.controlplane.errors import ControlPlaneError
from tests.controlplane.process import Daemon

PROGRAMS_OF_FIXTURES = {
    "control_plane": PROGRAMS,
    "new_control_plane": PROGRAMS,
    "controller_manager": ("kube-controller-manager",),
    "judges": ("judges",),
    "promtool": ("promtool",),
    "helm_program": ("helm",),
}


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what the chosen tests need before the first of them, whose timeout a build exceeds.

    Output is not captured here either, so that the progress can be seen.
    """
    if session.config.option.collectonly:
        return
    used = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    try:
        for fixture in sorted(used & PROGRAMS_OF_FIXTURES.keys()):
            for program in PROGRAMS_OF_FIXTURES[fixture]:
                find(program)
    except ControlPlaneError as error:
        # Said once, in place of the same failure in every test that needs the program.
        raise pytest.UsageError(str(error)) from error


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """The control plane that all tests of a run share."""
    with ControlPlane() as running:
        yield running


@pytest.fixture
def new_control_plane() -> Iterator[ControlPlane]:
    """A control plane, not yet started, for a test that stops or breaks it."""
    own = ControlPlane()
    yield own
    own.stop()


@pytest.fixture(scope="session")
def controller_manager(control_plane: ControlPlane) -> Daemon:
    """The shared control plane's controller manager, for tests in which things are deleted."""
    return control_plane.start_controller_manager()


@pytest.fixture(scope="session")
def judges() -> Path:
    """The program that judges a status as GitOps tools do."""
    return find("judges")


@pytest.fixture(scope="session")
def promtool() -> Path:
    """Prometheus' own judge of rules, queries and metrics."""
    return find("promtool")


@pytest.fixture(scope="session")
def helm_program() -> Path:
    """Helm, which installs the chart."""
    return find("helm")


@pytest.fixture
def namespace(control_plane: ControlPlane) -> str:
    """A namespace that no other test uses; it goes with the control plane."""
    return control_plane.create_namespace()
