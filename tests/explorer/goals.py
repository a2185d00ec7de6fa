"""Where every world must come to rest once nothing breaks any more, and stay."""

from __future__ import annotations

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.decisions import Blocked, Decision, LetGo, Settled
from okta_rotator.rotation.trouble import Next
from tests.explorer.forms import (
    EARLIER_FROM,
    FOREIGN_FROM,
    Aim,
    Asked,
    Due,
    Held,
    Keeping,
    Link,
    Record,
    World,
)
from tests.explorer.overlap import comes_second


def is_final(verdict: Decision) -> bool:
    """Whether nothing more is done without a person or the schedule.

    Where Okta does not say whether a value is good, the silence ends with the faults.
    """
    if not isinstance(verdict, Blocked):
        return True
    trouble = verdict.trouble
    return trouble.next is Next.PERSON and trouble.reason is not Reason.CANNOT_VERIFY


def calmed(world: World) -> World:
    """What else ends with the faults: the connection is up, if it is not gone, and Okta does not
    refuse for ever the only secret that it has, which it lets nobody remove."""
    link = Link.LOST if world.link is Link.LOST and world.deleting else Link.UP
    is_irremovable = not any(one.on and one.value not in world.distrusted for one in world.okta)
    return world._replace(link=link, distrusted=() if is_irremovable else world.distrusted)


def shortfall(world: World, verdict: Decision, shows_values: bool) -> str | None:
    """Why a final verdict is not a good one; None if it is.

    `shows_values`: whether Okta's list does, by which we know what is ours.
    """
    match verdict:
        case Settled():
            return _of_settled(world)
        case Blocked():
            return (
                None
                if _is_truthful(world, verdict, shows_values)
                else f"blocked without cause: {verdict.why}"
            )
    return None if isinstance(verdict, LetGo) and world.deleting else "no end"


def _of_settled(world: World) -> str | None:
    record = world.record
    if record is None or record.active is None:
        return "settled without an active secret"
    if record.candidate is not None or record.job is not None:
        return "settled with a job under way"
    if world.published != record.active.value:
        return "settled, and the target does not hold the active secret"
    if record.due is Due.NOW:
        return "settled, and a rotation is due"
    if record.due is Due.AHEAD:
        return "settled, and the next rotation is too far ahead"
    if not all(_is_handled(world, record, field) for field in ("rotate", "revoke", "rollback")):
        return "settled, and a token is not handled"
    if not world.accepts(record.active.value):
        return "settled, and Okta does not accept the active secret"
    if record.bound is not None or _is_doomed_still(world):
        return "settled, and a secret that was to be revoked is still there"
    return _of_the_overlap(world, record)


def _is_doomed_still(world: World) -> bool:
    return any(one.value == world.doomed for one in world.okta)


def _of_the_overlap(world: World, record: Record) -> str | None:
    previous, keeping = record.previous, world.keeping
    if previous is None:
        return None
    if keeping in (Keeping.FOR_A_DAY, Keeping.FOR_A_DAY_ONLY) and previous.since is not None:
        return "settled, and the previous secret outlives its time"
    if keeping is Keeping.UNTIL_NEXT and record.due is Due.SOON and previous.on:
        return "settled, and the previous secret works until the next rotation"
    return None


def _is_handled(world: World, record: Record, field: str) -> bool:
    told = world.told.handled if world.told is not None else Asked()
    token = getattr(world.asked, field)
    return token is None or token in (getattr(record.handled, field), getattr(told, field))


def _is_ours(world: World, secret: Held, shows_values: bool) -> bool:
    """Whether we could know it for ours, and publish it."""
    witnesses = world.told.witnesses if world.told is not None else ()
    return shows_values and (secret.value < FOREIGN_FROM or secret.sid in witnesses)


def _is_on_no_record(world: World, target: Aim) -> bool:
    """A person's value under a key that no record calls ours."""
    is_theirs = target.value is not None and target.value >= FOREIGN_FROM
    return is_theirs and world.record is not None and not world.record.keys


def _is_truthful(world: World, blocked: Blocked, shows_values: bool) -> bool:
    record, okta = world.record, world.okta
    named = record.ids if record is not None else set()
    match blocked.trouble.reason:
        case Reason.TARGET_CONFLICT:
            return world.target is not None and (
                not world.target.mine or _is_on_no_record(world, world.target)
            )
        case Reason.FOREIGN_SECRET if record is None:
            return any(EARLIER_FROM <= one.value < FOREIGN_FROM for one in okta)
        case Reason.FOREIGN_SECRET:
            return len(okta) == 2 and any(one.sid not in named for one in okta)
        case Reason.TWO_SECRETS_EXIST if record is not None:
            # The state was lost meanwhile: what is published is the previous one, which nobody may
            # retire, and the other one is refused or unknown.
            published = [one.sid for one in okta if one.value == world.published]
            is_previous = record.previous is not None and published == [record.previous.sid]
            return world.scars.record and len(okta) == 2 and is_previous
        case Reason.TWO_SECRETS_EXIST:
            return len(okta) == 2 and not any(
                one.on and _is_ours(world, one, shows_values) for one in okta
            )
        case Reason.STATE_CONFLICT:
            return record is not None and not record.app
        case Reason.CONFLICT:
            return comes_second(world)
        case Reason.INSUFFICIENT_PERMISSION:
            return record is None and not shows_values and bool(okta)
    return False
