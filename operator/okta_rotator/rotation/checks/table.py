"""What the state and Okta say, row by row: the table of the design, in its order.

A, P and C are the state's active, previous and candidate; T is the target; F is a secret that
nobody we know made. All of these come after Okta's secrets have been listed.
"""

from __future__ import annotations

from dataclasses import replace

from okta_rotator.api.conditions import Reason
from okta_rotator.api.names import ROTATE_ANNOTATION
from okta_rotator.rotation.checks.intent import intent
from okta_rotator.rotation.checks.proving import judge_refusal
from okta_rotator.rotation.decisions import (
    Blocked,
    DeactivateSecret,
    Decision,
    DeleteSecret,
    Step,
    WriteState,
)
from okta_rotator.rotation.facts import (
    Due,
    held_by_target,
    in_okta,
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
from okta_rotator.rotation.transitions import adopt, known, swap_roles
from okta_rotator.rotation.trouble import Next, Trouble
from okta_rotator.rotation.values import SecretValue, is_made_by_a_rotator


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
    foreign = next((one for one in listed(s) if _is_another_rotators(s, one)), None)
    if foreign is None:
        return None
    app_id = s.spec.parameters.effective_app_id
    message = (
        f"the client secret {foreign.id} of the Okta app {app_id} was made by okta-rotator for "
        "another resource, or in another cluster: an app can be rotated by one resource alone. "
        "Delete this resource or the other one; where the other is gone for good, delete that "
        "client secret in Okta."
    )
    return Blocked(Trouble(Next.PERSON, Reason.FOREIGN_SECRET, message), counts=False)


def no_state_and_one_secret(s: Snapshot) -> WriteState | None:
    """none | one: it is previous, intent; but foreign if there are witnesses for others."""
    if s.state is not None or len(listed(s)) != 1:
        return None
    (only,) = listed(s)
    is_foreign = bool(witnesses(s)) and only.id not in witnesses(s)
    return _first_intent(s, None if is_foreign else only)


def no_state_and_target_holds_one_of_two(s: Snapshot) -> WriteState | None:
    """none | two, T's value +: T is active, the other previous, and a rotation follows."""
    held = held_by_target(s) if s.state is None else None
    if held is None or not is_active(held) or held.value is None:
        return None
    return _first_intent(s, _other(s, held), held)


def no_state_and_two_secrets(s: Snapshot) -> WriteState | Blocked | None:
    """none | two, otherwise: those that are ours are taken; two strangers need a person."""
    if s.state is not None or len(listed(s)) < 2:
        return None
    ours = tuple(one for one in listed(s) if is_ours(s, one) and one.value is not None)
    active = next((one for one in newest_first(ours) if is_active(one)), None)
    if active is None:
        return _two_secrets_exist(s)
    previous = next((one for one in newest_first(ours) if one is not active), None)
    return _adoption(s, active, previous, "the state Secret was lost; Okta holds what is ours")


def value_is_held_twice(s: Snapshot) -> DeactivateSecret | DeleteSecret | None:
    """any | one known value twice: remove one while the other is +."""
    for one in listed(s):
        twin = next((t for t in listed(s) if t.id != one.id and t.hash == one.hash), None)
        if twin is None or not is_active(twin) or _is_recorded(s, one) or not _is_known(s, one):
            continue
        why = "Okta holds this value twice"
        return DeactivateSecret(one.id, why) if is_active(one) else DeleteSecret(one.id, why)
    return None


def active_is_gone_and_previous_is_not(s: Snapshot) -> WriteState | None:
    """any | there was an A, it is - or absent, P +: swap, publish P; then rotate."""
    state = s.state
    if state is None or state.active is None or state.previous is None:
        return None
    if is_active(in_okta(s, state.active)) or not is_active(in_okta(s, state.previous)):
        return None
    previous = state.previous
    value = previous.value or _shown_value(in_okta(s, previous))
    if value is None:
        return None
    with_value = replace(state, previous=replace(previous, value=value))
    swapped = swap_roles(with_value, in_okta(s, state.active))
    why = "the active secret is no longer active in Okta; the previous one still is"
    due = Due(Trigger.REPAIR, why)
    after = swapped if state.candidate is not None else intent(s, swapped, due)
    return WriteState(Step.SWAP_ROLES, after, why)


def active_is_gone(s: Snapshot) -> Decision | None:
    """no C | A - or absent, otherwise: rotate."""
    state = s.state
    if state is None or state.active is None or state.candidate is not None:
        return None
    if is_active(in_okta(s, state.active)):
        return None
    return begin(s, state, Due(Trigger.REPAIR, "the active secret is no longer active in Okta"))


def active_is_refused(s: Snapshot) -> Decision | None:
    """A + | introspection refuses A: list again and once more after a minute; then rotate."""
    state = s.state
    if state is None or state.active is None or state.active.value is None or state.candidate:
        return None
    proof = proof_of(s, state.active.value)
    if proof is None or proof[0] is not Proof.REFUSED:
        return None
    closer = judge_refusal(s, state, proof[1])
    return closer or begin(s, state, Due(Trigger.REPAIR, "Okta refuses the published value"))


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


def previous_has_changed(s: Snapshot) -> WriteState | None:
    """A + | P absent: clear previous; or note that it was deactivated."""
    state = s.state
    if state is None or state.previous is None or state.candidate is not None:
        return None
    seen = in_okta(s, state.previous)
    if seen is None:
        after = replace(state, previous=None)
        return WriteState(Step.NOTE_PREVIOUS, after, "the previous secret is gone from Okta")
    if seen.state is state.previous.state:
        return None
    after = replace(state, previous=replace(state.previous, state=seen.state))
    return WriteState(Step.NOTE_PREVIOUS, after, f"the previous secret is {seen.state} in Okta")


def begin(s: Snapshot, state: State, due: Due) -> WriteState | Blocked:
    """Begin a rotation, unless a stranger's secret takes the place that it needs."""
    return foreign_secret_is_in_the_way(s, state) or WriteState(
        Step.INTENT, intent(s, state, due), due.why
    )


def foreign_secret_is_in_the_way(s: Snapshot, state: State) -> Blocked | None:
    """full: F. Asked before the intent is written, and again where the slot is needed."""
    named = {c.secret_id for c in (state.active, state.previous) if c is not None}
    foreign = [one for one in listed(s) if one.id not in named]
    retirable = _can_be_retired(s, state)
    if len(listed(s)) < 2 or retirable or not foreign:
        return None
    return Blocked(
        Trouble(
            Next.PERSON,
            Reason.FOREIGN_SECRET,
            f"the Okta app {state.app_id} holds two client secrets, and {foreign[0].id} was made "
            "by somebody else (another cluster, another resource, or a person). Delete it in Okta "
            "if nothing uses it: a rotation needs its place.",
        ),
        counts=False,
    )


def _can_be_retired(s: Snapshot, state: State) -> bool:
    previous, active = in_okta(s, state.previous), in_okta(s, state.active)
    return previous is not None or (active is not None and not is_active(active))


def _two_secrets_exist(s: Snapshot) -> Blocked:
    app_id = s.spec.parameters.effective_app_id
    return Blocked(
        Trouble(
            Next.PERSON,
            Reason.TWO_SECRETS_EXIST,
            f"the Okta app {app_id} already holds two client secrets, the most that Okta allows, "
            "and none was made by this resource. Delete in Okta the one that nothing uses.",
        ),
        counts=False,
    )


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
        handled_rotate=s.resource.annotations.get(ROTATE_ANNOTATION),
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
    return made_by_us and not is_ours(s, secret)


def _other(s: Snapshot, one: OktaSecret) -> OktaSecret | None:
    return next((other for other in listed(s) if other.id != one.id), None)


def _shown_value(secret: OktaSecret | None) -> SecretValue | None:
    return secret.value if secret is not None else None


def _is_recorded(s: Snapshot, secret: OktaSecret) -> bool:
    held = (s.state.active, s.state.previous) if s.state is not None else ()
    return any(c is not None and c.secret_id == secret.id for c in held)


def _is_known(s: Snapshot, secret: OktaSecret) -> bool:
    return s.state is not None and any(secret.holds(value) for value in s.state.values)
