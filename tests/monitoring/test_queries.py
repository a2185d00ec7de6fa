"""The queries name metrics and labels that there are, and the metrics please promtool."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from okta_rotator.api.conditions import ConditionType, Reason
from okta_rotator.okta.calls import Endpoint
from okta_rotator.okta.limits import Bucket
from tests.monitoring.everything import everything, labels_by_name, series
from tests.monitoring.promtool import Promtool
from tests.monitoring.queries import Query, dashboard, panels, queries

OF_THE_TARGET = {"job", "instance", "namespace", "pod"}
"""Labels that Prometheus adds to each series of a pod."""

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"
KNOWN = labels_by_name(everything())
VALUES = {
    "condition": set(map(str, ConditionType)),
    "reason": {*map(str, Reason), "Other"},
    "result": {"success", "failure"},
    "endpoint": set(map(str, Endpoint)),
    "bucket": set(map(str, Bucket)),
}
"""The values that the labels with few of them can have."""


def place(query: Query) -> str:
    return query.place


def is_ours(name: str) -> bool:
    return name.startswith("okta_rotator_")


def family(name: str) -> str:
    """The metric that a series of a histogram belongs to; else the name itself."""
    return re.sub("_(bucket|sum|count)$", "", name)


@pytest.mark.parametrize("query", queries(), ids=place)
def test_prometheus_can_read_each_query(tool: Promtool, query: Query) -> None:
    tool.check_query(query.text)


@pytest.mark.parametrize("query", queries(), ids=place)
def test_each_query_names_metrics_and_labels_that_there_are(query: Query) -> None:
    selectors = list(query.selectors())
    assert selectors
    labels = set(OF_THE_TARGET)
    for name, matchers in selectors:
        assert name in KNOWN, name
        labels |= KNOWN[name]
        assert matchers.keys() <= KNOWN[name]
        for label, pattern in matchers.items():
            if label in VALUES:
                assert set(pattern.split("|")) <= VALUES[label]
    assert set(query.groupings()) <= labels


def test_a_query_that_names_what_is_not_there_would_be_found() -> None:
    query = Query(
        "x", 'sum by (le, a) (rate(process_x{reason=~"A|B", b!="c"}[5m])) > okta_rotator_y'
    )
    assert list(query.selectors()) == [
        ("process_x", {"reason": "A|B", "b": "c"}),
        ("okta_rotator_y", {}),
    ]
    assert list(query.groupings()) == ["le", "a"]


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_the_legend_of_a_panel_names_labels_that_its_query_leaves(panel: dict[str, object]) -> None:
    targets = panel["targets"]
    assert isinstance(targets, list)
    for target in targets:
        wanted = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        assert wanted <= set(Query("", target["expr"]).groupings())


def test_no_panel_covers_another_and_each_has_its_own_number() -> None:
    all_panels = dashboard()["panels"]
    assert len({panel["id"] for panel in all_panels}) == len(all_panels)
    taken: set[tuple[int, int]] = set()
    for panel in all_panels:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_whoever_imports_the_dashboard_chooses_the_data_source() -> None:
    for panel in panels():
        for one in (panel, *panel["targets"]):
            assert one["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert "datasource" in [one["name"] for one in dashboard()["templating"]["list"]]


def test_promtool_finds_nothing_to_say_of_the_metrics(tool: Promtool) -> None:
    assert tool.check_metrics(everything().exposition()[0]) == ""


def test_each_metric_is_looked_at_by_an_alert_or_the_dashboard() -> None:
    named = {family(name) for query in queries() for name, _ in query.selectors()}
    assert {family(name) for name in KNOWN if is_ours(name)} <= named


def test_the_documentation_has_each_metric_with_its_labels_and_no_other() -> None:
    rows = re.findall(r"^\| `(okta_rotator_\w+)` \| (.*?) \|", DOCS.read_text(), re.M)
    told = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    found: dict[str, set[str]] = {}
    for name, labels in KNOWN.items():
        if name.startswith("okta_rotator_"):
            found.setdefault(re.sub("_(bucket|sum|count)$", "", name), set()).update(
                labels - {"le"}
            )
    assert told == found


def test_the_documentation_says_how_many_series_there_can_be() -> None:
    """Of a rotation by a status with everything in it, of a connection by its buckets."""
    counts = Counter(dict(labels).get("name") for _, labels in series(everything()))
    text = DOCS.read_text()
    assert f"at most {counts['my-rotation']} series" in text
    assert f"at most {counts['my-connection']} series" in text
