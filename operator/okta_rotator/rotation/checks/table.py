"""What the state and Okta say, row by row: the table of the design, in its order.

A, P and C are the state's active, previous and candidate; T is the target; F is a secret that
nobody we know made. All of these come after Okta's secrets have been listed.
"""

from __future__ import annotations

from dataclasses import replace

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.checks.first_look import (
    first_accepted,
    ours_in,
    refusals_in_this_pass,
)
from okta_rotator.rotation.checks.intent import intent
from okta_rotator.rotation.checks.proving import (
    judge_refusal,
    may_ask_unrecorded,
    noting_of_refusal,
    put,
    refusal_is_unnoted,
    second_look_is_early,
    unrecorded_refusals_are_used_up,
)
from okta_rotator.rotation.checks.room import begin
from okta_rotator.rotation.decisions import (
    Blocked,
    DeactivateSecret,
    Decision,
    DeleteSecret,
    ListSecrets,
    Prove,
    Step,
    WriteState,
)
from okta_rotator.rotation.facts import (
    Due,
    auth_method,
    candidate_in_okta,
    in_okta,
    is_active,
    is_bound,
    is_ours,
    listed,
    newest_first,
    proof_of,
    strangers,
)
from okta_rotator.rotation.okta_view import OktaSecret, Proof, SecretState
from okta_rotator.rotation.seen import LATE_EFFECT
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import Credential, State, Trigger
from okta_rotator.rotation.transitions import (
    adopt,
    forget_candidate,
    known,
    note_previous,
    superseded,
    swap_roles,
)
from okta_rotator.rotation.trouble import Next, Trouble
from okta_rotator.rotation.values import SecretValue, is_stand_in


def stand_in_is_forgotten(s: Snapshot) -> WriteState | None:
    """The deletion of an earlier resource of this name was cut short: nobody was given that value.

    In Okta it is retired where its place is needed.
    """
    state = s.state
    if state is None or state.candidate is None or not is_stand_in(state.candidate.value):
        return None
    why = "an earlier resource of this name was being deleted"
    return WriteState(Step.FORGET_CANDIDATE, forget_candidate(state), why)


def known_value_has_another_id(s: Snapshot) -> WriteState | None:
    """any | A's or P's value under another id: a create without an answer was made good."""
    state = s.state
    if state is None:
        return None
    active = _with_id_of(state.active, in_okta(s, state.active))
    previous = _with_id_of(state.previous, in_okta(s, state.previous))
    if (active, previous) == (state.active, state.previous):
        return None
    bound = previous if is_bound(state, state.previous) else None
    bound = active if is_bound(state, state.active) else bound
    after = replace(
        state,
        active=active,
        previous=previous,
        bound_secret_id=bound.secret_id if bound is not None else state.bound_secret_id,
    )
    return WriteState(Step.NOTE_IDS, after, "Okta holds a known value under another id")


def _with_id_of(credential: Credential | None, found: OktaSecret | None) -> Credential | None:
    if credential is None or found is None:
        return credential
    return replace(credential, secret_id=found.id)


def state_knows_none_of_ours(s: Snapshot) -> Decision | None:
    """any | neither A nor P nor C is there, but others of ours: the state is an old copy."""
    state = s.state
    if state is None or any(
        (in_okta(s, state.active), in_okta(s, state.previous), candidate_in_okta(s))
    ):
        return None
    on = [one for one in newest_first(ours_in(s)) if is_active(one)]
    if not on:
        return None
    if not s.seen.listed_in_this_pass:
        return ListSecrets("Okta seems to hold none of the secrets that the state names")
    active = first_accepted(s, on)
    if not isinstance(active, OktaSecret):
        return active
    previous = next((one for one in newest_first(ours_in(s)) if one is not active), None)
    restored = replace(
        adopt(state, active, previous, s.now),
        refused_tries=(*state.refused_tries, *refusals_in_this_pass(s)),
        candidate=None,
        asked_at=None,
        job=None,
        generation=max(state.generation, s.resource.status.state_generation or 0),
    )
    why = "Okta holds newer secrets of ours than the state Secret, which must be an old copy"
    return WriteState(Step.RESTORE, restored, why)


def value_is_held_twice(s: Snapshot) -> Decision | None:
    """any | one known value twice: list again, then remove one while the other is +."""
    for one in listed(s):
        twin = next((t for t in listed(s) if t.id != one.id and t.hash == one.hash), None)
        if twin is None or not is_active(twin) or _is_recorded(s, one) or not _is_known(s, one):
            continue
        if not s.seen.listed_in_this_pass:
            return ListSecrets("Okta seems to hold one value twice")
        why = "Okta holds this value twice"
        return DeactivateSecret(one.id, why) if is_active(one) else DeleteSecret(one.id, why)
    return None


def list_is_behind(s: Snapshot) -> Decision | None:
    """any | A - or absent, and Okta has just accepted it: the list is not up to date.

    Nothing is decided by it; it is read again in a moment.
    """
    state = s.state
    if state is None or state.active is None or state.active.value is None:
        return None
    proof = proof_of(s, state.active.value)
    if is_active(in_okta(s, state.active)) or proof is None or proof[0] is not Proof.ACCEPTED:
        return None
    message = "Okta accepts the active client secret, and its list does not have that as ACTIVE"
    trouble = Trouble(Next.WAIT, Reason.OKTA_UNAVAILABLE, message, s.now + LATE_EFFECT)
    return Blocked(trouble, counts=False)


def missing_active_is_looked_for(s: Snapshot) -> ListSecrets | None:
    """any | A - or absent by a list of an earlier pass: list again."""
    state = s.state
    if state is None or state.active is None or s.seen.listed_in_this_pass:
        return None
    if is_active(in_okta(s, state.active)):
        return None
    return ListSecrets("the active secret seems to be no longer active in Okta")


def active_is_gone_and_previous_is_not(s: Snapshot) -> WriteState | None:
    """any | there was an A, it is - or absent, P +: swap, publish P; then rotate."""
    state = s.state
    if state is None or state.active is None or state.previous is None:
        return None
    if is_active(in_okta(s, state.active)) or not is_active(in_okta(s, state.previous)):
        return None
    why = "the active secret is no longer active in Okta; the previous one still is"
    return _swap(s, state, why)


def _swap(s: Snapshot, state: State, why: str) -> WriteState | None:
    swapped = swapped_roles(s, state)
    if swapped is None or is_bound(state, state.previous):
        return None
    after = swapped if state.candidate is not None else intent(s, swapped, Due(Trigger.REPAIR, why))
    return WriteState(Step.SWAP_ROLES, after, why)


def swapped_roles(s: Snapshot, state: State) -> State | None:
    """The state with active and previous in each other's place; None without their values."""
    previous, found = state.previous, in_okta(s, state.previous)
    value = previous_value(s, state)
    if state.active is None or previous is None or found is None or value is None:
        return None
    with_value = replace(state, previous=replace(previous, value=value, state=found.state))
    return swap_roles(with_value, in_okta(s, state.active), s.now)


def previous_value(s: Snapshot, state: State) -> SecretValue | None:
    """By the state, or by Okta's list; None for a stand-in, which is never published."""
    if state.previous is None:
        return None
    found = in_okta(s, state.previous) if state.previous.value is None else None
    value = found.value if found is not None else state.previous.value
    return None if is_stand_in(value) else value


def active_is_gone(s: Snapshot) -> Decision | None:
    """no C | A - or absent, otherwise: rotate."""
    state = s.state
    if state is None or state.active is None or state.candidate is not None:
        return None
    if is_active(in_okta(s, state.active)):
        return None
    return begin(s, state, Due(Trigger.REPAIR, "the active secret is no longer active in Okta"))


def active_is_refused(s: Snapshot) -> Decision | None:
    """A + | introspection refuses A: list again and once more after a minute; then rotate.

    Where Okta accepts the previous one, that is published meanwhile.
    """
    state, method = s.state, auth_method(s)
    if state is None or state.active is None or state.active.value is None or state.candidate:
        return None
    proof = proof_of(s, state.active.value)
    if proof is None and s.seen.refused_at is not None and method is not None:
        question = Prove(state.active.value, method, is_active=True, why="is it still refused?")
        used_up = unrecorded_refusals_are_used_up(s, state)
        return second_look_is_early(s, state) or used_up or put(s, state, question)
    if proof is None or proof[0] is not Proof.REFUSED:
        return None
    why = "Okta refuses the published value"
    return (
        judge_refusal(s, state, proof[1])
        or _previous_in_its_place(s, state, why)
        or begin(s, state, Due(Trigger.REPAIR, why))
    )


def _previous_in_its_place(s: Snapshot, state: State, why: str) -> Decision | None:
    value, method = previous_value(s, state), auth_method(s)
    if value is None or method is None or not is_active(in_okta(s, state.previous)):
        return None
    match proof_of(s, value):
        case None if may_ask_unrecorded(s, state) and not is_bound(state, state.previous):
            question = Prove(value, method, is_active=False, why="the active one is refused")
            return put(s, state, question)
        case (Proof.ACCEPTED, _):
            return _swap(s, state, why + ", and accepts the previous one")
        case (Proof.REFUSED, at) if refusal_is_unnoted(state, at):
            return noting_of_refusal(s, state)
    return None


def state_is_of_an_earlier_resource(s: Snapshot) -> WriteState | None:
    """A resource of the same name and app takes the state up again, without a rotation."""
    state = s.state
    if state is None or state.uid == s.resource.uid:
        return None
    return WriteState(
        Step.TAKE_UP,
        replace(state, uid=s.resource.uid),
        "an earlier resource of this name and app left its state Secret",
    )


def another_of_ours_is_there(s: Snapshot) -> WriteState | None:
    """A + | P absent, and besides A one of ours: both Secrets were restored. It is previous."""
    state = s.state
    if state is None or state.active is None or state.candidate is not None:
        return None
    if in_okta(s, state.previous) is not None or not is_active(in_okta(s, state.active)):
        return None
    found = next((one for one in strangers(s, state) if is_ours(s, one)), None)
    if found is None:
        return None
    previous = superseded(known(found, 1 - state.active.index), s.now)
    why = "Okta holds another secret of ours, which the state Secret does not name"
    return WriteState(Step.NOTE_PREVIOUS, replace(state, previous=previous), why)


def previous_has_changed(s: Snapshot) -> WriteState | None:
    """A + | P absent: clear previous; or note that it was deactivated."""
    state = s.state
    if state is None or state.previous is None or state.candidate is not None:
        return None
    seen = in_okta(s, state.previous)
    if seen is None:
        why = "the previous secret is gone from Okta"
    elif seen.state is not state.previous.state or _is_undated(state.previous):
        why = f"the previous secret is {seen.state} in Okta"
    else:
        return None
    return WriteState(Step.NOTE_PREVIOUS, note_previous(state, seen, s.now), why)


def _is_undated(previous: Credential) -> bool:
    """Deactivated by whomever, and not on record since when."""
    return previous.state is SecretState.INACTIVE and previous.deactivated_at is None


def _is_recorded(s: Snapshot, secret: OktaSecret) -> bool:
    held = (s.state.active, s.state.previous) if s.state is not None else ()
    return any(c is not None and c.secret_id == secret.id for c in held)


def _is_known(s: Snapshot, secret: OktaSecret) -> bool:
    return s.state is not None and any(secret.holds(value) for value in s.state.values)
