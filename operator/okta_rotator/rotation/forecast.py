"""The scheduled rotations to come, and what they retire, by the operator's own decisions.

Pure. `okta-rotator preview` shows it; nothing here knows more than manifests with their status.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import Final

from okta_rotator.api.connection import Freeze
from okta_rotator.api.names import STATE_SECRET_TYPE
from okta_rotator.api.rotation_status import CredentialState
from okta_rotator.rotation.agenda import promised_until, retirement_at, revoke_at
from okta_rotator.rotation.checks.intent import intent
from okta_rotator.rotation.facts import due_rotation
from okta_rotator.rotation.okta_view import OktaSecret, SecretState
from okta_rotator.rotation.seen import Seen
from okta_rotator.rotation.snapshot import (
    Connection,
    Draw,
    Resource,
    SecretObject,
    Snapshot,
    StoredState,
)
from okta_rotator.rotation.state import Credential, State, Trigger
from okta_rotator.rotation.transitions import move_roles
from okta_rotator.rotation.upcoming import next_scheduled, next_slot, windows_never_open
from okta_rotator.rotation.values import RANDOM_BYTES, secret_hash

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rotation to come, and the end of the secret in whose place it puts another."""

    at: datetime
    due: datetime | None
    """By the rule, before windows; None for the first rotation, which is not scheduled."""
    deactivated_at: datetime
    deleted_at: datetime


@dataclass(frozen=True, slots=True)
class Forecast:
    """The next rotations, and what had to be supposed."""

    rotations: tuple[Rotation, ...]
    fault: str | None = None
    """Why there are none."""
    is_supposed: bool = False
    """Whether the last rotation is only supposed to have been a scheduled one, on its own day."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a forecast goes by."""

    resource: Resource
    freeze: Freeze | None = None
    """Of the connection, where that is known."""

    def snapshot(self, state: State, now: datetime) -> Snapshot:
        """What the operator would see then."""
        key = self.resource.key
        held = SecretObject(key.namespace, key.name, "", "", STATE_SECRET_TYPE, {}, {}, {})
        name = self.resource.sound_spec.connection.name
        return Snapshot(
            now=now,
            resource=self.resource,
            connection=Connection(name, None, None, None, freeze=self.freeze),
            stored=StoredState(held, state),
            target=None,
            seen=Seen(),
            draw=Draw("preview", bytes(RANDOM_BYTES)),
        )


def forecast(outlook: Outlook, now: datetime, count: int) -> Forecast:
    """The next `count` rotations of a resource, by its spec, its uid and its status.

    Raises OverflowError where one of them would be beyond the calendar.
    """
    fault = windows_never_open(outlook.snapshot(_unbegun(outlook.resource), now))
    if fault is not None:
        return Forecast((), fault)
    if not outlook.resource.sound_spec.is_auto_rotation_enabled:
        return Forecast(())
    state, is_supposed = _last_known(outlook, now)
    steps = list(islice(_steps(outlook, state, now), count + 1))
    rotations = [_with_its_end(*pair) for pair in pairwise(steps)]
    return Forecast(tuple(rotations), is_supposed=is_supposed)


@dataclass(frozen=True, slots=True)
class _Step:
    at: datetime
    due: datetime | None
    deactivated_at: datetime | None
    deleted_at: datetime | None


def _with_its_end(step: _Step, following: _Step) -> Rotation:
    """What has no end of its own goes when the next rotation needs its place."""
    off_at = step.deactivated_at or following.at
    return Rotation(step.at, step.due, off_at, step.deleted_at or following.at)


def _steps(outlook: Outlook, state: State, now: datetime) -> Iterator[_Step]:
    while True:
        now = _next_try(outlook, state, now)
        s = outlook.snapshot(state, now)
        slot = next_slot(s)
        state = _rotated(s, state)
        state, off_at, gone_at = _retired(outlook, state, now)
        yield _Step(now, slot.due if slot is not None else None, off_at, gone_at)


def _next_try(outlook: Outlook, state: State, now: datetime) -> datetime:
    """When a rotation begins: when it is due, and nothing promised is in its way any more."""
    while True:
        s = outlook.snapshot(state, now)
        if state.active is None:
            return now
        at = max(next_scheduled(s) or now, now)
        s = outlook.snapshot(state, at)
        until = promised_until(s, state, Trigger.SCHEDULE)
        if until is None:
            return at
        now = until


def _rotated(s: Snapshot, state: State) -> State:
    due = due_rotation(s)
    if due is None:
        raise AssertionError("a rotation that is due when it is tried")
    begun = intent(s, state, due)
    if begun.candidate is None:
        raise AssertionError("an intent has a candidate")
    value = begun.candidate.value
    made = OktaSecret("next", SecretState.ACTIVE, s.now, secret_hash(value), value)
    return move_roles(begun, made, state.active is not None, s.now)


def _retired(
    outlook: Outlook, state: State, now: datetime
) -> tuple[State, datetime | None, datetime | None]:
    """The state with the previous secret's own end, and when that is: deactivated, deleted."""
    off_at = revoke_at(outlook.snapshot(state, now), state)
    if off_at is None or state.previous is None:
        return state, None, None
    off = replace(state.previous, state=SecretState.INACTIVE, deactivated_at=off_at)
    state = replace(state, previous=off)
    return state, off_at, retirement_at(outlook.snapshot(state, off_at))


def _last_known(outlook: Outlook, now: datetime) -> tuple[State, bool]:
    """The state that the status tells of; whether what it does not tell had to be supposed."""
    resource = outlook.resource
    rotated_at, told = resource.status.last_rotated_at, resource.status.next_rotation_at
    unbegun = _unbegun(resource)
    if rotated_at is None:
        found = Credential("found", 1, now, None)
        return replace(unbegun, previous=found), False
    by_schedule = replace(
        unbegun,
        active=Credential("active", 0, rotated_at, None),
        previous=_previous(resource),
        last_rotated_at=rotated_at,
        last_trigger=Trigger.SCHEDULE,
    )
    possible = (
        by_schedule,
        replace(by_schedule, series_from=rotated_at - DAY),
        replace(by_schedule, last_trigger=Trigger.MANUAL),
    )
    for state in possible:
        if told is not None and next_scheduled(outlook.snapshot(state, now)) == told:
            return state, False
    return by_schedule, True


def _previous(resource: Resource) -> Credential | None:
    """Only one that was promised to work for a time matters here: it can hold up a rotation."""
    status, kept_for = resource.status, resource.sound_spec.previous_secret.kept_for
    others = [c for c in status.credentials or () if c.index != status.active_index]
    since = status.last_rotated_at
    if not others or since is None or kept_for is None:
        return None
    one = others[0]
    if one.state is CredentialState.ACTIVE:
        if one.revoke_at is None or one.revoke_at == status.next_rotation_at:
            return None  # Made by a person: it goes when its place is needed.
        since = one.revoke_at - kept_for
    made_at = one.created_at or since
    held = Credential(one.secret_id, one.index, made_at, None, SecretState.INACTIVE)
    return replace(held, superseded_at=since, deactivated_at=since + kept_for)


def _unbegun(resource: Resource) -> State:
    parameters = resource.sound_spec.parameters
    return State(resource.uid, parameters.effective_app_id, parameters.client_id, org_id="")
