"""The promtool of the session, at hand for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.monitoring.promtool import Promtool


@pytest.fixture
def tool(promtool: Path, tmp_path: Path) -> Promtool:
    return Promtool(promtool, tmp_path)
