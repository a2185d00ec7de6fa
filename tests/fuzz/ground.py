"""The real parts: an operator of its own namespace, and the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.controlplane import ControlPlane
from tests.emulator_client import EmulatorClient
from tests.fuzz.links import STEADY
from tests.fuzz.schema import CRDS
from tests.fuzz.sequences import Ground
from tests.operator_process import ALONE, OperatorProcess
from tests.scene import Scene

HEARTBEAT = "600"
"""Seconds, longer than a run: what is to be done has to be learnt from an event."""


def install(control_plane: ControlPlane) -> None:
    """The CRDs."""
    control_plane.kubectl("apply", "-f", str(CRDS))
    control_plane.kubectl("wait", "--for=condition=Established", "-f", str(CRDS))


@contextmanager
def ground(control_plane: ControlPlane, okta: EmulatorClient, folder: Path) -> Iterator[Ground]:
    namespace = control_plane.create_namespace("fuzz-")
    scene = Scene(control_plane, namespace, okta, folder)
    scene.connect(STEADY)
    log = folder / "operator.log"
    flags = (ALONE, "--heartbeat", HEARTBEAT, "--namespace", namespace)
    operator = OperatorProcess(control_plane.kubeconfig, log, *flags)
    operator.start()
    try:
        scene.until_connected(STEADY)
        yield Ground(control_plane, namespace, okta.base_url, scene.token)
    finally:
        operator.stop()
        scene.close()
