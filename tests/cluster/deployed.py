"""The operator as deploy/base describes it: its objects, and its process with their rights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.controlplane import ControlPlane
from tests.operator_process import OperatorProcess
from tests.resources import Json

ROOT = Path(__file__).parents[2]
BASE = ROOT / "deploy" / "base"
NAMESPACE, ACCOUNT = "okta-rotator-system", "okta-rotator"
USER = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"


def objects(control_plane: ControlPlane) -> list[Json]:
    """What `kubectl kustomize` makes of the base."""
    text = control_plane.kubectl("kustomize", str(BASE)).stdout
    return list(yaml.safe_load_all(text))


def of_kind(all_objects: list[Json], kind: str) -> Json:
    (found,) = (one for one in all_objects if one["kind"] == kind)
    return found


def pod(deployment: Json) -> Json:
    """The pod that the Deployment would make."""
    template = deployment["spec"]["template"]
    return {"apiVersion": "v1", "kind": "Pod", **template, "metadata": {"name": "it"}}


def settings(deployment: Json) -> tuple[list[str], dict[str, str | None]]:
    """The arguments and the environment of the Deployment's container; None: from elsewhere."""
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return container["args"], {one["name"]: one.get("value") for one in container.get("env", ())}


def install(control_plane: ControlPlane) -> None:
    """As the quickstart says: the CRDs, then the base."""
    control_plane.kubectl("apply", "-f", str(ROOT / "crds"))
    control_plane.kubectl("wait", "--for=condition=Established", "-f", str(ROOT / "crds"))
    control_plane.kubectl("apply", "-k", str(BASE))


def operator(control_plane: ControlPlane, folder: Path, *flags: str) -> OperatorProcess:
    """An operator for the whole cluster that is nobody but the base's service account."""
    kubeconfig = folder / "kubeconfig"
    admin = json.loads(control_plane.kubeconfig.read_text())
    kubeconfig.write_text(json.dumps(_with_token(admin, _token(control_plane))))
    return OperatorProcess(kubeconfig, folder / "operator.log", *flags)


def _token(control_plane: ControlPlane) -> str:
    return control_plane.kubectl("create", "token", ACCOUNT, "-n", NAMESPACE).stdout.strip()


def _with_token(config: Json, token: str) -> dict[str, Any]:
    (user,) = config["users"]
    return {**config, "users": [{"name": user["name"], "user": {"token": token}}]}
