"""Each alert by real promtool: when it is raised, when it is not, and what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.docs.test_links import anchors
from tests.monitoring.cases import CASES, Case
from tests.monitoring.promtool import ALERTS, Promtool, alerts

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks.md"
SEVERITIES = ("critical", "warning")


def in_promtools_words(name: str, case: Case) -> dict[str, Any]:
    """Whether it is raised is asked of ALERTS, which has no annotations."""
    query = f'ALERTS{{alertname="{case.alert}",alertstate="firing"}}'
    raised = {"exp_samples": [{"labels": raised_labels(case), "value": 1}]}
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": s, "values": v} for s, v in case.series.items()],
        "promql_expr_test": [
            {"expr": query, "eval_time": f"{minute}m", **(raised if is_raised else {})}
            for minutes, is_raised in ((case.raised_at, True), (case.silent_at, False))
            for minute in minutes
        ],
    }


def raised_labels(case: Case) -> str:
    severity = alerts()[case.alert]["labels"]["severity"]
    labels = {"alertname": case.alert, "alertstate": "firing", "severity": severity, **case.labels}
    return "ALERTS{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def test_the_rules_are_sound(tool: Promtool) -> None:
    assert f"{len(alerts())} rules found" in tool.check_rules(ALERTS)


@pytest.mark.parametrize("name", CASES)
def test_an_alert_is_raised_when_it_should_be_and_then_alone(tool: Promtool, name: str) -> None:
    tool.test_rules([in_promtools_words(name, CASES[name])])


def test_each_alert_has_a_case_in_which_it_is_raised_and_one_in_which_it_is_not() -> None:
    assert {case.alert for case in CASES.values() if case.raised_at} == alerts().keys()
    assert {case.alert for case in CASES.values() if case.silent_at} == alerts().keys()


def test_each_alert_says_how_grave_it_is_what_it_means_and_where_to_read_on() -> None:
    sections = anchors(RUNBOOKS.read_text())
    for name, rule in alerts().items():
        assert rule["labels"]["severity"] in SEVERITIES
        assert rule["for"]
        assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
        assert rule["annotations"]["runbook_url"] == f"__RUNBOOKS__#{name.lower()}"
        assert name.lower() in sections


SAYS = {
    "failing for half an hour over a good value": (
        "The rotation of team-a/web has failed for 30 minutes. The reason and what to do: "
        "kubectl -n team-a describe ocsr web"
    ),
    "overdue for more than an hour": (
        "team-a/web should have been rotated 1h 17m 0s ago. What keeps it: "
        "kubectl -n team-a describe ocsr web"
    ),
    "a connection is not ready": (
        "The connection prod has not been ready for 10 minutes. The reason: "
        "kubectl -n team-a describe oktaconn prod"
    ),
    "a connection of the cluster is in no namespace": (
        "The connection prod has not been ready for 10 minutes. The reason: "
        "kubectl describe clusteroktaconn prod"
    ),
    "calls wait for half an hour": (
        "3 calls of the connection prod wait for the limit apps, and some have for 30 minutes, so "
        "that rotations come late. Its share: "
        "kubectl -n team-a get oktaconn prod -o jsonpath={.spec.rateLimit}"
    ),
}


@pytest.mark.parametrize("name", SAYS)
def test_what_an_alert_says(tool: Promtool, name: str) -> None:
    case = CASES[name]
    rule = alerts()[case.alert]
    told = {
        "exp_labels": {**case.labels, **rule["labels"]},
        "exp_annotations": {**rule["annotations"], "description": SAYS[name]},
    }
    test = in_promtools_words(name, case) | {
        "promql_expr_test": [],
        "alert_rule_test": [
            {
                "alertname": case.alert,
                "eval_time": f"{case.raised_at[0]}m",
                "exp_alerts": [told],
            }
        ],
    }
    tool.test_rules([test])


def test_every_description_names_a_command_that_looks_closer() -> None:
    for rule in alerts().values():
        assert re.search(r"kubectl .*(get|describe) ", rule["annotations"]["description"])
