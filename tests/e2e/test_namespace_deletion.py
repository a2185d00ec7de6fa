"""A namespace that is deleted with everything in it, while the operator runs."""

from __future__ import annotations

import pytest

from tests.controlplane.process import Daemon
from tests.scene import Scene

PATIENCE = 45.0


@pytest.mark.parametrize("everywhere", [True, False], ids=["cluster-wide", "of that namespace"])
def test_a_namespace_goes_while_the_operator_runs_and_okta_is_left_alone(
    scene: Scene, controller_manager: Daemon, everywhere: bool
) -> None:
    # A namespace that goes takes the Roles in it along: see README.md of the chart.
    scene.kubeconfig = scene.control_plane.kubeconfig
    operator = scene.operator(everywhere=everywhere)
    scene.connect()
    scene.rotate({"spec.deletionPolicy.secret": "Delete"})
    scene.until_ready()
    scene.rotate_by_hand("second")
    held, heard = scene.okta_secrets(), scene.listen()
    scene.control_plane.kubectl("delete", "namespace", scene.namespace, "--wait=false")
    scene.until(lambda: is_gone(scene), "the namespace is gone", PATIENCE)
    assert scene.okta_secrets() == held
    assert set(heard()) <= {"introspect", "list", "read app"}
    assert operator.get("/livez").status_code == 200
    assert "Traceback" not in operator.output()


def is_gone(scene: Scene) -> bool:
    found = scene.control_plane.kubectl("get", "namespace", scene.namespace, "--ignore-not-found")
    return not found.stdout
