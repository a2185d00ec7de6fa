"""Finds the control plane's programs, and has them built where they are missing."""

import os
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

from tests.controlplane.build import build
from tests.controlplane.progress import Stopwatch, say
from tests.controlplane.targets import TARGETS, OwnTarget, Target

# More than all builds together take on a small machine.
LOCK_TIMEOUT_SECONDS = 3600.0
_WORK_PREFIX = ".building-"


def find(name: str) -> Path:
    """Return the program of this name, built first if it is nowhere to be found."""
    target = TARGETS[name]
    return _ready_made(target) or _build_once(target)


def cache_folder() -> Path:
    """Return where built programs are kept, in a folder for each version."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "okta-rotator" / "controlplane"


def _ready_made(target: Target | OwnTarget) -> Path | None:
    candidates = [_cached(target)]
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        candidates.insert(0, Path(assets) / target.name)
    return next((path for path in candidates if os.access(path, os.X_OK)), None)


def _cached(target: Target | OwnTarget) -> Path:
    return cache_folder() / target.version / target.name


def _build_once(target: Target | OwnTarget) -> Path:
    _cached(target).parent.mkdir(parents=True, exist_ok=True)
    lock = _acquire(cache_folder() / "lock", target.name)
    try:
        # Whoever held the lock before may have built it.
        return _ready_made(target) or _build_into_cache(target)
    finally:
        lock.release()


def _acquire(path: Path, name: str) -> FileLock:
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        elapsed = Stopwatch()
        say(f"waiting for another run that is building, to get {name}")
        lock.acquire(timeout=LOCK_TIMEOUT_SECONDS)
        say(f"waited {elapsed}")
    return lock


def _build_into_cache(target: Target | OwnTarget) -> Path:
    # The lock is ours, so what is there was left by a run that was killed.
    for left in cache_folder().glob(f"{_WORK_PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)
    # What a compiler that was just stopped writes late is left to the next run, as above.
    with tempfile.TemporaryDirectory(
        prefix=_WORK_PREFIX, dir=cache_folder(), ignore_cleanup_errors=True
    ) as folder:
        # A rename within one file system: the cache never has half a program.
        return build(target, Path(folder)).replace(_cached(target))
