"""The metrics: their names, their labels, their text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.decisions import Blocked, LetGo, Settled, Verdict
from okta_rotator.rotation.trouble import Next, Trouble
from okta_rotator.telemetry.metrics import Metrics

TROUBLE = Trouble(Next.PERSON, Reason.APP_NOT_FOUND, "no app")


def sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


@pytest.mark.parametrize(
    ("verdict", "label"),
    [
        (Settled("all is well", datetime(2026, 1, 1, tzinfo=UTC)), "settled"),
        (Blocked(TROUBLE), "blocked"),
        (LetGo("gone"), "letgo"),
    ],
)
def test_passes_are_counted_by_how_they_ended(verdict: Verdict, label: str) -> None:
    metrics = Metrics()
    metrics.pass_ended(verdict)
    metrics.pass_ended(verdict)
    assert sample(metrics, "okta_rotator_passes_total", verdict=label) == 2


def test_calls_are_counted_and_timed() -> None:
    metrics = Metrics()
    metrics.okta_called("create secret", 201, 0.25)
    metrics.okta_called("create secret", None, 10.0)
    calls = "okta_rotator_okta_calls_total"
    assert sample(metrics, calls, endpoint="create secret", status="201") == 1
    assert sample(metrics, calls, endpoint="create secret", status="none") == 1
    seconds = "okta_rotator_okta_call_duration_seconds_sum"
    assert sample(metrics, seconds, endpoint="create secret") == 10.25


def test_the_depth_of_the_queue_is_read_when_the_metrics_are() -> None:
    metrics, waiting = Metrics(), ["a"]
    metrics.watch_depth(lambda: len(waiting))
    assert sample(metrics, "okta_rotator_queue_depth") == 1
    waiting.append("b")
    assert sample(metrics, "okta_rotator_queue_depth") == 2


def test_the_text_is_what_prometheus_reads_and_every_metric_has_its_help() -> None:
    metrics = Metrics()
    metrics.pass_ended(Blocked(TROUBLE))
    families = list(text_string_to_metric_families(metrics.exposition().decode()))
    ours = [family for family in families if not family.name.endswith("_created")]
    assert all(family.name.startswith("okta_rotator_") for family in ours)
    assert all(family.documentation for family in ours)


def test_the_version_is_told() -> None:
    families = text_string_to_metric_families(Metrics().exposition().decode())
    (build,) = [family for family in families if family.name == "okta_rotator_build_info"]
    assert build.samples[0].labels["version"][0].isdigit()


def test_two_processes_in_one_do_not_share_their_metrics() -> None:
    one, other = Metrics(), Metrics()
    one.pass_ended(LetGo("gone"))
    assert sample(other, "okta_rotator_passes_total", verdict="letgo") is None
