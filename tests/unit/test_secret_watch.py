"""The watch of Secrets over an API of one dictionary: order, failures, and what is kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from okta_rotator.cluster import metadata_watch
from okta_rotator.cluster import secret_watch as module
from okta_rotator.cluster.errors import error_of_failure
from okta_rotator.cluster.secret_watch import OwnVersions, SecretChange, SecretWatch
from okta_rotator.cluster.secrets import secret_object
from okta_rotator.named_watches import NamedWatches
from okta_rotator.rotation.snapshot import Key
from tests.resources import Json
from tests.unit.fake_kube import FakeKube
from tests.unit.rotation import builders
from tests.waiting import until

LIST = "/api/v1/secrets"
KEY = Key("team-a", "target")


class Bench:
    def __init__(self) -> None:
        self.kube = FakeKube()
        self.own = OwnVersions()
        self.changes: list[SecretChange] = []
        self.put_list(1)
        self.watch = SecretWatch(cast(Any, self.kube), None, {}, self.own, self.changes.append)

    def put_list(self, version: int, *items: Json) -> None:
        metadata = {"resourceVersion": str(version)}
        self.kube.objects[LIST] = {"metadata": metadata, "items": list(items) or None}

    async def tell(self, kind: str, item: Json) -> None:
        await until(lambda: self.kube.watches)
        self.kube.watches[-1].put_nowait({"type": kind, "object": item})
        await asyncio.sleep(0.01)

    async def settled(self) -> list[SecretChange]:
        await asyncio.sleep(module.SETTLE * 2)
        return self.changes


def item(version: int) -> Json:
    metadata = {"namespace": "team-a", "name": "target", "uid": "u"}
    return {"metadata": metadata | {"resourceVersion": str(version)}}


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(module, "SETTLE", 0.03)
    monkeypatch.setattr(metadata_watch, "PAUSE", 0.02)
    made = Bench()
    task = asyncio.create_task(made.watch.run())
    await asyncio.wait_for(made.watch.has_begun.wait(), 1)
    yield made
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_our_own_writes_event_may_come_before_its_answer(bench: Bench) -> None:
    await bench.tell("MODIFIED", item(5))
    bench.own.note(secret_object(item(5)))
    assert await bench.settled() == []


async def test_an_event_that_is_late_is_covered_by_our_later_write(bench: Bench) -> None:
    bench.own.note(secret_object(item(9)))
    await bench.tell("MODIFIED", item(5))
    await bench.tell("MODIFIED", item(9))
    assert await bench.settled() == []
    # As numbers, not as text.
    await bench.tell("MODIFIED", item(10))
    assert len(await bench.settled()) == 1


async def test_the_end_of_an_older_secret_does_not_forget_the_newer(bench: Bench) -> None:
    bench.own.note(secret_object(item(9)))
    await bench.tell("DELETED", item(8))
    assert KEY in bench.own
    await bench.tell("DELETED", item(10))
    assert bench.own == {}


async def test_a_list_forgets_what_is_gone(bench: Bench) -> None:
    bench.own.note(secret_object(item(5)))
    await bench.tell("ADDED", item(5))
    bench.put_list(7)
    await bench.tell("ERROR", {"kind": "Status", "code": 410})
    await until(lambda: len(bench.kube.watches) == 2)
    assert bench.own == {}
    assert await bench.settled() == [SecretChange(KEY, None)]


async def test_a_list_does_not_forget_what_we_made_since(bench: Bench) -> None:
    await bench.tell("ADDED", item(5))
    bench.own.note(secret_object(item(8)))
    bench.put_list(7)
    await bench.tell("ERROR", {"kind": "Status", "code": 410})
    await until(lambda: len(bench.kube.watches) == 2)
    assert KEY in bench.own


async def test_a_bookmark_is_no_change(bench: Bench) -> None:
    await bench.tell("BOOKMARK", {"metadata": {"resourceVersion": "99"}})
    assert await bench.settled() == []


async def test_each_trouble_is_told_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    bench.kube.fails = [403] * 4 + [503] * 4
    await until(lambda: bench.kube.watches)
    bench.kube.watches[-1].put_nowait(error_of_failure(TimeoutError(), "watch"))
    await until(lambda: len(bench.kube.watches) == 2)
    messages = [one.getMessage() for one in caplog.records if one.name == metadata_watch.__name__]
    assert [message.rpartition(": ")[2] for message in messages] == [
        "no answer (TimeoutError)",
        "HTTP 403",
        "HTTP 503",
    ]


async def test_a_watch_of_a_target_that_fails_is_told_and_begun_anew_when_asked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kube = FakeKube()
    kube.objects["/api/v1/namespaces/team-a/secrets"] = {"metadata": "a defect"}
    watches = NamedWatches(cast(Any, kube), OwnVersions(), lambda _: None)
    for turn in (1, 2):
        watches.set(KEY, "target")
        await asyncio.sleep(0.02)
        assert not watches._tasks
        assert len(caplog.records) == turn
    assert "team-a/target: the watch of a Secret failed" in caplog.text


def test_an_answer_older_than_our_own_write_is_told_from_a_later_one() -> None:
    own, written = OwnVersions(), builders.target(resource_version="10")
    assert not own.have_replaced(written), "we have written nothing yet"
    own.note(written)
    assert own.have_replaced(builders.target(resource_version="9"))
    assert not own.have_replaced(written)
    assert not own.have_replaced(builders.target(resource_version="11"))
    own.forget(Key(written.namespace, written.name), "10")
    assert not own.have_replaced(builders.target(resource_version="9")), "that one is gone"
