"""What happens without the engine: time, effects that land late, and a person's hands.

Each function gives the worlds that may come of one, by a name for the trace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, Final

from tests.explorer.canon import (
    aged,
    canonical,
    clock_put_back,
    used_ids,
    used_values,
    with_ages,
)
from tests.explorer.forms import (
    FOREIGN_FROM,
    STAND_IN_FROM,
    Age,
    Aim,
    Asked,
    Due,
    Held,
    Keeping,
    Kind,
    Late,
    Link,
    Recheck,
    Rival,
    World,
)

Moves = Iterator[tuple[str, World]]

SECONDS: Final = "seconds pass"
MINUTE: Final = "an hour passes"
DAY: Final = "a day passes"

NEW_TOKEN: Final = 99
"""`canonical` gives it its name."""

MINUTE_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000


def waking(world: World) -> World:
    """A moment later, so that what was now is past."""
    return aged(world, 500)


def after_seconds(world: World) -> World:
    """The window of a write without an answer closes, and Okta's lists are up to date."""
    if world.older is not None:
        world = world._replace(older=world.okta)
    return canonical(_remembering(world, unsettled=False, coming=False))


def _remembering(world: World, **changes: Any) -> World:
    memory = world.memory
    return world if memory is None else world._replace(memory=memory._replace(**changes))


def after_an_hour(world: World) -> World:
    """A refusal is put to Okta once more, and a back-off is over."""
    told = world.told and world.told._replace(backoff=False)
    if world.memory is not None and world.memory.recheck is Recheck.IN_AN_HOUR:
        world = _remembering(world, recheck=Recheck.NOW)
    return after_seconds(aged(world._replace(told=told), MINUTE_MS))


def after_a_day(world: World) -> World:
    """Refusals leave Okta's window, a recheck is due, and what is kept for a day has been."""
    later = _remembering(aged(after_an_hour(world), DAY_MS), recheck=Recheck.NOW)
    later = with_ages(later, {Age.UNDER_A_DAY: Age.OVER_A_DAY})
    record = later.record
    if record is not None and record.due is Due.SOON:
        later = later._replace(record=record._replace(due=Due.NOW))
    recent = tuple(at for at in later.refusals if at > -DAY_MS)
    return canonical(later._replace(refusals=recent))


def time_passes(world: World) -> Moves:
    """Between two passes; what is under way has landed by then, or never will."""
    if world.running is not None or world.gone or world.late:
        return
    is_stale = world.older is not None and world.older != world.okta
    is_open = world.memory is not None and (world.memory.unsettled or world.memory.coming)
    if is_stale or is_open:
        yield SECONDS, after_seconds(world)
    yield MINUTE, after_an_hour(world)
    if world.refusals or (world.record is not None and world.record.tries) or _is_kept(world):
        yield DAY, after_a_day(world)


def _is_kept(world: World) -> bool:
    previous = world.record.previous if world.record is not None else None
    if previous is None or world.keeping is Keeping.NO_TIME:
        return False
    return Age.UNDER_A_DAY in (previous.since, previous.off)


def landings(world: World) -> Moves:
    """What was sent and never answered has its effect now, or is lost for good."""
    for place, late in enumerate(world.late):
        rest = world._replace(late=(*world.late[:place], *world.late[place + 1 :]))
        yield f"late: {late.kind} lands", canonical(_landed(rest, late))
    if world.late:
        yield "late effects vanish", canonical(world._replace(late=()))


def _landed(world: World, late: Late) -> World:
    match late.kind:
        case Kind.RECORD:
            return world.with_doom(late.record).with_record(late.record)
        case Kind.TARGET:
            return world.with_target(late.target)
        case Kind.CREATE:
            assert late.value is not None
            return _with_secret(world, late.value)
        case Kind.ACTIVATE:
            changed = (one._replace(on=one.on or one.sid == late.sid) for one in world.okta)
            return world.with_okta(tuple(changed))
        case Kind.DEACTIVATE:
            return _deactivated(world, late.sid)
        case Kind.DELETE:
            left = tuple(one for one in world.okta if one.sid != late.sid or one.on)
            return world.with_okta(left)


def _with_secret(world: World, value: int) -> World:
    if len(world.okta) >= 2:
        return world
    sid = max(used_ids(world), default=-1) + 1
    return world.with_okta((*world.okta, Held(sid, value, on=True)))


def _deactivated(world: World, sid: int | None) -> World:
    if not any(one.on for one in world.okta if one.sid != sid):
        return world
    changed = tuple(one._replace(on=one.on and one.sid != sid) for one in world.okta)
    return world.with_okta(changed)


def rotation_comes_due(world: World) -> Moves:
    """Weeks pass. What the Secrets hold now is what a person may restore later."""
    record = world.record
    if world.running is not None or world.gone or world.late or record is None:
        return
    later = after_a_day(world)
    assert later.record is not None
    if world.keeping is Keeping.UNTIL_NEXT and record.due is Due.LATER:
        soon = later._replace(record=later.record._replace(due=Due.SOON))
        yield "the next rotation is a day away", canonical(soon)
    if record.due in (Due.LATER, Due.SOON):
        due = later._replace(record=later.record._replace(due=Due.NOW), backup=None)
        if world.backup is not None:
            due = due._replace(backup=(due.record, due.target))
        yield "the next rotation comes due", canonical(due)


def recheck_comes_due(world: World) -> Moves:
    """A day passes, which is when the published value is put to Okta again."""
    if world.running is not None or world.gone or world.late or world.memory is None:
        return
    if world.record is not None and world.memory.recheck is not Recheck.NOW:
        yield "the recheck comes due", after_a_day(world)


# ------------------------------------------------------------------ a person's hands


def target_is_edited(world: World) -> Moves:
    if world.target is not None and world.target.mine:
        wrong = world.target._replace(value=_new_value(world))
        yield "target edited", _scarred(world, target=True).with_target(wrong)


def _new_value(world: World) -> int:
    """That a person makes up."""
    used = (one for one in used_values(world) if FOREIGN_FROM <= one < STAND_IN_FROM)
    return max(used, default=FOREIGN_FROM - 1) + 1


def target_is_deleted(world: World) -> Moves:
    if world.target is not None:
        yield "target deleted", _scarred(world, target=True).with_target(None)


def target_is_a_strangers(world: World) -> Moves:
    yield (
        "target replaced by a stranger's",
        _scarred(world, target=True).with_target(Aim(None, None, mine=False)),
    )


def target_is_restored(world: World) -> Moves:
    if world.backup is not None and world.backup[1] is not None:
        yield "old target restored", _scarred(world, target=True).with_target(world.backup[1])


def record_is_deleted(world: World) -> Moves:
    if world.record is not None:
        yield "state Secret deleted", _undoomed(world).with_record(None)


def record_is_restored(world: World) -> Moves:
    if world.backup is not None and world.backup[0] is not None:
        yield "old state Secret restored", _undoomed(world).with_record(world.backup[0])


def record_is_restored_and_target_lost(world: World) -> Moves:
    """What the state does not know is then known to nobody but Okta."""
    for _, restored in record_is_restored(world):
        lost = _scarred(restored, target=True).with_target(None)
        yield "old state Secret restored, target lost", lost


def _undoomed(world: World) -> World:
    """A person loses what was to be revoked, with the rest of the state."""
    return _scarred(world, record=True)._replace(doomed=None)


def console_deactivates(world: World) -> Moves:
    for place, one in enumerate(world.okta):
        changed = _deactivated(world, one.sid)
        if one.on and changed.okta != world.okta:
            yield f"console: secret {place} deactivated", _scarred(changed, console=True)


def console_deletes(world: World) -> Moves:
    for place, one in enumerate(world.okta):
        left = tuple(other for other in world.okta if other is not one)
        if not one.on or any(other.on for other in left):
            changed = _scarred(world.with_okta(left), console=True)
            yield f"console: secret {place} deleted", changed


def console_creates(world: World) -> Moves:
    if len(world.okta) < 2:
        yield "console: a secret is made", _with_secret(world, _new_value(world))


def app_changes_its_method(world: World) -> Moves:
    yield "auth method changed", world._replace(method=1 - world.method)


def status_is_wiped(world: World) -> Moves:
    if world.running is None and world.told is not None:
        yield "status wiped", world._replace(told=None)


def rotation_is_asked_for(world: World) -> Moves:
    if world.running is None and not world.deleting:
        asked = _asking(world, rotate=NEW_TOKEN)
        if world.backup is not None:
            asked = asked._replace(backup=(world.record, world.target))
        yield "a rotation is asked for", asked


def _asking(world: World, **tokens: int | None) -> World:
    return world._replace(asked=world.asked._replace(**tokens))


def rotation_of_a_leaked_one_is_asked_for(world: World) -> Moves:
    if world.running is None and not world.deleting:
        yield "it leaked", _asking(world, rotate=NEW_TOKEN, revoke=NEW_TOKEN)


def revocation_is_asked_for(world: World) -> Moves:
    if world.running is None and not world.deleting:
        yield "an end of the overlap is asked for", _asking(world, revoke=NEW_TOKEN)


def rollback_is_asked_for(world: World) -> Moves:
    if world.running is None and not world.deleting:
        yield "a rollback is asked for", _asking(world, rollback=NEW_TOKEN)


def requests_are_withdrawn(world: World) -> Moves:
    if world.running is None and world.asked != Asked():
        yield "the annotations are removed", world._replace(asked=Asked())


def a_secret_is_named_as_foreign(world: World) -> Moves:
    """Any of them, also by mistake one of ours."""
    if world.running is not None or world.deleting:
        return
    for place, one in enumerate(world.okta):
        if world.asked.replace != one.sid:
            yield f"secret {place} may be taken away", _asking(world, replace=one.sid)


def another_resource_comes_and_goes(world: World) -> Moves:
    """For the same app. It begins as soon as it sees that nobody has, or in the same moment, if its
    connection reaches the app; which may be never, or cease."""
    rival = world.rival
    yield from the_other_resource_goes(world)
    if rival is not None and rival.reaches and not rival.begun:
        yield "the other resource begins", world._replace(rival=rival._replace(begun=True))
    if rival is not None and not rival.begun:
        other = rival._replace(reaches=not rival.reaches)
        what = "cannot reach the app any more" if rival.reaches else "reaches the app"
        yield f"the other resource {what}", world._replace(rival=other)
    if rival is None:
        yield from _another_is_seen(world, "resource", begun=False)


def the_other_resource_goes(world: World) -> Moves:
    if world.rival is not None:
        yield "the other resource goes", world._replace(rival=None)


def _another_is_seen(world: World, what: str, **fields: Any) -> Moves:
    for is_older, reaches in product((True, False), repeat=2):
        name = "an older" if is_older else "a newer"
        how = "that reaches the app" if reaches else "without a way to the app"
        rival = Rival(is_older, reaches=reaches, **fields)
        yield f"{name} {what} is seen {how}", world._replace(rival=rival)


def a_copy_is_seen(world: World) -> Moves:
    """A resource with the state of this one, as in a namespace that was restored elsewhere."""
    record = world.record
    if world.rival is not None or record is None or record.active is None or not record.app:
        return
    held = (record.active, record.previous, record.candidate)
    values = tuple(one.value for one in held if one is not None and one.value is not None)
    yield from _another_is_seen(world, "copy", begun=True, values=values)


def clock_is_put_back(world: World) -> Moves:
    """By more than a year. Okta's own clock, by which it counts refusals, goes right."""
    if world.running is None and not world.late:
        yield "the clock is put back", clock_put_back(world)


def connection_is_lost(world: World) -> Moves:
    if world.running is None and world.link is not Link.LOST:
        yield "the connection is deleted", world._replace(link=Link.LOST)


def connection_goes(world: World) -> Moves:
    if world.running is None and not world.down:
        yield "connection down", world._replace(link=Link.DOWN)


def resource_is_deleted(world: World) -> Moves:
    if world.running is None and not world.deleting:
        yield "resource deleted", world._replace(deleting=True)


def _scarred(
    world: World, console: bool = False, record: bool = False, target: bool = False
) -> World:
    old = world.scars
    scars = old._replace(
        console=old.console or console,
        record=old.record or record,
        target=old.target or target,
    )
    return world._replace(scars=scars)


Hand = Callable[[World], Moves]
TARGET_HANDS: Final[tuple[Hand, ...]] = (
    target_is_edited,
    target_is_deleted,
    target_is_a_strangers,
)
STATE_HANDS: Final[tuple[Hand, ...]] = (record_is_deleted, status_is_wiped)
RESTORES: Final[tuple[Hand, ...]] = (record_is_restored, target_is_restored)
CONSOLE_HANDS: Final[tuple[Hand, ...]] = (console_deactivates, console_deletes, console_creates)
OTHER_HANDS: Final[tuple[Hand, ...]] = (
    rotation_is_asked_for,
    connection_goes,
    app_changes_its_method,
)
ALL_HANDS: Final = (*TARGET_HANDS, *STATE_HANDS, *RESTORES, *CONSOLE_HANDS, *OTHER_HANDS)
REQUESTS: Final[tuple[Hand, ...]] = (
    rotation_is_asked_for,
    rotation_of_a_leaked_one_is_asked_for,
    revocation_is_asked_for,
    rollback_is_asked_for,
    requests_are_withdrawn,
)


def moves_of(hands: tuple[Hand, ...], world: World) -> Moves:
    """All that these hands may do."""
    if world.gone:
        return
    for hand in hands:
        for name, changed in hand(world):
            yield name, canonical(changed)


def recoveries(world: World) -> Moves:
    """What ends by itself."""
    if world.down and world.running is None:
        yield "connection up", canonical(world._replace(link=Link.UP))
