"""How a rotation begins: a value is drawn and written down with its job, then Okta hears of it."""

from __future__ import annotations

from okta_rotator.rotation.facts import Due
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import Job, State
from okta_rotator.rotation.transitions import begin
from okta_rotator.rotation.values import make_value


def intent(s: Snapshot, state: State, due: Due) -> State:
    """The state with a candidate and a job, from the randomness of this snapshot."""
    slot = due.slot
    job = Job(
        job_id=s.draw.job_id,
        trigger=due.trigger,
        started_at=s.now,
        token=due.token,
        due=slot.due if slot is not None else None,
        slot_at=slot.at if slot is not None else None,
    )
    return begin(state, job, make_value(s.resource.uid, s.draw.randomness))
