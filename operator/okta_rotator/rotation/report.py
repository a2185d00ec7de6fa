"""What `status` says: computed anew from the snapshot and the verdict, never edited.

The conditions follow one table. `Ready`, `Reconciling` and `Stalled` speak of the published value
and the spec, as kstatus reads them; `Rotating` and `RotationFailing` speak of the rotation. So a
rotation over a good value never makes a resource look unfinished.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from okta_rotator.api.conditions import Condition, ConditionType, Reason
from okta_rotator.api.names import ROTATION_TYPE
from okta_rotator.api.rotation_status import (
    ConnectionSummary,
    CredentialState,
    CredentialStatus,
    Failures,
    HandledRequests,
    RotationProgress,
    RotationResult,
    RotationStatus,
)
from okta_rotator.rotation.agenda import recheck_at, retirement_at, revoke_at
from okta_rotator.rotation.backoff import next_attempt_at
from okta_rotator.rotation.decisions import Blocked, Settled, Verdict
from okta_rotator.rotation.facts import (
    Verb,
    auth_method,
    candidate_in_okta,
    handled,
    in_okta,
    is_active,
    is_paused,
    proof_of,
)
from okta_rotator.rotation.okta_view import Proof, SecretState
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import State
from okta_rotator.rotation.target import needed_change, target_name
from okta_rotator.rotation.trouble import Next, Trouble
from okta_rotator.rotation.upcoming import (
    next_scheduled,
    next_slot,
    waits_until,
    windows_never_open,
)


def report(s: Snapshot, verdict: Verdict | None) -> RotationStatus:
    """The whole status after a pass, or during one (`verdict` None)."""
    old, state = s.resource.status, s.state
    trouble = trouble_of(verdict)
    failures = _failures(s, verdict)
    return RotationStatus(
        type=ROTATION_TYPE,
        observed_generation=s.resource.generation,
        conditions=_conditions(s, verdict, trouble),
        rotation_status=_rotation_status(s, verdict, trouble),
        active_index=_active_index(s, state),
        credentials=_credentials(s, state),
        last_rotation_attempted_at=_attempted_at(s, verdict),
        last_rotated_at=state.last_rotated_at if state is not None else old.last_rotated_at,
        next_rotation_at=None if is_paused(s) else next_scheduled(s),
        last_rotation_job_id=_job_id(state),
        last_rotation_message=trouble.message if trouble is not None else None,
        connection=ConnectionSummary(app="okta", name=s.connection.name, id=s.connection.uid),
        rotation=_under_way(s, state),
        failures=failures,
        state_generation=_state_generation(s, state),
        handled_requests=_handled(s),
    )


def next_look(s: Snapshot, verdict: Verdict, status: RotationStatus) -> datetime | None:
    """When to look at the resource again without being woken."""
    match verdict:
        case Settled(next_look=at):
            return at
        case Blocked(trouble=Trouble(reason=Reason.RETENTION_PENDING, until=until)):
            # What may not be deleted yet is deactivated before, and its hold begins with that.
            return _first_to_come(s, until, retirement_at(s))
        case Blocked(trouble=Trouble(reason=Reason.WINDOW_CLOSED, until=until)):
            return _first_to_come(s, until, recheck_at(s))
        case Blocked(trouble=Trouble(next=Next.WAIT, until=until)):
            return until
        case Blocked(trouble=Trouble(next=Next.RETRY)):
            return status.failures.next_attempt_at if status.failures is not None else None
    return None


def _first_to_come(s: Snapshot, *moments: datetime | None) -> datetime | None:
    return min((at for at in moments if at is not None and at > s.now), default=None)


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of the table of conditions: the reason and message of each that is present."""

    ready: bool
    reason: Reason
    message: str
    reconciling: bool = False
    stalled: bool = False


def _conditions(
    s: Snapshot, verdict: Verdict | None, trouble: Trouble | None
) -> tuple[Condition, ...]:
    row = _row(s, trouble)
    present = [_condition(s, ConditionType.READY, row.ready, row.reason, row.message)]
    if row.reconciling:
        present.append(_condition(s, ConditionType.RECONCILING, True, row.reason, row.message))
    if row.stalled:
        present.append(_condition(s, ConditionType.STALLED, True, row.reason, row.message))
    if row.ready:
        present.extend(_of_the_rotation(s, verdict, trouble))
    return tuple(present)


def _row(s: Snapshot, trouble: Trouble | None) -> _Row:
    fault = windows_never_open(s)
    if fault is not None:
        return _Row(False, Reason.INVALID_SPEC, fault, stalled=True)
    if _is_published(s):
        message = f"Secret {target_name(s.resource)} is up to date{_waiting(s)}"
        return _Row(True, Reason.PUBLISHED, message)
    if trouble is None:
        message = "the client secret is being rotated and published"
        return _Row(False, Reason.PROGRESSING, message, reconciling=True)
    if trouble.next is Next.PERSON:
        return _Row(False, trouble.reason, trouble.message, stalled=True)
    return _Row(False, trouble.reason, trouble.message, reconciling=True)


def _waiting(s: Snapshot) -> str:
    until, slot = waits_until(s), next_slot(s)
    if until is None or slot is None or is_paused(s):
        return ""
    freeze, end = s.connection.freeze, f"{until:%Y-%m-%d %H:%M} UTC"
    what = f"for the next opening of spec.windows, {end}"
    if freeze is not None and freeze.ends_at > s.now:
        thawed = f"{freeze.ends_at:%Y-%m-%d %H:%M} UTC"
        opening = "" if until == freeze.ends_at else ", and then for spec.windows"
        what = f"until {end}: the connection {s.connection.name} is frozen until {thawed}{opening}"
        what += f" ({' '.join(freeze.reason.split())})"
    return f"; the rotation that is due since {slot.due:%Y-%m-%d %H:%M} UTC waits {what}"


def _of_the_rotation(
    s: Snapshot, verdict: Verdict | None, trouble: Trouble | None
) -> list[Condition]:
    present, job = [], s.state.job if s.state is not None else None
    if job is not None:
        message = f"job {job.job_id}, {job.trigger}"
        present.append(
            _condition(s, ConditionType.ROTATING, True, Reason.ROTATION_IN_PROGRESS, message)
        )
    if trouble is not None and _is_failing(s, verdict, trouble):
        present.append(
            _condition(s, ConditionType.ROTATION_FAILING, True, trouble.reason, trouble.message)
        )
    return present


def _is_failing(s: Snapshot, verdict: Verdict | None, trouble: Trouble) -> bool:
    if isinstance(verdict, Settled) or trouble.next is not Next.WAIT:
        return True
    if trouble.reason is Reason.RETENTION_PENDING:
        return True
    counted = isinstance(verdict, Blocked) and verdict.counts
    return counted or s.resource.status.failures is not None


def _is_published(s: Snapshot) -> bool:
    """The target holds the active secret as the spec wants it, and Okta is not known to refuse."""
    state = s.state
    if s.resource.spec is None or state is None or state.active is None:
        return False
    if needed_change(s.target, s.resource, state) is not None:
        return False
    if s.seen.secrets is not None and not is_active(in_okta(s, state.active)):
        return False
    return not _is_refused(s, state)


def _is_refused(s: Snapshot, state: State) -> bool:
    if s.seen.refused_at is not None:
        return True
    value = state.active.value if state.active is not None else None
    if value is None or auth_method(s) is None:
        return False
    proof = proof_of(s, value)
    return proof is not None and proof[0] is Proof.REFUSED


def _condition(
    s: Snapshot, kind: ConditionType, is_true: bool, reason: Reason, message: str
) -> Condition:
    status = "True" if is_true else "False"
    old = next((c for c in s.resource.status.conditions or () if c.type == kind), None)
    since = old.last_transition_time if old is not None and old.status == status else s.now
    return Condition(
        type=kind,
        status=status,
        reason=reason,
        message=message,
        last_transition_time=since,
        observed_generation=s.resource.generation,
    )


def trouble_of(verdict: Verdict | None) -> Trouble | None:
    """What is wrong by a verdict, whether or not it keeps anything from being done."""
    match verdict:
        case Blocked(trouble=trouble):
            return trouble
        case Settled(concern=concern):
            return concern
    return None


def _rotation_status(
    s: Snapshot, verdict: Verdict | None, trouble: Trouble | None
) -> RotationResult:
    if trouble is not None and trouble.reason in (Reason.RETENTION_PENDING, Reason.PAUSED):
        return RotationResult.PENDING
    if isinstance(verdict, Blocked) and trouble is not None and _is_failing(s, verdict, trouble):
        return RotationResult.FAILED
    state = s.state
    if state is not None and state.job is not None:
        return RotationResult.IN_PROGRESS
    if state is not None and state.active is not None and waits_until(s) is None:
        return RotationResult.SUCCESS
    return RotationResult.PENDING


def _failures(s: Snapshot, verdict: Verdict | None) -> Failures | None:
    old = _failures_of_this_spec(s)
    if verdict is None:
        return old
    if not isinstance(verdict, Blocked) or is_paused(s):
        # Whoever lets a resource go on has it tried at once.
        return None
    trouble = verdict.trouble
    if not verdict.counts:
        return old
    if trouble.next is Next.WAIT:
        count, last_at = (old.count, old.last_at) if old is not None else (0, None)
        return Failures(count=count, last_at=last_at, next_attempt_at=trouble.until)
    if trouble.next is Next.PERSON:
        return old or Failures(count=1, last_at=s.now)
    count = ((old.count or 0) if old is not None else 0) + 1
    again = next_attempt_at(s.now, count, s.resource.uid)
    return Failures(count=count, last_at=s.now, next_attempt_at=again)


def _failures_of_this_spec(s: Snapshot) -> Failures | None:
    """A spec change starts the count anew."""
    status = s.resource.status
    return status.failures if status.observed_generation == s.resource.generation else None


def _active_index(s: Snapshot, state: State | None) -> int | None:
    if state is None:
        return s.resource.status.active_index
    return state.active.index if state.active is not None else None


def _state_generation(s: Snapshot, state: State | None) -> int | None:
    if state is None or _is_an_old_copy(s, state):
        return s.resource.status.state_generation
    return state.generation


def _is_an_old_copy(s: Snapshot, state: State) -> bool:
    """Until it has been held against Okta, what tells of its age has to stay as it is."""
    told = s.resource.status.state_generation or 0
    return told > state.generation and not s.seen.listed_in_this_pass


def _credentials(s: Snapshot, state: State | None) -> tuple[CredentialStatus, ...] | None:
    if state is None or _is_an_old_copy(s, state):
        # What was reported is the witness of what is ours, where the state is lost or unreadable.
        return s.resource.status.credentials
    retired_at = _retired_at(s, state) if s.resource.spec is not None else None
    held = [(state.active, None), (state.previous, retired_at)]
    summaries = [
        CredentialStatus(
            index=one.index,
            secret_id=one.secret_id,
            state=CredentialState(one.state),
            created_at=one.created_at,
            revoke_at=revoke_at,
        )
        for one, revoke_at in held
        if one is not None
    ]
    return tuple(sorted(summaries, key=lambda one: one.index))


def _retired_at(s: Snapshot, state: State) -> datetime | None:
    """When the previous secret will be deactivated, if that has not been done."""
    if state.previous is None or state.previous.state is SecretState.INACTIVE:
        return None
    return revoke_at(s, state) or next_scheduled(s)


def _attempted_at(s: Snapshot, verdict: Verdict | None) -> datetime | None:
    old, state = s.resource.status.last_rotation_attempted_at, s.state
    # A time that has not come yet was written by another hand.
    old = None if old is not None and old > s.now else old
    if isinstance(verdict, Blocked) and verdict.counts and verdict.trouble.next is not Next.PERSON:
        return s.now
    if state is None:
        return old
    if state.job is not None:
        return state.job.started_at if old is None else max(old, state.job.started_at)
    moments = [at for at in (old, state.last_rotated_at) if at is not None]
    return max(moments, default=None)


def _job_id(state: State | None) -> str | None:
    if state is None:
        return None
    return state.job.job_id if state.job is not None else state.last_job_id


def _under_way(s: Snapshot, state: State | None) -> RotationProgress | None:
    if state is None or state.job is None:
        return None
    job = state.job
    return RotationProgress(
        job_id=job.job_id,
        trigger=job.trigger,
        step=_step(s, state),
        started_at=job.started_at,
    )


def _step(s: Snapshot, state: State) -> str:
    if state.candidate is not None and state.candidate.discard:
        return "discard"
    is_made = s.seen.secrets is not None and candidate_in_okta(s) is not None
    return "verify" if is_made else "create"


def _handled(s: Snapshot) -> HandledRequests | None:
    tokens = {str(verb): handled(s, verb) for verb in Verb}
    return HandledRequests(**tokens) if any(tokens.values()) else None
