"""The series of single resources: what each has, and their text.

Of a rotation they are read off its status, and off nothing else: so they are the same after a
restart, and cost no call. The text is made here, since prometheus_client makes several objects of
each sample: 350 ms and 40 MB a scrape for 10,000 resources, and these 25 ms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from okta_rotator.api.conditions import ConditionType, Reason
from okta_rotator.api.rotation_status import CredentialStatus, RotationStatus
from okta_rotator.rotation.snapshot import Key
from okta_rotator.rotation.turns import Budget

_TYPES: Final = frozenset(map(str, ConditionType))
_REASONS: Final = frozenset(map(str, Reason))

Conditions = tuple[tuple[str, str, bool], ...]
"""Of each that is present: its type, its reason, whether it is true."""


@dataclass(frozen=True, slots=True)
class RotationFigures:
    """What the metrics say of one rotation. Times are seconds since the epoch."""

    last_success: int | None
    next_rotation: int | None
    previous_revoke: int | None
    failures: int
    conditions: Conditions


@dataclass(frozen=True, slots=True)
class ConnectionFigures:
    """What the metrics say of one connection."""

    key: Key
    is_ready: bool
    reason: str
    last_check: datetime | None
    budgets: Mapping[str, Budget]
    """By the name of the bucket."""


def rotation_figures(status: RotationStatus) -> RotationFigures:
    """What a status says, as the metrics have it."""
    return RotationFigures(
        last_success=_seconds(status.last_rotated_at),
        next_rotation=_seconds(status.next_rotation_at),
        previous_revoke=_seconds(_revoke_at(status.credentials or ())),
        failures=(status.failures.count or 0) if status.failures is not None else 0,
        conditions=_shared(
            tuple(
                (c.type, _bounded(c.reason), c.status == "True")
                for c in status.conditions or ()
                if c.type in _TYPES
            )
        ),
    )


def _bounded(reason: str) -> str:
    """Another hand may have written anything into a status that no pass has seen yet."""
    return reason if reason in _REASONS else "Other"


@lru_cache(maxsize=256)
def _shared(conditions: Conditions) -> Conditions:
    """Thousands of resources have the same: one object serves them all."""
    return conditions


def _revoke_at(credentials: Iterable[CredentialStatus]) -> datetime | None:
    return next((one.revoke_at for one in credentials if one.revoke_at is not None), None)


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())


# ------------------------------------------------------------------ as text

Samples = Iterable[tuple[str, int | None]]
"""Labels as they are written, and the value; None: there is no such series."""

_OF_ROTATIONS: Final = "okta_rotator_rotation_"
_OF_CONNECTIONS: Final = "okta_rotator_connection_"


def rotations_text(rotations: Mapping[Key, RotationFigures]) -> str:
    """The series of all rotations, in a form that both text formats of Prometheus share."""
    told = [(_labels(key), figures) for key, figures in rotations.items()]
    blocks = (
        _gauge(
            f"{_OF_ROTATIONS}last_success_timestamp_seconds",
            "When a rotation last succeeded (status.lastRotatedAt).",
            ((labels, one.last_success) for labels, one in told),
        ),
        _gauge(
            f"{_OF_ROTATIONS}next_timestamp_seconds",
            "When the next scheduled rotation is tried (status.nextRotationAt); "
            "in the past: it is overdue.",
            ((labels, one.next_rotation) for labels, one in told),
        ),
        _gauge(
            f"{_OF_ROTATIONS}previous_revoke_timestamp_seconds",
            "When the previous client secret is deactivated (status.credentials[].revokeAt).",
            ((labels, one.previous_revoke) for labels, one in told),
        ),
        _gauge(
            f"{_OF_ROTATIONS}failures",
            "Failed attempts since the last success (status.failures.count).",
            ((labels, one.failures) for labels, one in told),
        ),
        _gauge(
            f"{_OF_ROTATIONS}condition",
            "Each condition that is present (status.conditions): 1 where it is True, else 0.",
            (
                (f'{labels},condition="{kind}",reason="{reason}"', is_true)
                for labels, one in told
                for kind, reason, is_true in one.conditions
            ),
        ),
    )
    return "".join(blocks)


def connections_text(connections: Iterable[ConnectionFigures]) -> str:
    """The series of all connections; those of the cluster have no namespace."""
    told = [(_labels(one.key), one) for one in connections]
    budgets = [
        (f'{labels},bucket="{bucket}"', budget)
        for labels, one in told
        for bucket, budget in one.budgets.items()
    ]
    blocks = (
        _gauge(
            f"{_OF_CONNECTIONS}ready",
            "Whether Okta accepted the credentials at the last check, and why not.",
            ((f'{labels},reason="{one.reason}"', one.is_ready) for labels, one in told),
        ),
        _gauge(
            f"{_OF_CONNECTIONS}last_check_timestamp_seconds",
            "When the credentials were last tried.",
            ((labels, _seconds(one.last_check)) for labels, one in told),
        ),
        _gauge(
            f"{_OF_CONNECTIONS}budget_calls",
            "Calls to Okta that may still be sent in this window of a rate limit, within "
            "maxUtilizationPercent.",
            ((labels, budget.left) for labels, budget in budgets),
        ),
        _gauge(
            f"{_OF_CONNECTIONS}budget_limit_calls",
            "Calls to Okta that may be sent in a whole window of a rate limit, within "
            "maxUtilizationPercent.",
            ((labels, budget.most) for labels, budget in budgets),
        ),
        _gauge(
            f"{_OF_CONNECTIONS}waiting_calls",
            "Calls to Okta that wait for their turn.",
            ((labels, budget.waiting) for labels, budget in budgets),
        ),
    )
    return "".join(blocks)


def _labels(key: Key) -> str:
    # Names of Kubernetes hold nothing that would have to be escaped.
    return f'namespace="{key.namespace}",name="{key.name}"'


def _gauge(name: str, meaning: str, samples: Samples) -> str:
    return "".join(_lines(name, meaning, samples))


def _lines(name: str, meaning: str, samples: Samples) -> Iterator[str]:
    yield f"# HELP {name} {meaning}\n# TYPE {name} gauge\n"
    for labels, value in samples:
        if value is not None:
            yield f"{name}{{{labels}}} {value:d}\n"
