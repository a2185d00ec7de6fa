"""Publication as a rule: the target holds what the state calls active.

These come before every step of a rotation, and hold while one is blocked. A value is proven before
it is written, unless Okta cannot be asked: then what the state calls active is published all the
same, for the state is the best that is known.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.agenda import recheck_at
from okta_rotator.rotation.checks.proving import (
    judge_refusal,
    may_ask_unrecorded,
    noting_of_refusal,
    put,
    refusal_is_unnoted,
    second_look_is_early,
    unrecorded_refusals_are_used_up,
)
from okta_rotator.rotation.checks.reach import a_write_may_still_land, okta_cannot_be_asked
from okta_rotator.rotation.checks.timing import rotation_waits_for_an_opening
from okta_rotator.rotation.decisions import (
    Blocked,
    Decision,
    ListSecrets,
    Prove,
    Publish,
    Step,
    WriteState,
)
from okta_rotator.rotation.facts import (
    Verb,
    auth_method,
    candidate_in_okta,
    due_rotation,
    handled,
    held_by_target,
    in_okta,
    is_active,
    is_ours,
    listed,
    proof_of,
    state_is_in_doubt,
)
from okta_rotator.rotation.okta_view import OktaSecret, Proof
from okta_rotator.rotation.seen import FIGHT
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import Credential, State, Trigger
from okta_rotator.rotation.target import (
    TargetChange,
    mapped_keys,
    needed_change,
    published_value,
    target_name,
)
from okta_rotator.rotation.transitions import adopt, known, mark_discard, superseded
from okta_rotator.rotation.trouble import Next, Trouble
from okta_rotator.rotation.values import SecretValue, is_stand_in

REPAIRS_IN_A_FIGHT: Final = 5
"""So many repairs within a minute are no accident."""


def state_in_doubt_is_held_against_okta(s: Snapshot) -> ListSecrets | Blocked | None:
    """A copied or restored state publishes nothing before Okta's list was seen."""
    state = s.state
    if state is None or s.seen.listed_in_this_pass or not state_is_in_doubt(s, state):
        return None
    look = ListSecrets("the state Secret may be old, or of an earlier resource")
    return okta_cannot_be_asked(s) or a_write_may_still_land(s) or look


def target_is_newer_than_the_state(s: Snapshot) -> WriteState | None:
    """An old state Secret was restored: what the target holds, and Okta accepts, is active."""
    state = s.state
    if state is None or not s.seen.listed_in_this_pass:
        return None
    held, value = held_by_target(s), published_value(s.target, s.resource)
    if held is None or not is_active(held) or not is_ours(s, held) or value in state.values:
        return None
    if state.active is not None and state.active.secret_id == held.id:
        after = replace(state, active=replace(state.active, value=value))
        why = "the state Secret holds another value of the active secret than the target and Okta"
        return WriteState(Step.RESTORE, after, why)
    if _is_known(state, held.id):
        return None
    return WriteState(
        Step.RESTORE,
        _restored(s, state, held),
        "the target holds a newer secret of ours than the state Secret, which must be an old copy",
    )


def _is_known(state: State, secret_id: str) -> bool:
    return secret_id in {c.secret_id for c in (state.active, state.previous) if c is not None}


def _restored(s: Snapshot, state: State, active: OktaSecret) -> State:
    still_held = (c for c in (state.active, state.previous) if in_okta(s, c) is not None)
    found = next(still_held, None) or _another_of_ours(s, active)
    previous = None if found is None else superseded(found, found.superseded_at or s.now)
    candidate_is_held = candidate_in_okta(s) is not None
    now_active = known(active, 1 - previous.index if previous is not None else 0)
    return replace(
        adopt(state, active, None, s.now),
        active=replace(now_active, value=published_value(s.target, s.resource)),
        previous=previous,
        candidate=mark_discard(state).candidate if candidate_is_held else None,
        job=state.job if candidate_is_held else None,
        generation=max(state.generation, s.resource.status.state_generation or 0),
        # Since the copy was made: else the status alone would keep them from being acted on again.
        handled_rotate=handled(s, Verb.ROTATE),
        handled_revoke_previous=handled(s, Verb.REVOKE_PREVIOUS),
        handled_rollback=handled(s, Verb.ROLLBACK),
        handled_replace_foreign=handled(s, Verb.REPLACE_FOREIGN),
    )


def _another_of_ours(s: Snapshot, active: OktaSecret) -> Credential | None:
    taken = (active, candidate_in_okta(s))
    others = (
        one
        for one in listed(s)
        if one not in taken and is_ours(s, one) and not is_stand_in(one.value)
    )
    return next((known(one, 1) for one in others), None)


def keys_are_noted_before_they_are_written(s: Snapshot) -> WriteState | None:
    """The state remembers which keys of the target are ours, those of an old mapping included."""
    state = s.state
    if state is None or state.active is None:
        return None
    wanted = mapped_keys(s.resource)
    live = s.target.data if s.target is not None else {}
    kept = tuple(key for key in state.target_keys if key in live and key not in wanted)
    keys = (*wanted, *kept)
    if set(keys) == set(state.target_keys):
        return None
    return WriteState(
        Step.NOTE_TARGET_KEYS, replace(state, target_keys=keys), "the spec names other keys"
    )


def target_is_fought_over(s: Snapshot) -> Blocked | None:
    """Another controller that undoes every repair is not answered as fast as we can write."""
    recent = [at for at in s.seen.repaired_at if s.now - at < FIGHT]
    state = s.state
    if len(recent) < REPAIRS_IN_A_FIGHT or state is None or state.active is None:
        return None
    if state.active.value is None or needed_change(s.target, s.resource, state) is None:
        return None
    message = (
        f"somebody else keeps changing the Secret {target_name(s.resource)}: it was put right "
        f"{len(recent)} times within a minute. Find out who does (kubectl get secret "
        f"{target_name(s.resource)} --show-managed-fields -o yaml)"
    )
    trouble = Trouble(Next.WAIT, Reason.CONFLICT, message, recent[0] + FIGHT)
    return Blocked(trouble, counts=False)


def published_value_is_rechecked(s: Snapshot) -> Prove | WriteState | None:
    """Okta is asked now and then whether it still accepts what is published.

    That costs no call of the small bucket. A refusal is looked into by `table.active_is_refused`.
    """
    state, method, due = s.state, auth_method(s), recheck_at(s)
    if state is None or state.active is None or state.active.value is None or method is None:
        return None
    if due is None or s.now < due or okta_cannot_be_asked(s) is not None:
        return None
    if due_rotation(s) is not None:
        return None
    is_under_way = state.candidate is not None and rotation_waits_for_an_opening(s) is None
    if is_under_way or s.seen.refused_at is not None:
        return None
    if not may_ask_unrecorded(s, state):
        return None
    question = Prove(state.active.value, method, is_active=True, why="is it still accepted?")
    return put(s, state, question)


def refusal_is_noted_at_once(s: Snapshot) -> WriteState | None:
    """Whatever may hold up a closer look: Okta has counted it."""
    state = s.state
    if state is None or state.active is None or state.active.value is None:
        return None
    match proof_of(s, state.active.value):
        case (Proof.REFUSED, at) if refusal_is_unnoted(state, at):
            return noting_of_refusal(s, state)
    return None


def target_differs(s: Snapshot) -> Decision | None:
    """Prove, then publish. Nothing is published that Okta is known not to accept."""
    state = s.state
    if state is None or state.active is None or state.active.value is None:
        return None
    if s.seen.secrets is not None and not is_active(in_okta(s, state.active)):
        return None
    change = needed_change(s.target, s.resource, state)
    if change is None:
        return None
    return _prove_or_publish(s, state, state.active.value, change)


def _prove_or_publish(
    s: Snapshot, state: State, value: SecretValue, change: TargetChange
) -> Decision | None:
    publish = Publish(change, _why(change))
    if not change.data or not s.spec.verification.enabled or okta_cannot_be_asked(s) is not None:
        return publish
    if _is_being_replaced(s, state):
        return None
    match proof_of(s, value):
        case (Proof.ACCEPTED | Proof.CANNOT_TELL, _):
            return publish
        case (Proof.REFUSED, at):
            return judge_refusal(s, state, at)
    method = auth_method(s)
    used_up = unrecorded_refusals_are_used_up(s, state)
    if used_up is not None and s.seen.refused_at is not None:
        return used_up
    if method is None or used_up is not None:
        return publish
    question = Prove(value, method, is_active=True, why="the target Secret is to be written")
    return second_look_is_early(s, state) or put(s, state, question)


def _is_being_replaced(s: Snapshot, state: State) -> bool:
    """Whether a repair is under way since Okta refuses the active value: it is not asked again."""
    is_repair = state.job is not None and state.job.trigger is Trigger.REPAIR
    return is_repair and (s.seen.refused_at is not None or not may_ask_unrecorded(s, state))


def _why(change: TargetChange) -> str:
    if change.existing is None:
        return "the target Secret does not exist"
    parts = {"data": change.data, "labels": change.labels, "annotations": change.annotations}
    return "the target Secret differs in its " + ", ".join(k for k, v in parts.items() if v)
