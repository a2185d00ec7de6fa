"""A scene in which one call of the operator, to Okta or a write to Kubernetes, can be held."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from enum import StrEnum

from tests.chaos.proxy import Answer, Exchange, Gate, Proxies, Reset
from tests.okta_calls import name_of
from tests.operator_process import OperatorProcess
from tests.scene import HEARTBEAT, STATE_SUFFIX, Scene

_READS = ("GET", "HEAD")
_STATUS = "/status"


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
        self.is_kubernetes_away = False

    def begin(self) -> None:
        """Count from here on, and hold nothing."""
        self.calls.clear()
        self._counts.clear()
        self._hold = None

    def hold(self, name: str, side: Side = Side.BEFORE, nth: int = 1) -> Hold:
        self._hold = Hold(name, nth, side, self._proxies.gate())
        return self._hold

    async def okta(self, exchange: Exchange) -> Answer:
        name = name_of(f"{exchange.method} {exchange.path}")
        return await self._named(name, exchange)

    async def kube(self, exchange: Exchange) -> Answer:
        if self.is_kubernetes_away:
            raise Reset
        if exchange.method in _READS:
            return await exchange.forward()
        return await self._named(f"{exchange.method.lower()} {_written(exchange.path)}", exchange)

    async def _named(self, name: str | None, exchange: Exchange) -> Answer:
        if name is None:
            return await exchange.forward()
        self.calls.append(name)
        self._counts[name] += 1
        hold = self._hold
        if hold is None or (hold.name, hold.nth) != (name, self._counts[name]):
            return await exchange.forward()
        return await hold.around(exchange)


def _written(path: str) -> str:
    """A word for what a write is about."""
    if path.endswith(_STATUS):
        return "status"
    kind, _, name = path.partition("/namespaces/")[2].partition("/")[2].partition("/")
    if kind == "secrets":
        return "state" if name.endswith(STATE_SUFFIX) else "target"
    return kind


class HeldScene(Scene):
    """A scene whose operator reaches Kubernetes and Okta by proxies. `begin` puts them up."""

    traffic: Traffic

    def begin(self, proxies: Proxies) -> OperatorProcess:
        """An operator that is not yet started, and the connection that it is to use."""
        self.traffic = Traffic(proxies)
        plane = self.control_plane
        kube = proxies.to(plane.server_url, plane.credentials.authority, self.traffic.kube)
        okta = proxies.to(self.okta.base_url, hook=self.traffic.okta)
        kubeconfig = self.folder / "kubeconfig"
        plane.credentials.write_kubeconfig(kubeconfig, kube.url)
        process = OperatorProcess(
            kubeconfig,
            self.folder / "operator.log",
            "--heartbeat",
            HEARTBEAT,
            "--namespace",
            self.namespace,
        )
        self._operators.append(process)
        self.connect(url=okta.url)
        return process

    def unknown(self) -> list[str]:
        """The values of client secrets in Okta that the state Secret does not hold."""
        in_okta = self.in_okta()
        held = self.data(self.state_name).values()
        return [value for value in in_okta if value not in held]
