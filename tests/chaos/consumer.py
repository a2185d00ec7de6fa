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
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import aiohttp

from tests.chaos.loops import LoopThread
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
        self._thread = LoopThread("consumers")
        self._tasks: set[asyncio.Task[None]] = set()
        self._working: dict[int, asyncio.Task[None]] = {}

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
        self._thread.stop()

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
        self._working[id(consumer)] = self.start(self._live(consumer, interval))
        return consumer

    def leave(self, consumer: Consumer) -> None:
        """The consumer stops: what it has met stays as it is."""
        self.stop(self._working.pop(id(consumer)))

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Have something else go on in the same loop."""
        return self._call(self._begin(work))

    def stop(self, task: asyncio.Task[None]) -> None:
        """End it; a defect of it is raised here."""
        self._call(self._end(task))

    async def secret_data(self, namespace: str, name: str) -> dict[str, str] | None:
        """The decoded data of a Secret, as an administrator sees it; None where there is none."""
        url = f"{self._control_plane.server_url}/api/v1/namespaces/{namespace}/secrets/{name}"
        headers = {"Authorization": f"Bearer {self._control_plane.credentials.token}"}
        async with self._session.get(url, headers=headers) as answer:
            if answer.status == 404:
                return None
            # While the API server restarts it may say anything but yes or no.
            answer.raise_for_status()
            data: dict[str, str] = (await answer.json()).get("data") or {}
            return {key: base64.b64decode(value).decode() for key, value in data.items()}

    async def app_state(self, app_id: str) -> dict[str, Any]:
        """All that the emulator holds of an app."""
        async with self._session.get(f"{self._okta_url}/_emulator/apps/{app_id}") as answer:
            answer.raise_for_status()
            state: dict[str, Any] = await answer.json()
            return state

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return self._thread.run(work, 30)

    async def _open(self) -> aiohttp.ClientSession:
        credentials = self._control_plane.credentials
        context = ssl.create_default_context(cafile=credentials.authority)
        self._connector = aiohttp.TCPConnector(limit=0, ssl=context)
        return aiohttp.ClientSession(connector=self._connector, timeout=_PATIENCE)

    async def _close(self) -> None:
        try:
            for task in tuple(self._tasks):
                await self._end(task)
        finally:
            await self._connector.close(abort_ssl=True)
            await self._session.close()

    async def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        return task

    async def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
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
        data = await self.secret_data(consumer.namespace, consumer.target)
        return data.get(consumer.key) if data is not None else None

    async def _authenticate(self, app_id: str, value: str) -> int:
        url = f"{self._okta_url}/oauth2/v1/introspect"
        headers = {"Authorization": aiohttp.encode_basic_auth(app_id, value)}
        async with self._session.post(url, headers=headers, data={"token": "junk"}) as answer:
            return answer.status
