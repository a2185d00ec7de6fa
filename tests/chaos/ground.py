"""A scene whose operator reaches the API server and Okta by proxies alone."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import httpx

from tests.chaos.calls import kube_call, okta_call
from tests.chaos.proxy import Answer, Exchange, Proxies, Proxy, Reset
from tests.controlplane import ControlPlane
from tests.emulator_client import EmulatorClient
from tests.operator_process import ALONE, OperatorProcess
from tests.resources import Json
from tests.scene import CONNECTION, Scene

HEARTBEAT: Final = "1800"
"""As users have it: what was missed is not put right by the next heartbeat within a test."""


@dataclass(frozen=True)
class Call:
    """A request of the operator, with its name and its owner (see `calls.py`)."""

    name: str
    owner: str
    exchange: Exchange

    async def forward(self) -> Answer:
        return await self.exchange.forward()


Plan = Callable[[Call], Awaitable[Answer]]


async def let_pass(call: Call) -> Answer:
    return await call.forward()


@dataclass(frozen=True)
class Effect:
    """What the neighbour answered to a request that was let through to it."""

    name: str
    owner: str
    status: int
    at: float
    """By the monotonic clock."""


class Way:
    """The operator's way to one neighbour: a plan for each owner, one for all else, and a tape."""

    def __init__(
        self,
        proxy: Proxy,
        named: Callable[[Exchange], tuple[str, str]],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.url = proxy.url
        self.plan: Plan = let_pass
        self.plans: dict[str, Plan] = {}
        self.tape: list[Effect] = []
        self._named = named
        self._loop = loop
        self._watches: set[asyncio.Event] = set()
        proxy.hook = self._meet

    def effects(self, owner: str) -> list[Effect]:
        return [effect for effect in list(self.tape) if effect.owner == owner]

    def break_watches(self) -> None:
        """Every watch that is open now dies."""
        self._loop.call_soon_threadsafe(self._break)

    def _break(self) -> None:
        for is_broken in self._watches:
            is_broken.set()

    async def _meet(self, exchange: Exchange) -> Answer:
        name, owner = self._named(exchange)

        async def forward() -> Answer:
            answer = await exchange.forward()
            self.tape.append(Effect(name, owner, answer.status, time.monotonic()))
            return answer

        call = Call(name, owner, replace(exchange, forward=forward))
        answer = await self.plans.get(owner, self.plan)(call)
        if answer.stream is not None:
            answer.stream = self._breakable(answer.stream)
        return answer

    async def _breakable(self, lines: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        is_broken = asyncio.Event()
        self._watches.add(is_broken)
        breaking = asyncio.create_task(is_broken.wait())
        try:
            async for line in _until(breaking, lines):
                yield line
            if is_broken.is_set():
                raise Reset
        finally:
            self._watches.discard(is_broken)
            breaking.cancel()


async def _until(
    end: asyncio.Task[bool], lines: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    async with contextlib.aclosing(lines):
        while True:
            coming = asyncio.ensure_future(anext(lines, None))
            try:
                await asyncio.wait({coming, end}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not coming.done():
                    coming.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await coming
            line = None if coming.cancelled() else coming.result()
            if line is None:
                return
            yield line


class Ground(Scene):
    """A namespace with an operator behind two proxies, and as many resources as a test wants."""

    def __init__(
        self,
        control_plane: ControlPlane,
        namespace: str,
        okta: EmulatorClient,
        folder: Path,
        proxies: Proxies,
    ) -> None:
        super().__init__(control_plane, namespace, okta, folder)
        self.proxies = proxies
        authority = control_plane.credentials.authority
        self.to_kube = Way(proxies.to(control_plane.server_url, authority), kube_call, proxies.loop)
        self.to_okta = Way(proxies.to(okta.base_url), okta_call, proxies.loop)
        self._kubeconfig = folder / f"kubeconfig-{namespace}"
        control_plane.credentials.write_kubeconfig(self._kubeconfig, self.to_kube.url)

    def operator(
        self, *, start: bool = True, everywhere: bool = False, heartbeat: str = HEARTBEAT
    ) -> OperatorProcess:
        log = self.folder / f"operator-{self.namespace}-{len(self._operators)}.log"
        namespace = () if everywhere else ("--namespace", self.namespace)
        process = OperatorProcess(
            self._kubeconfig, log, ALONE, "--heartbeat", heartbeat, *namespace
        )
        self._operators.append(process)
        if start:
            process.start()
        return process

    def begin(self, heartbeat: str = HEARTBEAT) -> OperatorProcess:
        """An operator and its connection."""
        process = self.operator(heartbeat=heartbeat)
        self.connect(url=self.to_okta.url)
        self.until_connected(CONNECTION)
        return process

    def app_state(self) -> Json:
        """What the emulator holds of the app; it may end an idle connection just as we ask."""
        try:
            return self.okta.app_state(self.app_id)
        except httpx.RemoteProtocolError:
            return self.okta.app_state(self.app_id)

    def okta_secrets(self) -> list[Json]:
        return list(self.app_state()["secrets"])

    def is_alive(self) -> bool:
        """Whether the operator says so of itself."""
        return self._operators[-1].get("/livez").is_success

    def guest(self, name: str) -> Ground:
        """A resource with a name and an app of its own, under the same operator."""
        scene = self.another()
        assert isinstance(scene, Ground)
        scene.name = name
        return scene
