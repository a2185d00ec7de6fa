"""How one state becomes the next. Pure; each function is one write of the state Secret."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from okta_rotator.rotation.okta_view import OktaSecret
from okta_rotator.rotation.schedule import served_date
from okta_rotator.rotation.state import Candidate, Credential, Job, State, Trigger
from okta_rotator.rotation.values import SecretValue

REFUSALS_REMEMBERED: Final = timedelta(hours=24)
"""Okta rings its alarm at five refused secrets within this time (release notes 2017, 2020)."""


def begin(state: State, job: Job, value: SecretValue) -> State:
    """The intent: a candidate and its job are written before Okta hears of them."""
    index = 1 - state.active.index if state.active is not None else 0
    return replace(state, job=job, candidate=Candidate(value, index))


def adopt(state: State, active: OktaSecret, previous: OktaSecret | None, now: datetime) -> State:
    """Take secrets of Okta's as ours; that counts as an automatic rotation at this instant."""
    return replace(
        state,
        active=known(active, 0),
        previous=None if previous is None else known(previous, 1),
        last_rotated_at=now.replace(microsecond=0),
        last_trigger=Trigger.REPAIR,
        series_from=now.replace(microsecond=0),
    )


def known(secret: OktaSecret, index: int) -> Credential:
    """A secret of Okta's list as a credential of the state."""
    return Credential(secret.id, index, secret.created, secret.value, secret.state)


def move_roles(
    state: State,
    created: OktaSecret,
    old_active_is_held: bool,
    now: datetime,
    token: str | None = None,
) -> State:
    """The candidate becomes active; the old active becomes previous if Okta still holds it."""
    if state.candidate is None or state.job is None:
        raise ValueError("only a job with a candidate can move the roles")
    candidate, job = state.candidate, state.job
    previous = state.active if state.active is not None and old_active_is_held else state.previous
    # The roles may have changed places since the candidate was drawn.
    index = candidate.index if previous is None else 1 - previous.index
    return replace(
        state,
        active=Credential(created.id, index, created.created, candidate.value),
        previous=previous,
        candidate=None,
        job=None,
        last_job_id=job.job_id,
        last_rotated_at=now.replace(microsecond=0),
        last_trigger=job.trigger,
        series_from=served_date(job.due, now),
        handled_rotate=token or job.token or state.handled_rotate,
    )


def swap_roles(state: State, old_active: OktaSecret | None) -> State:
    """The previous secret becomes active again, since Okta no longer accepts the active one."""
    if state.active is None or state.previous is None:
        raise ValueError("only an active and a previous secret can change places")
    demoted = None if old_active is None else replace(state.active, state=old_active.state)
    return replace(state, active=state.previous, previous=demoted)


def note_refusal(state: State, now: datetime) -> State:
    """Remember that Okta refused a value of this app, and forget refusals of over a day ago."""
    return replace(state, refused_tries=(*recent_refusals(state, now), now))


def recent_refusals(state: State, now: datetime) -> tuple[datetime, ...]:
    return tuple(at for at in state.refused_tries if now - at < REFUSALS_REMEMBERED)


def mark_discard(state: State, discard: bool = True) -> State:
    return replace(state, candidate=state.candidate and replace(state.candidate, discard=discard))


def forget_candidate(state: State) -> State:
    """End the job without moving the roles."""
    job_id = state.job.job_id if state.job is not None else state.last_job_id
    return replace(state, candidate=None, job=None, last_job_id=job_id)
