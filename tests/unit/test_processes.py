"""Whether the process that holds a lease is surely no more: real ones, of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from okta_rotator.cluster import processes
from okta_rotator.cluster.processes import has_ended, identity

TELL = (
    "from okta_rotator.cluster.processes import identity\n"
    "print(identity(), flush=True)\n"
    "import time; time.sleep(600)"
)

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/ns/pid").exists(), reason="without /proc nobody is known to have ended"
)


class Other:
    """Another process, by what it calls itself."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", TELL], stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.name = self.process.stdout.readline().decode().strip()


@pytest.fixture
def other() -> Iterator[Other]:
    made = Other()
    yield made
    made.process.kill()
    made.process.wait()
    assert made.process.stdout is not None
    made.process.stdout.close()


def test_who_runs_has_not_ended(other: Other) -> None:
    assert not has_ended(other.name)
    assert not has_ended(identity())


def test_who_is_stopped_has_not_ended(other: Other) -> None:
    os.kill(other.process.pid, signal.SIGSTOP)
    assert not has_ended(other.name)


def test_who_was_killed_has_ended_whether_its_parent_has_looked_or_not(other: Other) -> None:
    other.process.kill()
    os.waitid(os.P_PID, other.process.pid, os.WEXITED | os.WNOWAIT)
    assert has_ended(other.name)
    other.process.wait()
    assert has_ended(other.name)


def test_another_process_with_its_id_is_not_it(other: Other) -> None:
    place, pid, _started = other.name.rsplit("_", 2)[1].split("-")
    earlier = other.name.replace(f"{place}-{pid}-", f"{place}-{pid}-1")
    assert has_ended(earlier)


def test_no_two_processes_have_one_name(other: Other) -> None:
    assert len({identity(), identity(), other.name}) == 3


@pytest.mark.parametrize(
    "change",
    [("HOST", "elsewhere"), ("PLACE", "0"), ("PID", "x"), ("PID", "9" * 30), ("PID", "-1")],
)
def test_of_other_machines_and_odd_names_nothing_is_known(
    other: Other, change: tuple[str, str]
) -> None:
    host, process, rest = other.name.rsplit("_", 2)
    parts = {"HOST": host, **dict(zip(("PLACE", "PID", "AT"), process.split("-"), strict=True))}
    other.process.kill()
    other.process.wait()
    parts[change[0]] = change[1]
    assert not has_ended(f"{parts['HOST']}_{parts['PLACE']}-{parts['PID']}-{parts['AT']}_{rest}")


@pytest.mark.parametrize("name", ["", "_", "__", "somebody", "a_unknown_b", "pod-7d_5b-1-2_x"])
def test_of_who_calls_itself_otherwise_nothing_is_known(name: str) -> None:
    assert not has_ended(name)


def test_without_proc_nothing_is_known(
    other: Other, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other.process.kill()
    other.process.wait()
    monkeypatch.setattr(processes, "PROC", tmp_path)
    assert not has_ended(other.name)
    assert not has_ended(identity())
