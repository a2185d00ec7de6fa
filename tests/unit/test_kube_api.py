"""Requests to the Kubernetes API over a server that misbehaves as proxies and networks do."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
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
from tests.waiting import until

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


async def never(_: web.Request) -> web.StreamResponse:
    """Answers when nobody waits any more."""
    await asyncio.sleep(5)
    return web.Response()


async def test_an_answer_that_does_not_come(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WRITE_TIMEOUT", 0.1)
    api = await serve(never)
    with pytest.raises(ClusterError, match=r"no answer \(TimeoutError\)") as caught:
        await api.post("/x", {})
    assert caught.value.trouble.may_have_landed


@pytest.mark.parametrize("at", [0.25, 0.35], ids=["before", "after"])
async def test_who_is_cancelled_as_its_time_runs_out_is_cancelled(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, at: float
) -> None:
    """A part of the process that went on would hold up its end until Kubernetes kills it."""
    monkeypatch.setattr(module, "WRITE_TIMEOUT", 0.3)
    api = await serve(never)
    work = asyncio.create_task(api.post("/x", {}))
    loop = asyncio.get_running_loop()
    loop.call_later(at, work.cancel)
    # A loop that was held up meets both in one turn.
    loop.call_later(0.2, time.sleep, 0.3)
    await asyncio.wait([work])
    assert work.cancelled()


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


def write_kubeconfig(path: Path, cluster: Json, user: Json) -> None:
    body = {
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path.write_text(json.dumps(body))


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    return tmp_path / "kubeconfig"


TOKEN = {"token": "the-token"}
HTTPS = {"server": "https://10.0.0.1:6443"}


@pytest.mark.parametrize(
    ("cluster", "user", "says"),
    [
        ({}, TOKEN, "the server of the current context is no http or https address"),
        ({"server": "10.0.0.1:6443"}, TOKEN, "is no http or https address"),
        ({"server": "https://"}, TOKEN, "is no http or https address"),
        ({"server": "https://[::1"}, TOKEN, "a damaged one"),
        (HTTPS | {"certificate-authority": "/no/such.pem"}, TOKEN, "/no/such.pem"),
        (HTTPS | {"certificate-authority-data": "anVuaw=="}, TOKEN, "certificates or keys"),
        (HTTPS, {"client-certificate-data": "anVuaw=="}, "certificates or keys"),
        (HTTPS, {"tokenFile": "/no/such"}, "/no/such: No such file or directory"),
    ],
)
async def test_a_kubeconfig_that_leads_nowhere_is_told_in_a_sentence(
    kubeconfig: Path, cluster: Json, user: Json, says: str
) -> None:
    write_kubeconfig(kubeconfig, cluster, user)
    with pytest.raises(NoClusterError) as caught:
        KubeApi(await load_configuration())
    assert says in str(caught.value)
    assert "anVuaw" not in str(caught.value)
    assert "\n" not in str(caught.value)


def name_another_context(path: Path) -> None:
    write_kubeconfig(path, HTTPS, TOKEN)
    path.write_text(path.read_text().replace('text": "x"', 'text": "production"'))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (name_another_context, "production"),
        (Path.touch, "is no kubeconfig, or a damaged one"),
        (Path.mkdir, "kubeconfig: Is a directory"),
    ],
)
async def test_a_file_that_is_no_kubeconfig_or_has_no_such_context(
    kubeconfig: Path, make: Callable[[Path], None], says: str
) -> None:
    make(kubeconfig)
    with pytest.raises(NoClusterError, match=says):
        await load_configuration()


class Plugin:
    """An exec plugin of a kubeconfig: each run makes another token, unless it is told to fail."""

    def __init__(self, kubeconfig: Path, serve: Serve, lifetime: timedelta | None) -> None:
        self._folder = kubeconfig.parent
        self._serve = serve
        self._lifetime = lifetime
        command = {"command": "/bin/sh", "args": [str(self._folder / "plugin.sh")]}
        user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", **command}}
        write_kubeconfig(kubeconfig, HTTPS, user)

    def script(self, *, before: str = "") -> None:
        expiry = datetime.now(UTC) + (self._lifetime or timedelta(0))
        told = {"expirationTimestamp": expiry.isoformat()} if self._lifetime else {}
        version = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
        answer = json.dumps({**version, "status": {"token": "token-N", **told}})
        runs = self._folder / "runs"
        runs.touch()
        lines = (
            before,
            f"echo >> {runs}",
            f"echo '{answer}' | sed s/token-N/token-$(wc -l < {runs})/",
        )
        (self._folder / "plugin.sh").write_text("\n".join(lines))

    def runs(self) -> int:
        """How many have come to their end."""
        return len((self._folder / "runs").read_text())

    async def api(self) -> KubeApi:
        """A client with the kubeconfig's credentials; its server says whom it saw."""

        async def whoami(request: web.Request) -> web.StreamResponse:
            return web.json_response({"saw": request.headers.get("Authorization")})

        loaded, api = await load_configuration(), await self._serve(whoami)
        api._configuration.api_key = loaded.api_key
        api._configuration.refresh_api_key_hook = loaded.refresh_api_key_hook
        return api


async def test_the_token_of_a_plugin_is_renewed_before_it_expires(
    kubeconfig: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = Plugin(kubeconfig, serve, timedelta(minutes=4))
    plugin.script()
    api = await plugin.api()
    assert await api.get("/x") == {"saw": "Bearer token-1"}
    monkeypatch.setattr(module, "RENEWAL", 0.3)
    await asyncio.sleep(0.3)
    # However many ask at once, the plugin is asked by one.
    answers = await asyncio.gather(*(api.get("/x") for _ in range(5)))
    assert answers == [{"saw": "Bearer token-2"}] * 5


async def test_a_token_that_lasts_is_kept(
    kubeconfig: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RENEWAL", 0.0)
    for lifetime in (timedelta(hours=1), None):
        plugin = Plugin(kubeconfig, serve, lifetime)
        plugin.script()
        api = await plugin.api()
        first = await api.get("/x")
        assert await api.get("/x") == first


@pytest.mark.parametrize("trouble", ["exit 1", "sleep 1"])
async def test_a_plugin_that_fails_or_hangs_leaves_the_token_as_it_is(
    kubeconfig: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    plugin = Plugin(kubeconfig, serve, timedelta(minutes=4))
    plugin.script()
    api = await plugin.api()
    plugin.script(before=trouble)
    monkeypatch.setattr(module, "RENEWAL", 0.0)
    monkeypatch.setattr(module, "TIMEOUT", 0.5)
    assert await api.get("/x") == {"saw": "Bearer token-1"}
    plugin.script()
    monkeypatch.setattr(module, "TIMEOUT", 10.0)
    assert await api.get("/x") != {"saw": "Bearer token-1"}
    # The one that hung ends before its loop does.
    await until(lambda: trouble == "exit 1" or plugin.runs() == 3)
    await asyncio.sleep(0.1)


async def test_an_empty_variable_names_no_kubeconfig(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("KUBECONFIG", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(NoClusterError, match=r"no kubeconfig ~/\.kube/config"):
        await load_configuration()
