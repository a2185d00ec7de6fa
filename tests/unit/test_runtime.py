"""The process: no part of it may end unnoticed, and the end has an end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Coroutine
from typing import Any, cast

import kopf
import pytest

from okta_rotator import runtime as module
from okta_rotator.api.names import CONNECTION_PLURAL
from okta_rotator.okta.urls import DEFAULT_DOMAINS
from okta_rotator.runtime import Runtime
from okta_rotator.settings import LogFormat, Settings
from okta_rotator.signals import End
from tests.resources import CREATED, rotation
from tests.unit.fake_kube import FakeKube

SETTINGS = Settings(
    namespaces=("team-a",),
    operator_namespace="okta-rotator-system",
    log_level="INFO",
    log_format=LogFormat.JSON,
    http_port=0,
    workers=2,
    heartbeat=60,
    okta_domains=DEFAULT_DOMAINS,
    allow_insecure_okta=False,
    lease_namespace="okta-rotator-system",
    lease_name="okta-rotator",
    makes_lease_namespace=False,
    leader_election=False,
)
SECRETS = "/api/v1/namespaces/team-a/secrets"
CONNECTIONS = f"/apis/okta-rotator.dev/v1alpha1/namespaces/team-a/{CONNECTION_PLURAL}"


class Standing:
    """A leadership as a test wants it: gained at once, or when it says so."""

    def __init__(self) -> None:
        self.is_leader = True
        self.trouble: str | None = None
        self.is_dead: str | None = None
        self.is_gained = asyncio.Event()
        self.is_gained.set()
        self.given_up = 0

    async def fence(self, takes: float) -> None: ...

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def gained(self) -> None:
        await self.is_gained.wait()

    async def give_up(self) -> None:
        self.given_up += 1

    def what_keeps_it(self) -> str | None:
        return self.trouble

    def what_is_dead(self) -> str | None:
        return self.is_dead


@pytest.fixture
def standing() -> Standing:
    return Standing()


@pytest.fixture
async def runtime(standing: Standing) -> Runtime:
    kube = FakeKube()
    kube.objects[SECRETS] = {"metadata": {"resourceVersion": "1"}, "items": []}
    kube.objects[CONNECTIONS] = {"metadata": {"resourceVersion": "1"}, "items": []}
    return Runtime(SETTINGS, cast(Any, kube), End(), standing)


def kube_of(runtime: Runtime) -> FakeKube:
    return cast(FakeKube, runtime._api)


def put_in_place_of_kopf(
    monkeypatch: pytest.MonkeyPatch, runs: Callable[..., Coroutine[Any, Any, None]]
) -> None:
    async def spawns(**_: Any) -> list[asyncio.Task[None]]:
        return []

    monkeypatch.setattr(kopf, "spawn_tasks", spawns)
    monkeypatch.setattr(kopf, "run_tasks", runs)


async def test_it_starts_and_ends_and_nothing_is_left(runtime: Runtime) -> None:
    before = asyncio.all_tasks()
    async with runtime.started():
        assert runtime.what_is_dead() is None
    assert asyncio.all_tasks() == before
    assert runtime.what_is_dead() is None


async def test_a_start_waits_for_the_api_server(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    connections = kube_of(runtime).objects.pop(CONNECTIONS)

    async def live() -> None:
        async with runtime.started():
            pass

    living = asyncio.create_task(live())
    await asyncio.sleep(0.2)
    assert not living.done()
    assert caplog.records
    kube_of(runtime).objects[CONNECTIONS] = connections
    await asyncio.wait_for(living, 5)


@pytest.mark.parametrize("part", ["secret watch", "events", "queue"])
async def test_a_part_that_ends_unexpectedly_ends_the_process(
    part: str, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Else the process would live on, ready and alive, and do a part of its work no more."""

    async def kopf_runs(*_: Any, **__: Any) -> None:
        if part == "secret watch":
            kube_of(runtime).watches[-1].put_nowait({"type": "ADDED", "object": "a defect"})
        elif part == "events":
            runtime._events._waiting.put_nowait(cast(Any, "a defect"))
        else:
            queue = runtime._controller.queue
            queue._heap.append(cast(Any, "a defect"))
            queue._heap_changed.set()
        await asyncio.wait_for(runtime._end.asked.wait(), 5)
        assert runtime.what_is_dead() == "a part of the process has failed"

    put_in_place_of_kopf(monkeypatch, kopf_runs)
    monkeypatch.setattr(module, "PATIENCE_WITH_WORK", 0.2)
    with pytest.raises(SystemExit) as caught:
        await runtime.run()
    assert caught.value.code == 1
    failures = [one for one in caplog.records if one.levelno == logging.CRITICAL]
    assert "a part of the process has failed" in failures[0].getMessage()
    assert failures[0].exc_info is not None


async def test_an_end_as_asked_is_no_failure(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def kopf_runs(*_: Any, **__: Any) -> None:
        pass

    put_in_place_of_kopf(monkeypatch, kopf_runs)
    await runtime.run()
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]


async def test_a_failure_of_kopf_is_raised_after_the_clean_up(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def kopf_runs(*_: Any, **__: Any) -> None:
        raise LookupError("kopf failed")

    put_in_place_of_kopf(monkeypatch, kopf_runs)
    before = asyncio.all_tasks()
    with pytest.raises(LookupError):
        await runtime.run()
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("is_by_signal", [True, False])
async def test_a_failure_of_kopf_matters_unless_a_signal_came_first(
    is_by_signal: bool, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kopf's own end sets the flag of ours, too."""

    async def kopf_runs(*_: Any, **__: Any) -> None:
        if is_by_signal:
            runtime._end._ask(signal.SIGTERM)
        else:
            runtime._take_no_more()
        raise LookupError("kopf failed")

    put_in_place_of_kopf(monkeypatch, kopf_runs)
    with contextlib.nullcontext() if is_by_signal else pytest.raises(LookupError):
        await runtime.run()


async def test_an_end_during_the_start_is_no_failure(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def kopf_runs(*_: Any, **__: Any) -> None:
        raise AssertionError("kopf is not to begin")

    put_in_place_of_kopf(monkeypatch, kopf_runs)
    del kube_of(runtime).objects[CONNECTIONS]
    asyncio.get_running_loop().call_later(0.1, runtime._end._ask, signal.SIGTERM)
    before = asyncio.all_tasks()
    await asyncio.wait_for(runtime.run(), 2)
    assert asyncio.all_tasks() == before


async def test_a_part_that_fails_during_the_start_is_a_failure(runtime: Runtime) -> None:
    del kube_of(runtime).objects[CONNECTIONS]
    broken = cast(Any, "a defect")
    asyncio.get_running_loop().call_later(0.1, runtime._events._waiting.put_nowait, broken)
    with pytest.raises(SystemExit) as caught:
        async with asyncio.timeout(5):
            await runtime.run()
    assert caught.value.code == 1


async def test_work_that_takes_too_long_is_cut_off(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_WITH_WORK", 0.2)
    made = rotation()
    made["metadata"] |= {
        "namespace": "team-a",
        "uid": "u",
        "resourceVersion": "1",
        "creationTimestamp": CREATED,
    }

    async def work_for_ever(_: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(runtime._controller.queue, "_work", work_for_ever)
    async with asyncio.timeout(3), runtime.started():
        runtime._controller.saw(made)
        await asyncio.sleep(0.05)


async def test_a_heartbeat_that_is_overdue_makes_the_process_dead(runtime: Runtime) -> None:
    made = rotation()
    made["metadata"] |= {
        "namespace": "team-a",
        "uid": "u",
        "resourceVersion": "1",
        "creationTimestamp": CREATED,
    }
    runtime._controller.saw(made)
    assert runtime.what_is_dead() is None
    runtime._controller._ticks["u"] -= module.SILENT_INTERVALS * SETTINGS.heartbeat
    assert runtime.what_is_dead() == "a resource has had no heartbeat for 300 s"


async def test_kopfs_end_is_the_beginning_of_ours(runtime: Runtime) -> None:
    registry = kopf.OperatorRegistry()
    runtime.register(registry)
    runtime._is_ready.set()
    runtime._take_no_more()
    assert not runtime._is_ready.is_set()
    runtime._controller.queue.add(cast(Any, "key"))
    assert runtime._controller.queue.depth == 0


async def test_nothing_begins_before_the_lease_is_ours_and_who_waits_for_it_is_ready(
    runtime: Runtime, standing: Standing
) -> None:
    standing.is_leader = False
    standing.is_gained.clear()

    async def live() -> None:
        async with runtime.started():
            pass

    living = asyncio.create_task(live())
    await asyncio.sleep(0.1)
    assert kube_of(runtime).listed == 0
    assert runtime.what_is_not_ready() is None
    standing.trouble = "the lease cannot be had"
    assert runtime.what_is_not_ready() == "the lease cannot be had"
    standing.is_leader = True
    assert runtime.what_is_not_ready() == "starting"
    standing.is_gained.set()
    await living
    assert kube_of(runtime).listed > 0


async def test_an_end_while_standing_by_comes_at_once(runtime: Runtime, standing: Standing) -> None:
    standing.is_gained.clear()
    asyncio.get_running_loop().call_later(0.1, runtime._end._ask, signal.SIGTERM)
    before = asyncio.all_tasks()
    await asyncio.wait_for(runtime.run(), 2)
    assert asyncio.all_tasks() == before
    assert standing.given_up == 1


async def test_the_lease_is_given_up_last(
    runtime: Runtime, standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime._controller.queue, "drained", lambda: asyncio.sleep(0.2))
    async with runtime.started():
        others = asyncio.all_tasks()
        leaving = asyncio.create_task(asyncio.sleep(0.1))
        leaving.add_done_callback(lambda _: counted.append(standing.given_up))
        counted: list[int] = []
    assert (counted, standing.given_up) == ([0], 1)
    assert {task for task in others if not task.done()} == {asyncio.current_task()}


async def test_a_lease_runs_out_by_itself_where_what_was_cut_off_may_still_land(
    runtime: Runtime, standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_WITH_WORK", 0.1)
    monkeypatch.setattr(runtime._controller.queue, "drained", lambda: asyncio.sleep(60))
    async with runtime.started():
        pass
    assert standing.given_up == 0


async def test_a_dead_elector_makes_the_process_dead(runtime: Runtime, standing: Standing) -> None:
    standing.is_dead = "the lease has not been looked at"
    assert runtime.what_is_dead() == standing.is_dead
