"""The labels of namespaces over an API of one dictionary: wanted first, then followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from okta_rotator.cluster import metadata_watch
from okta_rotator.cluster.errors import error_of_failure
from okta_rotator.cluster.namespaces import PATH, NamespaceLabels
from tests.resources import Json
from tests.unit.fake_kube import FakeKube
from tests.waiting import until


class Bench:
    def __init__(self) -> None:
        self.kube = FakeKube()
        self.told: list[frozenset[str]] = []
        self.labels = NamespaceLabels(cast(Any, self.kube), self.told.append)
        self.put_list(namespace("team-a", team="a"), namespace("bare"))

    def put_list(self, *items: Json) -> None:
        self.kube.objects[PATH] = {"metadata": {"resourceVersion": "1"}, "items": list(items)}

    async def begin(self) -> None:
        self.labels.need()
        await asyncio.wait_for(self.labels.known(), 40)
        await until(lambda: self.kube.watches)

    async def tell(self, kind: str, item: Json) -> None:
        self.kube.watches[-1].put_nowait({"type": kind, "object": item})
        await until(lambda: self.kube.watches[-1].empty())
        await asyncio.sleep(0)


def namespace(name: str, version: int = 1, **labels: str) -> Json:
    metadata = {"name": name, "resourceVersion": str(version)}
    return {"metadata": metadata | ({"labels": labels} if labels else {})}


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(metadata_watch, "PAUSE", 0.02)
    made = Bench()
    task = asyncio.create_task(made.labels.run())
    yield made
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_nothing_is_asked_before_they_are_wanted(bench: Bench) -> None:
    for _ in range(20):
        await asyncio.sleep(0)
    assert bench.kube.listed == 0
    # Who waits for what nobody wants would wait for ever.
    await asyncio.wait_for(bench.labels.known(), 40)
    assert bench.labels.of("team-a") is None


async def test_all_are_known_after_the_list(bench: Bench) -> None:
    await bench.begin()
    assert bench.labels.of("team-a") == {"team": "a"}
    assert bench.labels.of("bare") == {}
    assert bench.labels.of("no-such") is None
    assert bench.told == [{"team-a", "bare"}]


async def test_of_a_change_only_other_labels_are_told(bench: Bench) -> None:
    await bench.begin()
    bench.told.clear()
    await bench.tell("MODIFIED", namespace("team-a", 2, team="a"))
    assert bench.told == []
    await bench.tell("MODIFIED", namespace("team-a", 3, team="b"))
    assert bench.labels.of("team-a") == {"team": "b"}
    await bench.tell("MODIFIED", namespace("team-a", 4))
    assert bench.labels.of("team-a") == {}
    assert bench.told == [{"team-a"}, {"team-a"}]


async def test_one_that_is_made_or_deleted_is_told(bench: Bench) -> None:
    await bench.begin()
    bench.told.clear()
    await bench.tell("ADDED", namespace("new", 2))
    assert bench.labels.of("new") == {}
    await bench.tell("DELETED", namespace("new", 3))
    assert bench.labels.of("new") is None
    assert bench.told == [{"new"}, {"new"}]


async def test_what_changed_while_the_watch_was_down_is_told(bench: Bench) -> None:
    await bench.begin()
    bench.told.clear()
    bench.put_list(namespace("team-a", 9, team="b"))
    bench.kube.watches[-1].put_nowait(error_of_failure(ConnectionError(), "watch"))
    await until(lambda: bench.told)
    assert bench.told == [{"team-a", "bare"}]
    assert bench.labels.of("bare") is None
