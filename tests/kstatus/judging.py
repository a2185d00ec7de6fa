"""Asks the code of kstatus, of Flux and of Argo CD about objects, with the checks that we ship."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from okta_rotator.api.names import GROUP
from tests.resources import Json

GITOPS: Final = Path(__file__).parents[2] / "deploy" / "gitops"
ARGO: Final = GITOPS / "argocd" / "argocd-cm.yaml"
FLUX: Final = GITOPS / "flux" / "kustomization.yaml"
_PREFIX: Final = f"resource.customizations.health.{GROUP}_"


@dataclass(frozen=True, slots=True)
class Said:
    """What each of the tools says of one object."""

    kstatus: str
    flux: str
    argo: str
    argo_message: str


@dataclass(frozen=True, slots=True)
class Judges:
    """The tools' own code, in a program of ours."""

    program: Path

    def judge(self, bodies: Iterable[Mapping[str, Any]]) -> list[Said]:
        lines = [json.dumps(one) for one in ({"argo": argo(), "flux": flux()}, *bodies)]
        done = subprocess.run(
            [self.program], input="\n".join(lines), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        said = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(said) == len(lines) - 1
        return [Said(s["kstatus"], s["flux"], s["argo"], s["argoMessage"]) for s in said]


def argo() -> dict[str, str]:
    """The health checks in Lua, by kind."""
    data = yaml.safe_load(ARGO.read_text())["data"]
    return {key.removeprefix(_PREFIX): script for key, script in data.items()}


def flux() -> dict[str, Json]:
    """The health check expressions, by kind."""
    checks = yaml.safe_load(FLUX.read_text())["spec"]["healthCheckExprs"]
    return {check["kind"]: check for check in checks}
