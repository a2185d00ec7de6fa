"""Candidates for a lease, in virtual time: taking, renewing, the fence, losing, giving up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from okta_rotator.cluster import elector as module
from okta_rotator.cluster.elector import (
    CALL_LIMIT,
    LONGEST_SILENCE,
    LOOK_EVERY,
    RENEW_EVERY,
    Elector,
)
from okta_rotator.cluster.errors import error_of_answer
from okta_rotator.cluster.lease import DURATION, MARGIN
from okta_rotator.rotation.fence import NotLeadingError
from tests import virtual_time
from tests.resources import Json

PATH = "/apis/coordination.k8s.io/v1/namespaces/home/leases"
ONE = f"{PATH}/okta-rotator"
WRITE = 10.0
Test = Callable[[], Coroutine[Any, Any, None]]


class Leases:
    """The API server with one lease. `fails`: the status of all answers; `hangs`: there is none."""

    def __init__(self) -> None:
        self.lease: Json | None = None
        self.version = 0
        self.fails: int | None = None
        self.hangs = False
        self.has_namespace = True
        self.reads = 0
        self.written: list[float] = []

    async def get(self, path: str) -> Json:
        assert path == ONE
        self.reads += 1
        await self._answer(path)
        if self.lease is None:
            raise error_of_answer(404, b"", path)
        return self.lease

    async def post(self, path: str, body: Mapping[str, Any]) -> Json:
        if path == "/api/v1/namespaces":
            assert body == {"metadata": {"name": "home"}}
            self.has_namespace = True
            return {}
        assert path == PATH
        if not self.has_namespace:
            raise error_of_answer(404, b"", path)
        return await self._write(path, body, None)

    async def put(self, path: str, body: Mapping[str, Any]) -> Json:
        assert path == ONE
        return await self._write(path, body, body["metadata"]["resourceVersion"])

    def hold(self, holder: str, seconds: int = 30) -> None:
        """By somebody else's hand."""
        self.version += 1
        spec = {"holderIdentity": holder, "leaseDurationSeconds": seconds}
        self.lease = {"metadata": {"resourceVersion": str(self.version)}, "spec": spec}

    @property
    def holder(self) -> str | None:
        return None if self.lease is None else self.lease["spec"]["holderIdentity"]

    async def _write(self, path: str, body: Mapping[str, Any], version: str | None) -> Json:
        await self._answer(path)
        if (
            version
            != (self.lease or {"metadata": {"resourceVersion": None}})["metadata"][
                "resourceVersion"
            ]
        ):
            raise error_of_answer(409, b"", path)
        self.version += 1
        self.written.append(time())
        metadata = {**body["metadata"], "resourceVersion": str(self.version)}
        self.lease = {**body, "metadata": metadata}
        return self.lease

    async def _answer(self, path: str) -> None:
        await asyncio.sleep(0.01)
        if self.hangs:
            await asyncio.sleep(1000)
        if self.fails is not None:
            raise error_of_answer(self.fails, b'{"message": "as you wish"}', path)


class Candidate:
    """An elector that runs until it has lost, and what it said of that."""

    def __init__(self, leases: Leases, name: str, *, makes_namespace: bool = False) -> None:
        self.lost: list[str] = []
        self.ended: set[str] = set()
        self.elector = Elector(
            cast(Any, leases),
            "home",
            "okta-rotator",
            clock=time,
            now=lambda: datetime(2026, 3, 1, tzinfo=UTC),
            identity=name,
            has_ended=self.ended.__contains__,
            on_loss=self.lost.append,
            makes_namespace=makes_namespace,
        )
        self.task = asyncio.create_task(self.elector.run())

    async def stop(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


def time() -> float:
    return asyncio.get_running_loop().time()


def in_virtual_time(test: Test) -> Callable[[], None]:
    def run() -> None:
        virtual_time.run(test())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


async def leading(leases: Leases, name: str = "first") -> Candidate:
    candidate = Candidate(leases, name)
    await candidate.elector.gained()
    return candidate


@in_virtual_time
async def test_the_first_leads_and_renews_every_five_seconds() -> None:
    leases = Leases()
    first = await leading(leases)
    await asyncio.sleep(60)
    pauses = {round(b - a, 1) for a, b in zip(leases.written, leases.written[1:], strict=False)}
    assert pauses == {RENEW_EVERY}
    assert leases.reads == 1
    assert first.elector.is_leader
    assert first.elector.what_keeps_it() is None
    await first.stop()


@in_virtual_time
async def test_the_second_only_looks() -> None:
    leases = Leases()
    first = await leading(leases)
    second = Candidate(leases, "second")
    await asyncio.sleep(60)
    assert not second.elector.is_leader
    assert second.elector.what_keeps_it() is None
    assert leases.reads == pytest.approx(1 + 60 / LOOK_EVERY, abs=1)
    assert leases.holder == "first"
    with pytest.raises(NotLeadingError):
        await second.elector.fence(WRITE)
    await first.stop()
    await second.stop()


@in_virtual_time
async def test_what_is_given_up_goes_to_the_second_at_its_next_look() -> None:
    leases = Leases()
    first = await leading(leases)
    second = Candidate(leases, "second")
    await asyncio.sleep(10)
    await first.stop()
    await first.elector.give_up()
    assert leases.holder == ""
    with pytest.raises(NotLeadingError):
        await first.elector.fence(0)
    since = time()
    await second.elector.gained()
    assert time() - since <= LOOK_EVERY + 0.1
    await second.stop()


@in_virtual_time
async def test_who_died_is_waited_out() -> None:
    leases = Leases()
    first = await leading(leases)
    second = Candidate(leases, "second")
    await asyncio.sleep(10)
    await first.stop()
    renewed = leases.written[-1]
    await second.elector.gained()
    assert DURATION <= time() - renewed <= DURATION + LOOK_EVERY + 0.1
    await second.stop()


@in_virtual_time
async def test_a_write_waits_for_a_renewal_where_too_little_is_left() -> None:
    leases = Leases()
    first = await leading(leases)
    leases.fails = 500
    await asyncio.sleep(DURATION - MARGIN - WRITE - 0.5)
    await first.elector.fence(WRITE)
    await asyncio.sleep(1)
    fence = asyncio.create_task(first.elector.fence(WRITE))
    await asyncio.sleep(5)
    assert not fence.done()
    leases.fails = None
    await asyncio.sleep(module.TRY_AGAIN + 0.1)
    assert fence.done()
    assert first.lost == []
    await first.stop()


@pytest.mark.parametrize("trouble", ["fails", "hangs"])
def test_a_lease_that_cannot_be_renewed_is_lost_before_it_has_run_out(trouble: str) -> None:
    async def test() -> None:
        leases = Leases()
        first = await leading(leases)
        since = leases.written[-1]
        setattr(leases, trouble, 503 if trouble == "fails" else True)
        fence = asyncio.create_task(first.elector.fence(DURATION))
        await asyncio.sleep(since + DURATION - MARGIN - 0.1 - time())
        assert first.elector.is_leader
        await asyncio.sleep(0.1)
        assert first.lost == [
            "the lease home/okta-rotator is lost: it could not be renewed in time"
        ]
        with pytest.raises(NotLeadingError):
            await fence
        await first.task

    virtual_time.run(test())


@in_virtual_time
async def test_a_process_that_slept_finds_its_lease_lost_before_anything_else() -> None:
    leases = Leases()
    first = await leading(leases)
    second = Candidate(leases, "second")
    await asyncio.sleep(0.5)
    writes = len(leases.written)
    virtual_time.jump(3600)
    with pytest.raises(NotLeadingError):
        await first.elector.fence(0)
    for _ in range(2):  # The timers that are due, and before what they wake.
        await asyncio.sleep(0)
    assert len(first.lost) == 1
    assert len(leases.written) == writes
    await first.task
    await second.stop()


@in_virtual_time
async def test_a_renewal_that_is_answered_after_the_loss_brings_nothing_back() -> None:
    leases = Leases()
    first = await leading(leases)
    await asyncio.sleep(RENEW_EVERY - 0.005)
    virtual_time.jump(3600)
    await asyncio.sleep(1)
    assert not first.elector.is_leader
    assert len(first.lost) == 1
    await first.task


@in_virtual_time
async def test_a_lease_that_somebody_took_is_lost_at_the_next_renewal() -> None:
    leases = Leases()
    first = await leading(leases)
    await asyncio.sleep(1)
    leases.hold("somebody")
    await asyncio.sleep(RENEW_EVERY)
    assert first.lost == ["the lease home/okta-rotator is lost: somebody holds it now"]
    assert leases.holder == "somebody"


@in_virtual_time
async def test_a_change_by_another_hand_that_leaves_the_holder_is_kept() -> None:
    leases = Leases()
    first = await leading(leases)
    leases.hold("first")
    assert leases.lease is not None
    leases.lease["metadata"]["labels"] = {"team": "a"}
    await asyncio.sleep(2 * RENEW_EVERY)
    assert first.elector.is_leader
    assert first.lost == []
    assert leases.lease["metadata"]["labels"] == {"team": "a"}
    await first.stop()


@in_virtual_time
async def test_a_deleted_lease_is_made_anew_by_who_holds_it() -> None:
    leases = Leases()
    first = await leading(leases)
    second = Candidate(leases, "second")
    await asyncio.sleep(RENEW_EVERY + 1)
    leases.lease = None
    await asyncio.sleep(RENEW_EVERY)
    assert leases.holder == "first"
    assert first.elector.is_leader
    assert not second.elector.is_leader
    await first.stop()
    await second.stop()


@pytest.mark.parametrize("status", [403, 404, 500])
def test_who_can_neither_lead_nor_stand_by_says_why(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        leases = Leases()
        leases.fails = status
        one = Candidate(leases, "one")
        assert one.elector.what_keeps_it() == "starting"
        await asyncio.sleep(30)
        text = one.elector.what_keeps_it() or ""
        assert text.startswith("the lease home/okta-rotator cannot be had: Kubernetes: ")
        assert "as you wish" in text
        assert one.elector.what_is_dead() is None
        assert [record.getMessage() for record in caplog.records] == [text]
        leases.fails = None
        await one.elector.gained()
        assert one.elector.what_keeps_it() is None
        await one.stop()

    virtual_time.run(test())


@in_virtual_time
async def test_a_take_over_that_was_cut_off_in_mid_call_is_taken_back_at_the_end() -> None:
    leases = Leases()
    leases.hold("", 1)
    one = Candidate(leases, "one")
    await asyncio.sleep(0.015)
    assert leases.reads == 1
    await one.stop()
    leases.hold("one")  # It has landed.
    await one.elector.give_up()
    assert leases.holder == ""


@in_virtual_time
async def test_who_never_held_it_gives_nothing_up() -> None:
    leases = Leases()
    leases.hold("other")
    one = Candidate(leases, "one")
    await asyncio.sleep(1)
    await one.stop()
    reads = leases.reads
    await one.elector.give_up()
    assert (leases.holder, leases.reads, leases.written) == ("other", reads, [])


@pytest.mark.parametrize("trouble", ["fails", "hangs"])
def test_a_giving_up_that_fails_is_no_matter(trouble: str) -> None:
    async def test() -> None:
        leases = Leases()
        one = await leading(leases)
        await one.stop()
        setattr(leases, trouble, 503 if trouble == "fails" else True)
        since = time()
        await one.elector.give_up()
        assert time() - since <= CALL_LIMIT + 0.1
        assert leases.holder == "first"

    virtual_time.run(test())


@in_virtual_time
async def test_who_looks_no_more_is_dead() -> None:
    one = await leading(Leases())
    await one.stop()
    await asyncio.sleep(LONGEST_SILENCE - 1)
    assert one.elector.what_is_dead() is None
    await asyncio.sleep(2)
    assert "has not been looked at for 61 s" in (one.elector.what_is_dead() or "")


@in_virtual_time
async def test_a_holder_that_has_ended_is_not_waited_for() -> None:
    leases = Leases()
    leases.hold("before")
    candidate = Candidate(leases, "b")
    candidate.ended.add("before")
    await asyncio.wait_for(candidate.elector.gained(), LOOK_EVERY)
    assert leases.holder == "b"
    await candidate.stop()


@in_virtual_time
async def test_a_holder_that_ends_while_it_is_waited_for_is_followed_at_the_next_look() -> None:
    leases = Leases()
    leases.hold("before")
    candidate = Candidate(leases, "b")
    await asyncio.sleep(LOOK_EVERY)
    assert leases.holder == "before"
    candidate.ended.add("before")
    await asyncio.wait_for(candidate.elector.gained(), 2 * LOOK_EVERY)
    await candidate.stop()


@in_virtual_time
async def test_a_namespace_is_made_only_where_nobody_has_named_it() -> None:
    leases = Leases()
    leases.has_namespace = False
    bound = Candidate(leases, "a")
    await asyncio.sleep(3 * LOOK_EVERY)
    assert not leases.has_namespace
    assert "--lease-namespace names another namespace" in str(bound.elector.what_keeps_it())
    await bound.stop()
    free = Candidate(leases, "b", makes_namespace=True)
    await asyncio.wait_for(free.elector.gained(), LOOK_EVERY)
    assert leases.holder == "b"
    await free.stop()
