"""Metrics of a process in which everything has happened once, and their series as Prometheus
reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from okta_rotator.api.conditions import ConditionType, Reason
from okta_rotator.api.rotation_status import RotationStatus
from okta_rotator.okta.calls import Endpoint
from okta_rotator.okta.limits import Bucket
from okta_rotator.rotation.attempts import Attempt, Result
from okta_rotator.rotation.decisions import LetGo, Settled
from okta_rotator.rotation.notices import NOT_REVOKED, TARGET_REPAIRED, Notice
from okta_rotator.rotation.snapshot import Key
from okta_rotator.rotation.state import Trigger
from okta_rotator.rotation.turns import Budget
from okta_rotator.telemetry.figures import ConnectionFigures
from okta_rotator.telemetry.metrics import Metrics
from tests.resources import Json

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEY = Key("team-a", "my-rotation")
CONNECTION = Key("team-a", "my-connection")


class Queue:
    """`metrics.Queue` with one key in it."""

    depth = 1
    oldest_age = timedelta(seconds=4)


def condition(kind: str, is_true: bool, reason: str) -> Json:
    return {
        "type": kind,
        "status": str(is_true),
        "reason": reason,
        "message": "as the reason says",
        "lastTransitionTime": NOW,
    }


def a_status(*conditions: Json) -> RotationStatus:
    """A rotation with a previous secret and two failures."""
    return RotationStatus.model_validate(
        {
            "conditions": conditions,
            "lastRotatedAt": NOW - timedelta(days=10),
            "nextRotationAt": NOW + timedelta(days=20),
            "failures": {"count": 2, "lastAt": NOW},
            "credentials": [
                {"index": 0, "secretId": "ocs1", "state": "ACTIVE"},
                {
                    "index": 1,
                    "secretId": "ocs0",
                    "state": "ACTIVE",
                    "revokeAt": NOW + timedelta(hours=5),
                },
            ],
        }
    )


FAILING = a_status(
    condition(ConditionType.READY, True, Reason.PUBLISHED),
    condition(ConditionType.ROTATING, True, Reason.ROTATION_IN_PROGRESS),
    condition(ConditionType.ROTATION_FAILING, True, Reason.FOREIGN_SECRET),
)
"""As many conditions as there can be at a time."""


def everything() -> Metrics:
    metrics = Metrics()
    for trigger in Trigger:
        metrics.pass_ended(Settled("done"), Attempt(Result.SUCCESS, Reason.PUBLISHED, trigger))
    failure = Attempt(Result.FAILURE, Reason.FOREIGN_SECRET, Trigger.MANUAL)
    metrics.pass_ended(LetGo("gone"), failure)
    for reason in (TARGET_REPAIRED, NOT_REVOKED):
        metrics.told(Notice(reason, "as it says"))
    for endpoint in Endpoint:
        metrics.okta_called(endpoint, 200, 0.2)
    metrics.watch_leader(lambda: True)
    metrics.rotation_says(KEY, FAILING)
    metrics.watch_queue(Queue())
    budgets = {str(bucket): Budget(most=80, left=3, waiting=2) for bucket in Bucket}
    told = ConnectionFigures(CONNECTION, True, Reason.CONNECTED, NOW, budgets)
    metrics.watch_connections(lambda: [told])
    return metrics


Series = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def series(metrics: Metrics) -> Series:
    """Every series by its name and labels."""
    return series_of(metrics.exposition()[0].decode())


def families_of(text: str) -> list[Metric]:
    return list(text_string_to_metric_families(text))


def series_of(text: str) -> Series:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families_of(text)
        for sample in family.samples
    }


def labels_by_name(metrics: Metrics) -> dict[str, set[str]]:
    """The labels that the series of each name have."""
    found: dict[str, set[str]] = {}
    for name, labels in series(metrics):
        found.setdefault(name, set()).update(label for label, _ in labels)
    return found
