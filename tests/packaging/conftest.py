"""The wheel, built and installed once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.install import Installation, build_wheel


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def installation(wheel: Path) -> Iterator[Installation]:
    # Not below pytest's own folder, into which the image's user may not look.
    folder = Path(tempfile.mkdtemp(prefix="okta-rotator-installed-"))
    yield Installation(folder, wheel)
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    shutil.rmtree(folder)
