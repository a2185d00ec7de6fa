"""The operator as deploy/ describes it: installed, and its process with its account's rights."""

from __future__ import annotations

import json
from pathlib import Path

from tests.controlplane import ControlPlane
from tests.operator_process import OperatorProcess

ROOT = Path(__file__).parents[2]
OVERLAY = ROOT / "deploy" / "overlays" / "cluster-wide"
NAMESPACE, ACCOUNT = "okta-rotator-system", "okta-rotator"
USER = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"


def install(control_plane: ControlPlane) -> None:
    """As README.md says: the CRDs, then the overlay."""
    control_plane.kubectl("apply", "-f", str(ROOT / "crds"))
    control_plane.kubectl("wait", "--for=condition=Established", "-f", str(ROOT / "crds"))
    control_plane.kubectl("apply", "-k", str(OVERLAY))


def operator(control_plane: ControlPlane, folder: Path, *flags: str) -> OperatorProcess:
    """An operator for the whole cluster that is nobody but the overlay's service account."""
    kubeconfig = kubeconfig_of(control_plane, NAMESPACE, ACCOUNT, folder / "kubeconfig")
    return OperatorProcess(kubeconfig, folder / "operator.log", *flags)


def kubeconfig_of(control_plane: ControlPlane, namespace: str, account: str, path: Path) -> Path:
    """The path, which then lets in as this service account, by a token of the API server."""
    token = control_plane.kubectl("create", "token", account, "-n", namespace).stdout.strip()
    config = json.loads(control_plane.kubeconfig.read_text())
    (user,) = config["users"]
    path.write_text(json.dumps({**config, "users": [{**user, "user": {"token": token}}]}))
    return path
