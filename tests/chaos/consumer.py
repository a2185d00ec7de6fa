"""Workloads that use the published secret all the time, whatever the operator meets.

    with Crowd(control_plane, okta.base_url) as crowd:
        consumer = crowd.join(namespace, "my-rotation", app_id)
        ...
        assert consumer.complaints == []

A consumer reads the target and authenticates with what it read, straight at the API server and at
the emulator, so that no proxy of a test stands in its way. Its own refusals are counted apart:
`refusals` of the emulator's count for the app are a consumer's, and the rest the operator's.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import aiohttp

from tests.controlplane import ControlPlane

INTERVAL: Final = 0.05
KEY: Final = "OKTA_CLIENT_SECRET"
_PATIENCE: Final = aiohttp.ClientTimeout(total=10)

T = TypeVar("T")


@dataclass(slots=True)
class Consumer:
    """One workload: what it has met so far. Read by the test while it goes on."""

    namespace: str
    target: str
    app_id: str
    key: str = KEY
    value: str | None = None
    """As last read; kept where the API server does not answer, as a running pod keeps it."""
    values: list[str] = field(default_factory=list, repr=False)
    """Each value that was published, in the order in which it came."""
    attempts: int = 0
    """Answers of Okta."""
    refusals: int = 0
    complaints: list[str] = field(default_factory=list)
    """What no workload should meet: a refusal, or a published value that is gone."""

    def read(self, value: str | None) -> None:
        if value is None and self.value is not None:
            self._complain("the target or its key is gone")
        if value is not None and value not in self.values[-1:]:
            self.values.append(value)
        self.value = value

    def told(self, status: int) -> None:
        self.attempts += 1
        if status != 200:
            self.refusals += 1
            self._complain(f"refused with {status}, at attempt {self.attempts}")

    def _complain(self, what: str) -> None:
        self.complaints.append(f"{datetime.now(UTC):%H:%M:%S.%f} {self.target}: {what}")


class Crowd:
    """All consumers of a test, on one event loop in a thread of its own."""

    def __init__(self, control_plane: ControlPlane, okta_url: str) -> None:
        self._control_plane = control_plane
        self._okta_url = okta_url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        self._session = self._call(self._open())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def join(
        self,
        namespace: str,
        target: str,
        app_id: str,
        *,
        key: str = KEY,
        interval: float = INTERVAL,
    ) -> Consumer:
        """One more consumer. It waits until something is published, and then never stops."""
        consumer = Consumer(namespace, target, app_id, key)
        self._call(self._begin(consumer, interval))
        return consumer

    def leave(self, consumer: Consumer) -> None:
        """The consumer stops: what it has met stays as it is."""
        self._call(self._end(self._tasks.pop(id(consumer))))

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _open(self) -> aiohttp.ClientSession:
        credentials = self._control_plane.credentials
        context = ssl.create_default_context(cafile=credentials.authority)
        connector = aiohttp.TCPConnector(limit=0, ssl=context)
        return aiohttp.ClientSession(connector=connector, timeout=_PATIENCE)

    async def _close(self) -> None:
        try:
            for task in self._tasks.values():
                await self._end(task)
        finally:
            await self._session.close()

    async def _begin(self, consumer: Consumer, interval: float) -> None:
        work = self._live(consumer, interval)
        self._tasks[id(consumer)] = asyncio.create_task(work)

    async def _end(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        # A defect of a consumer, though, fails the test.
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def _live(self, consumer: Consumer, interval: float) -> None:
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                consumer.read(await self._published(consumer))
            if consumer.value is not None:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    consumer.told(await self._authenticate(consumer.app_id, consumer.value))
            await asyncio.sleep(interval)

    async def _published(self, consumer: Consumer) -> str | None:
        path = f"/api/v1/namespaces/{consumer.namespace}/secrets/{consumer.target}"
        headers = {"Authorization": f"Bearer {self._control_plane.credentials.token}"}
        url = self._control_plane.server_url + path
        async with self._session.get(url, headers=headers) as answer:
            if answer.status == 404:
                return None
            # While the API server restarts it may say anything but yes or no.
            answer.raise_for_status()
            data: dict[str, str] = (await answer.json()).get("data") or {}
            encoded = data.get(consumer.key)
            return base64.b64decode(encoded).decode() if encoded is not None else None

    async def _authenticate(self, app_id: str, value: str) -> int:
        url = f"{self._okta_url}/oauth2/v1/introspect"
        headers = {"Authorization": aiohttp.encode_basic_auth(app_id, value)}
        async with self._session.post(url, headers=headers, data={"token": "junk"}) as answer:
            return answer.status
