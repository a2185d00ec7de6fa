"""The fence stands right before each write to Okta, by us to Kubernetes, and by kopf to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from email.utils import format_datetime
from typing import Any

import aiohttp
import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from kubernetes.aio import client

from okta_rotator.cluster.kube_api import JSON_PATCH, WRITE_TIMEOUT, KubeApi
from okta_rotator.handlers import _fenced
from okta_rotator.okta.auth import ApiTokenSignIn
from okta_rotator.okta.client import DEADLINE, OktaClient
from okta_rotator.okta.limits import WINDOW
from okta_rotator.rotation.fence import NotLeadingError
from okta_rotator.rotation.okta_view import AuthMethod
from okta_rotator.rotation.trouble import Next
from tests import virtual_time
from tests.unit.okta_org import APP_ID, BASE, NOW, SECRET_ID, TOKEN, VALUE, answer

SECRET = {
    "id": SECRET_ID,
    "status": "ACTIVE",
    "client_secret": VALUE.reveal(),
    "created": "2026-01-02T03:04:05.000Z",
}
Ask = Callable[[OktaClient], Coroutine[Any, Any, object]]
WRITES: dict[str, Ask] = {
    "create": lambda okta: okta.create_secret(APP_ID, VALUE),
    "activate": lambda okta: okta.activate_secret(APP_ID, SECRET_ID),
    "deactivate": lambda okta: okta.deactivate_secret(APP_ID, SECRET_ID),
    "delete": lambda okta: okta.delete_secret(APP_ID, SECRET_ID),
}
READS: dict[str, Ask] = {
    "list": lambda okta: okta.list_secrets(APP_ID),
    "introspect": lambda okta: okta.introspect(APP_ID, VALUE, AuthMethod.BASIC),
    "sign in": lambda okta: okta.check_sign_in(),
}


class Fence:
    """Notes what it is asked, and opens, or does not, when it is told to."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.opened = asyncio.Event()
        self.is_lost = False

    async def __call__(self, takes: float) -> None:
        self.asked.append(takes)
        await self.opened.wait()
        if self.is_lost:
            raise NotLeadingError


def okta(fence: Fence, *answers: httpx.Response) -> OktaClient:
    left = list(answers)
    transport = httpx.MockTransport(lambda _: left.pop(0))
    return OktaClient(BASE, ApiTokenSignIn(TOKEN), transport, now=lambda: NOW, fence=fence)


@pytest.mark.parametrize("name", WRITES)
def test_a_write_to_okta_waits_for_the_fence_and_has_its_whole_time_after_it(name: str) -> None:
    async def scene() -> None:
        fence = Fence()
        body = None if name == "delete" else SECRET
        call = asyncio.create_task(WRITES[name](okta(fence, answer(200, body))))
        await asyncio.sleep(5 * DEADLINE)
        assert not call.done()
        assert fence.asked == [DEADLINE]
        fence.opened.set()
        await call

    virtual_time.run(scene())


@pytest.mark.parametrize("name", WRITES)
async def test_nothing_is_sent_to_okta_by_who_does_not_lead(name: str) -> None:
    fence = Fence()
    fence.is_lost = True
    fence.opened.set()
    with pytest.raises(NotLeadingError) as caught:
        await WRITES[name](okta(fence))
    assert caught.value.trouble.next is Next.RETRY
    assert not caught.value.trouble.may_have_landed


@pytest.mark.parametrize("name", READS)
async def test_what_only_reads_in_okta_is_not_fenced(name: str) -> None:
    body = {"list": [], "introspect": {"active": False}, "sign in": {"id": "00u1"}}[name]
    fence = Fence()
    await READS[name](okta(fence, answer(200, body)))
    assert fence.asked == []


def test_the_fence_comes_after_the_turn() -> None:
    """The wait for a turn may outlast the lease."""

    async def scene() -> None:
        fence = Fence()
        fence.opened.set()
        used_up = {
            "Date": format_datetime(NOW, usegmt=True),
            "X-Rate-Limit-Limit": "1",
            "X-Rate-Limit-Remaining": "0",
            "X-Rate-Limit-Reset": str(int(NOW.timestamp() + WINDOW)),
        }
        client = okta(fence, answer(204, None, used_up), answer(204))
        await client.delete_secret(APP_ID, SECRET_ID)
        fence.asked.clear()
        call = asyncio.create_task(client.delete_secret(APP_ID, SECRET_ID))
        await asyncio.sleep(WINDOW / 2)
        assert fence.asked == []
        await call
        assert fence.asked == [DEADLINE]

    virtual_time.run(scene())


class Server(TestServer):
    """Answers everything, and notes the methods."""

    def __init__(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        super().__init__(app)
        self.heard: list[str] = []

    async def _answer(self, request: web.Request) -> web.Response:
        self.heard.append(request.method)
        return web.json_response({})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    running = Server()
    await running.start_server()
    yield running
    await running.close()


async def test_each_write_to_kubernetes_waits_for_the_fence(server: Server) -> None:
    fence = Fence()
    configuration = client.Configuration(host=str(server.make_url("")).rstrip("/"))
    configuration.client_session_kwargs = {"trust_env": False}
    api = KubeApi(configuration, fence)
    await api.get("/x")
    assert fence.asked == []
    calls = [
        asyncio.create_task(call)
        for call in (
            api.post("/x", {}),
            api.put("/x", {}),
            api.patch("/x", [], JSON_PATCH),
            api.delete("/x", {}),
        )
    ]
    await asyncio.sleep(0.1)
    assert fence.asked == [WRITE_TIMEOUT] * 4
    assert server.heard == ["GET"]
    fence.opened.set()
    await asyncio.gather(*calls)
    assert sorted(server.heard[1:]) == ["DELETE", "PATCH", "POST", "PUT"]
    fence.is_lost = True
    with pytest.raises(NotLeadingError):
        await api.post("/x", {})
    assert len(server.heard) == 5
    await api.close()


async def test_a_write_of_kopf_waits_for_the_fence_and_fails_as_a_network_does(
    server: Server,
) -> None:
    fence = Fence()
    fence.opened.set()
    async with aiohttp.ClientSession(middlewares=(_fenced(fence),)) as session:
        await session.get(server.make_url("/x"))
        assert fence.asked == []
        await session.patch(server.make_url("/x"))
        assert fence.asked == [WRITE_TIMEOUT]
        fence.is_lost = True
        with pytest.raises(aiohttp.ClientConnectionError, match="does not hold the lease"):
            await session.patch(server.make_url("/x"))
    assert server.heard == ["GET", "PATCH"]
