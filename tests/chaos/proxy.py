"""An HTTP proxy between the operator and one of its two neighbours, with a hook on each exchange.

It runs in a thread of the test process. The operator is given its plain-http address in place of
the neighbour's: as the server of a kubeconfig, or as a connection's instanceUrl. Host and
credentials are passed on as they come.

A hook surrounds one exchange and decides all of it:

    async def hook(exchange: Exchange) -> Answer:
        await gate.opened()                  # hold it until the test lets it go
        return Answer(503)                   # answer in the neighbour's place
        raise Reset                          # break the connection
        answer = await exchange.forward()    # let it have its effect; may be done twice
        return answer                        # and only now deliver the answer

A hook runs to its end even if the operator hangs up or dies. Hooks run in the proxies' thread:
what blocks belongs into `asyncio.to_thread`.

The answer to a watch has a `stream` of lines, an event each, in place of a body. A hook may wrap it
in a generator that delays, drops or adds lines, ends it, or raises Reset.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from tests.chaos.loops import LoopThread

# Of one connection, not of the exchange (RFC 9110, 7.6.1); or written by aiohttp itself.
_NOT_PASSED_ON = ("Connection", "Keep-Alive", "TE", "Transfer-Encoding", "Content-Length")
_LONGEST_LINE = 1 << 20
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_T = TypeVar("_T")


class Reset(Exception):
    """The connection is to be broken."""


@dataclass
class Answer:
    """What the operator is to hear."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    stream: AsyncGenerator[bytes, None] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Exchange:
    """A request as it came, and the way to have it answered."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    forward: Callable[[], Awaitable[Answer]] = field(repr=False)

    @property
    def is_watch(self) -> bool:
        return self.query.get("watch") in ("true", "1")


Hook = Callable[[Exchange], Awaitable[Answer]]


async def let_pass(exchange: Exchange) -> Answer:
    """The hook that changes nothing."""
    return await exchange.forward()


class Gate:
    """Holds hooks until a test, in whichever thread, opens it; then it stays open."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._event = asyncio.Event()

    def open(self) -> None:
        self._loop.call_soon_threadsafe(self._event.set)

    async def opened(self) -> None:
        await self._event.wait()


class Proxy:
    """One way to one neighbour. `hook` may be replaced at any time: it is asked per exchange."""

    def __init__(self, upstream: str, authority: Path | None, hook: Hook) -> None:
        self.hook = hook
        self.url = ""
        self._upstream = upstream
        trust = ssl.create_default_context(cafile=authority) if authority else True
        self._connector = aiohttp.TCPConnector(limit=0, ssl=trust)
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            read_bufsize=_LONGEST_LINE,
            skip_auto_headers=("Content-Type", "User-Agent", "Accept"),
        )
        # A watch ends with its client; hooks are shielded from that.
        server = web.Server(self._serve, handler_cancellation=True, access_log=None)
        # Of aiohttp a zero means to wait for ever.
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)

    async def listen(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def close(self) -> None:
        await self._runner.cleanup()
        # Also what nobody waits for any more, such as a watch whose client has died.
        await self._connector.close(abort_ssl=True)
        await self._session.close()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        exchange = Exchange(
            request.method,
            request.path,
            request.query,
            request.headers,
            body,
            lambda: self._forward(request, body),
        )
        answer = await asyncio.shield(asyncio.create_task(self._decide(exchange)))
        if answer is None:
            return _broken(request)
        if answer.stream is not None:
            return await _pumped(request, answer, answer.stream)
        headers = _passed_on(answer.headers)
        return web.Response(status=answer.status, body=answer.body, headers=headers)

    async def _decide(self, exchange: Exchange) -> Answer | None:
        """None where the connection is to be broken, as it is where the neighbour is away."""
        try:
            return await self.hook(exchange)
        except (Reset, aiohttp.ClientError):
            return None

    async def _forward(self, request: web.BaseRequest, body: bytes) -> Answer:
        headers = _passed_on(request.headers)
        headers["Accept-Encoding"] = "identity"
        url = URL(self._upstream + request.raw_path, encoded=True)
        answer = await self._session.request(
            request.method, url, data=body or None, headers=headers, allow_redirects=False
        )
        if answer.status == 200 and request.query.get("watch") in ("true", "1"):
            return Answer(answer.status, headers=answer.headers, stream=_lines(answer))
        async with answer:
            return Answer(answer.status, await answer.read(), answer.headers)


class Proxies:
    """The thread and the loop in which proxies run, while a `with` lasts."""

    def __init__(self) -> None:
        self._thread = LoopThread("proxies")
        self.loop = self._thread.loop
        self._open: list[Proxy] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for proxy in list(self._open):
            self.close(proxy)
        self._thread.stop()

    def to(self, upstream: str, authority: Path | None = None, hook: Hook = let_pass) -> Proxy:
        """A proxy to a neighbour; `authority` is the certificate by which https is trusted."""

        async def listening() -> Proxy:
            return await Proxy(upstream, authority, hook).listen()

        proxy = self.run(listening())
        self._open.append(proxy)
        return proxy

    def close(self, proxy: Proxy) -> None:
        self._open.remove(proxy)
        self.run(proxy.close())

    def gate(self) -> Gate:
        return Gate(self.loop)

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Have something done in the proxies' loop, and wait for it."""
        return self._thread.run(work)


def _passed_on(headers: Mapping[str, str]) -> CIMultiDict[str]:
    passed = CIMultiDict(headers)
    for name in _NOT_PASSED_ON:
        passed.popall(name, None)
    return passed


async def _lines(answer: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    """Ends early where the neighbour breaks off, and hangs up when it is closed."""
    with contextlib.suppress(aiohttp.ClientError):
        async with answer:
            async for line in answer.content:
                yield line


async def _pumped(
    request: web.BaseRequest, answer: Answer, stream: AsyncGenerator[bytes, None]
) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=_passed_on(answer.headers))
    response.enable_chunked_encoding()
    await response.prepare(request)
    try:
        async with contextlib.aclosing(stream):
            async for line in stream:
                await response.write(line)
    except (Reset, ConnectionResetError):  # by the hook, or by the client, which has left
        return _broken(request)
    return response


def _broken(request: web.BaseRequest) -> web.StreamResponse:
    """The client sees a reset; what is returned here reaches nobody."""
    if request.transport is not None:
        connection: socket.socket = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        request.transport.abort()
    return web.Response()
