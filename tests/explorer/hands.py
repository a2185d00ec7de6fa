"""What happens without the engine: time, effects that land late, and a person's hands.

Each function gives the worlds that may come of one, by a name for the trace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from tests.explorer.canon import aged, canonical, used_ids, used_values
from tests.explorer.forms import FOREIGN_FROM, Aim, Held, Kind, Late, World

Moves = Iterator[tuple[str, World]]

SECONDS: Final = "ten seconds pass"
MINUTE: Final = "an hour passes"
DAY: Final = "a day passes"

MINUTE_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000
MOST_TOKENS: Final = 2


def waking(world: World) -> World:
    """A moment later, so that what was now is past."""
    return aged(world, 500)


def after_seconds(world: World) -> World:
    """The window of a write without an answer closes, and Okta's lists are up to date."""
    if world.older is not None:
        world = world._replace(older=world.okta)
    memory = world.memory
    if memory is None:
        return canonical(world)
    return canonical(world._replace(memory=memory._replace(unsettled=False)))


def after_an_hour(world: World) -> World:
    """A refusal is put to Okta once more, and a back-off is over."""
    told = world.told and world.told._replace(backoff=False)
    return after_seconds(aged(world._replace(told=told), MINUTE_MS))


def after_a_day(world: World) -> World:
    """Refusals leave Okta's window."""
    later = aged(after_an_hour(world), DAY_MS)
    recent = tuple(at for at in later.refusals if at > -DAY_MS)
    return canonical(later._replace(refusals=recent))


def time_passes(world: World) -> Moves:
    """Between two passes; what is under way has landed by then, or never will."""
    if world.running is not None or world.gone or world.late:
        return
    is_stale = world.older is not None and world.older != world.okta
    if is_stale or (world.memory is not None and world.memory.unsettled):
        yield SECONDS, after_seconds(world)
    yield MINUTE, after_an_hour(world)
    if world.refusals or (world.record is not None and world.record.tries):
        yield DAY, after_a_day(world)


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
            return world.with_record(late.record)
        case Kind.TARGET:
            return world.with_target(late.target)
        case Kind.CREATE:
            assert late.value is not None
            return _with_secret(world, late.value)
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
    if record.due is not False:
        return
    later = after_a_day(world)._replace(backup=None)
    assert later.record is not None
    due = later._replace(record=later.record._replace(due=True))
    if world.backup is not None:
        due = due._replace(backup=(due.record, due.target))
    yield "the next rotation comes due", canonical(due)


# ------------------------------------------------------------------ a person's hands


def target_is_edited(world: World) -> Moves:
    if world.target is not None and world.target.mine:
        used = {value for value in used_values(world) if value >= FOREIGN_FROM}
        wrong = max(used, default=FOREIGN_FROM - 1) + 1
        yield (
            "target edited",
            _scarred(world, target=True).with_target(world.target._replace(value=wrong)),
        )


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
        yield "state Secret deleted", _scarred(world, record=True).with_record(None)


def record_is_restored(world: World) -> Moves:
    if world.backup is not None and world.backup[0] is not None:
        yield "old state Secret restored", _scarred(world, record=True).with_record(world.backup[0])


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
        used = {value for value in used_values(world) if value >= FOREIGN_FROM}
        made = _with_secret(world, max(used, default=FOREIGN_FROM - 1) + 1)
        yield "console: a secret is made", made


def app_changes_its_method(world: World) -> Moves:
    yield "auth method changed", world._replace(method=1 - world.method)


def status_is_wiped(world: World) -> Moves:
    if world.running is None and world.told is not None:
        yield "status wiped", world._replace(told=None)


def rotation_is_asked_for(world: World) -> Moves:
    token = 1 if world.token is None else world.token + 1
    if world.running is None and not world.deleting and token <= MOST_TOKENS:
        asked = world._replace(token=token)
        if world.backup is not None:
            asked = asked._replace(backup=(world.record, world.target))
        yield "a rotation is asked for", asked


def connection_goes(world: World) -> Moves:
    if world.running is None and not world.down:
        yield "connection down", world._replace(down=True)


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
# Adopt, replace-foreign, revoke-previous, rollback and a conflicting resource: here, once they are.


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
        yield "connection up", canonical(world._replace(down=False))
