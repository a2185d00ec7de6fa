"""What kopf does that our design rests on. A test that fails after an upgrade of kopf names the
assumption that no longer holds; kopf's own documentation says little of it.

Not covered: its queueing, its paging, its peering; we rely on none of their details.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kopf
import pytest

from okta_rotator.api.names import FINALIZER, ROTATION_PLURAL
from tests.cluster.kopf_thread import ROTATIONS, KopfThread
from tests.controlplane import ControlPlane
from tests.resources import Json, rotation

pytestmark = pytest.mark.usefixtures("crds")

ROOT = Path(__file__).parents[2]
TICK = 0.2
INVALID_CONDITIONS = "this is no list"


class Cluster:
    """One resource in one namespace."""

    def __init__(self, control_plane: ControlPlane, namespace: str) -> None:
        self.control_plane = control_plane
        self.namespace = namespace

    def create(self) -> None:
        self.kubectl("create", "-f", "-", input=json.dumps(rotation()))

    def resource(self) -> Json:
        return dict(json.loads(self.kubectl("get", "ocsr", "my-rotation", "-o", "json")))

    def kubectl(self, *args: str, input: str | None = None) -> str:
        return self.control_plane.kubectl("-n", self.namespace, *args, input=input).stdout

    def requests(self) -> int:
        """What the API server has been asked about our kind so far, watches aside."""
        pattern = rf'^apiserver_request_total\{{[^}}]*resource="{ROTATION_PLURAL}"[^}}]*\}} (\d+)'
        text = self.control_plane.kubectl("get", "--raw", "/metrics").stdout
        return sum(int(found[1]) for found in re.finditer(pattern, text, re.MULTILINE))


@pytest.fixture
def cluster(control_plane: ControlPlane, namespace: str) -> Cluster:
    return Cluster(control_plane, namespace)


@pytest.fixture
def operator(control_plane: ControlPlane, namespace: str) -> KopfThread:
    return KopfThread(control_plane, namespace)


def until(holds: Callable[[], object], seconds: float = 8.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def test_a_failed_patch_ends_a_timer_for_good_and_silently(
    cluster: Cluster, operator: KopfThread
) -> None:
    ended: list[float] = []
    kept: list[float] = []

    @kopf.timer(*ROTATIONS, registry=operator.registry, interval=TICK)
    async def patching(patch: kopf.Patch, **_: Any) -> None:
        ended.append(time.monotonic())
        patch.status["conditions"] = INVALID_CONDITIONS

    @kopf.timer(*ROTATIONS, registry=operator.registry, interval=TICK)
    async def passive(**_: Any) -> None:
        kept.append(time.monotonic())

    with operator:
        cluster.create()
        until(lambda: len(kept) > 8)
    assert len(ended) == 1
    # Nothing else tells of it, and kopf mutes even this (`asyncio`'s logger) in its own command.
    assert [error for error in operator.unretrieved if "conditions" in str(error)]


def test_a_timer_that_patches_nothing_and_returns_none_makes_no_request(
    cluster: Cluster, operator: KopfThread
) -> None:
    ticks: list[float] = []

    @kopf.timer(*ROTATIONS, registry=operator.registry, interval=TICK)
    async def passive(**_: Any) -> None:
        ticks.append(time.monotonic())

    with operator:
        cluster.create()
        until(lambda: len(ticks) > 3 and "finalizers" in cluster.resource()["metadata"])
        before, count = cluster.requests(), len(ticks)
        until(lambda: len(ticks) > count + 8)
        assert cluster.requests() == before


def test_an_initial_delay_that_raises_ends_the_timer(
    cluster: Cluster, operator: KopfThread
) -> None:
    ended: list[float] = []
    kept: list[float] = []

    def broken(**_: Any) -> float:
        raise LookupError("no delay")

    @kopf.timer(*ROTATIONS, registry=operator.registry, interval=TICK, initial_delay=broken)
    async def never(**_: Any) -> None:
        ended.append(time.monotonic())

    @kopf.timer(*ROTATIONS, registry=operator.registry, interval=TICK)
    async def passive(**_: Any) -> None:
        kept.append(time.monotonic())

    with operator:
        cluster.create()
        until(lambda: len(kept) > 5)
    assert not ended
    assert any(isinstance(error, LookupError) for error in operator.unretrieved)


def test_a_timer_with_idle_alone_hangs_at_the_end(cluster: Cluster) -> None:
    cluster.create()
    command = [sys.executable, "-m", "tests.cluster.idle_timer"]
    arguments = [str(cluster.control_plane.folder), cluster.namespace]
    process = subprocess.Popen([*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "stopping\n"
        # Longer than the five seconds after which kopf cancels what still runs.
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(6.5)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.filterwarnings("ignore:.*did not exit in time:ResourceWarning")
def test_at_the_end_a_running_handler_has_five_seconds_and_older_tasks_are_spared(
    control_plane: ControlPlane, cluster: Cluster
) -> None:
    operator = KopfThread(control_plane, cluster.namespace, before=lambda: asyncio.sleep(60))
    began: list[float] = []
    cancelled: dict[str, float] = {}

    async def sleep(who: str) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled[who] = time.monotonic()
            raise

    @kopf.timer(*ROTATIONS, registry=operator.registry, interval=TICK)
    async def long(**_: Any) -> None:
        began.append(time.monotonic())
        child = asyncio.create_task(sleep("younger task"))
        await sleep("handler")
        await child

    with operator:
        cluster.create()
        until(lambda: began)
        since = time.monotonic()
        operator.stop()
    assert cancelled.keys() == {"handler", "younger task"}
    assert all(4 < at - since < 8 for at in cancelled.values())
    assert operator.was_spared


def test_the_cleanup_handler_runs_before_what_still_runs_is_cancelled(
    cluster: Cluster, operator: KopfThread
) -> None:
    """So that a runtime which is started in kopf can drain in it, and end its own tasks."""
    tasks: list[asyncio.Task[None]] = []
    was_running: list[bool] = []

    @kopf.on.startup(registry=operator.registry)
    async def start(**_: Any) -> None:
        tasks.append(asyncio.create_task(asyncio.sleep(60)))

    @kopf.on.cleanup(registry=operator.registry)
    async def stop(**_: Any) -> None:
        was_running.extend(not task.done() for task in tasks)
        for task in tasks:
            task.cancel()

    @kopf.timer(*ROTATIONS, registry=operator.registry, interval=TICK)
    async def passive(**_: Any) -> None:
        pass

    with operator:
        cluster.create()
    assert was_running == [True]


def test_deletion_runs_beside_the_timer_and_more_than_once(
    cluster: Cluster, operator: KopfThread
) -> None:
    began: list[float] = []
    ended: list[float] = []
    deletions: list[float] = []
    is_deleted = asyncio.Event()

    @kopf.timer(*ROTATIONS, registry=operator.registry, interval=TICK)
    async def deaf(**_: Any) -> None:
        began.append(time.monotonic())
        await is_deleted.wait()
        await asyncio.sleep(0.3)
        ended.append(time.monotonic())

    @kopf.on.delete(*ROTATIONS, registry=operator.registry)
    async def delete(**_: Any) -> None:
        deletions.append(time.monotonic())
        is_deleted.set()
        if len(deletions) < 2:
            # Once the timer has ended: else kopf looks at it again after a minute only.
            raise kopf.TemporaryError("again", delay=1)

    with operator:
        cluster.create()
        until(lambda: began and "finalizers" in cluster.resource()["metadata"])
        cluster.kubectl("delete", "ocsr", "my-rotation", "--timeout=8s")
    assert len(deletions) == 2
    assert deletions[0] < ended[0]


def test_kopf_writes_the_finalizer_and_nothing_else(cluster: Cluster, operator: KopfThread) -> None:
    seen: list[int] = []

    @kopf.on.event(*ROTATIONS, registry=operator.registry)
    async def event(body: kopf.Body, **_: Any) -> None:
        seen.append(body["metadata"]["generation"])

    @kopf.timer(*ROTATIONS, registry=operator.registry, interval=TICK)
    async def passive(**_: Any) -> None:
        pass

    @kopf.on.delete(*ROTATIONS, registry=operator.registry)
    async def delete(**_: Any) -> None:
        pass

    with operator:
        cluster.create()
        until(lambda: cluster.resource()["metadata"].get("finalizers") == [FINALIZER])
        patch = json.dumps({"spec": {"rotationInterval": 60}})
        cluster.kubectl("patch", "ocsr", "my-rotation", "--type=merge", "-p", patch)
        until(lambda: 2 in seen)
        time.sleep(1)
        metadata = cluster.resource()["metadata"]
        resource_version = metadata["resourceVersion"]
        assert "annotations" not in metadata
        assert metadata["finalizers"] == [FINALIZER]
        time.sleep(0.5)
        assert cluster.resource()["metadata"]["resourceVersion"] == resource_version
        cluster.kubectl("delete", "ocsr", "my-rotation", "--timeout=8s")


def test_the_timer_of_a_resource_that_went_before_it_had_the_finalizer_ticks_on(
    cluster: Cluster, operator: KopfThread
) -> None:
    """So a tick is no proof that there is a resource: `Controller.tick` asks what it has seen."""
    events: list[str] = []
    ticks: list[float] = []

    @kopf.on.event(*ROTATIONS, registry=operator.registry)
    async def event(event: kopf.RawEvent, **_: Any) -> None:
        events.append(str(event["type"]))
        if event["type"] == "ADDED":
            # Longer than the deletion takes: kopf adds the finalizer and the timer after this.
            await asyncio.sleep(1)

    @kopf.timer(*ROTATIONS, registry=operator.registry, interval=TICK)
    async def ghost(**_: Any) -> None:
        ticks.append(time.monotonic())

    with operator:
        time.sleep(0.5)
        cluster.create()
        until(lambda: events == ["ADDED"])
        cluster.kubectl("delete", "ocsr", "my-rotation", "--timeout=8s")
        until(lambda: events == ["ADDED", "DELETED"])
        count = len(ticks)
        until(lambda: len(ticks) > count + 5)
