"""Planted bugs, each a small patch of the decision, to be found by the explorer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import pytest

from okta_rotator.rotation import agenda, facts, seen
from okta_rotator.rotation import decide as deciding
from okta_rotator.rotation.checks import (
    deletion,
    first_look,
    intent,
    job,
    publication,
    reach,
    requests,
    rivalry,
    room,
    table,
)
from okta_rotator.rotation.decisions import (
    Blocked,
    CreateSecret,
    DeactivateSecret,
    Decision,
    Publish,
    Step,
    WriteState,
)
from okta_rotator.rotation.okta_view import OktaSecret
from okta_rotator.rotation.snapshot import Resource, SecretObject, Snapshot
from okta_rotator.rotation.state import Job, State
from okta_rotator.rotation.target import TargetChange, needed_change
from okta_rotator.rotation.transitions import begin, forget_candidate, move_roles
from okta_rotator.rotation.values import SecretValue, make_value

Patch = pytest.MonkeyPatch
Check = Callable[[Snapshot], Decision | None]
Mutant = Callable[[Patch], None]


def instead_of(patch: Patch, old: Check, *new: Check) -> None:
    """In the list of checks, other ones take the place of one."""
    assert old in deciding.CHECKS
    checks = [one for check in deciding.CHECKS for one in (new if check is old else (check,))]
    patch.setattr(deciding, "CHECKS", tuple(checks))


def before(patch: Patch, old: Check, new: Check) -> None:
    instead_of(patch, old, new, old)


def post_before_the_intent(patch: Patch) -> None:
    def post_at_once(s: Snapshot) -> Decision | None:
        if s.state is not None or len(facts.listed(s)) > 1:
            return None
        return CreateSecret(make_value(s.resource.uid, s.draw.randomness), "mutant")

    before(patch, first_look.no_state_and_okta_is_empty, post_at_once)


def publish_before_the_roles_move(patch: Patch) -> None:
    def publish_candidate(s: Snapshot) -> Decision | None:
        state, made = s.state, facts.candidate_in_okta(s)
        if state is None or state.candidate is None or state.job is None or made is None:
            return None
        if facts.proof_of(s, state.candidate.value) is None:
            return None
        moved = move_roles(state, made, old_active_is_held=True, now=s.now)
        change = needed_change(s.target, s.resource, moved)
        return None if change is None else Publish(change, "mutant")

    patch.setattr(publication, "needed_change", lambda target, resource, state: None)
    before(patch, job.active_candidate_is_verified, publish_candidate)


def publish_before_verify(patch: Patch) -> None:
    def move_at_once(s: Snapshot) -> Decision | None:
        state, made = s.state, facts.candidate_in_okta(s)
        if state is None or state.candidate is None or made is None:
            return None
        return job._moving(s, state, made)

    instead_of(patch, job.active_candidate_is_verified, move_at_once)


def deactivate_before_publish(patch: Patch) -> None:
    def retire_at_once(s: Snapshot) -> Decision | None:
        state, previous = s.state, s.state.previous if s.state is not None else None
        if state is None or previous is None or s.seen.secrets is None or state.candidate:
            return None
        if not facts.is_active(facts.in_okta(s, state.active)):
            return None
        if not facts.is_active(facts.in_okta(s, previous)):
            return None
        return DeactivateSecret(previous.secret_id, "mutant")

    before(patch, publication.target_differs, retire_at_once)


def retire_what_the_state_does_not_know(patch: Patch) -> None:
    def retire_foreign(s: Snapshot, state: State) -> Decision | None:
        named = {c.secret_id for c in (state.active, state.previous) if c is not None}
        foreign = [one for one in facts.listed(s) if one.id not in named]
        if len(facts.listed(s)) < 2 or not foreign:
            return None
        return DeactivateSecret(foreign[0].id, "mutant")

    patch.setattr(room, "foreign_secret_is_in_the_way", retire_foreign)


def deactivate_the_only_active_one(patch: Patch) -> None:
    def remove_in_any_case(s: Snapshot) -> Decision | None:
        state, made = s.state, facts.candidate_in_okta(s)
        if state is None or state.candidate is None or not state.candidate.discard:
            return None
        if made is None or not facts.is_active(made):
            return job.discarded_candidate_is_removed(s)
        return DeactivateSecret(made.id, "mutant")

    instead_of(patch, job.discarded_candidate_is_removed, remove_in_any_case)


def forget_the_candidate_after_a_restart(patch: Patch) -> None:
    def forget(s: Snapshot) -> Decision | None:
        state = s.state
        is_new = s.seen.secrets is None and s.seen.unsettled_until is not None
        if state is None or state.candidate is None or not is_new or s.seen.trouble is not None:
            return None
        return WriteState(Step.FORGET_CANDIDATE, forget_candidate(state), "mutant")

    before(patch, publication.state_in_doubt_is_held_against_okta, forget)


def token_is_handled_at_intent(patch: Patch) -> None:
    def begin_and_handle(state: State, job: Job, value: SecretValue) -> State:
        begun = begin(state, job, value)
        return replace(begun, handled_rotate=job.token or state.handled_rotate)

    patch.setattr(intent, "begin", begin_and_handle)


def drift_is_repaired_without_a_proof(patch: Patch) -> None:
    def publish(s: Snapshot, state: State, value: SecretValue, change: TargetChange) -> Decision:
        return Publish(change, "mutant")

    patch.setattr(publication, "_prove_or_publish", publish)


def target_is_written_without_its_version(patch: Patch) -> None:
    def without_version(
        target: SecretObject | None, resource: Resource, state: State
    ) -> TargetChange | None:
        change = needed_change(target, resource, state)
        if change is None or change.existing is None:
            return change
        return replace(change, existing=replace(change.existing, resource_version=""))

    patch.setattr(publication, "needed_change", without_version)


def previous_is_overwritten_by_a_lost_active(patch: Patch) -> None:
    def moved(state: State, created: OktaSecret, held: bool, *rest: Any) -> State:
        return move_roles(state, created, True, *rest)

    patch.setattr(job, "move_roles", moved)


def tokens_are_read_from_status_alone(patch: Patch) -> None:
    def by_status(s: Snapshot, verb: facts.Verb) -> str | None:
        token: str | None = getattr(s.resource.status.handled_requests, verb, None)
        return token

    patch.setattr(facts, "handled", by_status)


def a_lost_answer_is_not_waited_for(patch: Patch) -> None:
    def never(s: Snapshot) -> Blocked | None:
        return None

    instead_of(patch, reach.a_write_may_still_land)
    patch.setattr(publication, "a_write_may_still_land", never)
    patch.setattr(deletion, "a_write_may_still_land", never)


def a_refusal_without_an_answer_is_not_counted(patch: Patch) -> None:
    patch.setattr(seen, "after_an_unanswered_proof", lambda known, is_active, now: known)


def the_bound_secret_is_forgotten(patch: Patch) -> None:
    def moved(*given: Any) -> State:
        return replace(move_roles(*given), bound_secret_id=None)

    patch.setattr(job, "move_roles", moved)


def a_revocation_means_the_active_one(patch: Patch) -> None:
    def bind(s: Snapshot) -> Decision | None:
        bound = requests.revocation_is_bound(s)
        if bound is None or bound.state.active is None:
            return bound
        return replace(
            bound, state=replace(bound.state, bound_secret_id=bound.state.active.secret_id)
        )

    instead_of(patch, requests.revocation_is_bound, bind)


def a_rollback_needs_no_proof(patch: Patch) -> None:
    def roll_back(s: Snapshot) -> Decision | None:
        state, token = s.state, facts.asked(s, facts.Verb.ROLLBACK)
        if state is None or token is None or state.candidate is not None:
            return None
        return requests._rolled_back(s, state, token)

    before(patch, requests.rollback_is_asked_for, roll_back)


def retention_is_cut_short(patch: Patch) -> None:
    patch.setattr(room, "promise_is_pending", lambda s, state, trigger: None)


def the_target_is_not_looked_at_again(patch: Patch) -> None:
    look = room.retirement

    def retired(s: Snapshot, secret: OktaSecret, why: str) -> Decision | None:
        return look(replace(s, target_is_live=True), secret, why)

    for module in (room, job, requests):
        patch.setattr(module, "retirement", retired)


def the_hold_is_ignored(patch: Patch) -> None:
    def at_once(s: Snapshot) -> datetime | None:
        previous = s.state.previous if s.state is not None else None
        is_off = previous is not None and previous.deactivated_at is not None
        return s.now if is_off else agenda.retirement_at(s)

    patch.setattr(job, "retirement_at", at_once)
    patch.setattr(reach, "retirement_at", at_once)


def the_stand_in_is_forgotten(patch: Patch) -> None:
    def deactivate(s: Snapshot, state: State, one: OktaSecret) -> Decision:
        return DeactivateSecret(one.id, "mutant")

    patch.setattr(deletion, "_deactivated", deactivate)


def another_resource_is_ignored(patch: Patch) -> None:
    instead_of(patch, rivalry.another_resource_comes_first)


def the_word_of_another_resource_is_enough(patch: Patch) -> None:
    def believing(s: Snapshot) -> Decision | None:
        others = tuple(replace(one, claim=0) for one in s.neighbours)
        return rivalry.another_resource_comes_first(replace(s, neighbours=others))

    instead_of(patch, rivalry.another_resource_comes_first, believing)


def the_recheck_is_never_due(patch: Patch) -> None:
    instead_of(patch, publication.published_value_is_rechecked)


def a_target_is_adopted_whosever_it_is(patch: Patch) -> None:
    def adopt_it(s: Snapshot) -> Decision | None:
        held = facts.held_by_target(s) if s.state is None else None
        if held is None or not facts.is_active(held) or held.value is None:
            return None
        return first_look._adoption(s, held, first_look._other(s, held), "mutant")

    before(patch, first_look.no_state_and_target_holds_ours, adopt_it)


def witnesses_are_ignored(patch: Patch) -> None:
    patch.setattr(first_look, "witnesses", lambda s: frozenset())


def a_refusal_is_believed_at_once(patch: Patch) -> None:
    patch.setattr(table, "judge_refusal", lambda s, state, at: None)


def what_another_uses_is_revoked(patch: Patch) -> None:
    patch.setattr(deletion, "may_use", lambda one, secret: False)


def a_late_secret_is_not_waited_for(patch: Patch) -> None:
    instead_of(patch, deletion.late_secret_is_waited_for)


def nothing_is_revoked(patch: Patch) -> None:
    instead_of(patch, deletion.deleted_resource_revokes_its_secrets)


MUTANTS: Final[dict[Mutant, str]] = {
    post_before_the_intent: "a secret is made that is no candidate of the state",
    publish_before_the_roles_move: "something is published without an active secret",
    publish_before_verify: "the roles move to a value that was not proven",
    deactivate_before_publish: "a published value that worked works no more",
    retire_what_the_state_does_not_know: "a secret is retired that the state does not know",
    deactivate_the_only_active_one: "the only active secret is deactivated",
    forget_the_candidate_after_a_restart: "a secret of ours is unknown to the state",
    token_is_handled_at_intent: "a token is called handled before its rotation",
    drift_is_repaired_without_a_proof: "a dead value is published although Okta could be asked",
    target_is_written_without_its_version: "a stranger's Secret was written to",
    previous_is_overwritten_by_a_lost_active: "the state forgets a secret that Okta holds",
    tokens_are_read_from_status_alone: "a token is acted on twice",
    a_lost_answer_is_not_waited_for: "a value is in Okta twice",
    a_refusal_without_an_answer_is_not_counted: "more than four refused values within a day",
    the_bound_secret_is_forgotten: "a secret that was to be revoked is forgotten",
    a_revocation_means_the_active_one: "a revocation is bound to another secret than was meant",
    a_rollback_needs_no_proof: "the roles move to a value that was not proven",
    retention_is_cut_short: "retention is cut short",
    the_target_is_not_looked_at_again: "a secret is deactivated without a look at the target",
    the_hold_is_ignored: "the hold is cut short",
    the_stand_in_is_forgotten: "the only active secret is deactivated",
    another_resource_is_ignored: "something is done although another resource came first",
    the_word_of_another_resource_is_enough: (
        "blocked without cause: the OktaClientSecretRotation another-rotation rotates the same "
        "Okta app, and came first. Delete one of the two; this one does nothing as long as the "
        "other is there."
    ),
    the_recheck_is_never_due: "settled, and Okta does not accept the active secret",
    a_target_is_adopted_whosever_it_is: "a stranger's secret is taken that nobody gave",
    witnesses_are_ignored: "a stranger's secret is taken that nobody gave",
    a_refusal_is_believed_at_once: "an active secret is replaced on a refusal that was not looked "
    "into",
    what_another_uses_is_revoked: "a secret is revoked that another resource uses",
    a_late_secret_is_not_waited_for: "a Secret may come after its resource has gone",
    nothing_is_revoked: "client secrets are left that nobody else uses",
}
"""Each with the promise that it breaks."""

WHERE: Final[dict[Mutant, str]] = {
    drift_is_repaired_without_a_proof: "two hands",
    a_refusal_without_an_answer_is_not_counted: "refused thrice",
    previous_is_overwritten_by_a_lost_active: "requests and console",
    the_bound_secret_is_forgotten: "requests",
    a_revocation_means_the_active_one: "requests",
    a_rollback_needs_no_proof: "requests",
    retention_is_cut_short: "kept for a day",
    the_hold_is_ignored: "kept for a day",
    the_stand_in_is_forgotten: "revocation of one",
    another_resource_is_ignored: "another resource",
    the_word_of_another_resource_is_enough: "another resource",
    the_recheck_is_never_due: "recheck",
    a_target_is_adopted_whosever_it_is: "one of two",
    witnesses_are_ignored: "not ours",
    what_another_uses_is_revoked: "revocation beside a copy",
    a_late_secret_is_not_waited_for: "deletion of a first one",
    nothing_is_revoked: "revocation of one",
}
"""Those that are looked for in a configuration of their own, for only there are they found soon."""
