"""Renames a world so that equal situations are equal, and the space of all of them is finite.

Values and ids are numbered in the order in which the state, Okta and the rest name them. Instants
keep their order and their class (to come, this pass, under a minute ago, under a day ago, older),
which is all that decisions compare. Generations keep their order, and differences up to two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tests.explorer.forms import (
    EARLIER_FROM,
    FOREIGN_FROM,
    GONE_ID,
    STAND_IN_FROM,
    Age,
    Aim,
    Asked,
    Cred,
    Due,
    Held,
    Keeping,
    Late,
    Memory,
    Recheck,
    Record,
    Running,
    Told,
    World,
)

NOTHING: Final = Asked()

MINUTE_AGO: Final = -60_000
DAY_AGO: Final = -86_400_000
AHEAD: Final = 3_600_000
"""What lies further ahead has not come, since the clock has been put back; a pass is shorter."""

_RECENT, _OLDER, _OLD = -1_000, -70_000, -90_000_000
_TO_COME: Final = 40_000_000_000
_LARGEST_GAP: Final = 2


def canonical(world: World) -> World:
    """The same situation under the names that all equal ones have."""
    world = _without_dead(world)
    values, ids = _numbering(world)
    maps = (values, ids, _times(world), _gens(world), _tokens(world))
    if all(key == name for one in maps for key, name in one.items()):
        return world
    return _Renaming(*maps).world(world)


def records(world: World) -> Iterator[Record]:
    """Each state that is somewhere: live, in hand, in a backup, under way."""
    if world.record is not None:
        yield world.record
    if world.running is not None and world.running.stale_record is not None:
        (stale,) = world.running.stale_record
        if stale is not None:
            yield stale
    if world.backup is not None and world.backup[0] is not None:
        yield world.backup[0]
    for late in world.late:
        if late.record is not None:
            yield late.record


def used_values(world: World) -> Iterator[int]:
    """Every value, the most important place first."""
    for record in records(world):
        for held in (record.active, record.previous, record.candidate):
            if held is not None and held.value is not None:
                yield held.value
    for secret in _secrets(world):
        yield secret.value
    for target in _targets(world):
        if target.value is not None:
            yield target.value
    for late in world.late:
        if late.value is not None:
            yield late.value
    if world.rival is not None:
        yield from world.rival.values


def used_ids(world: World) -> Iterator[int]:
    """Every secretId that something but a witness has."""
    for record in records(world):
        for held in (record.active, record.previous):
            if held is not None:
                yield held.sid
    for secret in _secrets(world):
        yield secret.sid
    for late in world.late:
        if late.sid is not None:
            yield late.sid


def aged(world: World, by: int) -> World:
    """The same after some time: every instant lies further back, but for those that never come."""
    times = {at: at - by for at in _instants(world) if at < AHEAD}
    return _Renaming({}, {}, times, {}, {}).world(world)


def clock_put_back(world: World) -> World:
    """The same by a clock that shows a time before all that we wrote down."""
    ours = {at: AHEAD + place for place, at in enumerate(sorted(_instants_of_ours(world)))}
    renaming = _Renaming({}, {}, ours, {}, {}, dict.fromkeys(Age, Age.TO_COME))
    later = renaming.world(world)
    record, told, memory = later.record, later.told, later.memory
    if record is not None and record.due is not None:
        record = record._replace(due=Due.AHEAD)
    if memory is not None and memory.recheck is Recheck.NOW:
        memory = memory._replace(recheck=Recheck.IN_A_DAY)
    told = told and told._replace(backoff=False)
    return later._replace(record=record, told=told, memory=memory, refusals=world.refusals)


def with_ages(world: World, ages: Mapping[Age, Age]) -> World:
    """The same with other ages in the places of these, where time is counted."""
    if world.keeping is Keeping.NO_TIME:
        return world
    older = _Renaming({}, {}, {}, {}, {}, ages)
    return older.world(world)


def _secrets(world: World) -> Iterator[Held]:
    yield from world.okta
    yield from world.older or ()
    if world.memory is not None and world.memory.secrets is not None:
        yield from world.memory.secrets


def _targets(world: World) -> Iterator[Aim]:
    stale = world.running.stale_target if world.running is not None else None
    places = (
        world.target,
        stale[0] if stale is not None else None,
        world.backup[1] if world.backup is not None else None,
        *(late.target for late in world.late),
    )
    return (one for one in places if one is not None)


def _without_dead(world: World) -> World:
    """Ids that nothing has any more are all the same, and nothing is said of dead values."""
    alive = set(used_ids(world))

    def living(sid: int) -> int:
        return sid if sid in alive else GONE_ID

    told, memory, distrusted = world.told, world.memory, world.distrusted
    if memory is not None and memory.tried:
        present = tuple(one for one in memory.tried if getattr(world.asked, one[0]) == one[1])
        memory = memory._replace(tried=present)
    if told is not None:
        told = told._replace(witnesses=tuple(sorted({living(sid) for sid in told.witnesses})))
    if distrusted or (memory is not None and memory.proofs):
        used = set(used_values(world))
        distrusted = tuple(sorted(value for value in distrusted if value in used))
        if memory is not None:
            proofs = sorted(one for one in memory.proofs if one[0] in used)
            memory = memory._replace(proofs=tuple(proofs))
    doomed = world.doomed if _is_somewhere(world, world.doomed) else None
    world = world._replace(told=told, distrusted=distrusted, memory=memory, doomed=doomed)
    dead = {sid: GONE_ID for sid in _mentioned(world) if sid not in alive and sid != GONE_ID}
    return _Renaming({}, dead, {}, {}, {}).world(world) if dead else world


def _is_somewhere(world: World, value: int | None) -> bool:
    made = (*(one.value for one in world.okta), *(late.value for late in world.late))
    return value is not None and value in made


def _mentioned(world: World) -> Iterator[int]:
    """The secretIds that are named without that anything has them."""
    named = [one.sid for one in _targets(world)]
    named += [world.asked.replace, world.told.handled.replace if world.told is not None else None]
    for record in records(world):
        named += [record.bound, record.handled.replace]
    yield from (sid for sid in named if sid is not None)


def _numbering(world: World) -> tuple[dict[int, int], dict[int, int]]:
    values: dict[int, int] = {}
    following = {base: base for base in (0, EARLIER_FROM, FOREIGN_FROM, STAND_IN_FROM)}
    for value in used_values(world):
        if value not in values:
            base = kind_of(value)
            values[value] = following[base]
            following[base] += 1
    ids: dict[int, int] = {GONE_ID: GONE_ID}
    for sid in used_ids(world):
        if sid not in ids:
            ids[sid] = len(ids) - 1
    return values, ids


def kind_of(value: int) -> int:
    """Who made it, by the number with which the values of that maker begin."""
    if value < EARLIER_FROM:
        return 0
    if value >= STAND_IN_FROM:
        return STAND_IN_FROM
    return EARLIER_FROM if value < FOREIGN_FROM else FOREIGN_FROM


def _instants(world: World) -> set[int]:
    return _instants_of_ours(world) | set(world.refusals)


def _instants_of_ours(world: World) -> set[int]:
    """Those that are not Okta's."""
    found: set[int] = set()
    for record in records(world):
        found.update(record.tries)
        if record.asked is not None:
            found.add(record.asked)
    if world.memory is not None:
        found.update(at for *_, at in world.memory.proofs)
        if world.memory.refused_at is not None:
            found.add(world.memory.refused_at)
    return found


def _times(world: World) -> dict[int, int]:
    found = _instants(world)
    names: dict[int, int] = {}
    for place, at in enumerate(sorted(at for at in found if 0 <= at < AHEAD)):
        names[at] = place
    for place, at in enumerate(sorted(at for at in found if at >= AHEAD)):
        names[at] = _TO_COME + place
    recent = [at for at in found if MINUTE_AGO < at < 0]
    older = [at for at in found if DAY_AGO < at <= MINUTE_AGO]
    old = [at for at in found if at <= DAY_AGO]
    for ats, newest in ((recent, _RECENT), (older, _OLDER), (old, _OLD)):
        for place, at in enumerate(sorted(ats, reverse=True)):
            names[at] = newest - place
    return names


def _gens(world: World) -> dict[int, int]:
    found = {record.gen for record in records(world)}
    if world.told is not None and world.told.gen is not None:
        found.add(world.told.gen)
    names: dict[int, int] = {}
    last, name = None, 0
    for gen in sorted(found):
        name += 0 if last is None else min(gen - last, _LARGEST_GAP)
        names[gen], last = name, gen
    return names


def _tokens(world: World) -> dict[int, int]:
    names: dict[int, int] = {}
    for token in _all_tokens(world):
        if token is not None and token not in names:
            names[token] = len(names) + 1
    return names


def _all_tokens(world: World) -> Iterator[int | None]:
    yield from world.asked[:3]
    for record in records(world):
        yield from record.handled[:3]
        yield record.job.token if record.job is not None else None
    if world.told is not None:
        yield from world.told.handled[:3]


class _Renaming:
    """Applies the maps; what they do not name stays."""

    def __init__(
        self,
        values: Mapping[int, int],
        ids: Mapping[int, int],
        times: Mapping[int, int],
        gens: Mapping[int, int],
        tokens: Mapping[int, int],
        ages: Mapping[Age, Age] | None = None,
    ) -> None:
        self._values, self._ids, self._times, self._gens = values, ids, times, gens
        self._tokens, self._ages = tokens, ages or {}

    def world(self, w: World) -> World:
        backup, running = w.backup, w.running
        if backup is not None:
            backup = (self._record(backup[0]), self._target(backup[1]))
        return w._replace(
            okta=self._held(w.okta),
            older=None if w.older is None else self._held(w.older),
            distrusted=tuple(sorted(self._value(v) for v in w.distrusted)),
            record=self._record(w.record),
            target=self._target(w.target),
            backup=backup,
            told=w.told and self._told(w.told),
            memory=w.memory and self._memory(w.memory),
            running=running and self._running(running),
            late=tuple(self._late(one) for one in w.late) if w.late else w.late,
            refusals=tuple(self._time(at) for at in w.refusals),
            asked=self._asked(w.asked),
            doomed=None if w.doomed is None else self._value(w.doomed),
            rival=w.rival and w.rival._replace(values=tuple(map(self._value, w.rival.values))),
        )

    def _value(self, value: int) -> int:
        return self._values.get(value, value)

    def _id(self, sid: int) -> int:
        return self._ids.get(sid, sid)

    def _time(self, at: int) -> int:
        return self._times.get(at, at)

    def _gen(self, gen: int) -> int:
        return self._gens.get(gen, gen)

    def _held(self, secrets: tuple[Held, ...]) -> tuple[Held, ...]:
        return tuple(Held(self._id(o.sid), self._value(o.value), o.on) for o in secrets)

    def _cred(self, one: Cred | None) -> Cred | None:
        if one is None:
            return None
        value = None if one.value is None else self._value(one.value)
        since = None if one.since is None else self._ages.get(one.since, one.since)
        off = None if one.off is None else self._ages.get(one.off, one.off)
        return one._replace(sid=self._id(one.sid), value=value, since=since, off=off)

    def _token(self, token: int | None) -> int | None:
        return None if token is None else self._tokens.get(token, token)

    def _asked(self, one: Asked) -> Asked:
        if one == NOTHING:
            return one
        replaced = None if one.replace is None else self._id(one.replace)
        return Asked(
            self._token(one.rotate), self._token(one.revoke), self._token(one.rollback), replaced
        )

    def _record(self, one: Record | None) -> Record | None:
        if one is None:
            return None
        candidate = one.candidate
        return one._replace(
            gen=self._gen(one.gen),
            active=self._cred(one.active),
            previous=self._cred(one.previous),
            candidate=candidate and candidate._replace(value=self._value(candidate.value)),
            job=one.job and one.job._replace(token=self._token(one.job.token)),
            tries=tuple(self._time(at) for at in one.tries),
            asked=None if one.asked is None else self._time(one.asked),
            handled=self._asked(one.handled),
            bound=None if one.bound is None else self._id(one.bound),
        )

    def _target(self, one: Aim | None) -> Aim | None:
        if one is None:
            return None
        value = None if one.value is None else self._value(one.value)
        return Aim(value, None if one.sid is None else self._id(one.sid), one.mine)

    def _told(self, told: Told) -> Told:
        witnesses = tuple(sorted(self._id(sid) for sid in told.witnesses))
        gen = None if told.gen is None else self._gen(told.gen)
        return told._replace(witnesses=witnesses, gen=gen, handled=self._asked(told.handled))

    def _memory(self, one: Memory) -> Memory:
        proofs = sorted((self._value(v), m, p, self._time(at)) for v, m, p, at in one.proofs)
        return one._replace(
            secrets=None if one.secrets is None else self._held(one.secrets),
            proofs=tuple(proofs),
            refused_at=None if one.refused_at is None else self._time(one.refused_at),
            tried=tuple(self._request(*request) for request in one.tried),
        )

    def _request(self, verb: str, token: int) -> tuple[str, int]:
        if verb == "replace":
            return verb, self._id(token)
        return verb, self._tokens.get(token, token)

    def _running(self, one: Running) -> Running:
        record, target = one.stale_record, one.stale_target
        return one._replace(
            stale_record=None if record is None else (self._record(record[0]),),
            stale_target=None if target is None else (self._target(target[0]),),
        )

    def _late(self, one: Late) -> Late:
        return Late(
            one.kind,
            None if one.sid is None else self._id(one.sid),
            None if one.value is None else self._value(one.value),
            self._record(one.record),
            self._target(one.target),
        )
