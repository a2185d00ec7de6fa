"""How a rotation begins: a value is drawn and written down with its job, then Okta hears of it."""

from __future__ import annotations

from okta_rotator.rotation.facts import Due
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import Job, State
from okta_rotator.rotation.transitions import begin
from okta_rotator.rotation.values import make_value


def intent(s: Snapshot, state: State, due: Due) -> State:
    """The state with a candidate and a job, from the randomness of this snapshot."""
    job = Job(s.draw.job_id, due.trigger, s.now, due.token, due.at)
    return begin(state, job, make_value(s.resource.uid, s.draw.randomness))
