"""The watches of Secrets on a real API server: what is news, and what is missed by nobody."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from okta_rotator import named_watches
from okta_rotator.cluster import metadata_watch
from okta_rotator.cluster import secret_watch as module
from okta_rotator.cluster.kube_api import METADATA_WATCH, KubeApi
from okta_rotator.cluster.resources import rotation_resource
from okta_rotator.cluster.secret_watch import OwnVersions, SecretChange, SecretWatch, ours
from okta_rotator.cluster.secrets import Secrets
from okta_rotator.named_watches import NamedWatches
from okta_rotator.rotation.snapshot import Key, SecretObject
from okta_rotator.rotation.target import TargetChange
from tests.cluster.kube import configuration_of
from tests.controlplane import ControlPlane
from tests.resources import CREATED, rotation
from tests.waiting import until

LABEL = {"okta-rotator.dev/rotation": "uid-1"}
NAME = {"okta-rotator.dev/rotation-name": "my-rotation"}


class Bench:
    def __init__(self, control_plane: ControlPlane, namespace: str, api: KubeApi) -> None:
        self.control_plane = control_plane
        self.namespace = namespace
        self.api = api
        self.own = OwnVersions()
        self.changes: list[tuple[str, str | None]] = []
        made = rotation()
        made["metadata"] |= {"namespace": namespace, "uid": "uid-1"}
        made["metadata"] |= {"resourceVersion": "1", "creationTimestamp": CREATED}
        self.resource = rotation_resource(made)

    def told(self, change: SecretChange) -> None:
        assert change.key.namespace == self.namespace
        self.changes.append((change.key.name, change.rotation_name))

    def watch(self, kind: type[SecretWatch] = SecretWatch) -> SecretWatch:
        return kind(self.api, self.namespace, ours(), self.own, self.told)

    async def write(self, name: str = "a", data: str = "1") -> SecretObject:
        """As the operator does: the version that it wrote is noted."""
        secrets = Secrets(self.api)
        existing = await secrets.read(self.namespace, name)
        values = {"value": data}
        change = TargetChange(name, "Opaque", dict(LABEL), dict(NAME), values, existing)
        written = await secrets.write_target(self.resource, change)
        self.own.note(written)
        return written

    async def kubectl(self, *args: str) -> None:
        """As another hand does, without holding up the loop."""
        await asyncio.to_thread(self.control_plane.kubectl, "-n", self.namespace, *args)

    async def until_told(self, changes: int) -> None:
        await until(lambda: len(self.changes) == changes)

    async def annotate(self, name: str = "a") -> None:
        await self.kubectl("annotate", "secret", name, f"by={time.monotonic_ns()}", "--overwrite")


@asynccontextmanager
async def running(watch: SecretWatch) -> AsyncIterator[None]:
    task = asyncio.create_task(watch.run())
    await asyncio.wait_for(watch.has_begun.wait(), 5)
    yield
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def opened(control_plane: ControlPlane, namespace: str) -> AsyncIterator[Bench]:
    api = KubeApi(await configuration_of(control_plane))
    yield Bench(control_plane, namespace, api)
    await api.close()
    # TLS says goodbye in the background where a watch was broken off.
    await asyncio.sleep(0.1)


@pytest.fixture
async def bench(control_plane: ControlPlane, namespace: str) -> AsyncIterator[Bench]:
    async with opened(control_plane, namespace) as made:
        yield made


async def test_own_writes_are_no_news(bench: Bench) -> None:
    async with running(bench.watch()):
        for turn in range(5):
            await bench.write(data=str(turn))
            await bench.write("b", data=str(turn))
        await asyncio.sleep(module.SETTLE + 0.3)
        assert bench.changes == []


async def test_what_was_there_before_is_no_news(bench: Bench) -> None:
    await bench.write()
    bench.own.clear()
    async with running(bench.watch()):
        await asyncio.sleep(module.SETTLE + 0.2)
        assert bench.changes == []


async def test_anothers_edit_is_told_within_a_second(bench: Bench) -> None:
    await bench.write()
    async with running(bench.watch()):
        await bench.annotate()
        await until(lambda: bench.changes == [("a", "my-rotation")], 1.0)
        await bench.kubectl("label", "secret", "a", "team=a")
        await until(lambda: len(bench.changes) == 2, 1.0)


async def test_anothers_deletion_is_told_and_the_version_forgotten(bench: Bench) -> None:
    await bench.write()
    async with running(bench.watch()):
        await bench.kubectl("delete", "secret", "a")
        await until(lambda: bench.changes == [("a", "my-rotation")])
        assert not bench.own
        # A Secret that we make anew is known again.
        await bench.write()
        await asyncio.sleep(module.SETTLE + 0.2)
        assert len(bench.changes) == 1


async def test_taking_our_mark_off_is_told(bench: Bench) -> None:
    await bench.write()
    async with running(bench.watch()):
        await bench.kubectl("label", "secret", "a", "okta-rotator.dev/rotation-")
        await until(lambda: bench.changes == [("a", "my-rotation")])


async def test_secrets_of_others_are_not_seen(bench: Bench) -> None:
    async with running(bench.watch()):
        await bench.kubectl("create", "secret", "generic", "theirs", "--from-literal=a=1")
        await asyncio.sleep(module.SETTLE + 0.2)
        assert bench.changes == []


async def test_an_own_write_after_anothers_covers_it(bench: Bench) -> None:
    """It was made under the version that it read, so it has seen the other."""
    await bench.write()
    async with running(bench.watch()):
        await bench.annotate()
        await bench.write(data="2")
        await asyncio.sleep(module.SETTLE + 0.3)
        assert bench.changes == []


async def test_pages(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata_watch, "PAGE", 2)
    for number in range(5):
        await bench.write(f"a{number}")
    watch = bench.watch()
    async with running(watch):
        assert len(watch._known) == 5
        await bench.kubectl("delete", "secret", "a3")
        await until(lambda: bench.changes == [("a3", "my-rotation")])


async def test_one_watch_after_the_other_misses_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata_watch, "WATCH_SECONDS", 1)
    monkeypatch.setattr(metadata_watch, "PAUSE", 0.3)
    await bench.write()
    async with running(bench.watch()):
        for turn in range(1, 8):
            await bench.annotate()
            await asyncio.sleep(0.4)
            await bench.until_told(turn)


class Stale(SecretWatch):
    """Its first watch is from a version that the server no longer knows."""

    stale: str | None = "1"

    async def _list(self) -> str:
        version = await super()._list()
        stale, self.stale = self.stale, None
        return stale or version


async def test_changes_while_the_server_was_away_are_told(
    new_control_plane: ControlPlane,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await asyncio.to_thread(new_control_plane.start)
    monkeypatch.setattr(metadata_watch, "PAUSE", 6.0)
    async with opened(new_control_plane, new_control_plane.create_namespace()) as bench:
        for name in ("edited", "deleted", "left", "ours"):
            await bench.write(name)
        watch = bench.watch()
        async with running(watch):
            await asyncio.to_thread(new_control_plane.apiserver.stop)
            # Within the pause after the failure, so by the list alone can it be known.
            await asyncio.to_thread(new_control_plane.apiserver.start)
            await bench.annotate("edited")
            await bench.kubectl("delete", "secret", "deleted")
            await bench.write("ours", "2")
            await until(lambda: len(bench.changes) == 2, 15)
            await asyncio.sleep(module.SETTLE)
            assert sorted(name for name, _ in bench.changes) == ["deleted", "edited"]
            assert Key(bench.namespace, "deleted") not in bench.own
            # And it follows again.
            await bench.annotate("left")
            await until(lambda: len(bench.changes) == 3)
        warnings = [one for one in caplog.records if one.name == metadata_watch.__name__]
        assert len(warnings) == 1
        caplog.clear()
        monkeypatch.setattr(metadata_watch, "PAUSE", 1.0)
        await check_that_410_is_handled(bench)
    assert not [one for one in caplog.records if one.name == metadata_watch.__name__]


async def check_that_410_is_handled(bench: Bench) -> None:
    """The server has been started anew, so it knows no version from before."""
    events = bench.api.watch(
        "/api/v1/secrets", METADATA_WATCH, timeoutSeconds=5, resourceVersion="1"
    )
    assert (await anext(events))["type"] == "ERROR"
    await events.aclose()
    bench.changes.clear()
    async with running(bench.watch(Stale)):
        await bench.annotate("left")
        await until(lambda: bench.changes == [("left", "my-rotation")], 3)
        await bench.annotate("left")
        await until(lambda: len(bench.changes) == 2)


async def test_missing_rights_are_told_once_and_not_fatal(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(metadata_watch, "PAUSE", 0.05)
    configuration = await configuration_of(bench.control_plane)
    configuration.api_key["BearerToken"] = "Bearer no-such-token"
    api = KubeApi(configuration)
    watch = SecretWatch(api, bench.namespace, ours(), bench.own, bench.told)
    task = asyncio.create_task(watch.run())
    await asyncio.sleep(0.5)
    assert not task.done()
    assert not watch.has_begun.is_set()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await api.close()
    (warning,) = [one for one in caplog.records if one.name == metadata_watch.__name__]
    assert "changes of Secrets by others may go unnoticed" in warning.getMessage()


async def test_a_target_in_the_way_is_watched_until_it_is_not(bench: Bench) -> None:
    woken: list[Key] = []
    key = Key(bench.namespace, "my-rotation")
    watches = NamedWatches(bench.api, bench.own, woken.append)
    await bench.kubectl("create", "secret", "generic", "target", "--from-literal=a=1")
    watches.set(key, "target")
    watches.set(key, "target")
    # Once at the beginning, for what changed before it.
    await until(lambda: woken == [key])
    assert len(watches._tasks) == 1
    await bench.kubectl("create", "secret", "generic", "other", "--from-literal=a=1")
    await bench.annotate("target")
    await until(lambda: woken == [key] * 2)
    await bench.kubectl("delete", "secret", "target")
    await until(lambda: woken == [key] * 3)
    watches.set(key, None)
    await asyncio.sleep(0)
    assert not watches._tasks
    await bench.kubectl("create", "secret", "generic", "target", "--from-literal=a=1")
    await asyncio.sleep(module.SETTLE + 0.2)
    assert woken == [key] * 3


async def test_no_target_is_watched_after_the_end(bench: Bench) -> None:
    watches = NamedWatches(bench.api, bench.own, lambda _: None)
    watches.set(Key(bench.namespace, "one"), "target")
    tasks = [task for _, task in watches._tasks.values()]
    watches.close()
    watches.set(Key(bench.namespace, "two"), "target")
    await asyncio.gather(*tasks, return_exceptions=True)
    assert all(task.cancelled() for task in tasks)
    assert not watches._tasks


async def test_no_more_targets_are_watched_than_there_is_room_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(named_watches, "MOST", 2)
    watches = NamedWatches(bench.api, bench.own, lambda _: None)
    one, two, three = (Key(bench.namespace, name) for name in ("one", "two", "three"))
    for key in (one, two, three):
        watches.set(key, "target")
    assert set(watches._tasks) == {one, two}
    watches.set(one, None)
    watches.set(three, "target")
    assert set(watches._tasks) == {two, three}
    watches.close()
