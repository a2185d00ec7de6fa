"""The chart on a cluster, by real helm, and its processes, which nothing here would start.

There is no kubelet: a Deployment makes no pods and a Job does not run. The tests start what their
containers say, as the ServiceAccounts that they name.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tests.chart.helm import CHART, NAMESPACE, RELEASE, Helm, Objects, Values, key
from tests.cluster.audit import Right, rights_given
from tests.cluster.deployed import kubeconfig_of
from tests.controlplane import ControlPlane
from tests.operator_process import SOURCES, OperatorProcess
from tests.resources import Json
from tests.scene import Scene

CLUSTER: Final = ""
"""In place of a namespace: all of them, and what is in none."""
_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Release:
    """One release, as README.md installs it, and the cluster that it is on."""

    control_plane: ControlPlane
    helm: Helm
    values: Values
    namespace: str = NAMESPACE

    @classmethod
    def on(cls, control_plane: ControlPlane, helm: Helm, values: Values, **where: str) -> Release:
        known = replace(helm, kubeconfig=control_plane.kubeconfig)
        return cls(control_plane, known, values, **where)

    def install(self, chart: Path = CHART) -> str:
        """Or upgrade what is there."""
        args = ("upgrade", "--install", RELEASE, str(chart), "-f", "-", "--create-namespace")
        return self.helm.run(*args, *self._here, values=self.values)

    def uninstalling(self) -> AbstractContextManager[None]:
        """Under way while the block runs: helm waits for the Job of the hook."""
        return self.helm.running("uninstall", RELEASE, *self._here)

    def remove(self) -> None:
        """Uninstall it without its hook."""
        self.helm.run("uninstall", RELEASE, "--no-hooks", *self._here)

    @property
    def rendered(self) -> Objects:
        return self.helm.render(self.values, namespace=self.namespace)

    @property
    def _here(self) -> tuple[str, ...]:
        return ("--namespace", self.namespace)

    def get(self, kind: str, name: str, namespace: str | None = None) -> Json | None:
        """What the cluster has, or None."""
        place = ("-n", namespace or self.namespace)
        done = self.control_plane.kubectl("get", kind, name, *place, "-o", "json", check=False)
        return dict(json.loads(done.stdout)) if done.returncode == 0 else None

    # Processes

    def start(self, scene: Scene, namespaces: str | None = None) -> OperatorProcess:
        """The operator of a scene, which ends with that; `namespaces` as in `operator`."""
        process = self.operator(scene.folder, namespaces)
        scene._operators.append(process)
        process.start()
        return process

    def operator(self, folder: Path, namespaces: str | None = None) -> OperatorProcess:
        """The container of the Deployment that is on the cluster, as its ServiceAccount.

        `namespaces` in place of those that it looks after.
        """
        deployment = self.get("deployment", RELEASE)
        assert deployment is not None
        spec = deployment["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        assert container["args"] == ["run"]
        kubeconfig = self._admission(spec, folder)
        settings = environment(container, self.namespace)
        level = settings.pop("OKTA_ROTATOR_LOG_LEVEL")
        if namespaces is not None:
            settings["OKTA_ROTATOR_NAMESPACE"] = namespaces
        return OperatorProcess(kubeconfig, folder / "operator.log", level=level, settings=settings)

    def run_job(self, job: Json, folder: Path) -> subprocess.CompletedProcess[str]:
        """The container of a Job, as its ServiceAccount, until it ends."""
        spec = job["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        own = {"KUBECONFIG": str(self._admission(spec, folder)), "PYTHONPATH": str(SOURCES)}
        return subprocess.run(
            [sys.executable, "-m", "okta_rotator.cli", *container["args"]],
            env=os.environ | environment(container, self.namespace) | own,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )

    def _admission(self, spec: Json, folder: Path) -> Path:
        account = spec["serviceAccountName"]
        return kubeconfig_of(self.control_plane, self.namespace, account, folder / account)

    def user(self, account: str) -> str:
        return f"system:serviceaccount:{self.namespace}:{account}"


def environment(container: Json, namespace: str) -> dict[str, str]:
    """What a kubelet would set."""
    fields = {"metadata.namespace": namespace}
    return {
        one["name"]: one["value"]
        if "value" in one
        else fields[one["valueFrom"]["fieldRef"]["fieldPath"]]
        for one in container.get("env", ())
    }


def rights_of(objects: Objects, account: str) -> dict[str, set[Right]]:
    """What the ServiceAccount may do by the bindings among them: by namespace, or CLUSTER."""
    roles = {key(one): one for one in objects.all}
    given: dict[str, set[Right]] = {}
    for binding in (*objects.of_kind("ClusterRoleBinding"), *objects.of_kind("RoleBinding")):
        if account in [subject["name"] for subject in binding["subjects"]]:
            where = binding["metadata"].get("namespace", CLUSTER)
            role = roles[binding["roleRef"]["kind"], where, binding["roleRef"]["name"]]
            given.setdefault(where, set()).update(rights_given(role))
    return given
