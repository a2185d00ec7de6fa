"""The control plane's programs while they run, tried on small programs in their place."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.controlplane.errors import ProgramError
from tests.controlplane.janitor import Janitor
from tests.controlplane.ports import free_ports
from tests.controlplane.process import Daemon

MakeDaemon = Callable[..., Daemon]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def janitor(folder: Path) -> Iterator[Janitor]:
    janitor = Janitor(folder)
    yield janitor
    janitor.finish()


@pytest.fixture
def daemon(folder: Path, janitor: Janitor) -> Iterator[MakeDaemon]:
    made: list[Daemon] = []

    def make(script: str, is_ready: Callable[[], bool] = lambda: True) -> Daemon:
        made.append(Daemon([sys.executable, "-c", script], folder / "log", janitor, is_ready))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def has_ended(pid: int | None) -> bool:
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_program_that_ends_early_shows_the_end_of_its_log(daemon: MakeDaemon) -> None:
    broken = daemon("print('first'); raise SystemExit('bad flag')", lambda: False)
    with pytest.raises(ProgramError, match=r"is not running:\n(?s:.*)bad flag"):
        broken.start()


def test_a_program_that_never_gets_ready_shows_the_end_of_its_log(daemon: MakeDaemon) -> None:
    slow = daemon("import time; print('starting', flush=True); time.sleep(60)")
    slow.start()
    slow._is_ready = lambda: False
    with pytest.raises(ProgramError, match=r"not ready in 0\.5 s"):
        slow.wait_ready(0.5)


def test_a_program_starts_again_after_a_stop(daemon: MakeDaemon) -> None:
    sleeper = daemon("import time; time.sleep(60)")
    sleeper.start()
    first = sleeper.pid
    sleeper.stop()
    assert has_ended(first)
    sleeper.start()
    assert sleeper.pid not in (None, first)


def test_a_running_program_is_not_started_twice(daemon: MakeDaemon) -> None:
    sleeper = daemon("import time; time.sleep(60)")
    sleeper.start()
    with pytest.raises(ProgramError, match="runs already"):
        sleeper.start()


def test_a_program_that_ignores_the_request_to_end_is_killed(
    daemon: MakeDaemon, folder: Path
) -> None:
    stubborn = daemon(
        "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "pathlib.Path('deaf').touch(); time.sleep(60)",
        (folder / "deaf").exists,
    )
    stubborn.start()
    pid = stubborn.pid
    stubborn.stop(grace=0.1)
    assert has_ended(pid)


def test_the_janitor_kills_what_still_runs_and_removes_the_folder(folder: Path) -> None:
    janitor = Janitor(folder)
    with subprocess.Popen(["sleep", "60"]) as left, subprocess.Popen(["sleep", "60"]) as forgotten:
        janitor.watch(left.pid)
        janitor.watch(forgotten.pid)
        janitor.forget(forgotten.pid)
        janitor.finish()
        assert left.wait(5) == -9
        assert forgotten.poll() is None
        forgotten.kill()
    assert not folder.exists()


def test_free_ports_are_different_and_outside_those_of_clients() -> None:
    ports = free_ports(3)
    assert len(set(ports)) == 3
    assert all(20000 <= port < 30000 for port in ports)
