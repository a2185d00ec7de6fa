"""What comes due with time: the recheck of the published value, the previous secret's end.

Pure. The schedule of rotations itself is `schedule.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from okta_rotator.api.conditions import ConditionType
from okta_rotator.rotation.backoff import hashed_fraction
from okta_rotator.rotation.facts import due_rotation, is_bound, is_paused
from okta_rotator.rotation.okta_view import SecretState
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import State, Trigger
from okta_rotator.rotation.trouble import Trouble
from okta_rotator.rotation.upcoming import next_scheduled, next_slot, opening_of
from okta_rotator.rotation.values import is_stand_in

AHEAD: Final = timedelta(hours=1)
"""So long before the previous secret's end it is told that something is in the way of it."""

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


def next_look(s: Snapshot) -> datetime | None:
    """When something comes due that has not yet; None: only a change brings anything."""
    slot = next_slot(s)
    due = slot.due if slot is not None else None
    ends_at = retirement_at(s)
    is_in_the_way = s.connection.problem is not None or is_paused(s)
    warn_at = ends_at - AHEAD if ends_at is not None and is_in_the_way else None
    moments = (due, opening_of(s, slot), recheck_at(s), ends_at, warn_at)
    return min((at for at in moments if at is not None and at > s.now), default=None)


# ------------------------------------------------------------------ is it still accepted?


def recheck_at(s: Snapshot) -> datetime | None:
    """When Okta is to be asked whether it still accepts the published value.

    At moments that lie one `recheckInterval` apart and are spread by uid, so that neither a
    thousand resources nor a restart of the process make a thousand calls at once.
    """
    seen, state = s.seen, s.state
    if state is None or state.active is None or not s.spec.verification.enabled:
        return None
    if seen.ask_again_at is not None:
        return seen.ask_again_at
    last = seen.asked_at or seen.since
    if last is None or (seen.asked_at is None and _was_not_ready(s)):
        return last
    return _next_on_grid(last, s.spec.verification.recheck, s.resource.uid)


def _was_not_ready(s: Snapshot) -> bool:
    """An earlier process may have found that Okta refuses the value."""
    ready = [c for c in s.resource.status.conditions or () if c.type == ConditionType.READY]
    return any(c.status == "False" for c in ready)


def _next_on_grid(last: datetime, interval: timedelta, uid: str) -> datetime:
    first = _EPOCH + interval * hashed_fraction(f"{uid}/recheck")
    return first + interval * ((last - first) // interval + 1)


# ------------------------------------------------------------------ the previous secret's end


def revoke_at(s: Snapshot, state: State) -> datetime | None:
    """When the previous secret is to be deactivated; None: when its place is needed.

    With UntilNextRotation and a hold that is so long before the next rotation.
    """
    previous, rule = state.previous, s.spec.previous_secret
    if previous is None or previous.superseded_at is None:
        return None
    if rule.kept_for is not None:
        return previous.superseded_at + rule.kept_for
    if not rule.hold:
        return None
    if due_rotation(s) is not None:
        return s.now
    due = next_scheduled(s)
    return None if due is None else due - rule.hold


def retirement_at(s: Snapshot) -> datetime | None:
    """When the next thing is to be done about the previous secret by its own time."""
    state = s.state
    if state is None or state.previous is None or state.candidate is not None:
        return None
    previous, rule = state.previous, s.spec.previous_secret
    if previous.state is SecretState.ACTIVE:
        return revoke_at(s, state)
    is_timed = rule.kept_for is not None and previous.superseded_at is not None
    return previous.deactivated_at + rule.hold if is_timed and previous.deactivated_at else None


def endangered_retirement(s: Snapshot, trouble: Trouble) -> str | None:
    """What to say where the previous secret is to be ended soon, or was, and cannot be."""
    at, previous = retirement_at(s), s.state.previous if s.state is not None else None
    if at is None or previous is None or s.now < at - AHEAD:
        return None
    what = "deactivated" if previous.state is SecretState.ACTIVE else "deleted"
    return (
        f"the previous client secret {previous.secret_id} is to be {what} at "
        f"{at:%Y-%m-%d %H:%M} UTC, and cannot be as long as this lasts: {trouble.reason}"
    )


def promised_until(s: Snapshot, state: State, trigger: Trigger) -> datetime | None:
    """Until when the previous secret may not be deleted for a rotation; None: it may.

    A repair goes before: the published value does not work. So does a request to revoke. A
    stand-in is used by nobody.
    """
    previous, rule = state.previous, s.spec.previous_secret
    if previous is None or previous.superseded_at is None or trigger is Trigger.REPAIR:
        return None
    if is_stand_in(previous.value):
        return None
    if is_bound(state, previous) or is_bound(state, state.active):
        return None
    if previous.state is SecretState.INACTIVE:
        off_at = previous.deactivated_at or s.now
    else:
        off_at = max(previous.superseded_at + (rule.kept_for or timedelta(0)), s.now)
    until = off_at + rule.hold
    return until if until > s.now else None


def may_be_deactivated(s: Snapshot, state: State) -> bool:
    """Whether the previous secret has worked as long as was promised; its hold is yet to come."""
    previous, rule = state.previous, s.spec.previous_secret
    if previous is None or previous.superseded_at is None or rule.kept_for is None:
        return True
    return s.now >= previous.superseded_at + rule.kept_for
