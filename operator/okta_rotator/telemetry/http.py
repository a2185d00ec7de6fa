"""The HTTP server of the process: `/livez`, `/readyz`, `/metrics`."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

Probe = Callable[[], str | None]
"""Says what is wrong, or None."""

Exposition = Callable[[str], tuple[bytes, str]]
"""By an Accept header: the text of the metrics, and its Content-Type."""

PATIENCE_AT_THE_END: Final = 1.0
"""Seconds that a request under way has when the server stops."""


@web.middleware
async def _close_after(request: web.Request, handler: Handler) -> web.StreamResponse:
    """No connection is kept: kopf waits five seconds at its end for the task of an idle one."""
    answer = await handler(request)
    answer.force_close()
    return answer


def _listener(port: int) -> socket.socket:
    """One socket for IPv4 and IPv6, where the machine has both."""
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))


class HttpServer:
    """Started before everything else, so that a probe always has an answer."""

    def __init__(self, *, live: Probe, ready: Probe, metrics: Exposition) -> None:
        self._live = live
        self._ready = ready
        self._metrics = metrics
        self._runner: web.AppRunner | None = None

    async def start(self, port: int) -> int:
        """Listen on all addresses; 0 is a free port. Returns the port."""
        app = web.Application(middlewares=[_close_after])
        app.router.add_get("/livez", self._answer(self._live))
        app.router.add_get("/readyz", self._answer(self._ready))
        app.router.add_get("/metrics", self._show_metrics)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=PATIENCE_AT_THE_END)
        await self._runner.setup()
        listener = _listener(port)
        await web.SockSite(self._runner, listener).start()
        bound: int = listener.getsockname()[1]
        return bound

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _answer(self, probe: Probe) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(_: web.Request) -> web.StreamResponse:
            fault = probe()
            return web.Response(status=200 if fault is None else 503, text=(fault or "ok") + "\n")

        return answer

    async def _show_metrics(self, request: web.Request) -> web.Response:
        body, content_type = self._metrics(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})
