"""Fast writes and counts for the benchmark: many resources at once, and who wrote how much."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import Iterable, Mapping
from typing import Any

import aiohttp

from tests.controlplane import ControlPlane

PARALLEL = 24
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
WRITES = re.compile(
    r'^apiserver_request_total\{([^}]*verb="(?:POST|PUT|PATCH|APPLY)"[^}]*)\} (\S+)'
)


class Kube:
    """The API server, as its administrator."""

    def __init__(self, control_plane: ControlPlane) -> None:
        credentials = control_plane.credentials
        trust = ssl.create_default_context(cafile=credentials.authority)
        self._http = aiohttp.ClientSession(
            base_url=control_plane.server_url,
            headers={"Authorization": f"Bearer {credentials.token}"},
            connector=aiohttp.TCPConnector(ssl=trust),
            timeout=aiohttp.ClientTimeout(total=None),
            raise_for_status=True,
        )

    async def close(self) -> None:
        await self._http.close()

    async def create_all(self, path: str, bodies: Iterable[Mapping[str, Any]]) -> None:
        gate = asyncio.Semaphore(PARALLEL)

        async def create(body: Mapping[str, Any]) -> None:
            async with gate, self._http.post(path, json=body):
                pass

        await asyncio.gather(*map(create, bodies))

    async def await_objects(self, path: str, names: set[str], selector: str) -> None:
        """Until objects of all these names have been seen by a watch from the beginning on."""
        missing, query = set(names), {"watch": "1", "labelSelector": selector}
        headers = {"Accept": METADATA}
        async with self._http.get(path, params=query, headers=headers) as answer:
            async for line in answer.content:
                missing.discard(json.loads(line)["object"]["metadata"].get("name"))
                if not missing:
                    return

    async def await_ready(self, path: str, count: int) -> None:
        """Until that many resources are Ready."""
        while True:
            async with self._http.get(path) as answer:
                items = (await answer.json())["items"]
            if sum(map(_is_ready, items)) >= count:
                return
            await asyncio.sleep(0.5)

    async def writes(self) -> dict[str, int]:
        """Writes that the API server has served so far, by `resource/subresource verb`."""
        counts: dict[str, int] = {}
        async with self._http.get("/metrics") as answer:
            text = await answer.text()
        for line in text.splitlines():
            found = WRITES.match(line)
            if found:
                labels = dict(re.findall(r'(\w+)="([^"]*)"', found[1]))
                name = f"{labels['resource']}/{labels['subresource']}".rstrip("/")
                key = f"{name} {labels['verb']}"
                counts[key] = counts.get(key, 0) + int(float(found[2]))
        return counts


def _is_ready(item: Mapping[str, Any]) -> bool:
    conditions = item.get("status", {}).get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
