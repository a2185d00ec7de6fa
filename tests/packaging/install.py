"""Builds the wheel and installs it as the image does: beside what requirements/run.txt pins alone.

pip takes the pinned packages from a folder of wheels, which `make test` has filled, and checks
their hashes; no network is needed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from packaging.requirements import Requirement

from tests.packaging.interpreter import Interpreter

ROOT = Path(__file__).parents[2]
USER = 65532
WHEELS = ROOT / ".venv/wheels"
OFFLINE = ("--no-index", "--no-deps", "--no-compile", "--disable-pip-version-check")


def build_wheel(folder: Path) -> Path:
    """The wheel, built as the Dockerfile builds it."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*command, "--directory", folder], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def pinned() -> dict[str, str]:
    """The packages of requirements/run.txt that this machine needs, with their versions."""
    lines = re.findall(r"^([\w.-]+==[^\\\n]+)", (ROOT / "requirements/run.txt").read_text(), re.M)
    found = [Requirement(line.strip()) for line in lines]
    wanted = [one for one in found if one.marker is None or one.marker.evaluate()]
    return {one.name: str(one.specifier).removeprefix("==") for one in wanted}


class Installation:
    """An environment with the wheel in it, which nobody may write to and everybody may run."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        folder.chmod(0o755)
        self._interpreter = Interpreter(folder / "python")
        self.folder = folder = folder / "okta-rotator"
        self._python = folder / "bin" / "python"
        self.program = folder / "bin" / "okta-rotator"
        self._run(self._interpreter.path, "-m", "venv", "--without-pip", folder)
        (self.packages,) = folder.glob("lib/python*/site-packages")
        assert WHEELS.is_dir(), "run `make .venv/wheels/.ready` once: it fetches what is pinned"
        pinned_by_hash = ("--require-hashes", "-r", ROOT / "requirements/run.txt")
        self._install("--find-links", WHEELS, *pinned_by_hash)
        self._install(wheel)
        # Compiles what is used, once for all runs to come, and not the thousand modules besides.
        self.python("import okta_rotator.cli.main, okta_rotator.runtime")
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.write_text(json.dumps(_NOWHERE))
        self._run("chmod", "-R", "a-w,a+rX", folder)

    def run(self, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `okta-rotator` to its end."""
        return subprocess.run(
            [self.program, *args],
            env=self._environment(environment),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd="/",
            user=user(),
        )

    def start(self, log: Path, *args: str, **environment: str) -> subprocess.Popen[bytes]:
        """Run `okta-rotator` until it is ended."""
        with log.open("wb") as output:
            return subprocess.Popen(
                [self.program, *args],
                env=self._environment(environment),
                stdout=output,
                stderr=output,
                cwd="/",
                user=user(),
            )

    def python(self, script: str) -> str:
        """What a script prints that runs in this environment."""
        return self._run(self._python, "-c", script)

    def check(self) -> None:
        """Fails where a package lacks one that it needs."""
        self._run(sys.executable, "-m", "pip", "--python", self._python, "check")

    def _install(self, *what: str | Path) -> None:
        self._run(sys.executable, "-m", "pip", "--python", self._python, "install", *OFFLINE, *what)

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        # As in the image; no folder is given that could be written to.
        nowhere = str(self.folder)
        own = {"PYTHONDONTWRITEBYTECODE": "1", "HOME": nowhere, "TMPDIR": nowhere}
        return {**own, **self._interpreter.environment, **more}

    def _run(self, *command: str | Path) -> str:
        environment = {**os.environ, **self._interpreter.environment}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


def user() -> int | None:
    """The image's user, where we may become it; else whoever runs the tests."""
    return USER if os.getuid() == 0 else None


_NOWHERE = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "it", "cluster": {"server": "http://127.0.0.1:1"}}],
    "users": [{"name": "it", "user": {"token": "none"}}],
    "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
    "current-context": "it",
}
"""A kubeconfig that leads to where nothing answers."""
