"""All that one operator says to Okta and writes to Kubernetes: written down, and cut off once."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from tests.chaos.proxy import Answer, Exchange, Gate, Reset
from tests.okta_calls import name_of

_ACTIVATE = re.compile(r"POST \S+/lifecycle/activate")
_READS = ("GET", "HEAD")
_NAMESPACE = re.compile(r"^/apis?/(?:[^/]+/)?v\w+/namespaces/[^/]+/")


HELD_FOR = 2.0
"""Seconds that a call is held while the process is asked to end; its patience is longer."""


class Side(StrEnum):
    """When the process dies, or is asked to end."""

    BEFORE = "killed before"
    """The request has left it and is never heard."""
    AFTER = "killed after"
    """The request had its effect, and the answer is never heard."""
    ANSWERED = "asked to end at"
    """The request is heard and answered, but takes its time."""
    UNHEARD = "asked to end, and not heard, at"
    """The request has left it and is never heard."""
    UNANSWERED = "asked to end, and not answered, at"
    """The request had its effect, and the answer never comes."""


KILLS = (Side.BEFORE, Side.AFTER)
"""By SIGKILL."""

ENDS = (Side.ANSWERED, Side.UNHEARD, Side.UNANSWERED)
"""By SIGTERM."""


@dataclass(frozen=True)
class Boundary:
    """The n-th call of its kind, since calls that run at once may change places."""

    name: str
    nth: int

    def __str__(self) -> str:
        return f"{self.name} #{self.nth}"


@dataclass(frozen=True)
class Strike:
    boundary: Boundary
    side: Side

    def __str__(self) -> str:
        return f"{self.side} {self.boundary}"


@dataclass(frozen=True)
class Call:
    """A call that was answered, with the status that it was answered with."""

    boundary: Boundary
    status: int


class Wire:
    """The hooks of both proxies of one case."""

    def __init__(
        self, kill: Callable[[], None], ask_to_end: Callable[[], None], is_over: Gate
    ) -> None:
        """`is_over` is opened once the process has ended by itself."""
        self._kill, self._ask_to_end, self._is_over = kill, ask_to_end, is_over
        self._counts: Counter[str] = Counter()
        self._strike: Strike | None = None
        self._under_way = 0
        self._has_news = True
        self._last = time.monotonic()
        self._accepted: frozenset[str] | None = None
        self.calls: list[Call] = []
        self.struck = threading.Event()
        self.was_left = False
        """Whether the process, asked to end, did not wait for the answer to its call."""

    def begin(self, strike: Strike | None) -> None:
        """Count from here on."""
        self._counts.clear()
        self.calls.clear()
        self._strike = strike
        self._has_news = True

    def refuse_all_but(self, values: Iterable[str]) -> None:
        """From here on Okta is heard to accept no other client secret than these."""
        self._accepted = frozenset(values)

    def has_news(self) -> bool:
        """Whether a call has come to its end since this was last asked."""
        news, self._has_news = self._has_news, False
        return news

    def is_quiet(self, seconds: float = 0.0) -> bool:
        """Nothing is under way, and nothing was for so long."""
        return self._under_way == 0 and time.monotonic() - self._last >= seconds

    def statuses(self, name: str) -> list[int]:
        """How the calls of this name were answered."""
        return [call.status for call in self.calls if call.boundary.name == name]

    async def okta(self, exchange: Exchange) -> Answer:
        if self._is_refused(exchange):
            exchange = replace(exchange, forward=_refusal)
        return await self._watched(f"okta: {_call_name(exchange)}", exchange)

    async def kube(self, exchange: Exchange) -> Answer:
        if exchange.method in _READS:
            return await exchange.forward()
        return await self._watched(f"kube: {_write_name(exchange)}", exchange)

    def _is_refused(self, exchange: Exchange) -> bool:
        if self._accepted is None or _call_name(exchange) != "introspect":
            return False
        return _client_secret(exchange) not in self._accepted

    async def _watched(self, name: str, exchange: Exchange) -> Answer:
        self._counts[name] += 1
        boundary = Boundary(name, self._counts[name])
        self._under_way += 1
        try:
            return await self._cut(boundary, exchange)
        finally:
            self._under_way -= 1
            self._last = time.monotonic()
            self._has_news = True

    async def _cut(self, boundary: Boundary, exchange: Exchange) -> Answer:
        strike = self._strike
        side = strike.side if strike is not None and strike.boundary == boundary else None
        if side is not None:
            self._strike = None
        if side in ENDS:
            self._ask_to_end()
            self.struck.set()
        if side is Side.ANSWERED:
            await self._keep_waiting()
        if side in (Side.BEFORE, Side.UNHEARD):
            await self._die(side)
        answer = await exchange.forward()
        self.calls.append(Call(boundary, answer.status))
        if side in (Side.AFTER, Side.UNANSWERED):
            await self._die(side)
        return answer

    async def _keep_waiting(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HELD_FOR):
                await self._is_over.opened()
                self.was_left = True

    async def _die(self, side: Side) -> None:
        if side in KILLS:
            await asyncio.to_thread(self._kill)
            self.struck.set()
        else:
            await self._is_over.opened()
        raise Reset


def _call_name(exchange: Exchange) -> str:
    call = f"{exchange.method} {exchange.path}"
    return "activate" if _ACTIVATE.fullmatch(call) else name_of(call) or call


def _write_name(exchange: Exchange) -> str:
    """A word for a write, the same for each resource: `PATCH secrets/target`."""
    where = _NAMESPACE.sub("", exchange.path)
    body = json.loads(exchange.body) if exchange.body else {}
    if exchange.method == "POST" and isinstance(body, dict):
        what = body.get("reason") or body.get("metadata", {}).get("name", "")
        where = f"{where} {what}"
    return f"{exchange.method} {where}"


def _client_secret(exchange: Exchange) -> str:
    _scheme, _space, encoded = exchange.headers["Authorization"].partition(" ")
    return base64.b64decode(encoded).decode().partition(":")[2]


async def _refusal() -> Answer:
    """What Okta says of a wrong client secret."""
    said = {
        "error": "invalid_client",
        "error_description": "The client secret supplied for a confidential client is invalid.",
    }
    return Answer(401, json.dumps(said).encode(), {"Content-Type": "application/json"})
