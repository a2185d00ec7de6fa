"""The promises about what is not ours, and about what Okta says of what is.

What the state names may be retired. So these look at how a secret comes to be named there, and at
how one that Okta lists as ACTIVE comes to be replaced.
"""

from __future__ import annotations

from collections.abc import Iterator

from okta_rotator.rotation.okta_view import Proof
from okta_rotator.rotation.state import Trigger
from tests.explorer.forms import FOREIGN_FROM, STAND_IN_FROM, Cred, Record, World
from tests.explorer.overlap import is_named

A_MINUTE_AGO = -60_000


def of_taking(before: World, record: Record, adopts: bool) -> Iterator[str]:
    """A person's secret is named by the state only if the app's owner can have meant that."""
    old, memory = before.read_record, before.memory
    seen = memory.secrets if memory is not None else None
    for one in record.named:
        held = next((it for it in seen or () if it.sid == one.sid), None)
        if held is None or not FOREIGN_FROM <= held.value < STAND_IN_FROM:
            continue
        is_known = old is not None and (one.sid in old.ids or held.value in old.values)
        is_witnessed = one.sid in _witnesses(before)
        is_given = is_named(before, record, held) or _may_be_taken(before, record, one, adopts)
        if not (is_known or is_witnessed or is_given):
            yield "a stranger's secret is taken that nobody gave"


def _may_be_taken(before: World, record: Record, one: Cred, adopts: bool) -> bool:
    if before.read_record is not None or before.memory is None:
        return False
    seen, given = before.memory.secrets or (), before.asked.replace
    is_active = record.active is not None and record.active.sid == one.sid
    is_alone = [it.sid for it in seen if it.sid != given] == [one.sid]
    is_taken_alone = is_alone and not _witnesses(before) and (adopts or not is_active)
    return is_taken_alone or _is_of_two(before, record, is_active, one, adopts)


def _is_of_two(before: World, record: Record, is_active: bool, one: Cred, adopts: bool) -> bool:
    """What the target holds is in use, so the other one is not; else a person has to say so."""
    if adopts:
        return is_active
    target, memory = before.read_target, before.memory
    seen = memory.secrets or () if memory is not None else ()
    published = [it for it in seen if target is not None and it.value == target.value and it.on]
    is_the_published = one.sid in [it.sid for it in published]
    return bool(published) and record.candidate is not None and is_active == is_the_published


def of_replacing(before: World, record: Record) -> Iterator[str]:
    """What Okta lists as ACTIVE is replaced only where its refusal stands, by list and minute."""
    old, memory = before.read_record, before.memory
    if old is None or old.active is None or memory is None or not _begins_repair(old, record):
        return
    seen = {one.sid: one for one in memory.secrets or ()}
    if old.active.sid not in seen or not seen[old.active.sid].on:
        return
    is_refused = (old.active.value, Proof.REFUSED) in [(v, p) for v, _, p, _ in memory.proofs]
    is_old = memory.refused_at is not None and memory.refused_at <= A_MINUTE_AGO
    if not (is_refused and is_old and memory.listed):
        yield "an active secret is replaced on a refusal that was not looked into"


def _begins_repair(old: Record, record: Record) -> bool:
    def repairs(one: Record) -> bool:
        return one.job is not None and one.job.trigger is Trigger.REPAIR

    return repairs(record) and not repairs(old)


def _witnesses(world: World) -> set[int]:
    found = set(world.told.witnesses) if world.told is not None else set()
    target = world.read_target
    if target is not None and target.mine and target.sid is not None:
        found.add(target.sid)
    return found
