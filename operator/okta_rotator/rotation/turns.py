"""Whose call to Okta it is, for the order of those that wait for the same rate limit; and what
that limit leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from okta_rotator.api.conditions import ConditionType
from okta_rotator.rotation.snapshot import Resource

_ALWAYS_DUE: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """Whose call it is, and how urgent."""

    due: datetime = _ALWAYS_DUE
    key: str = ""
    """The resource: of two that are equally overdue, one is finished before the other begins."""
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be sent within one rate limit, by the share of it that a connection may use."""

    most: int
    """Calls in a whole window."""
    left: int
    """Calls that may still be sent in this window."""
    waiting: int
    """Calls that wait for their turn."""


OF_THE_CONNECTION: Final = Turn()
"""A call of the connection itself, which is always due."""


def turn_of(resource: Resource) -> Turn:
    """The turn of a resource's calls. By its status, which decides nothing but this order."""
    return Turn(_due(resource), resource.uid, resource.key.namespace)


def _due(resource: Resource) -> datetime:
    status = resource.status
    ready = [c.status for c in status.conditions or () if c.type == ConditionType.READY]
    if ready != ["True"]:
        # Its users have no good value, and that is more urgent than any schedule.
        return resource.created_at
    begun = status.rotation.started_at if status.rotation is not None else None
    moments = [at for at in (status.next_rotation_at, begun) if at is not None]
    return min(moments, default=status.last_rotated_at or resource.created_at)
