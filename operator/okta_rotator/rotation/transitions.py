"""How one state becomes the next. Pure; each function is one write of the state Secret."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from okta_rotator.rotation.okta_view import OktaSecret, SecretState
from okta_rotator.rotation.schedule import served_date
from okta_rotator.rotation.state import Candidate, Credential, Job, State, Trigger
from okta_rotator.rotation.values import SecretValue

REFUSALS_REMEMBERED: Final = timedelta(hours=24)
"""Okta rings its alarm at five refused secrets within this time (release notes 2017, 2020)."""


def begin(state: State, job: Job, value: SecretValue) -> State:
    """The intent: a candidate and its job are written before Okta hears of them."""
    index = 1 - state.active.index if state.active is not None else 0
    return replace(state, job=job, candidate=Candidate(value, index), asked_at=job.started_at)


def adopt(state: State, active: OktaSecret, previous: OktaSecret | None, now: datetime) -> State:
    """Take secrets of Okta's as ours; that counts as an automatic rotation at this instant."""
    return replace(
        state,
        active=known(active, 0),
        previous=None if previous is None else superseded(known(previous, 1), now),
        last_rotated_at=now.replace(microsecond=0),
        last_trigger=Trigger.REPAIR,
        series_from=now.replace(microsecond=0),
    )


def known(secret: OktaSecret, index: int) -> Credential:
    """A secret of Okta's list as a credential of the state."""
    return Credential(secret.id, index, secret.created, secret.value, secret.state)


def superseded(credential: Credential, now: datetime) -> Credential:
    """The same from the moment on when another one is active in its place."""
    return replace(credential, superseded_at=now, deactivated_at=None)


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
    previous = _superseded_by_the_candidate(state, old_active_is_held, now)
    # The roles may have changed places since the candidate was drawn.
    index = candidate.index if previous is None else 1 - previous.index
    return replace(
        state,
        active=_made_of(candidate, created, index),
        previous=previous,
        candidate=None,
        asked_at=None,
        job=None,
        last_job_id=job.job_id,
        last_rotated_at=now.replace(microsecond=0),
        last_trigger=job.trigger,
        series_from=served_date(job.due, now, job.slot_at),
        handled_rotate=token or job.token or state.handled_rotate,
    )


def note_candidate(state: State, created: OktaSecret, now: datetime) -> State:
    """The candidate is all that works in Okta, and its place in the state is needed: it is active.

    No rotation has ended by that, so nothing is counted and no token is handled.
    """
    if state.candidate is None:
        raise ValueError("there is no candidate")
    return replace(
        forget_candidate(state),
        active=_made_of(state.candidate, created, state.candidate.index),
        previous=_superseded_by_the_candidate(state, True, now),
    )


def _made_of(candidate: Candidate, created: OktaSecret, index: int) -> Credential:
    """The value is the candidate's, since Okta may hide it."""
    return Credential(created.id, index, created.created, candidate.value)


def _superseded_by_the_candidate(
    state: State, old_active_is_held: bool, now: datetime
) -> Credential | None:
    if state.active is not None and old_active_is_held:
        return superseded(state.active, now)
    found = state.previous
    # What was there before the first rotation is superseded by it.
    is_first = state.active is None and found is not None
    return superseded(found, now) if is_first and found is not None else found


def swap_roles(state: State, old_active: OktaSecret | None, now: datetime) -> State:
    """The previous secret becomes the active one, and the active one the previous."""
    if state.active is None or state.previous is None:
        raise ValueError("only an active and a previous secret can change places")
    demoted = None
    if old_active is not None:
        off_at = now if old_active.state is SecretState.INACTIVE else None
        demoted = replace(
            superseded(state.active, now), state=old_active.state, deactivated_at=off_at
        )
    promoted = replace(state.previous, superseded_at=None, deactivated_at=None)
    return replace(state, active=promoted, previous=demoted)


def note_asking(state: State, now: datetime) -> State:
    """Written before Okta is asked about the candidate again."""
    return replace(state, asked_at=now)


def note_refusal(state: State, now: datetime, one_is_unseen: bool = False) -> State:
    """Remember that Okta refused a value of this app, and forget refusals of over a day ago.

    `one_is_unseen`: one may have been refused before, with nobody left to write it down.
    """
    unseen = (state.asked_at or now,) if one_is_unseen else ()
    tries = (*recent_refusals(state, now), *unseen, now)
    return replace(state, refused_tries=tries, asked_at=None)


def recent_refusals(state: State, now: datetime) -> tuple[datetime, ...]:
    return tuple(at for at in state.refused_tries if now - at < REFUSALS_REMEMBERED)


def mark_discard(state: State, discard: bool = True) -> State:
    return replace(state, candidate=state.candidate and replace(state.candidate, discard=discard))


def forget_candidate(state: State) -> State:
    """End the job without moving the roles."""
    job_id = state.job.job_id if state.job is not None else state.last_job_id
    return replace(state, candidate=None, asked_at=None, job=None, last_job_id=job_id)


def note_previous(state: State, seen: OktaSecret | None, now: datetime) -> State:
    """What has become of the previous secret in Okta: gone, deactivated or active again."""
    previous = state.previous
    if previous is None or seen is None:
        is_bound = previous is not None and state.bound_secret_id == previous.secret_id
        bound = None if is_bound else state.bound_secret_id
        return replace(state, previous=None, bound_secret_id=bound)
    is_off = seen.state is SecretState.INACTIVE
    at = (previous.deactivated_at or now) if is_off else None
    return replace(state, previous=replace(previous, state=seen.state, deactivated_at=at))


def not_later_than(state: State, now: datetime) -> State:
    """The state without an instant that has not come: the clock has been put back since."""

    def past(at: datetime | None) -> datetime | None:
        return None if at is None else min(at, now)

    def of(one: Credential | None) -> Credential | None:
        return one and replace(
            one, superseded_at=past(one.superseded_at), deactivated_at=past(one.deactivated_at)
        )

    job = state.job and replace(state.job, started_at=min(state.job.started_at, now))
    rotated_at = state.last_rotated_at
    return replace(
        state,
        active=of(state.active),
        previous=of(state.previous),
        job=job,
        asked_at=past(state.asked_at),
        last_rotated_at=rotated_at and min(rotated_at, now.replace(microsecond=0)),
        series_from=past(state.series_from),
        refused_tries=tuple(min(at, now) for at in state.refused_tries),
    )
