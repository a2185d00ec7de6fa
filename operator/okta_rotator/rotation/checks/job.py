"""A rotation under way: the rows of the table that have a candidate, and the discard mark."""

from __future__ import annotations

from datetime import datetime, timedelta

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.agenda import next_look, retirement_at
from okta_rotator.rotation.checks.proving import (
    noting_of_refusal,
    refusal_is_unnoted,
    refusals_are_used_up,
)
from okta_rotator.rotation.checks.room import begin, free_a_slot, retirement
from okta_rotator.rotation.decisions import (
    Blocked,
    CreateSecret,
    DeactivateSecret,
    Decision,
    DeleteSecret,
    ListSecrets,
    Prove,
    Settled,
    Step,
    WriteState,
    needs_a_person,
)
from okta_rotator.rotation.facts import (
    Verb,
    asked,
    auth_method,
    candidate_in_okta,
    due_rotation,
    in_okta,
    is_active,
    listed,
    proof_of,
)
from okta_rotator.rotation.okta_view import OktaSecret, Proof, SecretState
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import Candidate, State
from okta_rotator.rotation.transitions import (
    forget_candidate,
    mark_discard,
    move_roles,
    note_asking,
    note_previous,
)
from okta_rotator.rotation.trouble import Next, Trouble

TRIES_A_JOB = 2
"""How often a candidate is tried: at once, and when `verification.timeoutSeconds` are over."""


def discarded_candidate_is_removed(s: Snapshot) -> Decision | None:
    """discard mark | C absent / - / + / only +: clear / delete / deactivate / unmark.

    That it is the only one is looked at anew, for that is what a person may have put right.
    """
    state = s.state
    if state is None or state.candidate is None or not state.candidate.discard:
        return None
    seen = candidate_in_okta(s)
    if seen is None:
        # The back-off follows, and until its end nobody looks whether the previous one was retired.
        after = note_previous(forget_candidate(state), in_okta(s, state.previous), s.now)
        return WriteState(Step.FORGET_CANDIDATE, after, "the refused candidate is gone from Okta")
    if not is_active(seen):
        return DeleteSecret(seen.id, "the candidate was refused")
    if any(is_active(one) for one in listed(s) if one.id != seen.id):
        return DeactivateSecret(seen.id, "the candidate was refused")
    if not s.seen.listed_in_this_pass:
        return ListSecrets("the refused candidate seems to be the only active secret")
    if proof_of(s, state.candidate.value) is not None:
        return _refused_and_irremovable(state)
    return WriteState(
        Step.UNMARK_DISCARD,
        mark_discard(state, discard=False),
        "the candidate is the only active secret, so it is tried once more",
    )


def inactive_candidate_is_discarded(s: Snapshot) -> WriteState | None:
    """C | C -: discard."""
    state, seen = s.state, candidate_in_okta(s)
    if state is None or seen is None or seen.state is not SecretState.INACTIVE:
        return None
    why = "somebody deactivated the candidate"
    return WriteState(Step.MARK_DISCARD, mark_discard(state), why)


def active_candidate_is_verified(s: Snapshot) -> Decision | None:
    """C | C +: verify, then move the roles."""
    state, seen = s.state, candidate_in_okta(s)
    if state is None or state.candidate is None or seen is None:
        return None
    if not s.spec.verification.enabled:
        return _moving(s, state, seen)
    proof = proof_of(s, state.candidate.value)
    match proof:
        case None:
            return _ask(s, state, state.candidate)
        case (Proof.ACCEPTED, _):
            return _moving(s, state, seen)
        case (Proof.CANNOT_TELL, _):
            return _cannot_tell(state)
        case (_, at):
            return _judge_refusal(s, state, refusal_is_unnoted(state, at))


def slot_is_freed_or_used(s: Snapshot) -> Decision | None:
    """C | C absent: POST it where there is room, else make room by what is retired."""
    state = s.state
    if state is None or state.candidate is None:
        return None
    if len(listed(s)) < 2:
        return CreateSecret(state.candidate.value, "the candidate is not in Okta yet")
    return free_a_slot(s, state)


def previous_has_had_its_time(s: Snapshot) -> Decision | None:
    """`previousSecret`: deactivated when its time is over, deleted after the hold."""
    state, at = s.state, retirement_at(s)
    found = in_okta(s, state.previous) if state is not None else None
    if at is None or s.now < at or found is None:
        return None
    return retirement(s, found, "its time is over, by spec.previousSecret")


def rotation_is_due(s: Snapshot) -> Decision | None:
    """Nothing else is to be done first: begin."""
    due = due_rotation(s)
    if s.state is None or due is None:
        return None
    return refusals_are_used_up(s, s.state) or begin(s, s.state, due)


def nothing_is_due(s: Snapshot) -> Settled:
    return Settled("nothing is due", next_look(s))


def _moving(s: Snapshot, state: State, seen: OktaSecret) -> WriteState:
    held = in_okta(s, state.active) is not None
    # A request that came while the job was on its way is served by it: two rotations in a row
    # would retire what the running workloads still hold.
    moved = move_roles(state, seen, held, s.now, asked(s, Verb.ROTATE))
    return WriteState(Step.MOVE_ROLES, moved, "the candidate is good")


def _ask(s: Snapshot, state: State, candidate: Candidate) -> Prove | WriteState | Blocked:
    refusals = _refusals_of_job(state)
    if refusals and s.now < _second_try_at(s, state):
        return _wait_for_second_try(s, state)
    method = auth_method(s)
    if method is None:
        return _cannot_tell(state)
    used_up = refusals_are_used_up(s, state)
    if used_up is None and state.asked_at is None:
        # If the answer is lost with the process, there is a record that Okta may have counted one.
        return WriteState(Step.NOTE_ASKING, note_asking(state, s.now), "the candidate is verified")
    question = Prove(candidate.value, method, is_active=False, why="the candidate is verified")
    return used_up or question


def _judge_refusal(s: Snapshot, state: State, is_unnoted: bool) -> WriteState | Blocked:
    if is_unnoted:
        return noting_of_refusal(s, state)
    if len(_refusals_of_job(state)) < TRIES_A_JOB:
        return _wait_for_second_try(s, state)
    return WriteState(Step.MARK_DISCARD, mark_discard(state), "Okta refuses the candidate")


def _refusals_of_job(state: State) -> list[datetime]:
    started = state.job.started_at if state.job is not None else None
    return [at for at in state.refused_tries if started is not None and at >= started]


def _second_try_at(s: Snapshot, state: State) -> datetime:
    return state.refused_tries[-1] + timedelta(seconds=s.spec.verification.timeout_seconds)


def _wait_for_second_try(s: Snapshot, state: State) -> Blocked:
    until = _second_try_at(s, state)
    message = "Okta does not accept the new client secret yet; it is tried once more"
    return Blocked(Trouble(Next.WAIT, Reason.VERIFICATION_FAILED, message, until), counts=False)


def _refused_and_irremovable(state: State) -> Blocked:
    message = (
        f"Okta refuses the new client secret of {state.app_id}, and does not let the only "
        "active one be deactivated; it will be tried again"
    )
    return Blocked(Trouble(Next.RETRY, Reason.VERIFICATION_FAILED, message))


def _cannot_tell(state: State) -> Blocked:
    message = (
        f"Okta does not say whether the new client secret of {state.app_id} is good (is "
        "introspection refused from here, by a network zone?). Nothing is promoted unproven; set "
        "spec.verification.enabled to false to do without the proof."
    )
    return needs_a_person(Reason.CANNOT_VERIFY, message)
