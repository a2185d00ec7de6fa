"""Fixtures around the emulator of Okta: one process a session, one app a test."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from tests.emulator_client import EmulatorClient

_SOURCES = Path(__file__).parents[1] / "operator"
_ANNOUNCEMENT = "okta-emulator listening on "


@pytest.fixture(scope="session")
def okta_emulator() -> Iterator[EmulatorClient]:
    """An emulator that all tests share: match faults by app id, leave org-wide settings alone."""
    with emulator_process() as client:
        yield client


@pytest.fixture(scope="session")
def okta_token(okta_emulator: EmulatorClient) -> str:
    return okta_emulator.add_token(role="admin")


@contextmanager
def emulator_process(
    *options: str, watch: Callable[[int], None] | None = None, may_ring: bool = False
) -> Iterator[EmulatorClient]:
    """The command, on a free port, for as long as the block lasts. `watch` is told its pid.

    Whoever uses it may not ring the alarm, unless that is what must come of it.
    """
    command = [sys.executable, "-m", "okta_emulator", *options]
    environment = {**os.environ, "PYTHONPATH": str(_SOURCES), "PYTHONUNBUFFERED": "1"}
    # Its own session, so that a Ctrl-C leaves the order of stopping to us.
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            if watch is not None:
                watch(process.pid)
            with (
                EmulatorClient(_announced_url(process)) as client,
                nullcontext() if may_ring else without_alarm(client),
            ):
                yield client
        finally:
            process.terminate()


@contextmanager
def without_alarm(okta: EmulatorClient) -> Iterator[None]:
    """Okta was not shown five wrong secrets of one app within a day, which rings an alarm there."""
    yield
    rung = okta.alarms()
    apps = {target["id"] for event in rung for target in event["target"]}
    assert not rung, f"five wrong client secrets of an app within a day: {sorted(apps)}"


def _announced_url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith(_ANNOUNCEMENT), f"the emulator said {line!r}"
    return line.removeprefix(_ANNOUNCEMENT).strip()
