"""What real kubectl makes of the overlays in deploy/."""

from __future__ import annotations

from typing import Any, Final

import yaml

from tests.chart.helm import ROOT, Objects
from tests.controlplane import ControlPlane
from tests.resources import Json

OVERLAYS: Final = ROOT / "deploy" / "overlays"
OF_HELM: Final = {
    "helm.sh/chart",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/version",
    "app.kubernetes.io/managed-by",
}


def build(control_plane: ControlPlane, overlay: str) -> Objects:
    text = control_plane.kubectl("kustomize", str(OVERLAYS / overlay)).stdout
    return Objects(list(yaml.safe_load_all(text)))


def normal(node: Any) -> Any:
    """Without the labels that helm alone knows; lists of named things by name."""
    if isinstance(node, dict):
        return {key: normal(value) for key, value in node.items() if key not in OF_HELM}
    if isinstance(node, list):
        return [normal(one) for one in sorted(node, key=_name)]
    return node


def _name(one: Json | str) -> str:
    return str(one.get("name", "")) if isinstance(one, dict) else ""
