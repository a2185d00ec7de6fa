"""Going away: what goes along with a resource that is being deleted, and what stays.

With Retain nothing needs Okta or a connection. With `oktaSecrets: Revoke` the order is: the target,
what is INACTIVE, the candidate, the previous, the active one (with a stand-in in its place where
Okta would be left without an ACTIVE secret), the state Secret. Nothing is revoked that a living
resource uses too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.checks.reach import a_write_may_still_land
from okta_rotator.rotation.checks.rivalry import may_use, named_to
from okta_rotator.rotation.decisions import (
    Blocked,
    CreateSecret,
    DeactivateSecret,
    Decision,
    DeleteSecret,
    DeleteState,
    DeleteTarget,
    LetGo,
    ListSecrets,
    Publish,
    Step,
    WriteState,
    needs_a_person,
)
from okta_rotator.rotation.facts import (
    candidate_in_okta,
    in_okta,
    is_active,
    listed,
    target_holds_credentials,
)
from okta_rotator.rotation.okta_view import OktaSecret
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import Candidate, State
from okta_rotator.rotation.target import is_marked_ours, is_shared, mapped_keys, withdrawal
from okta_rotator.rotation.transitions import note_candidate
from okta_rotator.rotation.trouble import Next, Trouble
from okta_rotator.rotation.values import is_stand_in, make_stand_in

WHY: Final = "deletionPolicy.oktaSecrets"


def deleted_resource_takes_its_target_along(s: Snapshot) -> DeleteTarget | Publish | None:
    """`deletionPolicy.secret: Delete`: a Secret that is ours, or our keys of one that is shared."""
    if not (s.resource.deleting and s.resource.takes_target_along):
        return None
    if s.target is None or s.target.deleting:
        return None
    if not is_marked_ours(s.target, s.resource) or target_holds_credentials(s):
        return None
    # A key that the mapping names may be a person's still; the state knows which ones we wrote.
    ours = set(s.state.target_keys if s.state is not None else mapped_keys(s.resource))
    if is_shared(s.resource) or set(s.target.data) - ours:
        if s.target.immutable:
            return None  # Nothing can be taken out of it, and nobody's deletion waits for that.
        return Publish(withdrawal(s.target, ours), "the Secret holds keys of somebody else too")
    return DeleteTarget("deletionPolicy.secret")


def late_secret_is_waited_for(s: Snapshot) -> Blocked | None:
    """One whose creation had no answer may come yet, and would outlive the resource.

    Until that is over, what there is to take along is not known; then all is read anew.
    """
    until = s.seen.secret_may_come_until
    if until is None or not (s.resource.deleting and s.resource.takes_target_along):
        return None
    message = "a Secret that was sent to Kubernetes before may still come; its time is waited out"
    return Blocked(Trouble(Next.WAIT, Reason.PROGRESSING, message, until), counts=False)


def deleted_resource_revokes_its_secrets(s: Snapshot) -> Decision | None:
    """`deletionPolicy.oktaSecrets: Revoke`: all that the state names, and nothing else."""
    state = s.state
    if state is None or not (s.resource.deleting and s.resource.revokes_secrets):
        return None
    if state.app_id != s.spec.parameters.effective_app_id:
        return None
    if state.uid != s.resource.uid:
        # Never taken up by this one: a restored copy, say, and the secrets are the living one's.
        return None
    if s.connection.org_id is not None and s.connection.org_id != state.org_id:
        return None
    return _okta_is_out_of_reach(s) or _revoked(s, state)


def _okta_is_out_of_reach(s: Snapshot) -> Decision | None:
    problem, trouble = s.connection.problem, s.seen.trouble
    if problem is not None and s.connection.is_lost:
        why = f"its client secrets are left in Okta: {problem.message}"
        return LetGo(why, is_incomplete=True)
    if problem is not None:
        return Blocked(_held_up(problem), counts=False)
    if trouble is not None and trouble.reason is Reason.APP_NOT_FOUND:
        return DeleteState("the app is gone from Okta, and its client secrets with it")
    if trouble is not None:
        return Blocked(_held_up(trouble))
    if s.seen.secrets is None or not s.seen.listed_in_this_pass:
        return a_write_may_still_land(s) or ListSecrets("its client secrets are to be revoked")
    return None


def _held_up(trouble: Trouble) -> Trouble:
    advice = (
        "The deletion waits for that, to revoke the client secrets; set "
        "spec.deletionPolicy.oktaSecrets to Retain to let the resource go without."
    )
    return replace(trouble, message=f"{trouble.message.rstrip('.')}. {advice}")


def _revoked(s: Snapshot, state: State) -> Decision:
    found = (candidate_in_okta(s), in_okta(s, state.previous), in_okta(s, state.active))
    known = [one for one in found if one is not None and not _is_stand_in(state, one)]
    used = _another_uses_them(s, known)
    if used is not None:
        return used
    off = next((one for one in known if not is_active(one)), None)
    if off is not None:
        return DeleteSecret(off.id, WHY)
    if not known:
        return DeleteState("what it names is revoked")
    return _deactivated(s, state, known[0])


def _another_uses_them(s: Snapshot, secrets: list[OktaSecret]) -> LetGo | None:
    """As a copy does whose state Secret came along, be it with this one's uid in it."""
    users = (o for o in s.neighbours if any(may_use(o, secret) for secret in secrets))
    user = next(users, None)
    if user is None:
        return None
    why = f"{named_to(s, user)} uses its client secrets too: nothing is revoked"
    return LetGo(why, is_incomplete=True)


def _deactivated(s: Snapshot, state: State, one: OktaSecret) -> Decision:
    if any(is_active(other) for other in listed(s) if other.id != one.id):
        return DeactivateSecret(one.id, WHY)
    candidate = state.candidate
    if candidate is None or not is_stand_in(candidate.value):
        return _candidate_is_noted(s, state, one) or _stand_in_is_drawn(s, state)
    if len(listed(s)) < 2:
        return CreateSecret(candidate.value, "it stands in for the secret that is revoked")
    return _no_place(s, one)


def _candidate_is_noted(s: Snapshot, state: State, one: OktaSecret) -> WriteState | None:
    """The stand-in takes the candidate's place in the state, which has to know both."""
    if state.candidate is None or not one.holds(state.candidate.value):
        return None
    why = "of what the state names only the candidate is left in Okta"
    return WriteState(Step.NOTE_CANDIDATE, note_candidate(state, one, s.now), why)


def _stand_in_is_drawn(s: Snapshot, state: State) -> WriteState:
    stand_in = Candidate(make_stand_in(s.draw.randomness), 0)
    after = replace(state, candidate=stand_in, asked_at=None, job=None)
    why = "Okta does not let an app's only active client secret go: another takes its place"
    return WriteState(Step.STAND_IN, after, why)


def _no_place(s: Snapshot, one: OktaSecret) -> Blocked:
    other = next(other for other in listed(s) if other.id != one.id)
    message = (
        f"the client secret {one.id} is to be revoked with this resource, and Okta lets no app be "
        f"without an active one: activate or delete the other one, {other.id}, in Okta, or set "
        "spec.deletionPolicy.oktaSecrets to Retain"
    )
    return needs_a_person(Reason.FOREIGN_SECRET, message)


def _is_stand_in(state: State, secret: OktaSecret) -> bool:
    candidate = state.candidate
    return candidate is not None and is_stand_in(candidate.value) and secret.holds(candidate.value)


def deleted_resource_is_let_go(s: Snapshot) -> LetGo | None:
    """Needs neither Okta nor a connection: with Retain, everything stays as it is."""
    if not s.resource.deleting:
        return None
    if s.resource.revokes_secrets and s.stored is not None:
        why = (
            "its state Secret is not of this app, was written for another resource (which may be "
            "using what it names), or cannot be read: nothing is revoked"
        )
        return LetGo(why, is_incomplete=True)
    return LetGo("the resource is being deleted")
