"""Prometheus' promtool, as the tests ask it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

CHART_FILES = Path(__file__).parents[2] / "charts" / "okta-rotator" / "files"
ALERTS = CHART_FILES / "alerts.yaml"


class Promtool:
    """Runs it; what it says where it is not content is the failure of the test."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder

    def check_rules(self, path: Path) -> str:
        # "all": a lint that finds anything is a failure too.
        return self._run("check", "rules", "--lint=all", str(path))

    def check_metrics(self, text: bytes) -> str:
        return self._run("check", "metrics", input=text)

    def check_query(self, query: str) -> str:
        return self._run("--experimental", "promql", "format", query)

    def test_rules(self, cases: Sequence[dict[str, Any]]) -> str:
        """Each case is one entry of `tests` in promtool's own form."""
        path = self._folder / "test.yaml"
        path.write_text(json.dumps({"rule_files": [str(ALERTS)], "tests": list(cases)}))
        return self._run("test", "rules", str(path))

    def _run(self, *args: str, input: bytes | None = None) -> str:
        done = subprocess.run([self._program, *args], input=input, capture_output=True, check=False)
        said = (done.stdout + done.stderr).decode()
        assert done.returncode == 0, said
        return said


def alerts() -> dict[str, dict[str, Any]]:
    """Our alerts by name."""
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}
