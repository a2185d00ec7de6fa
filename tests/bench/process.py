"""What a process has used, from /proc."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Usage:
    """CPU seconds since the start, and megabytes of memory: the peak, and now."""

    cpu: float
    peak: float
    resident: float


def usage(pid: int) -> Usage:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    status = Path(f"/proc/{pid}/status").read_text()
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), _mb(status, "VmHWM"), _mb(status, "VmRSS"))


def _mb(status: str, field: str) -> float:
    found = re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0
