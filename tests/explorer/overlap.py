"""The promises about what outlives a rotation, and about what a person asks for: section 5.

Retention and its hold, rollback, revocation, going away, and another resource for the same app. As
in `promises.py`, none of them repeats how a decision is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from okta_rotator.rotation.decisions import (
    ActivateSecret,
    CreateSecret,
    DeactivateSecret,
    Decision,
    DeleteSecret,
    DeleteState,
    LetGo,
    Publish,
    Step,
    WriteState,
)
from okta_rotator.rotation.okta_view import Proof
from okta_rotator.rotation.state import Trigger
from tests.explorer.forms import (
    FOREIGN_FROM,
    STAND_IN_FROM,
    Age,
    Asked,
    Cred,
    Due,
    Held,
    Keeping,
    Kind,
    Late,
    Link,
    Record,
    World,
)
from tests.explorer.real import form_of_state, id_number

EFFECTS: Final = (
    CreateSecret,
    ActivateSecret,
    DeactivateSecret,
    DeleteSecret,
    WriteState,
    Publish,
)
"""What a resource that came second must leave alone."""

HANDLED_BY: Final = {
    "revoke": {Step.BIND},
    "rollback": {Step.ROLL_BACK, Step.DECLINE_ROLLBACK},
    "replace": {Step.REPLACE_FOREIGN},
}


def is_asked(world: World, field: str) -> bool:
    """Whether this request waits: its token is one that nothing calls handled."""
    token = getattr(world.asked, field)
    record = world.read_record
    known = [record.handled if record is not None else Asked()]
    known += [world.told.handled] if world.told is not None else []
    return token is not None and token not in [getattr(one, field) for one in known]


def comes_second(world: World) -> bool:
    """Whether the other resource for the app goes first."""
    rival, record = world.rival, world.read_record
    if rival is None or not (rival.reaches or any(world.uses(one.value) for one in world.okta)):
        return False
    mine = 0 if record is None else 2 if record.active else 1 if record.candidate else 0
    theirs = 2 if rival.begun else 0
    return theirs > mine or (theirs == mine and rival.older)


# ------------------------------------------------------------------ how long the previous is kept


def of_retiring_in_time(before: World, sid: int, is_deletion: bool) -> Iterator[str]:
    """A secret is taken out of use only if something asks for that, and not before its time."""
    record, memory = before.read_record, before.memory
    listed = memory.secrets if memory is not None else None
    secret = next((one for one in listed or () if one.sid == sid), None)
    if record is None or listed is None or secret is None or before.deleting:
        return
    if any(one.value == secret.value for one in listed if one is not secret):
        return
    if before.doomed == secret.value or record.bound == sid:
        return
    is_in_use = secret.on and secret.value >= FOREIGN_FROM
    if is_in_use and _is_another_named(before, record, secret, listed):
        yield "another secret is taken away than the one that was named"
    if not _is_called_for(before, record, secret):
        yield "a secret is retired that nothing asks for"
    previous = record.previous
    if previous is not None and previous.sid == sid and not _is_overruled(before, record):
        yield from _of_time(before.keeping, previous, is_deletion)


def _is_called_for(before: World, record: Record, secret: Held) -> bool:
    """By a place that is needed, by its time, or by a person."""
    candidate = record.candidate
    if candidate is not None:
        return secret.value != candidate.value or candidate.discard
    if record.previous is None or record.previous.sid != secret.sid:
        return is_named(before, record, secret) or secret.value >= STAND_IN_FROM
    if before.keeping is Keeping.UNTIL_NEXT:
        return record.due in (Due.SOON, Due.NOW) or is_asked(before, "rotate")
    return before.keeping is not Keeping.NO_TIME


def is_named(before: World, record: Record, secret: Held) -> bool:
    """Whether a person named it by replace-foreign."""
    return secret.sid in (before.asked.replace, record.handled.replace)


def _is_another_named(
    before: World, record: Record, secret: Held, listed: tuple[Held, ...]
) -> bool:
    strangers = [one for one in listed if one is not secret and one.sid not in record.ids]
    is_meant = is_named(before, record, secret)
    return not is_meant and any(is_named(before, record, one) for one in strangers)


def _is_overruled(before: World, record: Record) -> bool:
    """A repair, or the end of a secret that leaked, goes before what was promised."""
    is_repair = record.job is not None and record.job.trigger is Trigger.REPAIR
    active = record.active.value if record.active is not None else None
    leaks = before.doomed is not None and before.doomed == active
    return is_repair or leaks or before.scars.record


def _of_time(keeping: Keeping, previous: Cred, is_deletion: bool) -> Iterator[str]:
    if previous.since is None:
        return
    is_for_a_day = keeping in (Keeping.FOR_A_DAY, Keeping.FOR_A_DAY_ONLY)
    if not is_deletion and is_for_a_day and previous.since is not Age.OVER_A_DAY:
        yield "retention is cut short"
    has_hold = keeping in (Keeping.FOR_A_DAY, Keeping.UNTIL_NEXT)
    if is_deletion and has_hold and previous.off is not Age.OVER_A_DAY:
        yield "the hold is cut short"


def of_dating(before: World, record: Record) -> Iterator[str]:
    """The time of the previous secret is counted from when it became that, and never shortened."""
    old, new = before.read_record, record.previous
    if old is None or new is None or before.keeping is Keeping.NO_TIME or before.scars.record:
        return
    last = old.previous if old.previous is not None and old.previous.sid == new.sid else None
    was = (last.since, last.off) if last is not None else (None, None)
    for then, now in zip(was, (new.since, new.off), strict=True):
        if now is Age.OVER_A_DAY and then is not Age.OVER_A_DAY:
            yield "the time of the previous secret is counted from too early"
    has_moved = old.active is not None and old.active.sid == new.sid
    if has_moved and new.since is None:
        yield "nobody knows since when the previous secret is that"


# ------------------------------------------------------------------ what a person asked for


def of_requests(before: World, decision: Decision) -> Iterator[str]:
    match decision:
        case ActivateSecret(secret_id=secret_id):
            record = before.read_record
            previous = record.previous if record is not None else None
            is_previous = previous is not None and previous.sid == id_number(secret_id)
            if not is_previous or not is_asked(before, "rollback"):
                yield "a secret is activated that nobody asked for"
        case WriteState(step=step, state=state):
            old, new = before.read_record, form_of_state(state)
            yield from _of_activating(before, old, new)
            if old is not None:
                yield from _of_handling(before, step, old, new)
                yield from _of_binding(before, old, new)
                yield from _of_rollback(before, step, old, new)


def _of_activating(before: World, old: Record | None, new: Record) -> Iterator[str]:
    was = old.active.value if old is not None and old.active is not None else None
    value = new.active.value if new.active is not None else None
    if value is None or value == was:
        return
    if value >= STAND_IN_FROM:
        yield "a stand-in becomes active"
    if value == before.doomed:
        yield "a secret that was to be revoked becomes active"


def _of_handling(before: World, step: Step, old: Record, new: Record) -> Iterator[str]:
    for field, steps in HANDLED_BY.items():
        token = getattr(new.handled, field)
        if token == getattr(old.handled, field):
            continue
        if token != getattr(before.asked, field) or step not in steps:
            yield "a token is called handled before its time"
        if not is_asked(before, field):
            yield "a token is acted on twice"


def _of_binding(before: World, old: Record, new: Record) -> Iterator[str]:
    """A revocation is about what was the previous secret when it was first seen."""
    memory = before.memory
    listed = {one.sid for one in memory.secrets or ()} if memory is not None else set()
    if old.bound is not None and new.bound is None and old.bound in listed:
        yield "a secret that was to be revoked is forgotten"
    if new.bound is None or old.bound is not None:
        return
    token = before.asked.revoke
    pending = [before.asked.rotate] if is_asked(before, "rotate") else []
    pending += [old.job.token] if old.job is not None else []
    meant = old.active if token in pending else old.previous
    if meant is None or meant.sid != new.bound:
        yield "a revocation is bound to another secret than was meant"


def _of_rollback(before: World, step: Step, old: Record, new: Record) -> Iterator[str]:
    previous = old.previous
    if step is Step.DECLINE_ROLLBACK and previous is not None:
        there = any(one.sid == previous.sid for one in before.okta) and before.older is None
        is_good = before.accepts(previous.value) and (previous.value or 0) < STAND_IN_FROM
        if there and is_good and before.doomed != previous.value:
            yield "a rollback is declined that could be done"
    if step is not Step.ROLL_BACK:
        return
    value = new.active.value if new.active is not None else None
    proofs = before.memory.proofs if before.memory is not None else ()
    if not any(v == value and proof is Proof.ACCEPTED for v, _, proof, _ in proofs):
        yield "the roles move to a value that was not proven"
    if previous is None or new.active is None or new.active.sid != previous.sid:
        yield "a rollback does not lead to the previous secret"
    if new.due is not old.due:
        yield "a rollback changes the schedule"


# ------------------------------------------------------------------ going away, and coming second


def of_going(before: World, decision: Decision, revokes: bool) -> Iterator[str]:
    """With Revoke nothing of ours is left in Okta but one stand-in at most."""
    if not revokes or not before.deleting or before.scars.record:
        return
    record, okta = before.record, before.okta
    if isinstance(decision, DeleteState) and record is not None and record.app:
        held = {one.sid for one in okta}
        if held & record.ids:
            yield "the state is deleted before its secrets are revoked"
    is_end = isinstance(decision, LetGo) and not decision.is_incomplete
    if not is_end or (record is not None and not record.app):
        return
    if record is not None:
        yield "the state Secret outlives what it named"
    if any(one.value < FOREIGN_FROM for one in okta):
        yield "a secret of ours outlives its resource"
    if sum(one.value >= STAND_IN_FROM for one in okta) > 1:
        yield "two stand-ins are left"
    if okta and not any(one.on for one in okta):
        yield "an app is left without an active secret"


def of_leaving(before: World, decision: Decision, takes_along: bool) -> Iterator[str]:
    """What goes with a resource is there no more, and does not come after it."""
    if not isinstance(decision, LetGo):
        return
    if takes_along and any(_is_creation(before, late) for late in before.late):
        yield "a Secret may come after its resource has gone"
    if decision.is_incomplete and not _may_be_left(before):
        yield "client secrets are left that nobody else uses"


def _is_creation(world: World, late: Late) -> bool:
    if late.kind is Kind.RECORD:
        return world.record is None and late.record is not None
    return late.kind is Kind.TARGET and world.target is None and late.target is not None


def _may_be_left(before: World) -> bool:
    """The state is another's, Okta is out of reach for good, or another resource uses them."""
    record = before.read_record
    is_anothers = record is not None and not (record.mine and record.app)
    is_used = any(before.uses(one.value) for one in before.okta)
    return is_anothers or is_used or before.link is Link.LOST


def of_sharing(before: World, sid: int) -> Iterator[str]:
    """A deletion ends nothing that the app of another resource signs in with."""
    value = next((one.value for one in before.okta if one.sid == sid), None)
    if before.deleting and value is not None and before.uses(value):
        yield "a secret is revoked that another resource uses"


def of_rivalry(before: World, decision: Decision) -> Iterator[str]:
    rival = before.rival
    if rival is None or not rival.reaches:
        return  # It counts once Okta's list is held against its word, and not before.
    if isinstance(decision, EFFECTS) and comes_second(before) and not before.deleting:
        yield "something is done although another resource came first"
