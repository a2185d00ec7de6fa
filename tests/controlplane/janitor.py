"""A process of its own that cleans up after this one, however this one ends.

It reads which programs run from a pipe. The pipe closes when this process ends, even by SIGKILL,
and then the janitor kills the programs that still run and removes the folder. On Linux a parent's
death signal would kill the programs too, but it follows the starting thread, not the process, and
no signal removes a folder.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

REMOVAL_SECONDS = 10.0


class Janitor:
    """This process's end of the pipe."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-I", "-S", __file__, str(folder)]
        # Its own session, so that a Ctrl-C in the terminal does not reach it.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            bufsize=1,
            start_new_session=True,
        )

    def watch(self, pid: int) -> None:
        """Kill this program when the pipe closes."""
        self._tell(f"{pid}")

    def forget(self, pid: int) -> None:
        """This program has ended and its pid may be used by another."""
        self._tell(f"-{pid}")

    def finish(self) -> None:
        """Close the pipe and wait until everything is cleaned up."""
        self._process.communicate()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")


def watch_until_closed(lines: Iterable[str]) -> set[int]:
    """Return the pids that are still watched when the lines end."""
    pids: set[int] = set()
    for line in lines:
        pid = int(line)
        if pid > 0:
            pids.add(pid)
        else:
            pids.discard(-pid)
    return pids


def clean(pids: set[int], folder: Path) -> None:
    """Kill the programs and remove the folder."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + REMOVAL_SECONDS
    # A killed program may still be finishing a write that puts a file back.
    while folder.exists() and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.05 if folder.exists() else 0)


if __name__ == "__main__":
    clean(watch_until_closed(sys.stdin), Path(sys.argv[1]))
