"""A Python that the image's user may run: ours, or a copy of it where ours is in root's home."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path

_LEFT_OUT = ("site-packages", "test", "tests", "idlelib", "config-*", "pkgconfig")


class Interpreter:
    """The path of a Python, and what its environment has to say."""

    def __init__(self, folder: Path) -> None:
        own = Path(sys.base_prefix, "bin", f"python{sysconfig.get_python_version()}").resolve()
        is_root = os.getuid() == 0
        self.environment: dict[str, str] = {}
        self.path = own
        if is_root and not all(_is_open(place) for place in own.parents):
            self.path = folder / "bin" / own.name
            # A shared libpython is looked for where it was, and that is out of reach.
            self.environment = {"LD_LIBRARY_PATH": str(folder / "lib")}
            _copy(own, folder)


def _is_open(folder: Path) -> bool:
    return folder.stat().st_mode & 0o001 != 0


def _copy(own: Path, folder: Path) -> None:
    (folder / "bin").mkdir(parents=True)
    shutil.copy(own, folder / "bin")
    library = Path(sysconfig.get_path("stdlib"))
    ignored = shutil.ignore_patterns(*_LEFT_OUT)
    shutil.copytree(library, folder / "lib" / library.name, ignore=ignored)
    for shared in library.parent.glob("libpython*.so*"):
        shutil.copy(shared, folder / "lib")
