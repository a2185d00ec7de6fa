"""Builds a program of the control plane from its Go module."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.controlplane.errors import BuildError
from tests.controlplane.process import tail
from tests.controlplane.progress import Stopwatch, say
from tests.controlplane.targets import OwnTarget, Target
from tests.controlplane.toolchain import find_go

HEARTBEAT_SECONDS = 30.0


def build(target: Target | OwnTarget, folder: Path) -> Path:
    """Build the target inside an empty folder and return the finished program."""
    go = find_go()
    elapsed = Stopwatch()
    say(f"building {target.name} {target.version} from its Go module, once; this takes minutes")
    package, flags = _lay_out(go, target, folder)
    program = folder / target.name
    _run_go(_build_command(go, package, flags, program), folder, f"building {target.name}")
    say(f"built {target.name} in {elapsed}")
    return program


def _lay_out(go: Path, target: Target | OwnTarget, folder: Path) -> tuple[str, list[str]]:
    """Make the folder a module that has the target; its package, and flags for the build."""
    if isinstance(target, OwnTarget):
        shutil.copytree(target.source, folder, dirs_exist_ok=True)
        return ".", _flags()
    (folder / "go.mod").write_text(_go_mod(target, _own_go_mod(go, target, folder)))
    return target.package, _flags(target.ldflags, target.tags)


def _own_go_mod(go: Path, target: Target, folder: Path) -> str:
    module = f"{target.module}@{target.version}"
    command: list[str | Path] = [go, "mod", "download", "-json", module]
    output = _run_go(command, folder, f"downloading {target.module}")
    return Path(json.loads(output.read_text())["GoMod"]).read_text()


def _go_mod(target: Target, own: str) -> str:
    """Return a module that requires the target's, with its v0.0.0 requirements made real.

    Kubernetes requires the modules it keeps in its own repository at v0.0.0 and replaces them by
    folders, which counts only inside that repository. They are published as v0.MINOR.PATCH.
    """
    version = re.search(r"^go (\S+)$", own, re.MULTILINE)
    staged = sorted(set(re.findall(r"^\s*(\S+) v0\.0\.0$", own, re.MULTILINE)))
    published = "v0." + target.version.split(".", 1)[1]
    lines = ["module controlplane", f"go {version[1]}" if version else ""]
    lines += [f"require {target.module} {target.version}"]
    lines += [f"replace {module} => {module} {published}" for module in staged]
    return "\n".join(lines) + "\n"


def _flags(ldflags: str = "", tags: str = "") -> list[str]:
    # Without debug information the programs are a third smaller and link faster.
    return [f"-ldflags=-s -w {ldflags}", f"-tags={tags}"]


def _build_command(go: Path, package: str, flags: list[str], program: Path) -> list[str | Path]:
    # -mod=mod lets go complete the module file: the sums come from Go's checksum database.
    return [go, "build", "-mod=mod", "-trimpath", *flags, "-o", program, package]


def _run_go(command: list[str | Path], folder: Path, doing: str) -> Path:
    output, log = folder / "output", folder / "log"
    with output.open("w") as stdout, log.open("w") as stderr:
        process = subprocess.Popen(
            command, cwd=folder, env=_environment(folder), stdout=stdout, stderr=stderr
        )
        code = _wait(process, doing)
    if code != 0:
        raise BuildError(f"{doing} failed with exit code {code}:\n{tail(log)}")
    return output


def _environment(folder: Path) -> dict[str, str]:
    # No other workspace, no C compiler and no download of another Go decide what is built.
    own = {"GOWORK": "off", "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
    # A go that is stopped leaves its scratch files, and this folder is removed in any case.
    return os.environ | own | {"GOTMPDIR": str(folder)}


def _wait(process: subprocess.Popen[bytes], doing: str) -> int:
    elapsed = Stopwatch()
    try:
        while True:
            try:
                return process.wait(HEARTBEAT_SECONDS)
            except subprocess.TimeoutExpired:
                say(f"still {doing}, {elapsed}")
    finally:
        if process.returncode is None:
            process.kill()
            process.wait()
