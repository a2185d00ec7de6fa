"""A program of the control plane while it runs: its log, its readiness, its end."""

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.controlplane.errors import ProgramError
from tests.controlplane.janitor import Janitor

# A cold start on a small machine that is building something else at the same time.
READY_SECONDS = 60.0
# The API server takes a second. etcd would wait seven for its clients' watches to end, and the
# API server without an etcd much longer; neither loses anything that was written when killed.
STOP_SECONDS = 3.0
POLL_SECONDS = 0.05


def tail(log: Path, lines: int = 30) -> str:
    """Return the last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


class Daemon:
    """A program that can be stopped and started again, with the same arguments each time."""

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        janitor: Janitor,
        is_ready: Callable[[], bool],
    ) -> None:
        self.name = Path(command[0]).name
        self.log = log
        self._command = command
        self._janitor = janitor
        self._is_ready = is_ready
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The program's process while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the program and wait until it is ready."""
        if self._process is not None:
            raise ProgramError(f"{self.name} runs already, as process {self.pid}")
        with self.log.open("ab") as log:
            # Its own session, so that a Ctrl-C leaves the order of stopping to us.
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.log.parent,
                start_new_session=True,
            )
        self._janitor.watch(self._process.pid)
        self.wait_ready()

    def wait_ready(self, timeout: float = READY_SECONDS) -> None:
        """Wait until the program is ready, or raise with the end of its log."""
        deadline = time.monotonic() + timeout
        while True:
            # Asked first: something else may answer on the port of a program that has ended.
            if self._process is None or self._process.poll() is not None:
                raise ProgramError(f"{self.name} is not running:\n{tail(self.log)}")
            if self._is_ready():
                return
            if time.monotonic() > deadline:
                raise ProgramError(f"{self.name} not ready in {timeout} s:\n{tail(self.log)}")
            time.sleep(POLL_SECONDS)

    def stop(self, grace: float = STOP_SECONDS) -> None:
        """Ask the program to end, and kill it if it takes longer than the grace."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._janitor.forget(self._process.pid)
        self._process = None
