"""Whether Okta can be asked now, and the reading of what has to be known of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from okta_rotator.api.conditions import ConditionType, Reason
from okta_rotator.rotation.agenda import next_look, retirement_at
from okta_rotator.rotation.backoff import LONGEST
from okta_rotator.rotation.decisions import (
    Blocked,
    ListSecrets,
    ReadApp,
    Settled,
    Step,
    WriteState,
    needs_a_person,
)
from okta_rotator.rotation.facts import (
    Verb,
    asked,
    due_rotation,
    in_okta,
    is_active,
    proof_of,
    requests,
)
from okta_rotator.rotation.okta_view import AuthMethod, OktaApp, Proof
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import State
from okta_rotator.rotation.trouble import Next, Trouble


def okta_cannot_be_asked(s: Snapshot) -> Blocked | None:
    """The connection is not ready, or the last call of this pass failed."""
    if s.connection.problem is not None:
        return Blocked(s.connection.problem, counts=False)
    return Blocked(s.seen.trouble) if s.seen.trouble is not None else None


def a_write_may_still_land(s: Snapshot) -> Blocked | None:
    """A write to Okta whose answer was lost is waited out before anything builds on the list."""
    until = s.seen.unsettled_until
    if until is None or s.now >= until:
        return None
    message = "a write that was sent to Okta before may still land; its time is waited out"
    return Blocked(Trouble(Next.WAIT, Reason.PROGRESSING, message, until), counts=False)


def nothing_needs_okta(s: Snapshot) -> Settled | None:
    """The value is published, no job is under way and nothing is due."""
    state = s.state
    if state is None or state.active is None or state.candidate is not None:
        return None
    if state.uid != s.resource.uid or s.seen.listed_in_this_pass:
        return None
    if s.seen.refused_at is not None or _active_was_refused(s) or _auth_method_is_news(s, state):
        return None
    if s.seen.secrets is not None and not is_active(in_okta(s, state.active)):
        return None
    if due_rotation(s) is not None or _previous_is_due(s, state):
        return None
    return Settled("nothing is due", next_look(s), s.connection.problem)


def _previous_is_due(s: Snapshot, state: State) -> bool:
    """It is to be revoked, published again, or has had its time."""
    if state.bound_secret_id is not None or asked(s, Verb.ROLLBACK) is not None:
        return True
    at = retirement_at(s)
    return at is not None and at <= s.now


def _active_was_refused(s: Snapshot) -> bool:
    active = s.state.active if s.state is not None else None
    proof = proof_of(s, active.value) if active is not None and active.value is not None else None
    return proof is not None and proof[0] is Proof.REFUSED


def failure_is_recent(s: Snapshot) -> Blocked | None:
    """Back-off: not before the time that status shows, unless the spec has changed since.

    Nor does what a person has asked for since then have to wait.
    """
    status = s.resource.status
    until = status.failures.next_attempt_at if status.failures is not None else None
    if until is None or status.observed_generation != s.resource.generation:
        return None
    if requests(s) - s.seen.tried:
        return None
    # No longer than we ever wait: another hand may have written the time.
    if not s.now < until <= s.now + LONGEST:
        return None
    reason = next(
        (
            reason
            for kind in (ConditionType.ROTATION_FAILING, ConditionType.READY)
            for c in status.conditions or ()
            for reason in Reason
            if c.type == kind and c.reason == reason and reason is not Reason.PUBLISHED
        ),
        Reason.OKTA_UNAVAILABLE,
    )
    message = status.last_rotation_message or "the last attempt failed"
    return Blocked(Trouble(Next.WAIT, reason, message, until), counts=False)


def app_is_unread(s: Snapshot) -> ReadApp | None:
    """Before the first write of each rotation the app must be seen to be the right one."""
    return (
        ReadApp("the app is looked at before anything is written") if s.seen.app is None else None
    )


def app_cannot_rotate(s: Snapshot) -> Blocked | None:
    """An OIDC app, ACTIVE, with client secrets, and with the client id that the spec names."""
    app = s.seen.app
    if app is None:
        return None
    found = _fault_of_app(app, s.spec.parameters.client_id)
    if found is None:
        return None
    return needs_a_person(*found)


def _fault_of_app(app: OktaApp, client_id: str) -> tuple[Reason, str] | None:
    if app.status == "DELETED":
        return Reason.APP_NOT_FOUND, (
            f"the Okta app {app.id} was deleted. Make this resource anew with the app that the "
            "workload uses now, in spec.parameters"
        )
    if app.sign_on_mode != "OPENID_CONNECT":
        return Reason.APP_NOT_ELIGIBLE, (
            f"the Okta app {app.id} signs on by {app.sign_on_mode}; only OPENID_CONNECT apps have "
            "client secrets. Make this resource anew with such an app in spec.parameters"
        )
    if app.client_id != client_id:
        return Reason.CLIENT_ID_MISMATCH, (
            f"the Okta app {app.id} has another client id than spec.parameters.clientId "
            f"({client_id}). The parameters of a resource are fixed: make this resource anew, with "
            "the client id of the app, or with spec.parameters.appId of the app that has it."
        )
    if app.status != "ACTIVE":
        return Reason.APP_INACTIVE, f"the Okta app {app.id} is {app.status}: activate it in Okta"
    if app.auth_method not in set(AuthMethod):
        return Reason.APP_NOT_ELIGIBLE, _without_a_secret(app)
    return None


_REMEDY: Final = (
    "set its client authentication in Okta to a client secret: client_secret_basic, "
    "client_secret_post or client_secret_jwt"
)


def _without_a_secret(app: OktaApp) -> str:
    match app.auth_method:
        case "none":
            return (
                f"the Okta app {app.id} is a public client (none), which has no client secret to "
                "rotate, such as a single-page or native app. Delete this resource; or, if the "
                f"app runs where it can keep a secret, {_REMEDY}"
            )
        case "private_key_jwt":
            return (
                f"the Okta app {app.id} authenticates with a key of its own (private_key_jwt), and "
                "has no client secret to rotate. Delete this resource; or, if the workload is to "
                f"sign in with a secret from now on, {_REMEDY}"
            )
        case method:
            return (
                f"the Okta app {app.id} authenticates with {method}, which uses no client secret. "
                f"To have one rotated, {_REMEDY}"
            )


def auth_method_is_noted(s: Snapshot) -> WriteState | None:
    """Repairs prove the value by the method that was last read, without reading the app."""
    state, app = s.state, s.seen.app
    if state is None or app is None or not _auth_method_is_news(s, state):
        return None
    return WriteState(
        Step.NOTE_AUTH_METHOD,
        replace(state, auth_method=app.auth_method),
        "the app's token_endpoint_auth_method has changed",
    )


def _auth_method_is_news(s: Snapshot, state: State) -> bool:
    return s.seen.app is not None and s.seen.app.auth_method != state.auth_method


def secrets_are_unlisted(s: Snapshot) -> ListSecrets | None:
    """The list is known from the last pass, unless something happened that it does not show."""
    return ListSecrets("what Okta holds is not known") if s.seen.secrets is None else None


def values_are_hidden(s: Snapshot) -> Blocked | None:
    """At the first look: nobody can tell who made what Okta holds, which may be in use elsewhere.

    Okta's pages do not say whether a role without the permission is refused or shown hashes alone.
    """
    hidden = next((one for one in s.seen.secrets or () if one.value is None), None)
    if s.state is not None or hidden is None:
        return None
    message = (
        f"Okta does not show the value of the client secret {hidden.id}, so nobody can tell who "
        "made it. Give the owner of the API token, or the service app, an admin role with "
        "okta.apps.clientCredentials.read for this app"
    )
    return needs_a_person(Reason.INSUFFICIENT_PERMISSION, message)
