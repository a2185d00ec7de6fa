"""The queries of the alerts and of the dashboard, and what they name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.monitoring.promtool import CHART_FILES, alerts

DASHBOARD = CHART_FILES / "dashboard.json"

# What Grafana puts in the place of its variables.
VARIABLES = {"$__rate_interval": "5m", "$namespace": ".*"}

_METRIC = re.compile(r"\b((?:okta_rotator|process)_\w+)\s*(?:\{([^}]*)\})?")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"([^\"]*)\"")
_GROUPING = re.compile(r"\b(?:by|on)\s*\(([^)]*)\)")


@dataclass(frozen=True)
class Query:
    """One query, and where it stands."""

    place: str
    text: str

    def selectors(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Each metric that it names, with what it demands of its labels."""
        for name, matchers in _METRIC.findall(self.text):
            yield name, dict(_MATCHER.findall(matchers))

    def groupings(self) -> Iterator[str]:
        """The labels by which it groups or joins."""
        for labels in _GROUPING.findall(self.text):
            yield from (label.strip() for label in labels.split(","))


def dashboard() -> dict[str, Any]:
    return dict(json.loads(DASHBOARD.read_text()))


def panels() -> list[dict[str, Any]]:
    """Those that show something."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def queries() -> list[Query]:
    """All of them, with the variables filled in."""
    of_alerts = [Query(f"alert {name}", rule["expr"]) for name, rule in alerts().items()]
    of_panels = [
        Query(f"panel {panel['title']}", _filled(target["expr"]))
        for panel in panels()
        for target in panel["targets"]
    ]
    return of_alerts + of_panels


def _filled(text: str) -> str:
    for name, value in VARIABLES.items():
        text = text.replace(name, value)
    return text
