"""kopf in a thread and a loop of its own, so that a loop that hangs takes no test along."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, cast

import kopf

from okta_rotator.api.names import GROUP, ROTATION_PLURAL, VERSION
from okta_rotator.handlers import operator_settings, register_login
from tests.cluster.kube import configuration_of
from tests.controlplane import ControlPlane

ROTATIONS = (GROUP, VERSION, ROTATION_PLURAL)
START_SECONDS = 10.0


class KopfThread:
    """`kopf.operator` over one namespace, with a registry of its own and our settings."""

    def __init__(
        self,
        control_plane: ControlPlane,
        namespace: str,
        before: Callable[[], Coroutine[None, None, None]] | None = None,
    ) -> None:
        self.registry = kopf.OperatorRegistry()
        self.unretrieved: list[BaseException] = []
        """Exceptions of tasks that nobody awaited: what `asyncio` would only log."""
        self.before: asyncio.Task[None] | None = None
        self.was_spared: bool | None = None
        self._namespace = namespace
        self._before = before
        self._ready = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        register_login(self.registry, lambda: configuration_of(control_plane))

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(START_SECONDS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self, patience: float = 15.0) -> float:
        """Stop it; returns how many seconds that took."""
        since = time.monotonic()
        self._stop.set()
        self._thread.join(patience)
        assert not self._thread.is_alive(), f"kopf did not stop within {patience} s"
        return time.monotonic() - since

    async def _run(self) -> None:
        asyncio.get_running_loop().set_exception_handler(self._note)
        if self._before is not None:
            self.before = asyncio.create_task(self._before())
        await kopf.operator(
            registry=self.registry,
            settings=operator_settings(),
            namespaces=[self._namespace],
            standalone=True,
            identity=cast(Any, "facts"),
            ready_flag=self._ready,
            stop_flag=self._stop,
        )
        if self.before is not None:
            self.was_spared = not self.before.done()
            self.before.cancel()
        gc.collect()

    def _note(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if "exception" in context:
            self.unretrieved.append(context["exception"])
