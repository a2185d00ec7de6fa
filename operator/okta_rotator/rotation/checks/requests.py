"""What a person asked for besides a rotation: an end of the overlap, and the way back.

Each request is an annotation with a token, and is carried out once. What it is about is written
down at first sight, so that it does not matter if the annotation goes again.
"""

from __future__ import annotations

from dataclasses import replace

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.checks.proving import (
    noting_of_refusal,
    put,
    refusal_is_unnoted,
    unrecorded_refusals_are_used_up,
)
from okta_rotator.rotation.checks.room import retirement
from okta_rotator.rotation.checks.table import previous_value, swapped_roles
from okta_rotator.rotation.decisions import (
    ActivateSecret,
    Blocked,
    Decision,
    Prove,
    Step,
    WriteState,
    needs_a_person,
)
from okta_rotator.rotation.facts import (
    Verb,
    asked,
    auth_method,
    in_okta,
    is_active,
    is_bound,
    listed,
    proof_of,
)
from okta_rotator.rotation.okta_view import Proof
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import State
from okta_rotator.rotation.transitions import note_previous


def revocation_is_bound(s: Snapshot) -> WriteState | None:
    """`revoke-previous` means the secret that is, or is about to be, the previous one.

    With the token of a rotation that waits or is under way: the one that is active until then.
    """
    state, token = s.state, asked(s, Verb.REVOKE_PREVIOUS)
    if state is None or token is None or state.bound_secret_id is not None:
        return None
    job_token = state.job.token if state.job is not None else None
    leaked = state.active if token in (asked(s, Verb.ROTATE), job_token) else state.previous
    after = replace(
        state,
        handled_revoke_previous=token,
        bound_secret_id=leaked.secret_id if leaked is not None else None,
    )
    return WriteState(Step.BIND, after, _why(Verb.REVOKE_PREVIOUS))


def bound_secret_is_ended(s: Snapshot) -> Decision | None:
    """Once the roles have moved away from it: deactivated, deleted, and forgotten."""
    state = s.state
    if state is None or state.bound_secret_id is None or state.candidate is not None:
        return None
    if is_bound(state, state.active):
        return None
    bound = next((one for one in listed(s) if one.id == state.bound_secret_id), None)
    if bound is not None:
        return retirement(s, bound, _why(Verb.REVOKE_PREVIOUS))
    after = note_previous(state, None, s.now) if is_bound(state, state.previous) else state
    why = "the secret that was to be revoked is gone from Okta"
    return WriteState(Step.NOTE_PREVIOUS, replace(after, bound_secret_id=None), why)


def rollback_is_asked_for(s: Snapshot) -> Decision | None:
    """Activate it if need be, prove it, and let the roles change places; the schedule stays.

    One that cannot be done is declined for good, or it would undo some later rotation.
    """
    state, token = s.state, asked(s, Verb.ROLLBACK)
    if state is None or token is None or state.candidate is not None:
        return None
    found, value = in_okta(s, state.previous), previous_value(s, state)
    if state.active is None or found is None or value is None or is_bound(state, state.previous):
        return _declined(state, token, "there is no previous client secret to go back to")
    proof = proof_of(s, value)
    if proof is not None and proof[0] is Proof.REFUSED and refusal_is_unnoted(state, proof[1]):
        return noting_of_refusal(s, state)
    if not is_active(found):
        return ActivateSecret(found.id, "it is to be published again")
    if proof is None and s.spec.verification.enabled:
        return _question(s, state)
    match proof:
        case (Proof.REFUSED, _):
            return _declined(state, token, "Okta refuses the previous client secret")
        case (Proof.CANNOT_TELL, _) if s.spec.verification.enabled:
            return _cannot_tell()
    return _rolled_back(s, state, token)


def _question(s: Snapshot, state: State) -> Prove | WriteState | Blocked:
    value, method = previous_value(s, state), auth_method(s)
    if value is None or method is None:
        return _cannot_tell()
    question = Prove(value, method, is_active=False, why="it is to be published again")
    return unrecorded_refusals_are_used_up(s, state) or put(s, state, question)


def _rolled_back(s: Snapshot, state: State, token: str) -> WriteState | None:
    swapped = swapped_roles(s, state)
    if swapped is None:
        return None
    why = _why(Verb.ROLLBACK)
    return WriteState(Step.ROLL_BACK, replace(swapped, handled_rollback=token), why)


def _declined(state: State, token: str, why: str) -> WriteState:
    return WriteState(Step.DECLINE_ROLLBACK, replace(state, handled_rollback=token), why)


def _cannot_tell() -> Blocked:
    message = (
        "Okta does not say whether the previous client secret is still good, so it is not "
        "published again. Set spec.verification.enabled to false to do without the proof."
    )
    return needs_a_person(Reason.CANNOT_VERIFY, message)


def _why(verb: Verb) -> str:
    return f"asked for by the annotation {verb.annotation}"
