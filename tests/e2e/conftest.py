"""Fixtures of the end-to-end tests: the CRDs, and a scene a test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chart.helm import Helm
from tests.cluster.deployed import kubeconfig_of
from tests.controlplane import ControlPlane
from tests.emulator_client import EmulatorClient
from tests.scene import Scene

RIGHTS = ("ServiceAccount", "Role", "RoleBinding")
Admit = Callable[[Scene], None]
CRDS = Path(__file__).parents[2] / "crds"


@pytest.fixture(scope="session")
def crds(control_plane: ControlPlane) -> None:
    control_plane.kubectl("apply", "-f", str(CRDS))
    control_plane.kubectl("wait", "--for=condition=Established", "-f", str(CRDS))


@pytest.fixture(scope="session")
def admit(
    control_plane: ControlPlane, helm_program: Path, tmp_path_factory: pytest.TempPathFactory
) -> Admit:
    """Lets the operator of a scene in as the chart does: by its roles for that namespace alone."""
    helm = Helm(helm_program, tmp_path_factory.mktemp("helm"))
    home = control_plane.create_namespace("operators-")

    def admit(scene: Scene) -> None:
        values = {"watchNamespaces": [scene.namespace], "fullnameOverride": scene.namespace}
        objects = helm.render(values, namespace=home).installed
        items = [one for kind in RIGHTS for one in objects.of_kind(kind)]
        body = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        control_plane.kubectl("create", "-f", "-", input=body)
        admitted = scene.folder / "operator.kubeconfig"
        scene.kubeconfig = kubeconfig_of(control_plane, home, scene.namespace, admitted)

    return admit


@pytest.fixture
def scene(
    admit: Admit,
    control_plane: ControlPlane,
    crds: None,
    namespace: str,
    okta_emulator: EmulatorClient,
    tmp_path: Path,
) -> Iterator[Scene]:
    """A namespace in which nothing runs yet."""
    stage = Scene(control_plane, namespace, okta_emulator, tmp_path)
    admit(stage)
    yield stage
    stage.close()


@pytest.fixture(scope="module")
def stage(
    admit: Admit,
    control_plane: ControlPlane,
    crds: None,
    okta_emulator: EmulatorClient,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    """A namespace with an operator and a connection, for all tests of a file."""
    folder = tmp_path_factory.mktemp("stage")
    shared = Scene(control_plane, control_plane.create_namespace(), okta_emulator, folder)
    admit(shared)
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
