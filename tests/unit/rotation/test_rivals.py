"""Two resources for one app, perhaps of tenants who do not trust each other: whose word counts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.api.names import STATE_SECRET_TYPE, STATE_SUFFIX
from okta_rotator.api.rotation import RotationStatus
from okta_rotator.rotation.checks.rivalry import PATIENCE_WITH_A_CLAIM
from okta_rotator.rotation.decide import decide
from okta_rotator.rotation.decisions import Blocked
from okta_rotator.rotation.engine import Engine
from okta_rotator.rotation.notices import Notice
from okta_rotator.rotation.snapshot import Draw, Key, Resource, SecretObject, Snapshot
from okta_rotator.rotation.state import Candidate, Standing, to_data
from okta_rotator.rotation.trouble import Next, PortError, Trouble
from okta_rotator.rotation.values import RANDOM_BYTES
from tests.unit.rotation import builders
from tests.unit.rotation.builders import C, F, N, job, neighbour, resource, seen, snapshot, state
from tests.unit.rotation.faults import START, Call, Fault, Moment
from tests.unit.rotation.rows import A_ON
from tests.unit.rotation.telling import told
from tests.unit.rotation.test_engine import rotated_once
from tests.unit.rotation.world import World

OLDER, YOUNGER = START - timedelta(days=1), START + timedelta(days=1)
BEGUN, LIVE = Standing.BEGUN, Standing.LIVE
LATER = START + PATIENCE_WITH_A_CLAIM
NO = Reason.INSUFFICIENT_PERMISSION
CONFLICT = "blocked Conflict"
INTENT = "write intent"
FIRST = state(active=None, last_rotated_at=None, candidate=Candidate(C, 0), job=job())
THEIRS = builders.secret("theirs", F)
ROTATE = resource(annotations={"okta-rotator.dev/rotate": "t"})


def new(*held: Any, **fields: Any) -> Snapshot:
    """A resource that has no state yet, and has seen what Okta holds."""
    memory = seen(*held, since=START - timedelta(hours=1))
    return snapshot(**{"state": None, "target": None, "seen": memory, **fields})


# ------------------------------------------------------------------ who counts


def test_an_older_one_that_has_not_reached_the_app_is_in_nobodys_way() -> None:
    older = neighbour(created_at=OLDER, claim=None)
    assert told(decide(new(neighbours=(older,)))) == INTENT
    reached = replace(older, claim=7)
    assert told(decide(new(neighbours=(reached,)))) == CONFLICT


def test_for_one_target_it_need_not_reach_anything() -> None:
    older = neighbour(created_at=OLDER, claim=None, shares_target=True)
    assert told(decide(new(neighbours=(older,)))) == CONFLICT


@pytest.mark.parametrize("standing", [BEGUN, LIVE])
def test_what_a_state_says_counts_if_okta_holds_it(standing: Standing) -> None:
    says = neighbour(standing=standing, claim=None, values=(F,))
    assert told(decide(new(THEIRS, neighbours=(says,)))) == CONFLICT
    assert told(decide(new(A_ON, neighbours=(says,)))) == INTENT


def test_that_is_held_against_a_list_of_this_pass() -> None:
    says = neighbour(standing=LIVE, claim=None, values=(F,))
    known = replace(seen(), listed_in_this_pass=False)
    assert told(decide(new(seen=known, neighbours=(says,)))) == "list"
    assert told(decide(new(seen=known))) == INTENT


def test_who_has_not_reached_the_app_hears_what_okta_says_of_that() -> None:
    first = neighbour(created_at=OLDER, standing=LIVE)
    blind = new(seen=replace(seen(), app=None), claim=None, neighbours=(first,))
    assert told(decide(blind)) == "read app"


# ------------------------------------------------------------------ who comes first


def test_a_live_secret_wins_though_its_connection_does_not_work() -> None:
    holder = neighbour(standing=LIVE, claim=None, values=(F,), created_at=YOUNGER)
    assert told(decide(new(THEIRS, neighbours=(holder,)))) == CONFLICT


def test_a_forged_state_stops_no_rotation_of_one_that_is_live() -> None:
    forged = neighbour(standing=LIVE, claim=None, values=(N,), created_at=OLDER)
    due = snapshot(resource=ROTATE, seen=seen(A_ON), neighbours=(forged,))
    assert told(decide(due)) == INTENT
    true = replace(forged, values=(F,))
    assert told(decide(replace(due, seen=seen(A_ON, THEIRS), neighbours=(true,)))) == CONFLICT


@pytest.mark.parametrize(
    ("held", "other", "comes_first"),
    [
        ((), {"claim": 2, "created_at": OLDER}, True),
        ((), {"claim": 0, "created_at": YOUNGER}, False),
        ((builders.secret("c", C),), {"claim": 0}, True),
        ((THEIRS,), {"claim": 2}, False),
        ((THEIRS,), {"claim": None}, False),
    ],
)
def test_of_two_that_begin_okta_decides_and_then_who_reached_it_first(
    held: Any, other: Mapping[str, Any], comes_first: bool
) -> None:
    beside = neighbour(**{"standing": BEGUN, "values": (F,), **other})
    s = new(*held, state=FIRST, neighbours=(beside,))
    assert (told(decide(s)) != CONFLICT) is comes_first


def test_a_new_process_gives_them_time_to_reach_what_they_began_with() -> None:
    says = neighbour(standing=BEGUN, claim=None, values=(F,))
    just_started = new(seen=seen(since=START), neighbours=(says,))
    decision = decide(just_started)
    assert isinstance(decision, Blocked)
    assert (decision.trouble.next, decision.trouble.until) == (Next.WAIT, LATER)
    assert decision.trouble.reason is Reason.PROGRESSING
    assert told(decide(replace(just_started, now=LATER))) == INTENT


# ------------------------------------------------------------------ through the engine


def older() -> Resource:
    other = replace(resource(), key=Key("team-b", "theirs"), uid="another")
    return replace(other, created_at=OLDER)


async def test_one_that_never_reaches_the_app_keeps_nobody_from_it() -> None:
    world = World()
    world.neighbours = ((older(), False),)
    await world.settle()
    assert world.condition("Ready") == ("True", "Published")


async def test_nor_does_one_with_a_state_of_its_own_making() -> None:
    world = World()
    world.neighbours = ((older(), False),)
    name = older().key.name + STATE_SUFFIX
    content = to_data(state(uid="another", active=builders.credential("x", F)))
    world.cluster.secrets[name] = SecretObject(
        "team-b", name, "s", "1", STATE_SECRET_TYPE, {}, {}, content
    )
    await world.settle()
    assert world.condition("Ready") == ("True", "Published")


async def test_one_that_comes_while_the_states_are_read_is_seen_before_the_next_step() -> None:
    world = World()
    younger = replace(older(), key=Key("team-c", "late"), uid="late", created_at=YOUNGER)
    world.neighbours = ((younger, False),)

    def appears(call: Call) -> bool:
        is_last_look = call.name == "read_secret" and world.wire.count("read_resource") > 0
        if is_last_look and len(world.neighbours) == 1:
            world.neighbours += ((older(), False),)
            world.reached_its_app(older())
        return False

    world.add_fault(Fault(appears, Moment.BEFORE, PortError(Trouble(Next.RETRY, NO, "no"))))
    await world.run()
    assert world.condition("Stalled") == ("True", "Conflict")
    assert world.recorded() is None


async def test_who_reaches_it_later_takes_nothing_over() -> None:
    world = await rotated_once()
    world.neighbours = ((older(), False),)
    world.reached_its_app(older())
    world.annotate(rotate="t")
    await world.settle()
    assert world.okta.made == 2


def reads_the_app(call: Call) -> bool:
    return call.name == "read_app"


async def test_who_is_refused_the_app_has_no_claim_to_it() -> None:
    world = await rotated_once()
    assert world.claim_of(world.resource) is not None
    refusal = PortError(Trouble(Next.PERSON, NO, "no"))
    world.add_fault(Fault(reads_the_app, Moment.BEFORE, refusal, times=99))
    world.annotate(rotate="t")
    await world.settle()
    assert world.claim_of(world.resource) is None


class Two(World):
    """Two resources of one app."""

    def __init__(self) -> None:
        super().__init__()
        self.both = (self.resource, older())

    def neighbours_of(self, resource: Resource) -> tuple[tuple[Resource, bool], ...]:
        return tuple((one, False) for one in self.both if one.uid != resource.uid)


class SlowCluster:
    """Writing a state takes as long as the test wants."""

    def __init__(self) -> None:
        self.intents: list[str] = []
        self.has_begun, self.may_go_on = asyncio.Event(), asyncio.Event()

    async def read_resource(self, resource: Resource) -> Resource:
        return resource

    async def write_status(self, resource: Resource, status: RotationStatus) -> Resource:
        return replace(resource, status=status)

    async def read_secret(self, namespace: str, name: str) -> None:
        await asyncio.sleep(0)

    async def create_state(self, resource: Resource, data: Mapping[str, str]) -> SecretObject:
        self.intents.append(resource.uid)
        self.has_begun.set()
        await self.may_go_on.wait()
        raise PortError(Trouble(Next.RETRY, Reason.OKTA_UNAVAILABLE, "that is enough"))

    def tell(self, resource: Resource, notice: Notice) -> None:
        """To nobody."""


@pytest.mark.parametrize("first", [0, 1])
async def test_one_whose_intent_is_being_written_has_begun(first: int) -> None:
    """Else the other one, when it is the older, would not see it and begin as well."""
    world, cluster = Two(), SlowCluster()
    draw = Draw("job", b"x" * RANDOM_BYTES)
    engine = Engine(cast(Any, cluster), world, world, world.clock, lambda: draw)
    begins = asyncio.create_task(engine.run(world.both[first]))
    await cluster.has_begun.wait()
    stopped = await engine.run(world.both[1 - first])
    assert told(stopped.verdict) == CONFLICT
    cluster.may_go_on.set()
    with pytest.raises(PortError):
        await begins
    with pytest.raises(PortError):  # Nothing was written, so the other one is not in its way.
        await engine.run(world.both[1])
    assert cluster.intents == [world.both[first].uid, world.both[1].uid]
