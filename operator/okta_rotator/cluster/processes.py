"""Which process holds a lease, and whether that is one of this machine that has ended.

So that whoever is started anew in the place of one that was killed need not wait for it. Where this
cannot be known for sure, as of another machine, another container, or without Linux' /proc, nobody
has ended.
"""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
_ENDED: Final = ("Z", "X")
"""States in which a process does nothing any more (proc(5): zombie, dead)."""


def identity() -> str:
    """Of this process, and of no other ever: `<host>_<place>-<pid>-<start>_<random>`."""
    pid = os.getpid()
    state = _state(pid)
    process = f"{_place()}-{pid}-{state[1]}" if state is not None and _place() else "unknown"
    return f"{socket.gethostname()}_{process}_{uuid.uuid4().hex}"


def has_ended(holder: str) -> bool:
    """Whether the holder is a process that this one would see, and is no more."""
    host, _, rest = holder.rpartition("_")[0].rpartition("_")
    place, _, process = rest.partition("-")
    pid, _, started = process.partition("-")
    if host != socket.gethostname() or not place or place != _place() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)  # Of what /proc may hide from us it knows, too.
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    state = _state(int(pid))
    return state is not None and (state[0] in _ENDED or state[1] != started)


def _place() -> str:
    """Where process ids mean the same: this boot of the kernel, and in it this namespace of them.

    The number of a namespace is given to another only when all of its processes have ended.
    """
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip().replace("-", "")
        return f"{boot}{(PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _state(pid: int) -> tuple[str, str] | None:
    """State and time of start, in ticks since the boot: fields 3 and 22 of proc(5)'s stat."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return fields[0], fields[19]
    except (OSError, IndexError):
        return None
