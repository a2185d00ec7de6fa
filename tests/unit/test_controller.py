"""What is remembered of resources and what has them worked on, over an engine of one function."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from okta_rotator import controller as module
from okta_rotator.api.conditions import Reason
from okta_rotator.api.rotation_status import Failures
from okta_rotator.cluster.secret_watch import SecretChange
from okta_rotator.controller import Controller
from okta_rotator.neighbours import Neighbourhood
from okta_rotator.rotation.attempts import Attempt, Result
from okta_rotator.rotation.decisions import Blocked, LetGo, Settled, Verdict
from okta_rotator.rotation.engine import Outcome
from okta_rotator.rotation.snapshot import Key, Resource
from okta_rotator.rotation.state import Trigger
from okta_rotator.rotation.trouble import Next, Trouble
from okta_rotator.telemetry.metrics import Metrics
from tests.resources import CLIENT_ID, CREATED, Json, rotation
from tests.unit.clocks import ManualClock

KEY = Key("team-a", "my-rotation")
CONNECTION = Key("team-a", "my-connection")
SETTLED = Settled("all is well")


class Bench:
    """Stands for the engine, and for the connections that it names."""

    def __init__(self) -> None:
        self.passes: list[Resource] = []
        self.forgotten: list[str] = []
        self.doubted: list[Key | None] = []
        self.watched: dict[Key, str | None] = {}
        self.verdict: Verdict = SETTLED
        self.attempt: Attempt | None = None
        self.on_pass: Callable[[Resource], Awaitable[Resource]] | None = None
        self.clock = ManualClock()
        self.metrics = Metrics()
        self.controller = Controller(
            cast(Any, self),
            cast(Any, self),
            self.metrics,
            Neighbourhood(cast(Any, self), lambda key: None),
            self.watched.__setitem__,
            workers=4,
            now=self.clock,
        )

    # As the engine

    async def run(self, resource: Resource) -> Outcome:
        self.passes.append(resource)
        if self.on_pass is not None:
            resource = await self.on_pass(resource)
        return Outcome(resource, self.verdict, None, self.attempt)

    def forget(self, uid: str) -> None:
        self.forgotten.append(uid)

    # As the connections

    def is_known(self, resource: Resource) -> bool:
        return True

    def is_settled(self, resource: Resource) -> bool:
        return False

    async def settled(self, resource: Resource, patience: float) -> None:
        assert resource.connection_key is not None

    def doubt(self, resource: Resource) -> None:
        self.doubted.append(resource.connection_key)

    # For tests

    async def at_rest(self) -> None:
        for _ in range(30):
            await asyncio.sleep(0)
        await asyncio.wait_for(self.controller.queue.drained(), 2)

    async def versions(self) -> list[str]:
        """Of the resources that were worked on so far."""
        await self.at_rest()
        return [resource.resource_version for resource in self.passes]


def body(version: int = 1, uid: str = "uid-1", generation: int = 1, **metadata: Any) -> Json:
    made = rotation()
    known = {"namespace": "team-a", "uid": uid, "generation": generation}
    made["metadata"] |= (
        known | {"resourceVersion": str(version), "creationTimestamp": CREATED} | metadata
    )
    return made


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(module, "SETTLE", 0.01)
    made = Bench()
    task = asyncio.create_task(made.controller.queue.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_new_resource_is_worked_on_and_a_repeated_event_is_not(bench: Bench) -> None:
    for _ in range(3):
        bench.controller.saw(body())
        await bench.at_rest()
    assert await bench.versions() == ["1"]


@pytest.mark.parametrize(
    "change",
    [
        {"generation": 2},
        {"annotations": {"okta-rotator.dev/rotate": "1"}},
        {"deletionTimestamp": "2026-01-01T00:00:00Z"},
    ],
    ids=str,
)
async def test_a_change_of_what_matters_is_worked_on(bench: Bench, change: Json) -> None:
    bench.controller.saw(body(1))
    await bench.at_rest()
    bench.controller.saw(body(2, **change))
    assert await bench.versions() == ["1", "2"]


async def test_a_change_of_foreign_metadata_is_not(bench: Bench) -> None:
    bench.controller.saw(body(1))
    await bench.at_rest()
    bench.controller.saw(body(2, annotations={"example.com/team": "a"}, labels={"a": "b"}))
    assert await bench.versions() == ["1"]


async def test_a_tick_works_on_what_is_not_settled(bench: Bench) -> None:
    bench.verdict = Blocked(Trouble(Next.PERSON, Reason.APP_NOT_FOUND, "no app"))
    bench.controller.saw(body(1))
    await bench.at_rest()
    bench.controller.tick(body(1))
    await bench.at_rest()
    assert len(bench.passes) == 2
    bench.verdict = SETTLED
    bench.controller.tick(body(1))
    await bench.at_rest()
    bench.controller.tick(body(1))
    assert await bench.versions() == ["1", "1", "1"]


async def test_what_is_settled_with_a_concern_is_looked_at_at_each_tick(bench: Bench) -> None:
    trouble = Trouble(Next.PERSON, Reason.APP_INACTIVE, "the app is inactive")
    bench.verdict = Settled("published", concern=trouble)
    bench.controller.saw(body())
    await bench.at_rest()
    bench.controller.tick(body())
    assert await bench.versions() == ["1", "1"]


async def test_a_change_hidden_by_the_passes_own_write_is_worked_on(bench: Bench) -> None:
    """A spec of version 2 is written while the pass over version 1 runs; its status, version 3,
    answers with the new spec before the event of version 2 has come."""

    async def write_status(resource: Resource) -> Resource:
        return replace(resource, resource_version="3", generation=2)

    bench.on_pass = write_status
    bench.controller.saw(body(1))
    await bench.at_rest()
    bench.controller.saw(body(2, generation=2))
    bench.controller.saw(body(3, generation=2))
    assert await bench.versions() == ["1", "3"]


async def test_the_passes_own_write_of_status_is_no_news(bench: Bench) -> None:
    async def write_status(resource: Resource) -> Resource:
        # The event is here before the answer.
        bench.controller.saw(body(2) | {"status": {"lastRotationTrigger": "Manual"}})
        await asyncio.sleep(0.05)
        return replace(resource, resource_version="2")

    bench.on_pass = write_status
    bench.controller.saw(body(1))
    await bench.at_rest()
    await asyncio.sleep(0.05)
    assert await bench.versions() == ["1"]


async def test_anothers_write_of_status_is_put_right(bench: Bench) -> None:
    bench.controller.saw(body(1))
    await bench.at_rest()
    bench.controller.saw(body(2) | {"status": {"observedGeneration": 7}})
    await asyncio.sleep(0.05)
    assert await bench.versions() == ["1", "2"]


async def test_an_older_body_does_not_replace_a_newer_one(bench: Bench) -> None:
    bench.controller.saw(body(5, generation=5))
    bench.controller.saw(body(4, generation=4))
    bench.controller.tick(body(3, generation=3))
    assert await bench.versions() == ["5"]


async def test_what_is_gone_leaves_nothing(bench: Bench) -> None:
    bench.controller.saw(body())
    await bench.at_rest()
    bench.controller.gone(body())
    assert bench.forgotten == ["uid-1"]
    assert bench.watched[KEY] is None
    assert_nothing_is_kept(bench)
    bench.controller.wake(KEY)
    assert len(await bench.versions()) == 1


def said_of(bench: Bench, key: Key) -> list[str]:
    """The lines of the metrics about a resource."""
    text = bench.metrics.exposition()[0].decode()
    return [line for line in text.splitlines() if f'name="{key.name}"' in line]


async def test_a_resource_has_series_from_its_first_sight_on_and_by_its_status_alone(
    bench: Bench,
) -> None:
    """So that they are there after a restart, before any pass and without a write."""
    bench.controller.queue.stop_taking()
    status = {"lastRotatedAt": CREATED, "failures": {"count": 3}}
    bench.controller.saw(body() | {"status": status})
    assert await bench.versions() == []
    labels = 'namespace="team-a",name="my-rotation"'
    assert said_of(bench, KEY) == [
        f"okta_rotator_rotation_last_success_timestamp_seconds{{{labels}}} 1767225600",
        f"okta_rotator_rotation_failures{{{labels}}} 3",
    ]


async def test_the_series_follow_the_status_that_a_pass_reports(bench: Bench) -> None:
    async def reports(resource: Resource) -> Resource:
        status = resource.status.model_copy(update={"failures": Failures(count=1)})
        return replace(resource, status=status, resource_version="2")

    bench.on_pass = reports
    bench.controller.saw(body())
    await bench.at_rest()
    assert said_of(bench, KEY)[-1].endswith(" 1")


async def test_an_attempt_is_counted_with_its_pass(bench: Bench) -> None:
    bench.attempt = Attempt(Result.FAILURE, Reason.APP_INACTIVE, Trigger.MANUAL)
    bench.controller.saw(body())
    await bench.at_rest()
    labels = {"result": "failure", "reason": "AppInactive", "trigger": "manual"}
    counted = bench.metrics.registry.get_sample_value("okta_rotator_rotations_total", labels)
    assert counted == 1


async def test_a_resource_that_is_gone_unseen_has_no_series(bench: Bench) -> None:
    """Its watch had expired, and the pass finds that there is none."""
    bench.verdict = LetGo("the resource is gone")
    bench.controller.saw(body())
    await bench.at_rest()
    assert said_of(bench, KEY) == []


def assert_nothing_is_kept(bench: Bench) -> None:
    controller = bench.controller
    assert said_of(bench, KEY) == []
    assert not controller._resources
    assert not controller._settled
    assert not controller._ticks
    assert not controller._reported
    assert not controller._let_go
    assert controller.longest_silence() == 0


async def test_a_tick_after_the_end_is_the_timers_of_a_ghost(bench: Bench) -> None:
    """kopf leaves a timer where a resource goes before it has its finalizer."""
    bench.controller.saw(body())
    await bench.at_rest()
    bench.controller.gone(body())
    bench.controller.tick(body())
    assert len(await bench.versions()) == 1
    assert_nothing_is_kept(bench)


async def test_what_goes_under_a_pass_does_not_come_back(bench: Bench) -> None:
    async def go(resource: Resource) -> Resource:
        bench.controller.gone(body())
        return resource

    bench.on_pass = go
    bench.controller.saw(body())
    await bench.at_rest()
    assert bench.forgotten == ["uid-1", "uid-1"]
    assert_nothing_is_kept(bench)


async def test_what_goes_under_a_pass_that_fails_is_forgotten(bench: Bench) -> None:
    async def go(resource: Resource) -> Resource:
        bench.controller.gone(body())
        raise ValueError("a defect")

    bench.on_pass = go
    bench.controller.saw(body())
    await bench.at_rest()
    assert bench.forgotten == ["uid-1", "uid-1"]
    assert_nothing_is_kept(bench)


async def test_the_end_of_an_older_one_of_that_name_comes_late(bench: Bench) -> None:
    bench.controller.saw(body(1, "uid-1"))
    await bench.at_rest()
    bench.controller.saw(body(9, "uid-2"))
    await bench.at_rest()
    bench.controller.gone(body(8, "uid-1"))
    assert set(bench.forgotten) == {"uid-1"}
    assert list(bench.controller._ticks) == ["uid-2"]
    assert [resource.uid for resource in bench.passes] == ["uid-1", "uid-2"]


async def test_a_pass_over_an_older_one_does_not_replace_the_newer(bench: Bench) -> None:
    async def be_replaced(resource: Resource) -> Resource:
        if resource.uid == "uid-1":
            bench.controller.gone(body(8, "uid-1"))
            bench.controller.saw(body(9, "uid-2"))
        return resource

    bench.on_pass = be_replaced
    bench.controller.saw(body(1, "uid-1"))
    await bench.at_rest()
    assert [resource.uid for resource in bench.passes] == ["uid-1", "uid-2"]
    assert bench.controller._resources[KEY].uid == "uid-2"


async def test_a_change_of_a_secret_wakes_its_rotation(bench: Bench) -> None:
    bench.controller.saw(body())
    await bench.at_rest()
    for name, annotation in (
        ("my-rotation", None),
        ("my-rotation-okta-rotator-state", None),
        ("the-target", "my-rotation"),
    ):
        before = len(bench.passes)
        bench.controller.secret_changed(SecretChange(Key("team-a", name), annotation))
        await bench.at_rest()
        assert len(bench.passes) == before + 1
    bench.controller.secret_changed(SecretChange(Key("team-b", "my-rotation"), "my-rotation"))
    bench.controller.secret_changed(SecretChange(Key("team-a", "another"), "another"))
    assert len(await bench.versions()) == 4


async def test_news_of_a_connection_wakes_those_that_name_it(bench: Bench) -> None:
    bench.controller.saw(body())
    await bench.at_rest()
    bench.controller.connection_changed(Key("team-a", "another"))
    bench.controller.connection_changed(Key("team-b", "my-connection"))
    assert len(await bench.versions()) == 1
    bench.controller.connection_changed(CONNECTION)
    assert len(await bench.versions()) == 2


def of_cluster(name: str, namespace: str, app: str) -> Json:
    """A rotation of that app by a connection of the cluster."""
    made = body(uid="uid-2", name=name, namespace=namespace)
    made["spec"]["connection"] = {"kind": "ClusterOktaConnection", "name": "my-connection"}
    made["spec"]["parameters"] = {"clientId": app}
    return made


async def test_news_of_a_connection_of_the_cluster_wakes_those_that_name_it(bench: Bench) -> None:
    shared = of_cluster("my-rotation", "team-b", app="0oa000000000000000aa")
    for one in (body(), shared):
        bench.controller.saw(one)
    await bench.at_rest()
    bench.controller.connection_changed(Key("", "my-connection"))
    await bench.at_rest()
    assert [one.key.namespace for one in bench.passes[2:]] == ["team-b"]
    bench.controller.connection_changed(CONNECTION)
    await bench.at_rest()
    assert [one.key.namespace for one in bench.passes[3:]] == ["team-a"]


async def test_what_one_of_them_kept_waiting_is_woken_too(bench: Bench) -> None:
    """Its access may have been taken away, and its claim to the app with that."""
    shared = of_cluster("theirs", "team-b", app=CLIENT_ID)
    for one in (body(), shared):
        bench.controller.saw(one)
    await bench.at_rest()
    bench.controller.connection_changed(Key("", "my-connection"))
    await bench.at_rest()
    assert {one.key.namespace for one in bench.passes[2:]} == {"team-a", "team-b"}
    bench.controller.namespaces_changed(frozenset({"team-b"}))
    await bench.at_rest()
    assert {one.key.namespace for one in bench.passes[4:]} == {"team-a", "team-b"}


async def test_other_labels_of_a_namespace_wake_what_may_go_by_them(bench: Bench) -> None:
    shared = of_cluster("shared", "team-a", app="0oa000000000000000aa")
    for one in (body(), shared):
        bench.controller.saw(one)
    await bench.at_rest()
    bench.controller.namespaces_changed(frozenset({"team-b"}))
    assert len(await bench.versions()) == 2
    bench.controller.namespaces_changed(frozenset({"team-a", "team-b"}))
    await bench.at_rest()
    assert [one.key.name for one in bench.passes[2:]] == ["shared"]


@pytest.mark.parametrize(
    ("reason", "is_doubted"),
    [
        (Reason.INVALID_TOKEN, True),
        (Reason.INSUFFICIENT_SCOPE, True),
        (Reason.INSUFFICIENT_PERMISSION, True),
        (Reason.ACCESS_DENIED, True),
        (Reason.APP_NOT_FOUND, False),
        (Reason.CONNECTION_NOT_READY, False),
    ],
)
async def test_refused_credentials_have_the_connection_looked_at(
    bench: Bench, reason: Reason, is_doubted: bool
) -> None:
    bench.verdict = Blocked(Trouble(Next.PERSON, reason, "refused"))
    bench.controller.saw(body())
    await bench.at_rest()
    assert bench.doubted == ([CONNECTION] if is_doubted else [])


async def test_a_target_that_is_taken_is_watched_while_it_is(bench: Bench) -> None:
    bench.verdict = Blocked(Trouble(Next.PERSON, Reason.TARGET_CONFLICT, "taken"))
    bench.controller.saw(body())
    await bench.at_rest()
    assert bench.watched == {KEY: "my-rotation"}
    bench.verdict = SETTLED
    bench.controller.wake(KEY)
    await bench.at_rest()
    assert bench.watched == {KEY: None}


DELETING: Json = {"deletionTimestamp": "2026-01-01T00:00:00Z"}


async def test_letting_go_waits_for_its_pass(bench: Bench) -> None:
    bench.controller.saw(body(1))
    await bench.at_rest()
    bench.verdict = LetGo("nothing holds it")
    assert await bench.controller.let_go(body(2, **DELETING), 2)
    # kopf may ask again where it could not take the finalizer off.
    assert await bench.controller.let_go(body(2, **DELETING), 2)


async def test_letting_go_has_an_end(bench: Bench) -> None:
    bench.verdict = Blocked(Trouble(Next.RETRY, Reason.OKTA_UNAVAILABLE, "no answer"))
    assert not await bench.controller.let_go(body(2, **DELETING), 0.05)
    bench.verdict = LetGo("nothing holds it")
    assert await bench.controller.let_go(body(2, **DELETING), 2)


async def test_the_heartbeat_is_expected_from_the_first_event_on(bench: Bench) -> None:
    loop, clock = asyncio.get_running_loop(), 100.0
    bench.controller.saw(body())
    (since,) = bench.controller._ticks.values()
    assert since == pytest.approx(loop.time(), abs=1)
    bench.controller._ticks["uid-1"] -= clock
    assert bench.controller.longest_silence() == pytest.approx(clock, abs=1)
    bench.controller.saw(body(2))
    assert bench.controller.longest_silence() == pytest.approx(clock, abs=1)
    bench.controller.tick(body(2))
    assert bench.controller.longest_silence() < 1


async def test_of_what_is_being_deleted_no_heartbeat_is_expected(bench: Bench) -> None:
    bench.controller.saw(body(1))
    bench.controller._ticks["uid-1"] -= 100
    bench.controller.saw(body(2, **DELETING))
    # The timer may still tick once.
    bench.controller.tick(body(2, **DELETING))
    assert bench.controller.longest_silence() == 0


async def test_the_wall_clock_does_not_make_the_process_dead(bench: Bench) -> None:
    bench.controller.saw(body())
    bench.clock.now += timedelta(days=3)
    assert bench.controller.longest_silence() < 1
