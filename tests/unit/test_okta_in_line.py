"""Calls to Okta of a work that has a place: which waits news may end, and which not."""

import asyncio
from collections.abc import Awaitable, Callable
from email.utils import format_datetime
from typing import TypeVar

import httpx
import pytest

from okta_rotator.okta.auth import ApiTokenSignIn
from okta_rotator.okta.client import OktaClient
from okta_rotator.rotation.okta_view import AuthMethod
from okta_rotator.rotation.places import PLACE, ChangedError, Place
from okta_rotator.rotation.values import SecretValue
from tests import virtual_time
from tests.unit.okta_org import APP_ID, BASE, NOW, VALUE, answer

T = TypeVar("T")

WINDOW = 30


class Okta:
    """Allows one call in a window; the first ones are answered by the statuses given."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self.calls: list[float] = []
        sign_in = ApiTokenSignIn(SecretValue("00Q-token"))
        transport = httpx.MockTransport(self._answer)
        self.client = OktaClient(BASE, sign_in, transport, now=lambda: NOW)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(now())
        headers = {
            "Date": format_datetime(NOW, usegmt=True),
            "X-Rate-Limit-Limit": "1",
            "X-Rate-Limit-Remaining": "0",
            "X-Rate-Limit-Reset": str(int(NOW.timestamp()) + WINDOW),
        }
        status = self._statuses.pop(0) if self._statuses else 200
        return answer(status, [] if status == 200 else None, headers)

    async def list(self) -> object:
        return await self.client.list_secrets(APP_ID)


class Desk:
    """A work with a place."""

    def __init__(self) -> None:
        self.is_free = False
        self.left = 0
        self._place: Place | None = None

    def free(self) -> None:
        self.is_free = True
        self.left += 1

    async def take(self) -> None:
        self.is_free = False

    async def do(self, work: Callable[[], Awaitable[T]]) -> T:
        self._place = Place(self.free, self.take)
        PLACE.set(self._place)
        return await work()

    def outdate(self) -> None:
        assert self._place is not None
        self._place.outdate()


def now() -> float:
    return asyncio.get_running_loop().time()


def test_a_call_that_stands_in_line_leaves_the_place_and_is_given_up_upon_news() -> None:
    async def scene() -> list[float]:
        okta, desk = Okta(), Desk()
        await okta.list()
        waiting = asyncio.create_task(desk.do(okta.list))
        await asyncio.sleep(1)
        assert desk.is_free
        desk.outdate()
        with pytest.raises(ChangedError):
            await waiting
        assert not desk.is_free
        # And who comes after has not lost a turn by it.
        await okta.list()
        return okta.calls

    first, second = virtual_time.run(scene())

    assert WINDOW <= second - first < WINDOW + 3


def test_a_call_that_was_sent_once_is_not_given_up() -> None:
    """Its first try may have had an effect, or have been counted, so its end has to be known."""

    async def scene() -> list[float]:
        okta, desk = Okta(503), Desk()
        waiting = asyncio.create_task(desk.do(okta.list))
        await asyncio.sleep(WINDOW / 2)
        desk.outdate()
        assert await waiting == ()
        return okta.calls

    first, second = virtual_time.run(scene())

    assert WINDOW <= second - first < WINDOW + 3


def test_a_place_is_left_for_each_kind_of_call() -> None:
    async def scene() -> None:
        okta, desk = Okta(), Desk()
        calls: list[Callable[[], Awaitable[object]]] = [
            okta.list,
            lambda: okta.client.read_app(APP_ID),
            lambda: okta.client.create_secret(APP_ID, VALUE),
            lambda: okta.client.introspect(APP_ID, VALUE, AuthMethod.BASIC),
            okta.client.check_sign_in,
            okta.client.read_organization,
        ]
        for call in calls:
            # What it is answered is no matter.
            await asyncio.gather(desk.do(call), return_exceptions=True)
        assert desk.left == len(calls)

    virtual_time.run(scene())
