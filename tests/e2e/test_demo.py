"""`make demo` as a newcomer runs it: a process that shows the job, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 90
HEADLINES = (
    "A control plane",
    "The resources",
    "Okta and the operator",
    "The connection",
    "The rotation",
    "The Secret",
    "The status",
    "A rotation by hand",
    "One more",
    "A slip of the hand",
    "What there is to tell",
)
A_VALUE = re.compile(r"okr_[\w-]{10,}|00Q[\w-]{20,}|\b[\w-]{40}\b")
"""A client secret of ours, an API token, a client secret of somebody else's."""


@contextmanager
def demo(
    folder: Path, *options: str, settings: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """The command, in a session of its own, with all that it makes for a time in `folder`."""
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1", **(settings or {})}
    process = subprocess.Popen(
        [sys.executable, "-m", "demo", *options],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def until_line(process: subprocess.Popen[str], text: str) -> list[str]:
    """Read the demo's output up to the line with this text."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if text in line:
            return lines
    raise AssertionError("\n".join(lines))


def press_ctrl_c(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGINT)


def left_behind(folder: Path) -> list[str]:
    """Files of the demo that are still there, and processes that it started."""
    files = [str(path) for path in folder.iterdir()]
    return files + [str(path) for path in Path("/proc").glob("[0-9]*") if _is_of(path, folder)]


def _is_of(process: Path, folder: Path) -> bool:
    try:
        return f"TMPDIR={folder}\0".encode() in (process / "environ").read_bytes()
    except OSError:
        return False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "temp"
    place.mkdir()
    return place


def test_the_demo_shows_the_job_and_leaves_nothing_behind(folder: Path, tmp_path: Path) -> None:
    picture = tmp_path / "demo.svg"
    since = time.monotonic()
    with demo(folder, "--svg", str(picture)) as process:
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    assert time.monotonic() - since < PATIENCE
    assert re.findall(r"^\d+  (.*)$", output, re.MULTILINE) == list(HEADLINES)
    assert "✓ Okta refuses the first value from now on" in output
    assert "✗" not in output
    assert left_behind(folder) == []
    _shows_no_secret(output)
    _is_a_picture_for_everybody(picture.read_text())


def _shows_no_secret(text: str) -> None:
    assert A_VALUE.findall(text) == []
    assert "okr_… (64 characters)" in text.replace("&#160;", " ")
    assert "\x1b" not in text


def _is_a_picture_for_everybody(svg: str) -> None:
    _shows_no_secret(svg)
    own_name = 'xmlns="http://www.w3.org/2000/svg"'
    assert "://" not in svg.replace(own_name, "")
    assert str(ROOT) not in svg
    assert "okta-rotator-demo-" not in svg


def test_ctrl_c_in_the_middle_stops_everything(folder: Path) -> None:
    with demo(folder) as process:
        until_line(process, "as a process of its own")
        assert left_behind(folder) != []
        press_ctrl_c(process)
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Traceback" not in output
    assert left_behind(folder) == []


def test_kept_until_ctrl_c_it_can_be_used(folder: Path) -> None:
    with demo(folder, "--keep") as process:
        lines = until_line(process, "Ctrl-C stops everything")
        kubeconfig, kubectl = (_after(lines, name) for name in ("export KUBECONFIG=", "kubectl="))
        environment = {"KUBECONFIG": kubeconfig, "HOME": str(folder.parent)}
        command = [kubectl, "get", "ocsr", "my-okta-rotation"]
        answer = subprocess.run(command, env=environment, capture_output=True, text=True)
        press_ctrl_c(process)
        process.communicate(timeout=PATIENCE)
    assert "success" in answer.stdout
    assert process.returncode == 0
    assert left_behind(folder) == []


def _after(lines: list[str], prefix: str) -> str:
    return next(line.partition(prefix)[2] for line in lines if prefix in line)


def test_a_failure_is_told_with_the_end_of_the_operators_log(folder: Path) -> None:
    with demo(folder, settings={"OKTA_ROTATOR_WORKERS": "none"}) as process:
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "✗ the operator ended" in output
    assert "Invalid value for '--workers'" in output
    assert "Traceback" not in output
    assert left_behind(folder) == []


def test_the_picture_of_the_readme_is_one_for_everybody() -> None:
    _is_a_picture_for_everybody((ROOT / "docs" / "demo.svg").read_text())
