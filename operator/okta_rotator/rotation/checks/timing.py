"""What a rotation that has begun has to do with the windows of the spec."""

from __future__ import annotations

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.decisions import Blocked
from okta_rotator.rotation.facts import in_okta, is_active, requests
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import State, Trigger
from okta_rotator.rotation.trouble import Next, Trouble
from okta_rotator.rotation.upcoming import goes_on_at


def rotation_waits_for_an_opening(s: Snapshot) -> Blocked | None:
    """A scheduled one that could not be finished before its window closed goes on in the next,
    and one that a freeze of its connection has caught goes on after it.

    Nothing is lost by that: the active secret works. Where it does not, or a person has asked for
    something, it goes on at once.
    """
    state = s.state
    if state is None or state.candidate is None or state.candidate.discard:
        return None
    if state.job is None or state.job.trigger is not Trigger.SCHEDULE or _is_urgent(s, state):
        return None
    until = goes_on_at(s)
    if until == s.now:
        return None
    what = f"{until:%Y-%m-%d %H:%M} UTC" if until is not None else "never"
    message = f"the rotation goes on when spec.windows and the connection's freeze let it: {what}"
    return Blocked(Trouble(Next.WAIT, Reason.WINDOW_CLOSED, message, until), counts=False)


def _is_urgent(s: Snapshot, state: State) -> bool:
    if requests(s) or state.bound_secret_id is not None or s.seen.refused_at is not None:
        return True
    is_known = state.active is not None and s.seen.secrets is not None
    return state.active is None or (is_known and not is_active(in_okta(s, state.active)))
