"""What is worth an Event: the transitions of a resource, from its status before and after."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from okta_rotator.api.conditions import Condition, ConditionType, Reason
from okta_rotator.api.rotation import RotationStatus
from okta_rotator.rotation.snapshot import Key

ROTATED: Final = "Rotated"
TARGET_REPAIRED: Final = "TargetRepaired"
NOT_REVOKED: Final = "NotRevoked"


@dataclass(frozen=True, slots=True)
class Notice:
    """One Event, or a line of the log alone. The message never holds a secret value."""

    reason: str
    message: str
    is_warning: bool = False
    job_id: str | None = field(default=None, compare=False)
    """Of the rotation that it belongs to."""


def log_notice(logger: logging.Logger, kind: str, key: Key, notice: Notice, **more: str) -> None:
    """A line of the log, with whose it is in fields of their own."""
    told = {"kind": kind, "resource": key, "reason": notice.reason, "jobId": notice.job_id, **more}
    level = logging.WARNING if notice.is_warning else logging.INFO
    logger.log(level, "%s %s: %s: %s", kind, key, notice.reason, notice.message, extra=told)


def job_of(old: RotationStatus, new: RotationStatus) -> str | None:
    """The rotation that a pass worked on: it is under way, or came to its end with it."""
    if new.rotation is not None:
        return new.rotation.job_id
    is_another = new.last_rotation_job_id != old.last_rotation_job_id
    return new.last_rotation_job_id if is_another or old.rotation is not None else None


def transitions(old: RotationStatus, new: RotationStatus, target: str) -> list[Notice]:
    """The Events that the change from `old` to `new` is worth."""
    return [*_rotated(old, new, target), *_warnings(old, new), *_recovery(old, new)]


def has_rotated(old: RotationStatus, at: datetime | None, secret_id: str | None) -> bool:
    """Another time, or a secret that was not there: two rotations can fall into one second."""
    known = {c.secret_id for c in old.credentials or ()}
    is_new = bool(known) and secret_id is not None and secret_id not in known
    return at is not None and (at != old.last_rotated_at or is_new)


def as_told(old: RotationStatus, rotated_at: datetime | None) -> RotationStatus:
    """The status as if it had told of that rotation: what is only found again is no news."""
    return old.model_copy(update={"last_rotated_at": rotated_at, "credentials": None})


def _rotated(old: RotationStatus, new: RotationStatus, target: str) -> list[Notice]:
    active = next((c for c in new.credentials or () if c.index == new.active_index), None)
    secret_id = active.secret_id if active is not None else None
    if not _is_ready(new) or not has_rotated(old, new.last_rotated_at, secret_id):
        return []
    job = f" (job {new.last_rotation_job_id})" if new.last_rotation_job_id else ""
    return [Notice(ROTATED, f"Secret {target} holds the client secret {secret_id or '?'}{job}")]


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
