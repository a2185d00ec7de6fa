"""The operator as a process of its own, as users run it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx

from tests.controlplane.ports import free_ports

SOURCES = Path(__file__).parents[1] / "operator"
COMMAND = ("okta_rotator.cli",)
ALONE = "--no-leader-election"
"""For an operator that is the only one of its resources, as in most tests: who was killed would
else be waited for until its lease has run out."""
START_SECONDS = 30.0
STOP_SECONDS = 30.0


class OperatorProcess:
    """`okta-rotator run` against one control plane. Its log goes to a file that tests can read."""

    def __init__(
        self,
        kubeconfig: Path,
        log: Path,
        *flags: str,
        level: str = "DEBUG",
        command: Sequence[str] = COMMAND,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._kubeconfig = kubeconfig
        self._flags = flags
        self._level = level
        self._command = command
        self._settings = settings or {}
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.exit_code: int | None = None

    def log_as_json(self, level: str) -> None:
        """From its next start on."""
        self._level = level
        self._flags = (*self._flags, "--log-format", "json")

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.launch()
        self._await_ready()

    def launch(self) -> None:
        """Start it, and wait for nothing."""
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", *self._command, "run", "--http-port", str(port)]
        command += ["--allow-insecure-okta", "--log-level", self._level, *self._flags]
        environment = os.environ | {
            "KUBECONFIG": str(self._kubeconfig),
            "PYTHONPATH": str(SOURCES),
            **self._settings,
        }
        with self.log.open("ab") as output:
            # Its own session, so that a Ctrl-C leaves the order of stopping to us.
            self._process = subprocess.Popen(
                command, env=environment, stdout=output, stderr=output, start_new_session=True
            )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def output(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def get(self, path: str) -> httpx.Response:
        # To load certificates takes 25 ms of CPU a request, and plain http needs none.
        return httpx.get(self.url + path, trust_env=False, verify=False)

    def metric(self, line: str) -> float:
        """The value of one line of /metrics, given as `name{labels}`; 0 where there is none."""
        lines = self.get("/metrics").text.splitlines()
        return next((float(one.rpartition(" ")[2]) for one in lines if one.startswith(line)), 0.0)

    def stop(self) -> float:
        """SIGTERM, and how many seconds it took to end; 0 if it does not run."""
        if self._process is None:
            return 0.0
        self.signal(signal.SIGTERM)
        return self.await_end()

    def signal(self, which: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(which)

    def await_end(self) -> float:
        """After a signal: how many seconds it took to end from now on."""
        assert self._process is not None
        since = time.monotonic()
        try:
            self.exit_code = self._process.wait(STOP_SECONDS)
        finally:
            self.kill()
        return time.monotonic() - since

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _await_ready(self) -> None:
        for _ in self._until_started():
            with contextlib.suppress(httpx.TransportError):
                if self.get("/readyz").status_code == httpx.codes.OK:
                    return

    def _until_started(self) -> Iterator[None]:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, f"the operator ended:\n{self.output()[-3000:]}"
            yield
            time.sleep(0.05)
        raise AssertionError(f"the operator did not get ready:\n{self.output()[-3000:]}")
