"""A Kubernetes API of one dictionary, for tests of what stands on `KubeApi`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from okta_rotator.cluster.errors import error_of_answer
from tests.resources import Json


class FakeKube:
    """Answers GET by path; notes what was written. `fails` are the statuses of the next requests.

    `gate`, while it is closed, holds up each PATCH.
    """

    def __init__(self) -> None:
        self.objects: dict[str, Json] = {}
        self.patched: list[tuple[str, Json]] = []
        self.posted: list[tuple[str, Json]] = []
        self.fails: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.watches: list[asyncio.Queue[Json | Exception]] = []
        self.listed = 0

    async def get(self, path: str, accept: str = "", **query: str | int) -> Json:
        self._maybe_fail(path)
        self.listed += path.endswith("s")
        if path not in self.objects:
            raise error_of_answer(404, b"", f"get {path}")
        return self.objects[path]

    async def post(self, path: str, body: Mapping[str, Any], **_: str) -> Json:
        self._maybe_fail(path)
        self.posted.append((path, dict(body)))
        return dict(body)

    async def patch(self, path: str, body: list[Json], kind: str, **_: str) -> Json:
        """A JSON patch; `patched` has its values by path."""
        await self.gate.wait()
        self._maybe_fail(path)
        values = {step["path"]: step["value"] for step in body}
        self.patched.append((path, values))
        return values

    async def watch(self, path: str, accept: str, **query: str | int) -> AsyncGenerator[Json, None]:
        events: asyncio.Queue[Json | Exception] = asyncio.Queue()
        self.watches.append(events)
        while True:
            event = await events.get()
            if isinstance(event, Exception):
                raise event
            yield event

    def _maybe_fail(self, path: str) -> None:
        if self.fails:
            raise error_of_answer(self.fails.pop(0), b"", path)
