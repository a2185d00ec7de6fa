"""The wheel holds our two packages and nothing else, and runs as it does in the image."""

from __future__ import annotations

import json
import os
import socket
import time
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.controlplane.ports import free_ports
from tests.packaging.install import ROOT, USER, Installation, pinned

SOURCES = ROOT / "operator"
PACKAGES = ("okta_rotator", "okta_emulator")


def test_the_wheel_holds_the_sources_and_nothing_else(wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    sources = [path for package in PACKAGES for path in (SOURCES / package).rglob("*")]
    wanted = {
        str(path.relative_to(SOURCES))
        for path in sources
        if path.is_file() and path.parent.name != "__pycache__"
    }
    assert held == wanted
    assert {f"{package}/py.typed" for package in PACKAGES} <= held


def test_the_wheel_states_its_licence(wheel: Path) -> None:
    (name,) = (n for n in zipfile.ZipFile(wheel).namelist() if n.endswith("licenses/LICENSE"))
    assert zipfile.ZipFile(wheel).read(name) == (ROOT / "LICENSE").read_bytes()


def test_it_is_the_installed_code_that_runs(installation: Installation) -> None:
    where = installation.python("import okta_rotator; print(okta_rotator.__file__)").strip()
    assert Path(where).parent == installation.packages / "okta_rotator"


def test_nothing_is_there_but_what_is_pinned(installation: Installation) -> None:
    script = (
        "import json; from importlib.metadata import distributions\n"
        "print(json.dumps({d.name.lower().replace('_', '-'): d.version for d in distributions()}))"
    )
    found = json.loads(installation.python(script))
    assert found.pop("okta-rotator")
    assert found == pinned()


def test_what_is_pinned_is_all_that_is_needed(installation: Installation) -> None:
    installation.check()


def test_nothing_can_be_written(installation: Installation) -> None:
    modes = [path.lstat().st_mode for path in installation.folder.rglob("*")]
    symlink = 0o120000
    assert not [mode for mode in modes if mode & 0o222 and mode & 0o170000 != symlink]


def test_help_tells_of_every_command(installation: Installation) -> None:
    done = installation.run("--help")
    assert done.returncode == 0, done.stderr
    assert {"run", "crds"} <= set(done.stdout.split())


def test_it_prints_the_crds(installation: Installation) -> None:
    done = installation.run("crds")
    committed = [path.read_text() for path in sorted((ROOT / "crds").glob("*.yaml"))]
    assert done.stdout == "---\n".join(committed)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"KUBECONFIG": "/no/such/file"}, "there is no kubeconfig /no/such/file"),
        ({"KUBECONFIG": "/etc/hostname"}, "/etc/hostname"),
        ({"KUBERNETES_SERVICE_HOST": "::1", "KUBERNETES_SERVICE_PORT": "1"}, "token"),
    ],
)
def test_without_a_cluster_it_says_so_in_one_line(
    installation: Installation, environment: dict[str, str], words: str
) -> None:
    done = installation.run("run", **environment)
    (line,) = done.stderr.splitlines()
    said = json.loads(line)
    assert (done.returncode, said["level"]) == (1, "critical")
    assert said["message"].startswith("no Kubernetes cluster to work in: ")
    assert words in said["message"]


def test_a_taken_port_is_said_in_one_line(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = installation.run(
            "run", "--http-port", str(port), KUBECONFIG=str(installation.kubeconfig)
        )
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert f"cannot listen on port {port}" in json.loads(line)["message"]


def test_it_lives_and_waits_for_a_cluster_that_does_not_answer(
    installation: Installation, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    log, flags = tmp_path / "log", ("run", "--http-port", str(port))
    process = installation.start(log, *flags, KUBECONFIG=str(installation.kubeconfig))
    try:
        assert answer(port, "/livez") == (200, "ok\n")
        assert answer(port, "/readyz")[0] == 503
        owner = Path(f"/proc/{process.pid}").stat().st_uid
        assert owner == (USER if os.getuid() == 0 else os.getuid())
    finally:
        process.terminate()
        process.wait(30)
    assert "no answer" in log.read_text()
    assert "Traceback" not in log.read_text()


def answer(port: int, path: str) -> tuple[int, str]:
    deadline = time.monotonic() + 20
    while True:
        try:
            got = httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False)
        except httpx.TransportError:
            assert time.monotonic() < deadline, "nothing answers"
            time.sleep(0.1)
        else:
            return got.status_code, got.text
