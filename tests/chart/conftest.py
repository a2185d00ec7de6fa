"""Fixtures of all tests of the chart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chart import monitoring
from tests.chart.helm import ROOT, Helm
from tests.cluster.audit import AuditLog
from tests.controlplane import ControlPlane
from tests.emulator_client import EmulatorClient
from tests.scene import Scene


@pytest.fixture(scope="session")
def helm(helm_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """Helm without a cluster."""
    return Helm(helm_program, tmp_path_factory.mktemp("helm"))


@pytest.fixture(scope="session")
def cluster_helm(helm: Helm, control_plane: ControlPlane, prometheus_kinds: None) -> Helm:
    """Helm with the cluster that all tests share."""
    return replace(helm, kubeconfig=control_plane.kubeconfig)


@pytest.fixture(scope="session")
def prometheus_kinds(control_plane: ControlPlane) -> None:
    """The kinds of the Prometheus operator, known to the cluster that all tests share."""
    body = json.dumps({"apiVersion": "v1", "kind": "List", "items": monitoring.crds()})
    control_plane.kubectl("apply", "-f", "-", input=body)
    control_plane.kubectl("wait", "--for=condition=Established", "-f", "-", input=body)


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> AuditLog:
    """What is asked of the API server of `cluster`."""
    return AuditLog(tmp_path_factory.mktemp("audit"))


@pytest.fixture(scope="module")
def cluster(audit: AuditLog) -> Iterator[ControlPlane]:
    """A cluster of its own: helm owns the CRDs in it, and an operator looks after all of it."""
    with ControlPlane(*audit.flags) as running:
        yield running


@pytest.fixture
def scene(cluster: ControlPlane, okta_emulator: EmulatorClient, tmp_path: Path) -> Iterator[Scene]:
    """A story in a namespace of `cluster`."""
    stage = Scene(cluster, cluster.create_namespace(), okta_emulator, tmp_path)
    yield stage
    stage.close()


@pytest.fixture(scope="session")
def crds(control_plane: ControlPlane) -> None:
    """Our kinds, served by the cluster that all tests share."""
    control_plane.kubectl("apply", "-f", str(ROOT / "crds"))
    control_plane.kubectl("wait", "--for=condition=Established", "-f", str(ROOT / "crds"))
