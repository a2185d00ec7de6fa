"""What is worth an Event: the transitions of a resource, from its status before and after."""

from __future__ import annotations

from dataclasses import dataclass

from okta_rotator.api.conditions import Condition, ConditionType, Reason
from okta_rotator.api.rotation import RotationStatus


@dataclass(frozen=True, slots=True)
class Notice:
    """One Event. The message never holds a secret value."""

    reason: str
    message: str
    is_warning: bool = False


def transitions(old: RotationStatus, new: RotationStatus, target: str) -> list[Notice]:
    """The Events that the change from `old` to `new` is worth."""
    return [*_rotated(old, new, target), *_warnings(old, new), *_recovery(old, new)]


def _rotated(old: RotationStatus, new: RotationStatus, target: str) -> list[Notice]:
    if new.last_rotated_at is None or new.last_rotated_at == old.last_rotated_at:
        return []
    active = next((c for c in new.credentials or () if c.index == new.active_index), None)
    secret_id = active.secret_id if active is not None else "?"
    job = f" (job {new.last_rotation_job_id})" if new.last_rotation_job_id else ""
    return [Notice("Rotated", f"Secret {target} holds the client secret {secret_id}{job}")]


def _warnings(old: RotationStatus, new: RotationStatus) -> list[Notice]:
    was = {_essence(c) for c in _complaints(old)}
    fresh = [c for c in _complaints(new) if _essence(c) not in was]
    return [Notice(c.reason, c.message, is_warning=True) for c in fresh[:1]]


def _recovery(old: RotationStatus, new: RotationStatus) -> list[Notice]:
    if _complaints(old) and not _complaints(new) and _is_ready(new):
        return [Notice("Recovered", f"no longer {_complaints(old)[0].reason}")]
    return []


def _complaints(status: RotationStatus) -> list[Condition]:
    return [c for c in status.conditions or () if _is_complaint(c)]


def _is_complaint(condition: Condition) -> bool:
    if condition.type == ConditionType.READY:
        return condition.status == "False" and condition.reason != Reason.PROGRESSING
    bad = (ConditionType.STALLED, ConditionType.ROTATION_FAILING)
    return condition.type in bad and condition.status == "True"


def _essence(condition: Condition) -> str:
    return condition.reason


def _is_ready(status: RotationStatus) -> bool:
    return any(
        c.type == ConditionType.READY and c.status == "True" for c in status.conditions or ()
    )
