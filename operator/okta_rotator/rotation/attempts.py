"""Whether a pass was an attempt at a rotation, and how it went: what the metrics count.

Told by the same change of status as the Events, so that a crash neither loses nor repeats one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from okta_rotator.api.conditions import Reason
from okta_rotator.api.rotation_status import RotationResult, RotationStatus
from okta_rotator.rotation.decisions import Blocked, Verdict
from okta_rotator.rotation.facts import due_rotation
from okta_rotator.rotation.notices import ROTATED, Notice
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import Trigger


class Result(StrEnum):
    """How an attempt went."""

    SUCCESS = "success"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a rotation that has come to an end."""

    result: Result
    reason: Reason
    """`Published`, or why it failed."""
    trigger: Trigger


def attempt_of(
    s: Snapshot,
    verdict: Verdict,
    old: RotationStatus,
    new: RotationStatus,
    told: Sequence[Notice],
) -> Attempt | None:
    """From the status before the pass and after it, and the transitions between them."""
    last = s.state.last_trigger if s.state is not None else None
    if last is not None and any(one.reason == ROTATED for one in told):
        return Attempt(Result.SUCCESS, Reason.PUBLISHED, last)
    if not isinstance(verdict, Blocked) or new.rotation_status is not RotationResult.FAILED:
        return None
    if _has_failed_again(old, new) or any(one.is_warning for one in told):
        return Attempt(Result.FAILURE, verdict.trouble.reason, _trigger(s))
    return None  # Another look at what waits for a person is no attempt.


def _has_failed_again(old: RotationStatus, new: RotationStatus) -> bool:
    before = old.failures.last_at if old.failures is not None else None
    return new.failures is not None and new.failures.last_at not in (None, before)


def _trigger(s: Snapshot) -> Trigger:
    job = s.state.job if s.state is not None else None
    if job is not None:
        return job.trigger
    due = due_rotation(s) if s.resource.spec is not None else None
    return due.trigger if due is not None else Trigger.REPAIR
