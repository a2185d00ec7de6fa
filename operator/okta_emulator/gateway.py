"""What surrounds every Okta request: faults, latency, rate limits, headers and the log.

Plain ASGI around the routes, since this runs for each request of a benchmark, and since a
fault must be able to close the connection, which no framework offers.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .answers import error_answer
from .auth import principal_of
from .clock import http_date
from .control import control_app
from .emulator import Emulator
from .errors import ApiError, OktaError, error_named
from .faults import Action, DropAfter, DropBefore, Late, Status, delay_of
from .rate import Verdict
from .requestlog import Record
from .routes import okta_app
from .syslog import CONCURRENCY_LIMIT, OKTA, RATE_LIMIT, Event

DROP = "okta_emulator.drop"
"""Key of the request's state under which the server offers to close the connection."""

CONTROL = "/_emulator/"


@dataclass(frozen=True, slots=True)
class Exchange:
    scope: Scope
    receive: Receive
    send: Send
    fault: Action | None
    record: Record

    def drop(self) -> None:
        close: Callable[[], None] | None = self.scope["state"].get(DROP)
        if close is None:
            raise ConnectionResetError("the emulator was told to drop this connection")
        close()


class Gateway:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._okta = okta_app(emulator)
        self._control = control_app(emulator)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith(CONTROL):
            await self._serve(self._begin(scope, receive, send))
        elif _from_loopback(scope):
            await self._control(scope, receive, send)
        else:
            await self._error(scope, ApiError("E0000008"))(scope, receive, send)

    def _begin(self, scope: Scope, receive: Receive, send: Send) -> Exchange:
        emulator, method, path = self._emulator, scope["method"], scope["path"]
        fault = emulator.faults.take(method, path)
        kind = fault.type if fault else None
        record = emulator.requests.begin(emulator.clock(), method, path, kind)
        scope.setdefault("state", {})["record"] = record
        return Exchange(scope, receive, send, fault, record)

    async def _serve(self, exchange: Exchange) -> None:
        if isinstance(exchange.fault, DropBefore):
            return exchange.drop()
        body = await _read(exchange.receive)
        if body is None:
            return
        with self._emulator.rate.under_way() as crowded:
            if isinstance(exchange.fault, Late):
                exchange.drop()
            wait = (self._emulator.latency + delay_of(exchange.fault)).total_seconds()
            if wait and not crowded:
                await asyncio.sleep(wait)
            await self._answer(exchange, body, crowded)
        if isinstance(exchange.fault, DropAfter):
            exchange.drop()

    async def _answer(self, exchange: Exchange, body: bytes, crowded: Verdict | None) -> None:
        verdict = crowded or self._spend(exchange.scope)
        fault = exchange.fault
        app: ASGIApp = self._okta
        if not verdict.allowed:
            self._log_limit(CONCURRENCY_LIMIT if crowded else RATE_LIMIT)
            app = self._error(exchange.scope, ApiError("E0000047"))
        elif isinstance(fault, Status):
            app = self._error(exchange.scope, error_named(fault.error_code), fault.status)
            verdict = self._as_told(fault, verdict)
        await app(exchange.scope, _replay(body), self._sender(exchange, verdict))

    def _spend(self, scope: Scope) -> Verdict:
        authorization = Headers(scope=scope).get("authorization", "")
        principal = principal_of(self._emulator, authorization)
        return self._emulator.rate.take(scope["path"], principal)

    def _log_limit(self, kind: str) -> None:
        self._emulator.log.add(Event(kind, failure="DENY"), OKTA, self._emulator.clock())

    def _error(self, scope: Scope, error: OktaError, status: int | None = None) -> ASGIApp:
        return error_answer(self._emulator, Request(scope), error, status)

    def _as_told(self, fault: Status, verdict: Verdict) -> Verdict:
        if fault.reset_after is None:
            return verdict
        reset = self._emulator.clock().timestamp() + fault.reset_after
        return Verdict(False, verdict.limit, 0, round(reset))

    def _sender(self, exchange: Exchange, verdict: Verdict) -> Send:
        unheard = isinstance(exchange.fault, DropAfter | Late)

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.record.status = None if unheard else message["status"]
                message["headers"] = [*message["headers"], *self._headers(verdict)]
            if not unheard:
                await exchange.send(message)

        return send

    def _headers(self, verdict: Verdict) -> list[tuple[bytes, bytes]]:
        """The headers that every recorded answer of Okta carries."""
        request_id = self._emulator.names.request_id().encode()
        return [
            (b"date", http_date(self._emulator.clock()).encode()),
            (b"x-okta-request-id", request_id),
            (b"x-rate-limit-limit", b"%d" % verdict.limit),
            (b"x-rate-limit-remaining", b"%d" % verdict.remaining),
            (b"x-rate-limit-reset", b"%d" % verdict.reset),
            (b"cache-control", b"no-cache, no-store"),
            (b"pragma", b"no-cache"),
            (b"expires", b"0"),
            (b"set-cookie", b"JSESSIONID=" + request_id + b"; Path=/; HttpOnly"),
        ]


async def _read(receive: Receive) -> bytes | None:
    """The whole body, or None if the client left before it was sent: half a request is none."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _from_loopback(scope: Scope) -> bool:
    client = scope.get("client")
    return client is not None and ip_address(client[0]).is_loopback
