"""When each alert is raised, and when it is not. Time begins at 0 and goes by the minute.

The series are named as our own are: `test_queries.py` holds the rules against those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

ROTATION = 'namespace="team-a",name="web"'
CONNECTION = 'namespace="team-a",name="prod"'
OPERATOR = 'namespace="okta-rotator-system",job="okta-rotator"'

Series = dict[str, str]


def condition(kind: str, reason: str, labels: str = ROTATION) -> str:
    return f'okta_rotator_rotation_condition{{{labels},condition="{kind}",reason="{reason}"}}'


def of(name: str, labels: str = ROTATION) -> str:
    return f"okta_rotator_{name}{{{labels}}}"


READY = of("connection_ready", f'{CONNECTION},reason="Connected"')
NOT_READY = of("connection_ready", f'{CONNECTION},reason="InvalidToken"')
WAITING = of("connection_waiting_calls", f'{CONNECTION},bucket="apps"')
NEXT = of("rotation_next_timestamp_seconds")
REVOKE = of("rotation_previous_revoke_timestamp_seconds")
HOURS = 60
"""Minutes: the cases count in them, and time begins at 0."""


@dataclass
class Case:
    """Series, and the minutes from which and until which an alert is raised by them."""

    alert: str
    series: Series
    raised_at: Sequence[int] = ()
    silent_at: Sequence[int] = ()
    labels: dict[str, str] = field(default_factory=lambda: {"namespace": "team-a", "name": "web"})


CONNECTION_LABELS = {"namespace": "team-a", "name": "prod"}

CASES = {
    "not ready for a quarter of an hour": Case(
        "OktaRotationNotReady",
        {condition("Ready", "AppInactive"): "0x60"},
        raised_at=[16],
        silent_at=[14],
    ),
    "not ready, by changing reasons": Case(
        "OktaRotationNotReady",
        {
            condition("Ready", "OktaUnavailable"): "0x10 stale",
            condition("Ready", "RateLimited"): "_x10 0x60",
        },
        raised_at=[16],
    ),
    "not ready, and then ready": Case(
        "OktaRotationNotReady",
        {
            condition("Ready", "Progressing"): "0x10 stale",
            condition("Ready", "Published"): "_x10 1x60",
        },
        silent_at=[16, 40],
    ),
    "not ready in the view of a replica that has gone, ready in the other's": Case(
        "OktaRotationNotReady",
        {
            condition("Ready", "Progressing", f'{ROTATION},pod="a"'): "0x60",
            condition("Ready", "Published", f'{ROTATION},pod="b"'): "1x60",
        },
        silent_at=[16, 40],
    ),
    "not ready since somebody has paused it": Case(
        "OktaRotationNotReady", {condition("Ready", "Paused"): "0x60"}, silent_at=[40]
    ),
    "failing for half an hour over a good value": Case(
        "OktaRotationFailing",
        {
            condition("Ready", "Published"): "1x60",
            condition("RotationFailing", "OktaUnavailable"): "1x60",
        },
        raised_at=[31],
        silent_at=[29],
    ),
    "failing, then not": Case(
        "OktaRotationFailing",
        {condition("RotationFailing", "OktaUnavailable"): "1x20 stale"},
        silent_at=[31, 45],
    ),
    **{
        f"kept by {reason}, which is no failure or has an alert of its own": Case(
            "OktaRotationFailing", {condition("RotationFailing", reason): "1x60"}, silent_at=[45]
        )
        for reason in (
            "ConnectionNotReady",
            "ForeignSecret",
            "Paused",
            "RetentionPending",
            "WindowClosed",
        )
    },
    "overdue for more than an hour": Case(
        "OktaRotationOverdue",
        {NEXT: f"{60 * 60}x300"},
        raised_at=[2 * HOURS + 17],
        silent_at=[30, HOURS + 30, 2 * HOURS + 10],
    ),
    "overdue, then done": Case(
        "OktaRotationOverdue",
        {NEXT: f"0x100 {86400 * 30}x300"},
        raised_at=[90],
        silent_at=[102, 300],
    ),
    "with auto-rotation off there is no next one": Case(
        "OktaRotationOverdue",
        {of("rotation_last_success_timestamp_seconds"): "0x300"},
        silent_at=[300],
    ),
    "a stranger's secret is in the way of a rotation": Case(
        "OktaForeignSecret",
        {condition("RotationFailing", "ForeignSecret"): "1x60"},
        raised_at=[6],
        silent_at=[4],
    ),
    "a stranger's secret is in the way of the first rotation": Case(
        "OktaForeignSecret",
        {
            condition("Ready", "ForeignSecret"): "0x60",
            condition("Stalled", "ForeignSecret"): "1x60",
        },
        raised_at=[6],
    ),
    "another reason is not a stranger's secret": Case(
        "OktaForeignSecret", {condition("Stalled", "AppInactive"): "1x60"}, silent_at=[40]
    ),
    "the previous secret outlives its time": Case(
        "OktaPreviousSecretNotRetired",
        {REVOKE: f"{60 * 60}x300", NEXT: f"{86400 * 30}x300"},
        raised_at=[2 * HOURS + 17],
        silent_at=[HOURS + 30, 2 * HOURS + 10],
    ),
    "the previous secret of one that is not rotated any more": Case(
        "OktaPreviousSecretNotRetired", {REVOKE: "0x300"}, raised_at=[HOURS + 17]
    ),
    "the previous secret goes with the next rotation, which is overdue": Case(
        "OktaPreviousSecretNotRetired", {REVOKE: "0x300", NEXT: "0x300"}, silent_at=[300]
    ),
    "the previous secret was retired": Case(
        "OktaPreviousSecretNotRetired",
        {REVOKE: "0x70 stale", NEXT: f"{86400 * 30}x300"},
        silent_at=[80, 300],
    ),
    "a connection is not ready": Case(
        "OktaConnectionNotReady",
        {NOT_READY: "0x60"},
        raised_at=[11],
        silent_at=[9],
        labels=CONNECTION_LABELS,
    ),
    "a connection is ready again": Case(
        "OktaConnectionNotReady",
        {NOT_READY: "0x8 stale", READY: "_x8 1x60"},
        silent_at=[11, 40],
        labels=CONNECTION_LABELS,
    ),
    "a connection of the cluster is in no namespace": Case(
        "OktaConnectionNotReady",
        {'okta_rotator_connection_ready{namespace="",name="prod",reason="Unreachable"}': "0x60"},
        raised_at=[11],
        labels={"name": "prod"},
    ),
    "calls wait for half an hour": Case(
        "OktaRateBudgetExhausted",
        {WAITING: "3x60"},
        raised_at=[31],
        silent_at=[29],
        labels={**CONNECTION_LABELS, "bucket": "apps"},
    ),
    "calls wait in each window, and get their turn": Case(
        "OktaRateBudgetExhausted",
        {WAITING: "3x15 0 3x15 0 3x30"},
        silent_at=[31, 45],
        labels={**CONNECTION_LABELS, "bucket": "apps"},
    ),
    "no operator runs": Case(
        "OktaRotatorDown",
        {of("build_info", f'{OPERATOR},version="0.1.0"'): "1x10 stale"},
        raised_at=[17],
        silent_at=[10, 14],
        labels={},
    ),
    "no replica leads": Case(
        "OktaRotatorNoLeader",
        {of("leader", f'{OPERATOR},pod="{pod}"'): "0x60" for pod in "ab"},
        raised_at=[6],
        silent_at=[4],
        labels={"namespace": "okta-rotator-system", "job": "okta-rotator"},
    ),
    "leadership goes from one replica to the other": Case(
        "OktaRotatorNoLeader",
        {
            of("leader", f'{OPERATOR},pod="a"'): "1x10 0x50",
            of("leader", f'{OPERATOR},pod="b"'): "0x12 1x50",
        },
        silent_at=[11, 40],
        labels={"namespace": "okta-rotator-system", "job": "okta-rotator"},
    ),
    "one of two operators has no leader": Case(
        "OktaRotatorNoLeader",
        {
            of("leader", OPERATOR): "0x60",
            of("leader", 'namespace="other",job="okta-rotator"'): "1x60",
        },
        raised_at=[6],
        labels={"namespace": "okta-rotator-system", "job": "okta-rotator"},
    ),
    "client secrets were left in Okta": Case(
        "OktaSecretsNotRevoked",
        {of("unrevoked_releases_total", OPERATOR): "0x20 1x200"},
        raised_at=[30, 70],
        silent_at=[19, 90],
        labels={"namespace": "okta-rotator-system", "job": "okta-rotator"},
    ),
}
