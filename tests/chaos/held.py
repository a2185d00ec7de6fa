"""A scene in which one call of the operator, to Okta or a write to Kubernetes, can be held."""

from __future__ import annotations

import json
import threading
from collections import Counter
from enum import StrEnum
from pathlib import Path

from okta_rotator.api.names import API_VERSION
from tests.chaos.proxy import Answer, Exchange, Gate, Proxies, Proxy, Reset
from tests.okta_calls import name_of
from tests.operator_process import ALONE, OperatorProcess
from tests.scene import HEARTBEAT, STATE_SUFFIX, Scene

_READS = ("GET", "HEAD")


class Side(StrEnum):
    """Where a call is held."""

    BEFORE = "before"
    """Before it has its effect."""
    AFTER = "after"
    """After it had its effect; the answer is held."""


class Hold:
    """The n-th call of a name, from when it comes until the test lets it go, or breaks it off."""

    def __init__(self, name: str, nth: int, side: Side, gate: Gate) -> None:
        self.name, self.nth, self.side = name, nth, side
        self._gate = gate
        self._is_broken_off = False
        self.has_come = threading.Event()
        self.is_over = threading.Event()

    def let_go(self) -> None:
        self._gate.open()

    def break_off(self) -> None:
        """It never gets its answer and, where it is held before its effect, never has one."""
        self._is_broken_off = True
        self._gate.open()

    async def around(self, exchange: Exchange) -> Answer:
        answer = await exchange.forward() if self.side is Side.AFTER else None
        self.has_come.set()
        try:
            await self._gate.opened()
            if self._is_broken_off:
                raise Reset
            return answer or await exchange.forward()
        finally:
            self.is_over.set()


class Traffic:
    """The hooks of both proxies: what is called, by name and in order; and what is held."""

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies
        self._counts: Counter[str] = Counter()
        self._hold: Hold | None = None
        self.calls: list[str] = []
        self.are_kinds_there = True

    def begin(self) -> None:
        """Count from here on, and hold nothing."""
        if self._hold is not None:
            self._hold.break_off()
        self.calls.clear()
        self._counts.clear()
        self._hold = None

    def hold(self, name: str, side: Side = Side.BEFORE, nth: int = 1) -> Hold:
        self._hold = Hold(name, nth, side, self._proxies.gate())
        return self._hold

    def has_heard(self, name: str) -> bool:
        """Whether there was a call of this name, or a read of this path."""
        return self._counts[name] > 0

    async def okta(self, exchange: Exchange) -> Answer:
        name = name_of(f"{exchange.method} {exchange.path}")
        return await self._named(name, exchange)

    async def kube(self, exchange: Exchange) -> Answer:
        if not self.are_kinds_there and API_VERSION in exchange.path:
            return Answer(404, b"404 page not found")
        if exchange.method in _READS:
            return await self._named(None, exchange)
        return await self._named(f"{exchange.method.lower()} {_written(exchange)}", exchange)

    async def _named(self, name: str | None, exchange: Exchange) -> Answer:
        """A read is not written down; it can be held by its path."""
        if name is not None:
            self.calls.append(name)
        name = name or exchange.path
        self._counts[name] += 1
        hold = self._hold
        if hold is None or (hold.name, hold.nth) != (name, self._counts[name]):
            return await exchange.forward()
        return await hold.around(exchange)


def _written(exchange: Exchange) -> str:
    """A word for what a write is about."""
    if exchange.path.endswith("/status"):
        return "status"
    kind, _, name = exchange.path.partition("/namespaces/")[2].partition("/")[2].partition("/")
    if kind != "secrets":
        return kind
    name = name or json.loads(exchange.body)["metadata"]["name"]
    return "state" if name.endswith(STATE_SUFFIX) else "target"


class HeldScene(Scene):
    """A scene whose operator reaches Kubernetes and Okta by proxies. `prepare` puts them up."""

    proxies: Proxies
    traffic: Traffic
    process: OperatorProcess
    _way: Proxy

    def prepare(self, proxies: Proxies) -> None:
        """An operator that is not yet started, and the connection that it is to use."""
        self.proxies, self.traffic = proxies, Traffic(proxies)
        okta = proxies.to(self.okta.base_url, hook=self.traffic.okta)
        self.find_kubernetes()
        flags = (ALONE, "--heartbeat", HEARTBEAT, "--namespace", self.namespace)
        self.process = OperatorProcess(self._kubeconfig, self.folder / "operator.log", *flags)
        self._operators.append(self.process)
        self.connect(url=okta.url)

    @property
    def _kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    def lose_kubernetes(self) -> None:
        """Every connection to the API server breaks, and no new one can be made."""
        self.proxies.close(self._way)

    def find_kubernetes(self) -> None:
        """The API server is back, for an operator that is started anew."""
        plane = self.control_plane
        self._way = self.proxies.to(
            plane.server_url, plane.credentials.authority, self.traffic.kube
        )
        plane.credentials.write_kubeconfig(self._kubeconfig, self._way.url)

    def unknown(self) -> set[str]:
        """The values of client secrets in Okta that the state Secret does not hold."""
        return set(self.in_okta()) - set(self.data(self.state_name).values())
