"""Requests to the Kubernetes API over a server that misbehaves as proxies and networks do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from kubernetes.aio import client

from okta_rotator.cluster import kube_api as module
from okta_rotator.cluster.errors import ClusterError, ConflictError
from okta_rotator.cluster.kube_api import KubeApi, NoClusterError, load_configuration
from okta_rotator.rotation.trouble import Next
from tests.resources import Json

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Handler], Awaitable[KubeApi]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """A client of a server that answers every request by one function."""
    opened: list[tuple[TestServer, KubeApi]] = []

    async def serve(handler: Handler) -> KubeApi:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", handler)
        server = TestServer(app)
        await server.start_server()
        configuration = client.Configuration(host=str(server.make_url("")).rstrip("/"))
        configuration.client_session_kwargs = {"trust_env": False}
        opened.append((server, KubeApi(configuration)))
        return opened[-1][1]

    yield serve
    for server, api in opened:
        await api.close()
        await server.close()


def answering(text: str, status: int = 200) -> Handler:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text)

    return handler


async def watched(api: KubeApi) -> list[Json]:
    return [event async for event in api.watch("/x", "application/json", timeoutSeconds=60)]


async def test_an_answer_is_its_json(serve: Serve) -> None:
    api = await serve(answering('{"a": 1}'))
    assert await api.get("/x", limit=5) == {"a": 1}


@pytest.mark.parametrize("text", ["<html>Sign in</html>", "", "{"])
async def test_a_success_that_is_no_json_is_no_answer(serve: Serve, text: str) -> None:
    """From a proxy, or a login page. As a defect it would end the watches, and the start."""
    api = await serve(answering(text))
    with pytest.raises(ClusterError) as caught:
        await api.get("/x")
    assert caught.value.trouble.next is Next.RETRY
    assert "Sign in" not in str(caught.value)


async def test_a_refusal_is_told_with_its_message(serve: Serve) -> None:
    api = await serve(answering('{"message": "too old"}', 410))
    for call in (api.get("/x"), watched(api)):
        with pytest.raises(ConflictError, match="too old"):
            await call


async def test_nobody_listens() -> None:
    api = KubeApi(client.Configuration(host="http://127.0.0.1:1"))
    for call in (api.get("/x"), watched(api)):
        with pytest.raises(ClusterError) as caught:
            await call
        assert caught.value.status is None
    await api.close()


async def test_an_answer_that_does_not_come(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(5)
        return web.Response()

    monkeypatch.setattr(module, "TIMEOUT", 0.1)
    api = await serve(never)
    with pytest.raises(ClusterError, match="no answer") as caught:
        await api.post("/x", {})
    assert caught.value.trouble.may_have_landed


def streaming(*parts: bytes, then: float = 0.0) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for part in parts:
            await answer.write(part)
        await asyncio.sleep(then)
        return answer

    return handler


async def test_a_watch_is_one_event_a_line(serve: Serve) -> None:
    api = await serve(streaming(b'{"type": "ADD', b'ED"}\n{"type": "MODIFIED"}\n'))
    assert await watched(api) == [{"type": "ADDED"}, {"type": "MODIFIED"}]


async def test_a_watch_that_breaks_off_is_no_answer(serve: Serve) -> None:
    api = await serve(streaming(b'{"type": "ADDED"}\n{"type": "MOD'))
    events = api.watch("/x", "application/json", timeoutSeconds=60)
    assert await anext(events) == {"type": "ADDED"}
    with pytest.raises(ClusterError, match="no answer"):
        await anext(events)


async def test_a_watch_that_falls_silent_is_given_up(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that was cut says nothing; bookmarks show that the way is open."""
    monkeypatch.setattr(module, "LONGEST_SILENCE", 0.2)
    api = await serve(streaming(b'{"type": "ADDED"}\n', then=5))
    events = api.watch("/x", "application/json", timeoutSeconds=60)
    assert await anext(events) == {"type": "ADDED"}
    with pytest.raises(ClusterError, match="no answer"):
        await asyncio.wait_for(anext(events), 2)


async def test_the_kubeconfig_is_the_environments_of_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    path = tmp_path / "kubeconfig"
    monkeypatch.setenv("KUBECONFIG", str(path))
    with pytest.raises(NoClusterError, match="no kubeconfig"):
        await load_configuration()
    path.write_text("{}")
    with pytest.raises(NoClusterError, match="current-context"):
        await load_configuration()
    path.write_text("token: [unclosed")
    with pytest.raises(NoClusterError) as caught:
        await load_configuration()
    assert "unclosed" not in str(caught.value)
    path.write_text(
        """
clusters: [{name: c, cluster: {server: "https://10.0.0.1:6443"}}]
users: [{name: u, user: {token: the-token}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
"""
    )
    configuration = await load_configuration()
    assert configuration.host == "https://10.0.0.1:6443"
    assert configuration.api_key["BearerToken"] == "Bearer the-token"


async def test_an_empty_variable_names_no_kubeconfig(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("KUBECONFIG", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(NoClusterError, match=r"no kubeconfig ~/\.kube/config"):
        await load_configuration()
