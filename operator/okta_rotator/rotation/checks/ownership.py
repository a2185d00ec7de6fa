"""What is not ours to act on, and what only a person can put right."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from okta_rotator.api.conditions import Reason
from okta_rotator.api.names import (
    ADOPT_ANNOTATION,
    LONGEST_TOKEN,
    PAUSED_ANNOTATION,
    ROTATION_NAME_ANNOTATION,
)
from okta_rotator.api.patterns import RESERVED_PREFIX
from okta_rotator.rotation.decisions import Blocked, Step, WriteState, needs_a_person
from okta_rotator.rotation.facts import Verb, is_paused, target_holds_credentials
from okta_rotator.rotation.snapshot import SecretObject, Snapshot
from okta_rotator.rotation.state import State
from okta_rotator.rotation.target import (
    is_marked_ours,
    is_shared,
    mapped_keys,
    needed_change,
    target_name,
)
from okta_rotator.rotation.transitions import not_later_than
from okta_rotator.rotation.values import SecretValue, is_made_by_a_rotator

TOLERANCE: Final = timedelta(minutes=5)
"""So far two clocks may differ without that one of them has been put back."""


def spec_is_invalid(s: Snapshot) -> Blocked | None:
    if s.resource.spec is not None:
        return None
    return needs_a_person(Reason.INVALID_SPEC, s.resource.spec_error or "the spec cannot be read")


def resource_is_paused(s: Snapshot) -> Blocked | None:
    """Neither rotated nor repaired, and not even looked at in Okta."""
    if not is_paused(s):
        return None
    return needs_a_person(
        Reason.PAUSED,
        "paused: nothing is rotated, retired or repaired until the annotation is taken away: "
        f"kubectl annotate ocsr {s.resource.key.name} {PAUSED_ANNOTATION}-",
    )


def token_is_too_long(s: Snapshot) -> Blocked | None:
    """What was asked for is told in status, and remembered in the state."""
    annotations = [verb.annotation for verb in Verb]
    long = [a for a in annotations if len(s.resource.annotations.get(a, "")) > LONGEST_TOKEN]
    if not long:
        return None
    message = f"the annotation {long[0]} may have at most {LONGEST_TOKEN} characters"
    return needs_a_person(Reason.INVALID_SPEC, message)


def clock_was_put_back(s: Snapshot) -> WriteState | None:
    """What the state says of a time to come would hold back rotations until then."""
    state = s.state
    if state is None or not_later_than(state, s.now + TOLERANCE) == state:
        return None
    why = "the clock has been put back: times that have not come yet count as now"
    return WriteState(Step.NOTE_CLOCK, not_later_than(state, s.now), why)


def state_is_unreadable(s: Snapshot) -> Blocked | None:
    if s.stored is None or s.stored.state is not None:
        return None
    return needs_a_person(
        Reason.STATE_CONFLICT,
        f"the state Secret {s.stored.secret.name} cannot be read: {s.stored.error}. Restore it, or "
        "delete it: its place is then taken by what the target Secret and Okta hold.",
    )


def state_is_of_another_app(s: Snapshot) -> Blocked | None:
    """A state Secret is never overwritten by one of another app or another org."""
    state = s.state
    if state is None:
        return None
    theirs = _difference_of_app(s, state)
    if theirs is None:
        return None
    name = s.stored.secret.name if s.stored is not None else ""
    return needs_a_person(
        Reason.STATE_CONFLICT,
        f"the state Secret {name} belongs to {theirs}. Use another name for this resource, or "
        "delete that Secret if its client secrets are no longer needed.",
    )


def _difference_of_app(s: Snapshot, state: State) -> str | None:
    if state.app_id != s.spec.parameters.effective_app_id:
        return f"the Okta app {state.app_id}"
    if s.connection.org_id is not None and s.connection.org_id != state.org_id:
        return f"the Okta org {state.org_id}, and the connection leads to {s.connection.org_id}"
    return None


def target_is_a_strangers(s: Snapshot) -> Blocked | None:
    """A Secret without our mark is never taken, unless a person says so on it."""
    target = s.target
    if target_holds_credentials(s):
        return needs_a_person(
            Reason.TARGET_CONFLICT,
            f"the Secret {target_name(s.resource)} holds the credentials of a connection. Make "
            "this resource anew with another spec.target.name",
        )
    if target is None:
        return _nothing_to_merge_into(s)
    owner = target.annotations.get(ROTATION_NAME_ANNOTATION)
    if owner is not None and not is_marked_ours(target, s.resource):
        return needs_a_person(
            Reason.TARGET_CONFLICT,
            f"the Secret {target.name} is the target of the OktaClientSecretRotation {owner}. Make "
            "this resource anew with another spec.target.name, or delete the Secret if the other "
            "resource is gone",
        )
    if is_shared(s.resource):
        return _is_no_secret_to_share(target) or _target_cannot_be_written(s, target)
    if not is_marked_ours(target, s.resource):
        return needs_a_person(
            Reason.TARGET_CONFLICT,
            f"the Secret {target.name} exists and is not ours. Delete it, choose another "
            f"spec.target.name, or let us have it: kubectl annotate secret {target.name} "
            f"{ADOPT_ANNOTATION}={s.resource.key.name}",
        )
    if target.type != s.spec.target.type:
        return needs_a_person(
            Reason.TARGET_CONFLICT,
            f"the Secret {target_name(s.resource)} has the type {target.type}, spec.target.type is "
            f"{s.spec.target.type}, and Kubernetes lets nobody change it. Delete the Secret.",
        )
    return _target_cannot_be_written(s, target)


def _nothing_to_merge_into(s: Snapshot) -> Blocked | None:
    if not is_shared(s.resource):
        return None
    name = target_name(s.resource)
    return needs_a_person(
        Reason.TARGET_NOT_FOUND,
        f"spec.target.creationPolicy is Merge, and there is no Secret {name} to add the keys to. "
        "Make it, or make this resource anew with creationPolicy Create",
    )


def _is_no_secret_to_share(target: SecretObject) -> Blocked | None:
    """Such as the token of a service account, or another state Secret."""
    if re.match(RESERVED_PREFIX, target.type) is None:
        return None
    return needs_a_person(
        Reason.TARGET_CONFLICT,
        f"the Secret {target.name} is of the type {target.type}, to which no key can be added. "
        "Make this resource anew with another spec.target.name",
    )


def _target_cannot_be_written(s: Snapshot, target: SecretObject) -> Blocked | None:
    changed = _keys_to_change(s, target)
    if changed is None:
        return None
    if target.immutable:
        return target_is_immutable(s)
    taken = sorted(key for key in changed if _is_a_strangers(s, target, key))
    if not taken:
        return None
    return needs_a_person(
        Reason.TARGET_CONFLICT,
        f"the key {taken[0]} of the Secret {target.name} holds what we did not write. Take the key "
        "away, name another in the spec, or let us have it: kubectl annotate secret "
        f"{target.name} {ADOPT_ANNOTATION}={s.resource.key.name}",
    )


def target_is_immutable(s: Snapshot) -> Blocked | None:
    """No rotation is begun that could not be published."""
    if s.target is None or not s.target.immutable:
        return None
    return needs_a_person(
        Reason.TARGET_CONFLICT,
        f"the Secret {s.target.name} is immutable, so that nobody can change it. Delete it"
        + ("" if is_shared(s.resource) else ": it is made anew at once"),
    )


def _keys_to_change(s: Snapshot, target: SecretObject) -> Iterable[str] | None:
    """Of the data; None where nothing is to be written. Before there is a state, those of a shared
    Secret are known from the spec: no rotation is begun that cannot be published."""
    state = s.state
    if state is not None and state.active is not None and state.active.value is not None:
        change = needed_change(target, s.resource, state)
        return None if change is None else change.data
    if not is_shared(s.resource):
        return None
    client_id = s.spec.secrets_mapping.client_id
    has_it = target.data.get(client_id) == s.spec.parameters.client_id
    return [key for key in mapped_keys(s.resource) if not (has_it and key == client_id)]


def _is_a_strangers(s: Snapshot, target: SecretObject, key: str) -> bool:
    """A key that is there and not on record; after a restore our own may not be.

    What is on record may not have been written yet, when another hand was faster: what we have
    written to carries our mark.
    """
    if key not in target.data:
        return False
    is_on_record = s.state is not None and key in s.state.target_keys
    if is_on_record and is_marked_ours(target, s.resource):
        return False
    is_given = target.annotations.get(ADOPT_ANNOTATION) == s.resource.key.name
    return not is_given and not is_made_by_a_rotator(SecretValue(target.data[key]))
