"""One step of the real engine on a world: a decision, its effect by a given outcome, what is left.

Shared with the engine: everything but the frame of a pass. The decision is `decide`'s, and it is
acted on by the engine's own methods (`Engine._try` for an act, `Engine._finish` for a verdict, and
with them `seen.py`, `transitions.py`, `to_data`, `from_data`, `report` and what follows an error),
against the in-memory Okta and cluster of the unit tests. Told a second time, here, is only what
`Engine.run` keeps from pass to pass; `test_cross_check.py` holds that against `Engine.run`.
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from okta_rotator.api.names import SECRET_ID_ANNOTATION, STATE_SUFFIX
from okta_rotator.api.rotation import AdoptionPolicy
from okta_rotator.api.rotation_status import RotationStatus
from okta_rotator.rotation.decide import decide
from okta_rotator.rotation.decisions import (
    ActivateSecret,
    CreateSecret,
    DeactivateSecret,
    Decision,
    DeleteSecret,
    DeleteState,
    DeleteTarget,
    LetGo,
    Publish,
    Verdict,
    WriteState,
)
from okta_rotator.rotation.engine import Engine, _at_start, _Pass, _without_the_noted
from okta_rotator.rotation.okta_view import Proof
from okta_rotator.rotation.seen import LATE_SECRET, Seen
from okta_rotator.rotation.snapshot import Connection, Draw, Resource, SecretObject, Snapshot
from okta_rotator.rotation.state import from_data
from okta_rotator.rotation.target import TargetChange
from okta_rotator.rotation.trouble import PortError
from okta_rotator.rotation.values import RANDOM_BYTES
from tests.explorer.canon import AHEAD, canonical, used_ids, used_values
from tests.explorer.forms import (
    EARLIER_FROM,
    STAND_IN_FROM,
    Aim,
    Kind,
    Late,
    Link,
    Memory,
    Record,
    Running,
    World,
)
from tests.explorer.outcomes import Outcome, fault_of
from tests.explorer.real import (
    NOW,
    NUMBERS,
    RIVAL_UID,
    TEXTS,
    UNAVAILABLE,
    VALUES,
    form_of_secret,
    form_of_seen,
    form_of_state,
    form_of_status,
    form_of_target,
    id_number,
    instant,
    number_of,
    real_app,
    real_resource,
    real_rival,
    real_secret,
    real_seen,
    real_stored,
    real_target,
    rivals_state,
)
from tests.unit.rotation import builders
from tests.unit.rotation.builders import NAME, VALUE_KEY
from tests.unit.rotation.fake_cluster import FakeCluster
from tests.unit.rotation.fake_okta import FakeOkta
from tests.unit.rotation.faults import TICK, Clock, CrashError, Fault, Wire

T = TypeVar("T")
STATE_NAME: Final = NAME + STATE_SUFFIX
READ, CHANGED = "1", "2"
"""Resource versions: the one that the pass has in hand, and what another hand made of it."""

CONNECTED: Final = builders.CONNECTION
CONNECTIONS: Final = {
    Link.UP: CONNECTED,
    Link.DOWN: replace(CONNECTED, problem=UNAVAILABLE),
    Link.LOST: replace(CONNECTED, problem=UNAVAILABLE, is_lost=True),
}


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run what never waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    raise AssertionError("a port waited")


class Cluster(FakeCluster):
    """As the API server: a write without a resourceVersion has no precondition."""

    def _write_target(self, resource: Resource, change: TargetChange) -> SecretObject:
        if change.existing is not None and not change.existing.resource_version:
            live = self.secrets.get(change.name)
            change = replace(change, existing=live)
        return super()._write_target(resource, change)

    def _write_status(self, status: RotationStatus) -> Resource:
        self.resource = replace(self.resource, status=status)
        return self.resource


@dataclass(frozen=True, eq=False)
class Setup:
    """What stays the same through an exploration."""

    resource: Resource
    shows_values: bool = True
    """Whether Okta's list shows the values of secrets."""

    @property
    def revokes(self) -> bool:
        """Whether the secrets in Okta go with the resource."""
        return self.resource.revokes_secrets

    @property
    def takes_along(self) -> bool:
        """Whether the target goes with the resource."""
        return self.resource.takes_target_along

    @property
    def verifies(self) -> bool:
        """Whether a value is proven before it is published."""
        return self.resource.sound_spec.verification.enabled

    @property
    def adopts(self) -> bool:
        """Whether the first run publishes what the app has."""
        return self.resource.sound_spec.adoption_policy is AdoptionPolicy.ADOPT


class Bench:
    """A world as real objects, for one step. Implements `ConnectionsPort`."""

    def __init__(self, setup: Setup, world: World) -> None:
        self.world, self._setup = world, setup
        self.clock = Clock(instant(_instants_of_this_pass(world)))
        self.wire = Wire(self.clock)
        resource = real_resource(setup.resource, world)
        self.okta = FakeOkta(
            self.clock,
            self.wire,
            app=real_app(world.method),
            secrets=list(map(real_secret, world.okta)),
            distrusted={VALUES[value] for value in world.distrusted},
            made=max(used_ids(world), default=-1),
            shows_values=setup.shows_values,
        )
        self.cluster = Cluster(self.wire, resource, self._secrets())
        self.engine = Engine(self.cluster, self, self, self.clock, lambda: self.draw)
        used = set(used_values(world))
        free = (n for n in range(EARLIER_FROM) if not {n, STAND_IN_FROM + n} & used)
        fresh = next(free)
        self.draw = Draw("job", bytes([fresh]) * RANDOM_BYTES)

    def connection_of(self, resource: Resource) -> Connection:
        return CONNECTIONS[self.world.link]

    def neighbours_of(self, resource: Resource) -> tuple[tuple[Resource, bool], ...]:
        rival = self.world.rival
        return () if rival is None else ((real_rival(self._setup.resource, rival), False),)

    def claim_of(self, resource: Resource) -> int | None:
        rival = self.world.rival
        is_kept_from_it = resource.uid == RIVAL_UID and rival is not None and not rival.reaches
        return None if is_kept_from_it else 0

    def reached_its_app(self, resource: Resource) -> None:
        """This one has, throughout."""

    def was_kept_from_its_app(self, resource: Resource) -> None:
        """Not for long."""

    def okta_of(self, resource: Resource) -> FakeOkta:
        return self.okta

    def seen(self) -> Seen:
        memory = self.world.memory
        if memory is None:
            return Seen(since=NOW, secret_may_come_until=NOW + LATE_SECRET)
        return real_seen(memory, self._setup.shows_values)

    def memory_of(self, seen: Seen) -> Memory:
        """What of it makes a difference."""
        memory = form_of_seen(seen)
        return memory._replace(coming=memory.coming and self._setup.takes_along)

    def work(self) -> _Pass:
        """The pass under way, as the engine has it in hand."""
        world, resource = self.world, self.cluster.resource
        assert world.running is not None
        record, target = world.read_record, world.read_target
        work = _Pass(
            resource,
            self.seen(),
            resource.status,
            self.draw,
            None if record is None else real_stored(record, READ),
            None if target is None else real_target(target, READ),
            world.running.live,
            lost_races=world.running.lost_races,
        )
        finish(self.engine._look_at_neighbours(work))
        return work

    def snapshot(self) -> Snapshot:
        return self.engine._snapshot(self.work())

    def begun(self) -> World:
        """A pass begins: see `Engine.run`."""
        world, seen = self.world, self.seen().for_a_new_pass().clamped(self.clock())
        running = Running(None, None, 0)
        if world.memory is None or world.memory.unnoted:
            work = Bench(self._setup, world._replace(running=running)).work()
            work.seen = seen
            seen = _without_the_noted(work) if world.memory else _at_start(work, self.clock())
        return canonical(world._replace(memory=self.memory_of(seen), running=running))

    def after(self, decision: Decision, outcome: Outcome) -> World | None:
        """The world after the decision met this outcome; None if it cannot meet it."""
        world = self.world
        if outcome is Outcome.CRASH_BEFORE:
            return canonical(world._replace(memory=None, running=None))
        work = self.work()  # Before the fault is set: it reads the neighbours' states.
        fault = fault_of(decision, outcome)
        if fault is not None:
            self.wire.faults.append(fault)
        self.okta.distrusts_new = outcome is Outcome.DISTRUSTED
        self.okta.is_silent_on_proofs = outcome is Outcome.SILENT
        if outcome is Outcome.DISTRUSTED and _is_made(world, decision):
            return None  # Okta trusts values, and this one is known to it.
        if outcome is Outcome.STALE:
            if world.older is None or world.older == world.okta:
                return None
            self.okta.secrets = list(map(real_secret, world.older))
        ended, crashed = False, False
        try:
            ended = self._act(work, decision)
        except PortError:
            ended = True
        except CrashError:
            crashed = True
        if fault is not None and fault in self.wire.faults:
            return None
        if outcome is Outcome.STALE:
            self.okta.secrets = list(map(real_secret, world.okta))
        memory = None if crashed else self.memory_of(work.seen)
        left = self._left(decision, memory, None if ended or crashed else work)
        return canonical(left._replace(gone=isinstance(decision, LetGo) and ended))

    def _act(self, work: _Pass, decision: Decision) -> bool:
        """Whether the pass has ended."""
        snapshot = self.engine._snapshot(work)
        if isinstance(decision, Verdict):
            finish(self.engine._finish(work, snapshot, decision))
            return True
        finish(self.engine._show_progress(work, snapshot))
        stop = finish(self.engine._try(work, decision))
        assert stop is None
        return False

    async def pass_through(self, *faults: Fault) -> World:
        """A whole pass of `Engine.run`, for comparison."""
        world, uid = self.world, self.cluster.resource.uid
        if world.memory is not None:
            self.engine._seen[uid] = self.seen()
        self.wire.faults.extend(faults)
        try:
            outcome = await self.engine.run(self.cluster.resource)
            is_gone = isinstance(outcome.verdict, LetGo)
        except (PortError, CrashError):
            is_gone = False
        seen = self.engine._seen.get(uid)
        left = self._left(None, None if seen is None else self.memory_of(seen), None)
        return canonical(left._replace(gone=is_gone))

    def _left(self, decision: Decision | None, memory: Memory | None, work: _Pass | None) -> World:
        """`work` is the pass if it goes on."""
        world = self.world
        record, target = self._live_record(), self._live_target()
        late = tuple(
            one
            for one in world.late
            if not _is_ended(one, record != world.record, target != world.target)
        )
        if self.clock.late and decision is not None:
            late = (*late, *self._under_way(decision))
        refused = (at - TICK for at, _, one in self.okta.introspections if one is Proof.REFUSED)
        okta = tuple(map(form_of_secret, self.okta.secrets))
        if okta != world.okta:
            world = world.with_okta(okta)
        world = world.with_doom(record)
        return world._replace(
            distrusted=tuple(sorted(NUMBERS[value] for value in self.okta.distrusted)),
            record=record,
            target=target,
            told=form_of_status(self.cluster.resource.status),
            memory=memory,
            running=None if work is None else self._running(work),
            late=late,
            refusals=(*world.refusals, *map(number_of, refused)),
        )

    def _running(self, work: _Pass) -> Running:
        is_old = _is_stale(
            None if work.stored is None else work.stored.secret, self._live(STATE_NAME)
        )
        stale_record = (self._read_record(work),) if is_old else None
        is_old = _is_stale(work.target, self._live(NAME))
        read = None if work.target is None else form_of_target(work.target)
        stale_target = (read,) if is_old else None
        return Running(stale_record, stale_target, work.lost_races, work.target_is_live)

    def _secrets(self) -> dict[str, SecretObject]:
        world, secrets = self.world, {}
        running = world.running
        if world.record is not None:
            is_read = running is None or running.stale_record is None
            version = READ if is_read else CHANGED
            secrets[STATE_NAME] = real_stored(world.record, version).secret
        if world.target is not None:
            is_read = running is None or running.stale_target is None
            secrets[NAME] = real_target(world.target, READ if is_read else CHANGED)
        rivals = None if world.rival is None else rivals_state(world.rival)
        return secrets if rivals is None else {**secrets, rivals.name: rivals}

    def _live(self, name: str) -> SecretObject | None:
        return self.cluster.secrets.get(name)

    def _live_record(self) -> Record | None:
        live = self._live(STATE_NAME)
        if live is None or live.resource_version in (READ, CHANGED):
            return None if live is None else self.world.record
        return form_of_state(from_data(live.data))

    def _live_target(self) -> Aim | None:
        live = self._live(NAME)
        return None if live is None else form_of_target(live)

    def _read_record(self, work: _Pass) -> Record | None:
        if work.stored is None or work.stored.state is None:
            return None
        return form_of_state(work.stored.state)

    def _under_way(self, decision: Decision) -> tuple[Late, ...]:
        """What the call that was not answered may still do."""
        world = self.world
        running = world.running
        assert running is not None
        match decision:
            case CreateSecret(value=value):
                return (Late(Kind.CREATE, value=NUMBERS[value]),)
            case ActivateSecret(secret_id=secret_id):
                return (Late(Kind.ACTIVATE, sid=id_number(secret_id)),)
            case DeactivateSecret(secret_id=secret_id):
                return (Late(Kind.DEACTIVATE, sid=id_number(secret_id)),)
            case DeleteSecret(secret_id=secret_id):
                return (Late(Kind.DELETE, sid=id_number(secret_id)),)
            case WriteState(state=state) if running.stale_record is None:
                return (Late(Kind.RECORD, record=form_of_state(state.bumped())),)
            case DeleteState() if running.stale_record is None:
                return (Late(Kind.RECORD, record=None),)
            case Publish(change=change) if running.stale_target is None:
                return (Late(Kind.TARGET, target=_merged(world.target, change)),)
            case DeleteTarget() if running.stale_target is None:
                return (Late(Kind.TARGET, target=None),)
        return ()


def _is_made(world: World, decision: Decision) -> bool:
    values = [one.value for one in world.okta]
    return isinstance(decision, CreateSecret) and NUMBERS[decision.value] in values


def _merged(live: Aim | None, change: TargetChange) -> Aim:
    """The target as the change would leave it."""
    value, sid = (None, None) if live is None else (live.value, live.sid)
    text, name = change.data.get(VALUE_KEY), change.annotations.get(SECRET_ID_ANNOTATION)
    return Aim(
        value if text is None else TEXTS[text], sid if name is None else id_number(name), mine=True
    )


def _instants_of_this_pass(world: World) -> int:
    memory = world.memory
    ats = [*world.refusals]
    if memory is not None:
        ats.extend(at for *_, at in memory.proofs)
        ats.append(memory.refused_at if memory.refused_at is not None else -1)
    for record in (world.record, world.read_record, *(late.record for late in world.late)):
        if record is not None:
            ats.extend(record.tries)
            ats.append(record.asked if record.asked is not None else -1)
    return max((at + 1 for at in ats if 0 <= at < AHEAD), default=0)


def _is_stale(read: SecretObject | None, live: SecretObject | None) -> bool:
    if read is None or live is None:
        return read is not live
    return (read.uid, read.resource_version) != (live.uid, live.resource_version)


def _is_ended(late: Late, record_is_new: bool, target_is_new: bool) -> bool:
    if late.kind is Kind.RECORD:
        return record_is_new
    return late.kind is Kind.TARGET and target_is_new


def decision_on(setup: Setup, world: World) -> Decision:
    return decide(Bench(setup, world).snapshot())
