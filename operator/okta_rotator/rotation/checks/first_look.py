"""What Okta holds, and there is no state: rows of the table of the design, in its order.

T is the target, F a secret that nobody we know made.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from okta_rotator.api.conditions import Reason
from okta_rotator.api.names import (
    REPLACE_FOREIGN_ANNOTATION,
    REVOKE_PREVIOUS_ANNOTATION,
    ROLLBACK_ANNOTATION,
    ROTATE_ANNOTATION,
)
from okta_rotator.api.rotation import AdoptionPolicy
from okta_rotator.rotation.checks.intent import intent
from okta_rotator.rotation.checks.proving import may_ask_unrecorded
from okta_rotator.rotation.checks.room import how_to_replace
from okta_rotator.rotation.decisions import Blocked, Prove, Step, WriteState, needs_a_person
from okta_rotator.rotation.facts import (
    Due,
    auth_method,
    held_by_target,
    is_active,
    is_ours,
    listed,
    newest_first,
    proof_of,
    witnesses,
)
from okta_rotator.rotation.okta_view import OktaSecret, Proof
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import State, Trigger
from okta_rotator.rotation.target import mapped_keys
from okta_rotator.rotation.transitions import adopt, known
from okta_rotator.rotation.values import is_made_by_a_rotator, is_stand_in

ADOPTED: Final = "spec.adoptionPolicy is Adopt: what the app has is published, without a rotation"


def no_state_and_okta_is_empty(s: Snapshot) -> WriteState | None:
    """none | none: intent."""
    if s.state is not None or listed(s):
        return None
    return _first_intent(s, None)


def no_state_and_target_holds_ours(s: Snapshot) -> WriteState | None:
    """none | T's value +, ours: it is active, without a rotation; the other if that is ours too."""
    held = held_by_target(s) if s.state is None else None
    if held is None or not is_active(held) or held.value is None or not is_ours(s, held):
        return None
    other = _other(s, held)
    previous = other if other is not None and is_ours(s, other) else None
    return _adoption(s, held, previous, "the state Secret was lost; the target's value is ours")


def no_state_and_another_rotator_was_here(s: Snapshot) -> Blocked | None:
    """none | F with `okr_`, none ours: another cluster or resource rotates this app."""
    if s.state is not None or any(is_ours(s, one) for one in listed(s)):
        return None
    theirs = [one for one in newest_first(listed(s)) if _is_another_rotators(s, one)]
    foreign = theirs[-1] if theirs else None
    if foreign is None or foreign.id == s.resource.annotations.get(REPLACE_FOREIGN_ANNOTATION):
        return None
    app_id = s.spec.parameters.effective_app_id
    message = (
        f"the client secret {foreign.id} of the Okta app {app_id} was made by okta-rotator for "
        "another resource, or in another cluster: an app can be rotated by one resource alone. "
        "Delete this resource or the other one; where the other is gone for good, and nothing uses "
        f"that client secret any more, let it be taken away: {how_to_replace(s, foreign)}"
    )
    return needs_a_person(Reason.FOREIGN_SECRET, message)


def no_state_and_one_secret(s: Snapshot) -> WriteState | None:
    """none | one: it is previous, intent; but foreign if there are witnesses for others.

    With adoptionPolicy Adopt it is active, and there is no rotation.
    """
    if s.state is not None or len(listed(s)) != 1:
        return None
    (only,) = listed(s)
    if is_stand_in(only.value):
        return _first_intent(s, only)
    if _is_foreign(s, only):
        return _first_intent(s, None)
    return _adoption(s, only, None, ADOPTED) if _adopts(s) else _first_intent(s, only)


def no_state_and_target_holds_one_of_two(s: Snapshot) -> WriteState | None:
    """none | two, T's value +: T is active, the other previous, and a rotation follows.

    With adoptionPolicy Adopt none follows, and the other one is a stranger's.
    """
    held = held_by_target(s) if s.state is None else None
    if held is None or not is_active(held) or held.value is None:
        return None
    if _adopts(s):
        return _adoption(s, held, None, ADOPTED)
    return _first_intent(s, _other(s, held), held)


def no_state_and_two_secrets(s: Snapshot) -> WriteState | Prove | Blocked | None:
    """none | two, otherwise: those that are ours are taken; two strangers need a person."""
    if s.state is not None or len(listed(s)) < 2:
        return None
    on = [one for one in newest_first(ours_in(s)) if is_active(one)]
    if not on:
        return _two_strangers(s)
    active = first_accepted(s, on)
    if not isinstance(active, OktaSecret):
        return active
    previous = next((one for one in newest_first(ours_in(s)) if one is not active), None)
    return _adoption(s, active, previous, "the state Secret was lost; Okta holds what is ours")


def ours_in(s: Snapshot) -> tuple[OktaSecret, ...]:
    """What we made, and could publish."""
    shown = (one for one in listed(s) if one.value is not None and not is_stand_in(one.value))
    return tuple(one for one in shown if is_ours(s, one))


def first_accepted(s: Snapshot, on: list[OktaSecret]) -> OktaSecret | Prove:
    """The newest of them, or an older one if Okta refuses that; asked only if there is a choice."""
    method = auth_method(s)
    may_ask = s.state is None or may_ask_unrecorded(s, s.state)
    if len(on) < 2 or method is None or not s.spec.verification.enabled:
        return on[0]
    for one in on:
        assert one.value is not None
        proof = proof_of(s, one.value)
        if proof is None and not may_ask:
            return one
        if proof is None:
            return Prove(one.value, method, is_active=False, why="which of two is in use?")
        if proof[0] is not Proof.REFUSED:
            return one
    return on[0]


def _two_strangers(s: Snapshot) -> WriteState | Blocked:
    """With Adopt the newest is taken; one that a person names may be taken away."""
    stand_in = next((one for one in listed(s) if is_stand_in(one.value)), None)
    others = tuple(one for one in listed(s) if one is not stand_in)
    named = s.resource.annotations.get(REPLACE_FOREIGN_ANNOTATION)
    replaced = next((one for one in others if one.id == named), None)
    on = [one for one in newest_first(others) if is_active(one) and one is not replaced]
    if _adopts(s) and on:
        return _adoption(s, on[0], None, ADOPTED)
    if stand_in is not None:
        return _first_intent(s, stand_in)
    if replaced is not None:
        other = _other(s, replaced)
        return _first_intent(s, None if other is None or _is_foreign(s, other) else other)
    return _two_secrets_exist(s, newest_first(others)[-1])


def _is_foreign(s: Snapshot, secret: OktaSecret) -> bool:
    """Whether there are witnesses of what was ours, and this is not among it."""
    return bool(witnesses(s)) and secret.id not in witnesses(s)


def _two_secrets_exist(s: Snapshot, older: OktaSecret) -> Blocked:
    app_id = s.spec.parameters.effective_app_id
    message = (
        f"the Okta app {app_id} already holds two client secrets, the most that Okta allows, and "
        "none was made by this resource. Delete in Okta the one that nothing uses; or have it "
        f"taken away, if it is the older one: {how_to_replace(s, older)}; or set "
        "spec.adoptionPolicy to Adopt, which publishes the newer one."
    )
    return needs_a_person(Reason.TWO_SECRETS_EXIST, message)


def _adopts(s: Snapshot) -> bool:
    return s.spec.adoption_policy is AdoptionPolicy.ADOPT


def refusals_in_this_pass(s: Snapshot) -> tuple[datetime, ...]:
    """Where there was no state to note them in."""
    return tuple(at for proof, at in s.seen.proofs.values() if proof is Proof.REFUSED)


def _fresh_state(s: Snapshot) -> State:
    app = s.seen.app
    return State(
        uid=s.resource.uid,
        app_id=s.spec.parameters.effective_app_id,
        client_id=s.spec.parameters.client_id,
        org_id=s.connection.org_id or "",
        auth_method=app.auth_method if app is not None else None,
        generation=s.resource.status.state_generation or 0,
        target_keys=mapped_keys(s.resource),
        refused_tries=refusals_in_this_pass(s),
        # Nothing that was asked before there was a state is acted on.
        handled_rotate=s.resource.annotations.get(ROTATE_ANNOTATION),
        handled_revoke_previous=s.resource.annotations.get(REVOKE_PREVIOUS_ANNOTATION),
        handled_rollback=s.resource.annotations.get(ROLLBACK_ANNOTATION),
        handled_replace_foreign=s.resource.annotations.get(REPLACE_FOREIGN_ANNOTATION),
    )


def _first_intent(
    s: Snapshot, previous: OktaSecret | None, active: OktaSecret | None = None
) -> WriteState:
    fresh = replace(
        _fresh_state(s),
        active=None if active is None else known(active, 0),
        previous=None if previous is None else known(previous, 1),
    )
    due = Due(Trigger.CREATION, "the first rotation")
    return WriteState(Step.INTENT, intent(s, fresh, due), due.why)


def _adoption(s: Snapshot, active: OktaSecret, previous: OktaSecret | None, why: str) -> WriteState:
    return WriteState(Step.ADOPT, adopt(_fresh_state(s), active, previous, s.now), why)


def _is_another_rotators(s: Snapshot, secret: OktaSecret) -> bool:
    made_by_us = secret.value is not None and is_made_by_a_rotator(secret.value)
    return made_by_us and not is_stand_in(secret.value) and not is_ours(s, secret)


def _other(s: Snapshot, one: OktaSecret) -> OktaSecret | None:
    return next((other for other in listed(s) if other.id != one.id), None)
