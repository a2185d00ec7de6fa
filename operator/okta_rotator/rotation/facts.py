"""What follows from a snapshot by looking, and is asked by more than one check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from okta_rotator.api.names import (
    ADOPT_ANNOTATION,
    PAUSED_ANNOTATION,
    REPLACE_FOREIGN_ANNOTATION,
    REVOKE_PREVIOUS_ANNOTATION,
    ROLLBACK_ANNOTATION,
    ROTATE_ANNOTATION,
    ROTATION_LABEL,
    SECRET_ID_ANNOTATION,
)
from okta_rotator.rotation.okta_view import AuthMethod, OktaSecret, Proof, SecretState
from okta_rotator.rotation.schedule import Slot
from okta_rotator.rotation.snapshot import SecretObject, Snapshot
from okta_rotator.rotation.state import Credential, State, Trigger
from okta_rotator.rotation.target import published_value, target_name
from okta_rotator.rotation.upcoming import next_slot, opening_of
from okta_rotator.rotation.values import SecretValue, is_made_for, is_stand_in


@dataclass(frozen=True, slots=True)
class Due:
    """A rotation that has to happen, and what for."""

    trigger: Trigger
    why: str
    token: str | None = None
    slot: Slot | None = None
    """The scheduled one that it serves."""


def listed(s: Snapshot) -> tuple[OktaSecret, ...]:
    """What Okta was last seen to hold, for checks that come after the listing."""
    if s.seen.secrets is None:
        raise ValueError("Okta's secrets have not been listed")
    return s.seen.secrets


def in_okta(s: Snapshot, credential: Credential | None) -> OktaSecret | None:
    """The listed secret that a credential of the state names, or that has its value.

    A create whose first answer was lost may have been made good under another id.
    """
    if credential is None:
        return None
    named = (one for one in listed(s) if one.id == credential.secret_id)
    value = credential.value
    alike = (one for one in listed(s) if value is not None and one.holds(value))
    return next(named, None) or next(alike, None)


def candidate_in_okta(s: Snapshot) -> OktaSecret | None:
    """The listed secret that has the candidate's value (the newest, if there are several)."""
    candidate = s.state.candidate if s.state is not None else None
    if candidate is None:
        return None
    return next((one for one in reversed(listed(s)) if one.holds(candidate.value)), None)


def is_active(secret: OktaSecret | None) -> bool:
    return secret is not None and secret.state is SecretState.ACTIVE


def newest_first(secrets: tuple[OktaSecret, ...]) -> list[OktaSecret]:
    """By Okta's `created`, and by the place in the list where that is the same second."""
    placed = sorted(enumerate(secrets), key=lambda at: (at[1].created, at[0]), reverse=True)
    return [secret for _, secret in placed]


def witnesses(s: Snapshot) -> frozenset[str]:
    """The secretIds that status or the target call ours."""
    ids = {one.secret_id for one in s.resource.status.credentials or ()}
    if s.target is not None and _may_witness(s, s.target):
        ids |= {i for key, i in s.target.annotations.items() if key == SECRET_ID_ANNOTATION}
    return frozenset(ids)


def _may_witness(s: Snapshot, target: SecretObject) -> bool:
    """A copy of another resource's target says what that one owns: a person has to vouch for it."""
    is_of_this_one = target.labels.get(ROTATION_LABEL) == s.resource.uid
    return is_of_this_one or target.annotations.get(ADOPT_ANNOTATION) == s.resource.key.name


def is_ours(s: Snapshot, secret: OktaSecret) -> bool:
    """Witnessed, or made for this resource or for the one that wrote the state."""
    if secret.id in witnesses(s):
        return True
    uids = (s.resource.uid, s.state.uid if s.state is not None else None)
    return secret.value is not None and any(is_made_for(secret.value, uid) for uid in uids)


def strangers(s: Snapshot, state: State) -> list[OktaSecret]:
    """The listed secrets that the state does not name, but for stand-ins, which are ours."""
    held = (in_okta(s, state.active), in_okta(s, state.previous), candidate_in_okta(s))
    known = {one.id for one in held if one is not None}
    return [one for one in listed(s) if one.id not in known and not is_stand_in(one.value)]


def held_by_target(s: Snapshot) -> OktaSecret | None:
    """The listed secret whose value the target holds."""
    value = published_value(s.target, s.resource)
    if value is None:
        return None
    holding = [one for one in listed(s) if one.holds(value)]
    return next(filter(is_active, holding), next(iter(holding), None))


def target_holds_credentials(s: Snapshot) -> bool:
    """Whether the target has the name of a Secret with the credentials of a connection."""
    return target_name(s.resource) in s.connection.credential_secrets


def target_holds_unknown_value_of_ours(s: Snapshot, state: State) -> bool:
    """Whether the target's value is one that we made and the state does not know."""
    value = published_value(s.target, s.resource)
    if value is None or value in state.values:
        return False
    return is_made_for(value, s.resource.uid) or is_made_for(value, state.uid)


def state_is_in_doubt(s: Snapshot, state: State) -> bool:
    """Whether the state may be a copy from elsewhere, or older than what was reported."""
    return (
        state.uid != s.resource.uid
        or (s.resource.status.state_generation or 0) > state.generation
        or target_holds_unknown_value_of_ours(s, state)
    )


def proof_of(s: Snapshot, value: SecretValue) -> tuple[Proof, datetime] | None:
    """What Okta said of the value in this pass, by the app's present auth method."""
    method = auth_method(s)
    return s.seen.proofs.get((value, method)) if method is not None else None


def auth_method(s: Snapshot) -> AuthMethod | None:
    """The app's auth method, as read in this pass or as the state remembers it."""
    raw = s.seen.app.auth_method if s.seen.app is not None else None
    raw = raw or (s.state.auth_method if s.state is not None else None)
    return AuthMethod(raw) if raw in set(AuthMethod) else None


class Verb(StrEnum):
    """What a person can ask for, by an annotation whose value is a token."""

    ROTATE = "rotate"
    REVOKE_PREVIOUS = "revoke_previous"
    ROLLBACK = "rollback"
    REPLACE_FOREIGN = "replace_foreign"

    @property
    def annotation(self) -> str:
        return _ANNOTATIONS[self]


_ANNOTATIONS: Final = {
    Verb.ROTATE: ROTATE_ANNOTATION,
    Verb.REVOKE_PREVIOUS: REVOKE_PREVIOUS_ANNOTATION,
    Verb.ROLLBACK: ROLLBACK_ANNOTATION,
    Verb.REPLACE_FOREIGN: REPLACE_FOREIGN_ANNOTATION,
}


def is_paused(s: Snapshot) -> bool:
    """Whether a person has stopped everything."""
    return says_paused(s.resource.annotations)


def says_paused(annotations: Mapping[str, str]) -> bool:
    """Whether they stop everything: "True" and "yes" are meant so, too."""
    return annotations.get(PAUSED_ANNOTATION, "false").strip().lower() not in ("", "false")


def asked(s: Snapshot, verb: Verb) -> str | None:
    """The token of a request that has not been acted on."""
    token = s.resource.annotations.get(verb.annotation)
    return token if token and token != handled(s, verb) else None


def handled(s: Snapshot, verb: Verb) -> str | None:
    """The last token that was acted on, by the state; status may only add the present one."""
    told = s.resource.status.handled_requests
    by_status: str | None = getattr(told, verb, None)
    if by_status is not None and by_status == s.resource.annotations.get(verb.annotation):
        return by_status
    by_state: str | None = getattr(s.state, f"handled_{verb}", None)
    return by_state


def requests(s: Snapshot) -> frozenset[str]:
    """The requests that wait, each by its verb and its token."""
    tokens = {verb: asked(s, verb) for verb in Verb}
    return frozenset(f"{verb}={token}" for verb, token in tokens.items() if token is not None)


def is_bound(state: State, credential: Credential | None) -> bool:
    """Whether a `revoke-previous` is to end this secret."""
    return credential is not None and credential.secret_id == state.bound_secret_id


def due_rotation(s: Snapshot) -> Due | None:
    """The rotation that has to begin, if any."""
    state = s.state
    if state is None or state.active is None:
        return Due(Trigger.CREATION, "the first rotation")
    token = asked(s, Verb.ROTATE)
    if token is not None:
        return Due(Trigger.MANUAL, "asked for by the annotation " + ROTATE_ANNOTATION, token)
    if is_bound(state, state.active):
        why = "the active secret is to be revoked, as the annotations asked"
        return Due(Trigger.MANUAL, why, state.handled_revoke_previous)
    slot = next_slot(s)
    at = opening_of(s, slot)
    if slot is not None and at is not None and at <= s.now:
        return Due(Trigger.SCHEDULE, f"due since {slot.due:%Y-%m-%d %H:%M} UTC", slot=slot)
    return None
