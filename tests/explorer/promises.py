"""The invariants of the rotation, held against every single step: section 5 of the design.

None of them repeats how a decision is made. Each looks at the world before and after a step, and at
what the step was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from okta_rotator.rotation.decisions import (
    CreateSecret,
    DeactivateSecret,
    Decision,
    DeleteSecret,
    Prove,
    Publish,
    Step,
    WriteState,
)
from okta_rotator.rotation.okta_view import Proof
from tests.explorer.bench import Setup
from tests.explorer.canon import DAY_AGO
from tests.explorer.forms import (
    EARLIER_FROM,
    STAND_IN_FROM,
    Held,
    Kind,
    Memory,
    Record,
    World,
)
from tests.explorer.overlap import (
    is_named,
    of_dating,
    of_going,
    of_leaving,
    of_requests,
    of_retiring_in_time,
    of_rivalry,
    of_sharing,
)
from tests.explorer.real import NUMBERS, form_of_state, id_number
from tests.explorer.strangers import of_replacing, of_taking

OF_PROOFS: Final = frozenset(
    {
        "a dead value is published although Okta could be asked",
        "a published value that worked works no more",
        "a value is published that does not work",
        "settled, and Okta does not accept the active secret",
        "the roles move to a value that was not proven",
    }
)
"""What is not promised with `verification.enabled: false`."""

ALARM: Final = 5
"""So many refused values in a day ring Okta's alarm."""


def broken(
    before: World, decision: Decision | None, after: World, faults: int, setup: Setup
) -> Iterator[str]:
    """The promises that this step breaks; `decision` is None for an effect that landed late.

    `after` may be renamed: values and ids are compared within one world only.
    """
    if decision is not None or not (before.scars.target or before.scars.record):
        # What was sent before a person put an old Secret back cannot be called back.
        yield from _of_the_published_value(before, after)
    yield from _of_what_is_in_okta(after)
    if decision is not None:
        yield from of_rivalry(before, decision)
        yield from of_requests(before, decision)
        yield from of_going(before, decision, setup.revokes)
        yield from of_leaving(before, decision, setup.takes_along)
    match decision:
        case Publish():
            yield from _of_publishing(before, decision)
        case DeactivateSecret(secret_id=secret_id):
            yield from of_retiring_in_time(before, id_number(secret_id), is_deletion=False)
            yield from _of_retiring(before, id_number(secret_id), is_deletion=False)
            yield from of_sharing(before, id_number(secret_id))
        case DeleteSecret(secret_id=secret_id):
            yield from of_retiring_in_time(before, id_number(secret_id), is_deletion=True)
            yield from _of_retiring(before, id_number(secret_id), is_deletion=True)
            yield from of_sharing(before, id_number(secret_id))
        case WriteState(step=step, state=state):
            yield from _of_recording(before, step, form_of_state(state))
            yield from _of_forgetting(before, form_of_state(state))
            yield from of_dating(before, form_of_state(state))
            yield from of_taking(before, form_of_state(state), setup.adopts)
            yield from of_replacing(before, form_of_state(state))
        case CreateSecret(value=value):
            yield from _of_creating(before, NUMBERS[value])
        case Prove(is_active=is_active) if not after.scars.record:
            # The book of refusals is in the state Secret, which a person can lose. Each fault can
            # keep one refusal of the active value from being noted; of the candidate's, the first
            # is accounted for.
            unseen = faults if is_active else max(0, faults - 1)
            if len([at for at in after.refusals if at > DAY_AGO]) >= ALARM + unseen:
                yield "more than four refused values within a day"


def _of_the_published_value(before: World, after: World) -> Iterator[str]:
    worked = before.accepts(before.published)
    works = after.published is None or after.accepts(after.published)
    if worked and not works and not (_is_excused(before) or _was_changed_meanwhile(before)):
        yield "a published value that worked works no more"
    if (
        before.target is None
        and not works
        and not (_is_excused(before) or _could_not_be_told(before, after.published))
    ):
        yield "a value is published that does not work"
    if before.target is not None and not before.target.mine and after.target != before.target:
        yield "a stranger's Secret was written to"


def _was_changed_meanwhile(world: World) -> bool:
    """Another hand wrote the target after the pass had read it: nothing joins Okta and Secrets."""
    return world.running is not None and world.running.stale_target is not None


def _could_not_be_told(world: World, value: int | None) -> bool:
    """A person deleted the state, so what had been refused is forgotten, and Okta does not say."""
    proofs = world.memory.proofs if world.memory is not None else ()
    return world.scars.record and (value, Proof.CANNOT_TELL) in [(v, p) for v, _, p, _ in proofs]


def _is_excused(world: World) -> bool:
    """A person broke what we know, beyond what can be known."""
    scars = world.scars
    return scars.console or (scars.record and scars.target)


def _of_what_is_in_okta(world: World) -> Iterator[str]:
    values = [one.value for one in world.okta]
    values += [late.value for late in world.late if late.value is not None]
    if len(set(values)) < len(values) and world.older is None:
        yield "a value is in Okta twice"
    if world.record is not None and not world.record.app:
        return
    if world.scars.record or world.record is None:
        if _is_without_state(world) and any(v < EARLIER_FROM for v in values):
            yield "a secret of ours is in Okta, and there is no state"
        return
    known = world.record.values
    ids = world.record.ids
    unknown = [one.value for one in world.okta if one.value not in known and one.sid not in ids] + [
        late.value for late in world.late if late.kind is Kind.CREATE
    ]
    if any(v is not None and v < EARLIER_FROM and v not in known for v in unknown):
        yield "a secret of ours is unknown to the state"


def _is_without_state(world: World) -> bool:
    return world.record is None and not world.scars.record


def _of_publishing(before: World, decision: Publish) -> Iterator[str]:
    record, memory = before.read_record, before.memory
    if record is None or record.active is None or record.active.value is None or memory is None:
        yield "something is published without an active secret"
        return
    if record.active.value >= STAND_IN_FROM:
        yield "a stand-in is published"
    text = decision.change.data.values()
    if any(value in text for value in _other_texts(record.active.value, before)):
        yield "what is published is not what the state calls active"
    is_known_bad = not before.accepts(record.active.value)
    may_ask = not before.down and not memory.trouble and _may_ask(record, memory)
    if decision.change.data and is_known_bad and may_ask and not _was_asked(memory, record):
        yield "a dead value is published although Okta could be asked"


def _other_texts(active: int, before: World) -> Iterator[str]:
    return (value.reveal() for value, number in NUMBERS.items() if number != active)


def _may_ask(record: Record, memory: Memory) -> bool:
    """Without the alarm, should this be refused, and one more that a crash may have hidden."""
    counted = len([at for at in record.tries if at > DAY_AGO]) + memory.may_have_asked
    return record.method is not None and counted < ALARM - 2


def _was_asked(memory: Memory, record: Record) -> bool:
    active = record.active.value if record.active is not None else None
    return any(v == active and p is not Proof.REFUSED for v, _, p, _ in memory.proofs)


def _of_retiring(before: World, sid: int, is_deletion: bool) -> Iterator[str]:
    record, memory = before.read_record, before.memory
    seen = memory.secrets if memory is not None else None
    if record is None or seen is None:
        yield "a secret is retired without a state or a list"
        return
    secret = next((one for one in seen if one.sid == sid), None)
    if secret is None:
        yield "a secret is retired that was not listed"
        return
    if not _may_be_retired(before, record, secret):
        yield "a secret is retired that the state does not know"
    is_active = record.active is not None and record.active.sid == sid
    if secret.on and is_active and not before.deleting:
        yield "the active secret is retired"
    if not is_deletion and not any(one.on for one in seen if one.sid != sid):
        yield "the only active secret is deactivated"
    if not is_deletion and not _was_looked_for(before, record, secret, seen):
        yield "a secret is deactivated without a look at the target"
    if memory is not None and memory.unsettled:
        yield "a write to Okta before the last one can have landed"


def _was_looked_for(before: World, record: Record, secret: Held, seen: tuple[Held, ...]) -> bool:
    """Whether the target was read just before; no matter for what was never published, for one of
    two with the same value, and for a resource that goes away."""
    is_live = before.running is not None and before.running.live
    is_candidate = record.candidate is not None and record.candidate.value == secret.value
    is_twin = any(o.on and o.value == secret.value and o.sid != secret.sid for o in seen)
    return is_live or is_candidate or is_twin or before.deleting


def _may_be_retired(before: World, record: Record, secret: Held) -> bool:
    """What the state knows, a stand-in, and the one stranger's secret that a person named."""
    is_known = secret.sid in record.ids or secret.value in record.values
    return is_known or is_named(before, record, secret) or secret.value >= STAND_IN_FROM


def _of_creating(before: World, value: int) -> Iterator[str]:
    record, memory = before.read_record, before.memory
    if record is None or record.candidate is None or record.candidate.value != value:
        yield "a secret is made that is no candidate of the state"
    if memory is not None and memory.unsettled:
        yield "a write to Okta before the last one can have landed"


def _of_recording(before: World, step: Step, record: Record) -> Iterator[str]:
    old = before.read_record
    if old is None:
        return
    if not old.app:
        yield "a state Secret of another app is overwritten"
    if record.handled.rotate != old.handled.rotate:
        served = (before.asked.rotate, old.job.token if old.job is not None else None)
        is_served = step is Step.MOVE_ROLES and record.handled.rotate in served
        told = before.told.handled.rotate if before.told is not None else None
        is_known = step is Step.RESTORE and record.handled.rotate == told
        if not is_served and not is_known:
            yield "a token is called handled before its rotation"
    token = record.job.token if record.job is not None else None
    if step is Step.INTENT and token is not None and token == old.handled.rotate:
        yield "a token is acted on twice"
    values = {one.candidate.value for one in (old, record) if one.candidate is not None}
    # One that Okta never got is of no use to a resource that goes away.
    is_stand_in = step is Step.STAND_IN and not _is_in_okta(before, old)
    if len(values) > 1 and not is_stand_in:
        yield "a candidate takes the place of another"
    if step is Step.MOVE_ROLES:
        yield from _of_moving(before.memory, old)


def _is_in_okta(world: World, record: Record) -> bool:
    """Whether the candidate is there, or on its way."""
    candidate = record.candidate
    there = (*(one.value for one in world.okta), *(late.value for late in world.late))
    return candidate is not None and candidate.value in there


def _of_forgetting(before: World, record: Record) -> Iterator[str]:
    old, memory = before.read_record, before.memory
    if old is None or memory is None or memory.secrets is None:
        return
    held = {one.sid for one in memory.secrets}
    if held & old.ids - record.ids:
        yield "the state forgets a secret that Okta holds"


def _of_moving(memory: Memory | None, old: Record) -> Iterator[str]:
    value = old.candidate.value if old.candidate is not None else None
    proofs = memory.proofs if memory is not None else ()
    if not any(v == value and proof is Proof.ACCEPTED for v, _, proof, _ in proofs):
        yield "the roles move to a value that was not proven"
