"""Going away, and what is not ours to act on."""

from __future__ import annotations

from okta_rotator.api.conditions import Reason
from okta_rotator.api.names import (
    ADOPT_ANNOTATION,
    LONGEST_TOKEN,
    ROTATE_ANNOTATION,
    ROTATION_NAME_ANNOTATION,
)
from okta_rotator.api.rotation import DeletionAction
from okta_rotator.rotation.decisions import Blocked, DeleteTarget, LetGo, Publish
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import State
from okta_rotator.rotation.target import is_marked_ours, mapped_keys, target_name, withdrawal
from okta_rotator.rotation.trouble import Next, Trouble


def deleted_resource_takes_its_target_along(s: Snapshot) -> DeleteTarget | Publish | None:
    """`deletionPolicy.secret: Delete`: a Secret that is ours, or our keys of one that is shared."""
    if not s.resource.deleting or s.resource.spec is None or s.target is None:
        return None
    if s.spec.deletion_policy.secret is not DeletionAction.DELETE or s.target.deleting:
        return None
    if not is_marked_ours(s.target, s.resource) or _holds_credentials(s):
        return None
    ours = {*mapped_keys(s.resource), *(s.state.target_keys if s.state is not None else ())}
    if set(s.target.data) - ours:
        return Publish(withdrawal(s.target, ours), "the Secret holds keys of somebody else too")
    return DeleteTarget("deletionPolicy.secret")


def _holds_credentials(s: Snapshot) -> bool:
    return target_name(s.resource) in s.connection.credential_secrets


def deleted_resource_is_let_go(s: Snapshot) -> LetGo | None:
    """Needs neither Okta nor a connection: with Retain, everything stays as it is."""
    return LetGo("the resource is being deleted") if s.resource.deleting else None


def spec_is_invalid(s: Snapshot) -> Blocked | None:
    if s.resource.spec is not None:
        return None
    return _person(Reason.INVALID_SPEC, s.resource.spec_error or "the spec cannot be read")


def rotate_token_is_too_long(s: Snapshot) -> Blocked | None:
    """What was asked for is told in status, and remembered in the state."""
    if len(s.resource.annotations.get(ROTATE_ANNOTATION, "")) <= LONGEST_TOKEN:
        return None
    message = f"the annotation {ROTATE_ANNOTATION} may have at most {LONGEST_TOKEN} characters"
    return _person(Reason.INVALID_SPEC, message)


def state_is_unreadable(s: Snapshot) -> Blocked | None:
    if s.stored is None or s.stored.state is not None:
        return None
    return _person(
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
    return _person(
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
    if _holds_credentials(s):
        return _person(
            Reason.TARGET_CONFLICT,
            f"the Secret {target_name(s.resource)} holds the credentials of a connection. Make "
            "this resource anew with another spec.target.name",
        )
    if target is None:
        return None
    owner = target.annotations.get(ROTATION_NAME_ANNOTATION)
    if owner is not None and not is_marked_ours(target, s.resource):
        return _person(
            Reason.TARGET_CONFLICT,
            f"the Secret {target.name} is the target of the OktaClientSecretRotation {owner}. Make "
            "this resource anew with another spec.target.name, or delete the Secret if the other "
            "resource is gone",
        )
    if not is_marked_ours(target, s.resource):
        return _person(
            Reason.TARGET_CONFLICT,
            f"the Secret {target.name} exists and is not ours. Delete it, choose another "
            f"spec.target.name, or let us have it: kubectl annotate secret {target.name} "
            f"{ADOPT_ANNOTATION}={s.resource.key.name}",
        )
    if target.type != s.spec.target.type:
        return _person(
            Reason.TARGET_CONFLICT,
            f"the Secret {target_name(s.resource)} has the type {target.type}, spec.target.type is "
            f"{s.spec.target.type}, and Kubernetes lets nobody change it. Delete the Secret.",
        )
    return None


def _person(reason: Reason, message: str) -> Blocked:
    return Blocked(Trouble(Next.PERSON, reason, message), counts=False)
