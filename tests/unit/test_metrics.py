"""The metrics: their names, their labels, their text, and that the series of what is gone go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.openmetrics import parser as openmetrics

from okta_rotator.api.conditions import ConditionType, Reason
from okta_rotator.api.rotation_status import RotationStatus
from okta_rotator.rotation.attempts import Attempt, Result
from okta_rotator.rotation.decisions import Blocked, LetGo, Settled, Verdict
from okta_rotator.rotation.notices import NOT_REVOKED, TARGET_REPAIRED, Notice
from okta_rotator.rotation.snapshot import Key
from okta_rotator.rotation.state import Trigger
from okta_rotator.rotation.trouble import Next, Trouble
from okta_rotator.telemetry.figures import rotation_figures
from okta_rotator.telemetry.metrics import CALL_SECONDS, Metrics
from tests.monitoring.everything import (
    CONNECTION,
    FAILING,
    KEY,
    NOW,
    a_status,
    condition,
    everything,
    families_of,
    series,
)

TROUBLE = Trouble(Next.PERSON, Reason.APP_NOT_FOUND, "no app")
OTHER = Key("team-b", "other")


def sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    return series(metrics).get((f"okta_rotator_{name}", frozenset(labels.items())))


def of_key(metrics: Metrics, key: Key) -> dict[str, float]:
    """The series of one resource, by name, and of its conditions by type and reason."""
    mine = {("namespace", key.namespace), ("name", key.name)}
    return {
        "/".join([name.removeprefix("okta_rotator_"), *(v for _, v in sorted(labels - mine))]): held
        for (name, labels), held in series(metrics).items()
        if mine <= labels
    }


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
    metrics.pass_ended(verdict, None)
    metrics.pass_ended(verdict, None)
    assert sample(metrics, "passes_total", verdict=label) == 2


def test_attempts_are_counted_by_how_they_went_and_why_they_were_made() -> None:
    metrics = Metrics()
    failed = Attempt(Result.FAILURE, Reason.OKTA_UNAVAILABLE, Trigger.SCHEDULE)
    for attempt in (failed, failed, None):
        metrics.pass_ended(Blocked(TROUBLE), attempt)
    labels = {"result": "failure", "reason": "OktaUnavailable", "trigger": "schedule"}
    assert sample(metrics, "rotations_total", **labels) == 2


def test_a_first_success_is_an_increase() -> None:
    for trigger in Trigger:
        labels = {"result": "success", "reason": "Published", "trigger": str(trigger)}
        assert sample(Metrics(), "rotations_total", **labels) == 0


def test_repairs_and_releases_are_counted_and_begin_at_zero() -> None:
    """What begins with its first event has no increase there, and no alert either."""
    metrics = Metrics()
    names = {TARGET_REPAIRED: "target_repairs_total", NOT_REVOKED: "unrevoked_releases_total"}
    for reason, name in names.items():
        assert sample(metrics, name) == 0
        metrics.told(Notice(reason, "as it says"))
        metrics.told(Notice("Rotated", "of another kind"))
        assert sample(metrics, name) == 1


def test_calls_are_counted_and_timed() -> None:
    metrics = Metrics()
    metrics.okta_called("secrets.create", 201, 0.25)
    metrics.okta_called("secrets.create", None, 10.0)
    metrics.okta_called("secrets.create", 799, 0.1)
    for status in ("201", "none", "other"):
        assert sample(metrics, "okta_calls_total", endpoint="secrets.create", status=status) == 1
    total = sample(metrics, "okta_call_duration_seconds_sum", endpoint="secrets.create")
    assert total == pytest.approx(10.35)


def test_a_call_that_met_its_deadline_is_in_the_last_bucket_but_one() -> None:
    metrics = Metrics()
    metrics.okta_called("introspect", 200, CALL_SECONDS[-1])
    name = "okta_call_duration_seconds_bucket"
    counts = [sample(metrics, name, endpoint="introspect", le=le) for le in ("5.0", "10.0", "+Inf")]
    assert counts == [0, 1, 1]


def test_the_queue_is_read_when_the_metrics_are() -> None:
    class Waiting:
        depth = 1
        oldest_age = timedelta(seconds=2.5)

    metrics, queue = Metrics(), Waiting()
    metrics.watch_queue(queue)
    assert sample(metrics, "queue_depth") == 1
    assert sample(metrics, "queue_oldest_age_seconds") == 2.5
    queue.depth = 2
    assert sample(metrics, "queue_depth") == 2


def test_a_replica_that_waits_leads_nobody_and_has_no_resources() -> None:
    metrics, leads = Metrics(), [False]
    metrics.watch_leader(lambda: leads[0])
    assert sample(metrics, "leader") == 0
    assert not [labels for _, labels in series(metrics) if ("namespace", "team-a") in labels]
    leads[0] = True
    assert sample(metrics, "leader") == 1


def test_a_rotation_has_the_series_that_its_status_makes() -> None:
    assert of_key(everything(), KEY) == {
        "rotation_last_success_timestamp_seconds": (NOW - timedelta(days=10)).timestamp(),
        "rotation_next_timestamp_seconds": (NOW + timedelta(days=20)).timestamp(),
        "rotation_previous_revoke_timestamp_seconds": (NOW + timedelta(hours=5)).timestamp(),
        "rotation_failures": 2,
        "rotation_condition/Ready/Published": 1,
        "rotation_condition/Rotating/RotationInProgress": 1,
        "rotation_condition/RotationFailing/ForeignSecret": 1,
    }


def test_what_a_status_no_longer_says_is_no_longer_there() -> None:
    metrics = everything()
    not_ready = condition(ConditionType.READY, False, Reason.APP_INACTIVE)
    metrics.rotation_says(KEY, RotationStatus.model_validate({"conditions": [not_ready]}))
    assert of_key(metrics, KEY) == {
        "rotation_failures": 0,
        "rotation_condition/Ready/AppInactive": 0,
    }


def test_the_series_of_a_rotation_go_with_it_and_no_others() -> None:
    metrics = everything()
    metrics.rotation_says(OTHER, FAILING)
    metrics.rotation_gone(KEY)
    metrics.rotation_gone(KEY)
    assert of_key(metrics, KEY) == {}
    assert len(of_key(metrics, OTHER)) == 7


def test_a_reason_that_another_hand_wrote_makes_no_series_of_its_own() -> None:
    odd = [
        condition(ConditionType.READY, True, 'x"} 1\nup 1'),
        condition("MyOwnCondition", True, Reason.PUBLISHED),
    ]
    assert rotation_figures(a_status(*odd)).conditions == (("Ready", "Other", True),)


def test_connections_are_read_when_the_metrics_are() -> None:
    metrics = everything()
    told = of_key(metrics, CONNECTION)
    assert told["connection_ready/Connected"] == 1
    assert told["connection_last_check_timestamp_seconds"] == NOW.timestamp()
    calls = ("budget_calls", "budget_limit_calls", "waiting_calls")
    assert [told[f"connection_{name}/apps"] for name in calls] == [3, 80, 2]
    metrics.watch_connections(tuple)
    assert of_key(metrics, CONNECTION) == {}


def test_both_formats_of_prometheus_say_the_same_and_every_metric_has_its_help() -> None:
    metrics = everything()
    text, kind = metrics.exposition("text/plain;version=0.0.4;q=0.3")
    assert kind.startswith("text/plain; version=0.0.4")
    plain = {family.name: family for family in families_of(text.decode())}
    modern, kind = metrics.exposition("application/openmetrics-text;version=1.0.0;q=0.5")
    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    read = openmetrics.text_string_to_metric_families(modern.decode())  # type: ignore[no-untyped-call]
    families = {family.name: family for family in read}
    assert all(family.documentation for family in plain.values())
    ours = {name for name in families if name.startswith("okta_rotator_")}
    assert {name for name in plain if name.startswith("okta_rotator_")} == ours
    for name in ours:
        if families[name].type == "gauge":
            assert families[name].samples == plain[name].samples


def test_the_version_is_told() -> None:
    (build,) = [labels for name, labels in series(Metrics()) if name == "okta_rotator_build_info"]
    assert dict(build)["version"][0].isdigit()


def test_two_processes_in_one_do_not_share_their_metrics() -> None:
    one, other = Metrics(), Metrics()
    one.pass_ended(LetGo("gone"), None)
    assert sample(other, "passes_total", verdict="letgo") is None
