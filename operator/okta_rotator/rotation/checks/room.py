"""Whether there is a place for the next secret, and how one is made.

Okta has two places an app. What the state does not know, the only ACTIVE secret, and what the
target holds are never retired; what was promised to the previous one is kept.
"""

from __future__ import annotations

from dataclasses import replace

from okta_rotator.api.conditions import Reason
from okta_rotator.api.names import (
    REPLACE_FOREIGN_ANNOTATION,
    REVOKE_PREVIOUS_ANNOTATION,
)
from okta_rotator.rotation.agenda import may_be_deactivated, promised_until
from okta_rotator.rotation.checks.intent import intent
from okta_rotator.rotation.checks.ownership import target_is_immutable
from okta_rotator.rotation.decisions import (
    Blocked,
    DeactivateSecret,
    Decision,
    DeleteSecret,
    ReadTarget,
    Step,
    WriteState,
    needs_a_person,
)
from okta_rotator.rotation.facts import Due, in_okta, is_active, listed, strangers
from okta_rotator.rotation.okta_view import OktaSecret
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import State, Trigger
from okta_rotator.rotation.target import published_value
from okta_rotator.rotation.transitions import note_previous
from okta_rotator.rotation.trouble import Next, Trouble
from okta_rotator.rotation.values import is_stand_in


def begin(s: Snapshot, state: State, due: Due) -> Decision:
    """Begin a rotation, unless its place is promised or a stranger's, or it could not be
    published."""
    is_in_the_way = len(listed(s)) >= 2 and (
        promise_is_pending(s, state, due.trigger) or foreign_secret_is_in_the_way(s, state)
    )
    begun = WriteState(Step.INTENT, intent(s, state, due), due.why)
    return target_is_immutable(s) or is_in_the_way or begun


def free_a_slot(s: Snapshot, state: State) -> Decision:
    """full: a stranger's that a person named / a stand-in / P, when its time is over / A - / F."""
    return (
        _named_stranger_retired(s, state)
        or _stand_in_retired(s)
        or _previous_retired(s, state)
        or _inactive_active_deleted(s, state)
        or promise_is_pending(s, state, state.job.trigger if state.job else Trigger.REPAIR)
        or foreign_secret_is_in_the_way(s, state)
        or _no_room(s, state)
    )


def _stand_in_retired(s: Snapshot) -> Decision | None:
    stand_in = _stand_in(s)
    why = "it stood in for a secret that was revoked"
    return None if stand_in is None else retirement(s, stand_in, why)


def _previous_retired(s: Snapshot, state: State) -> Decision | None:
    previous = in_okta(s, state.previous)
    if previous is None:
        return None
    noting = _noting_of_deactivation(s, state, previous)
    trigger = state.job.trigger if state.job is not None else Trigger.REPAIR
    is_kept = promise_is_pending(s, state, trigger) is not None
    is_kept = is_kept and not (is_active(previous) and may_be_deactivated(s, state))
    why = "its place is needed for the next secret"
    return noting or (None if is_kept else retirement(s, previous, why))


def _inactive_active_deleted(s: Snapshot, state: State) -> DeleteSecret | None:
    active = in_okta(s, state.active)
    if active is None or is_active(active):
        return None
    return DeleteSecret(active.id, "its place is needed, and somebody deactivated it")


def _noting_of_deactivation(s: Snapshot, state: State, previous: OktaSecret) -> WriteState | None:
    """The hold is counted from then on."""
    is_noted = state.previous is None or state.previous.deactivated_at is not None
    if is_noted or is_active(previous) or not s.spec.previous_secret.hold:
        return None
    why = f"the previous secret is {previous.state} in Okta"
    return WriteState(Step.NOTE_PREVIOUS, note_previous(state, previous, s.now), why)


def _stand_in(s: Snapshot) -> OktaSecret | None:
    return next((one for one in listed(s) if is_stand_in(one.value)), None)


def promise_is_pending(s: Snapshot, state: State, trigger: Trigger) -> Blocked | None:
    """`previousSecret` is a promise: a rotation that would cut it short waits."""
    until = promised_until(s, state, trigger)
    if until is None or in_okta(s, state.previous) is None or state.previous is None:
        return None
    message = (
        f"the previous client secret {state.previous.secret_id} is kept until "
        f"{until:%Y-%m-%d %H:%M:%S} UTC (spec.previousSecret), and Okta has no third place: the "
        f"rotation waits. To end the previous one now, set the annotation "
        f"{REVOKE_PREVIOUS_ANNOTATION}"
    )
    return Blocked(Trouble(Next.WAIT, Reason.RETENTION_PENDING, message, until), counts=False)


def foreign_secret_is_in_the_way(s: Snapshot, state: State) -> Decision | None:
    """full: F. Asked before the intent is written, and again where the slot is needed."""
    foreign = strangers(s, state)
    if len(listed(s)) < 2 or not foreign or _can_be_retired(s, state):
        return None
    return _named_stranger_retired(s, state) or _foreign(s, state, foreign[0])


def _named_stranger_retired(s: Snapshot, state: State) -> Decision | None:
    named = (s.resource.annotations.get(REPLACE_FOREIGN_ANNOTATION), state.handled_replace_foreign)
    replaced = next((one for one in strangers(s, state) if one.id in named), None)
    if replaced is None:
        return None
    is_only = [one for one in listed(s) if is_active(one)] == [replaced]
    # Where it cannot go, no other ACTIVE one goes in its place.
    return _replacement(s, state, replaced) or (None if is_only else _foreign(s, state, replaced))


def _replacement(s: Snapshot, state: State, foreign: OktaSecret) -> Decision | None:
    """A person has named it: that is written down, and then it is retired as one of ours."""
    why = f"asked for by the annotation {REPLACE_FOREIGN_ANNOTATION}"
    if state.handled_replace_foreign != foreign.id:
        after = replace(state, handled_replace_foreign=foreign.id)
        return WriteState(Step.REPLACE_FOREIGN, after, why)
    return retirement(s, foreign, why)


def _foreign(s: Snapshot, state: State, foreign: OktaSecret) -> Blocked:
    message = (
        f"the Okta app {state.app_id} holds two client secrets, and {foreign.id} was made "
        "by somebody else (another cluster, another resource, or a person); a rotation needs its "
        f"place. If nothing uses it, let it be taken away: {how_to_replace(s, foreign)}"
    )
    return needs_a_person(Reason.FOREIGN_SECRET, message)


def how_to_replace(s: Snapshot, foreign: OktaSecret) -> str:
    return (
        f"kubectl annotate oktaclientsecretrotation {s.resource.key.name} --overwrite "
        f"{REPLACE_FOREIGN_ANNOTATION}={foreign.id}"
    )


def _can_be_retired(s: Snapshot, state: State) -> bool:
    previous, active = in_okta(s, state.previous), in_okta(s, state.active)
    is_off = active is not None and not is_active(active)
    on = [one for one in listed(s) if is_active(one)]
    may_go = previous is not None and on != [previous]
    return _stand_in(s) is not None or may_go or is_off


def retirement(s: Snapshot, secret: OktaSecret, why: str) -> Decision | None:
    """Deactivate it, then delete it: never the only ACTIVE one, nor what the target holds now."""
    if not is_active(secret):
        return DeleteSecret(secret.id, why)
    if not any(is_active(one) for one in listed(s) if one.id != secret.id):
        return None
    if not s.target_is_live:
        return ReadTarget("a client secret is about to be deactivated")
    value = published_value(s.target, s.resource)
    is_published = value is not None and secret.holds(value)
    return None if is_published else DeactivateSecret(secret.id, why)


def _no_room(s: Snapshot, state: State) -> Blocked:
    foreign = strangers(s, state)
    if foreign:
        return _foreign(s, state, foreign[0])
    message = (
        f"the Okta app {state.app_id} holds two client secrets, and none of them may be retired: "
        "the target Secret still holds the older one. Look at both."
    )
    return needs_a_person(Reason.TWO_SECRETS_EXIST, message)
