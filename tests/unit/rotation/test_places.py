"""A worker's place: given back while a call waits, and the wait ended by news."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from okta_rotator.rotation.places import PLACE, ChangedError, Place, aside, in_line

FOREVER = 1000.0


class Office:
    """Gives one place, and notes what becomes of it."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.place: Place | None = None

    def free(self) -> None:
        self.notes.append("free")

    async def take(self) -> None:
        self.notes.append("taken")

    async def have_done(self, work: Callable[[], Awaitable[None]]) -> None:
        self.place = Place(self.free, self.take)
        PLACE.set(self.place)
        await work()

    def outdate(self) -> None:
        assert self.place is not None
        self.place.outdate()


async def stand_in_line() -> None:
    async with aside():
        with in_line():
            await asyncio.sleep(FOREVER)


async def test_the_place_is_free_for_as_long_as_the_work_stands_aside() -> None:
    office = Office()

    async def work() -> None:
        async with aside():
            office.notes.append("aside")
            async with aside():
                office.notes.append("still")

    await office.have_done(work)

    assert office.notes == ["free", "aside", "still", "taken"]


async def test_work_without_a_place_waits_as_well() -> None:
    async with aside():
        with in_line():
            await asyncio.sleep(0)


async def test_news_ends_the_wait_in_line() -> None:
    office = Office()
    task = asyncio.create_task(office.have_done(stand_in_line))
    await asyncio.sleep(0)

    office.outdate()
    office.outdate()

    with pytest.raises(ChangedError):
        await task
    assert office.notes == ["free", "taken"]
    assert task.cancelling() == 0


async def test_news_from_before_the_wait_ends_it_too() -> None:
    office = Office()

    async def work() -> None:
        office.outdate()
        await stand_in_line()

    with pytest.raises(ChangedError):
        await office.have_done(work)


async def test_news_ends_nothing_but_a_wait_in_line() -> None:
    office, gate = Office(), asyncio.Event()

    async def work() -> None:
        async with aside():
            with in_line():
                await asyncio.sleep(0)
            await gate.wait()

    task = asyncio.create_task(office.have_done(work))
    while not office.notes:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)

    office.outdate()
    await asyncio.sleep(0.01)
    gate.set()

    await task


@pytest.mark.parametrize("has_news", [False, True])
async def test_a_cancellation_stays_one(has_news: bool) -> None:
    office = Office()
    task = asyncio.create_task(office.have_done(stand_in_line))
    await asyncio.sleep(0)

    if has_news:
        office.outdate()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert office.notes == ["free"], "it needs no place to end"
