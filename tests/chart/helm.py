"""Real helm, and what it makes of the chart."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.resources import Json

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "okta-rotator"
RELEASE, NAMESPACE = "okta-rotator", "okta-rotator-system"
"""As README.md installs it, and as deploy/ names it."""

Values = Mapping[str, Any]
_SECONDS = 60.0


class HelmError(Exception):
    """Helm failed; what it said."""


@dataclass(frozen=True)
class Helm:
    """The program, without the user's configuration, plugins and cache."""

    program: Path
    home: Path
    kubeconfig: Path | None = None

    def run(self, *args: str, values: Values | None = None) -> str:
        """Its output. Raises HelmError. Where there are values, `-f -` reads them."""
        done = subprocess.run(
            [self.program, *args],
            input=json.dumps(values or {}),
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise HelmError(done.stderr + done.stdout)
        return done.stdout

    @contextmanager
    def running(self, *args: str) -> Iterator[None]:
        """For a command that waits for what the block does. Raises HelmError."""
        with subprocess.Popen(
            [str(self.program), *args],
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield
            except BaseException:
                process.kill()
                raise
            said, _ = process.communicate(timeout=_SECONDS)
        if process.returncode != 0:
            raise HelmError(said)

    def lint(self, values: Values) -> str:
        return self.run("lint", "--strict", str(CHART), "-f", "-", values=values)

    def render(
        self, values: Values | None = None, release: str = RELEASE, namespace: str = NAMESPACE
    ) -> Objects:
        """Everything that the chart renders, its hooks included."""
        args = ("template", release, str(CHART), "--namespace", namespace, "-f", "-")
        text = self.run(*args, values=values)
        return Objects([one for one in yaml.safe_load_all(text) if one is not None])

    def notes(self, values: Values) -> str:
        """What an install says at its end, whatever is there already."""
        how = ("--dry-run=client", "--take-ownership", "-n", NAMESPACE, "-f", "-")
        told = self.run("install", RELEASE, str(CHART), *how, values=values)
        return told.partition("\nNOTES:\n")[2]

    def _environment(self) -> dict[str, str]:
        config = str(self.kubeconfig or os.devnull)
        return os.environ | {"HOME": str(self.home), "KUBECONFIG": config}


@dataclass(frozen=True)
class Objects:
    """Rendered objects, in helm's order."""

    all: list[Json]

    def of_kind(self, kind: str) -> list[Json]:
        return [one for one in self.all if one["kind"] == kind]

    def one(self, kind: str, name: str = RELEASE) -> Json:
        (found,) = (one for one in self.of_kind(kind) if one["metadata"]["name"] == name)
        return found

    def hooks(self, event: str) -> list[Json]:
        return [one for one in self.all if event in (_hook(one) or "").split(",")]

    @property
    def installed(self) -> Objects:
        """Those of the release: no hooks."""
        return Objects([one for one in self.all if _hook(one) is None])

    @property
    def kinds(self) -> set[str]:
        return {one["kind"] for one in self.all}

    def pods(self) -> list[Json]:
        """Each pod that comes of them, as a manifest of its own."""
        found = [one for one in self.all if one["kind"] in ("Deployment", "Job", "Pod")]
        return [_pod(one) for one in found]


def _hook(one: Json) -> str | None:
    event: str | None = one["metadata"].get("annotations", {}).get("helm.sh/hook")
    return event


def _pod(one: Json) -> Json:
    template = one if one["kind"] == "Pod" else one["spec"]["template"]
    metadata = {**template["metadata"], "name": one["metadata"]["name"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def key(one: Json) -> tuple[str, str, str]:
    """What tells an object from others."""
    metadata = one["metadata"]
    return one["kind"], metadata.get("namespace", ""), metadata["name"]
