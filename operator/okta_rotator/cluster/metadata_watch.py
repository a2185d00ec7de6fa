"""Watches the metadata of objects, never the rest of them: a list, then watch after watch."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

from okta_rotator.cluster.errors import FORBIDDEN, ClusterError, ConflictError, error_of_answer
from okta_rotator.cluster.kube_api import METADATA_ONLY, METADATA_WATCH, Json, KubeApi
from okta_rotator.rotation.snapshot import Key
from okta_rotator.rotation.trouble import PortError

logger = logging.getLogger(__name__)

WATCH_SECONDS: Final = 290
"""After this long the server ends a watch, and it is begun anew."""

PAGE: Final = 500
"""Objects in one page of a list."""

PAUSE: Final = 1.0
"""Seconds before a watch that ended or failed is begun anew."""

V = TypeVar("V")


class MetadataWatch(ABC, Generic[V]):
    """One watch over the objects at a path that a selector picks.

    `what` names them in the log. Of each object only what `value_of` takes from it is kept.
    """

    def __init__(self, api: KubeApi, path: str, selector: Mapping[str, str], what: str) -> None:
        self._api = api
        self._path = path
        self._selector = selector
        self._what = what
        self._known: dict[Key, V] = {}
        self.has_begun = asyncio.Event()
        """Set once all were listed: no change after that goes unnoticed. Where there is no right
        to, as in a namespace that is gone with our Role, there is nothing to wait for either."""
        self._complaint = ""

    @abstractmethod
    def _value_of(self, item: Json) -> V: ...

    def _is_wanted(self, key: Key) -> bool:
        """Whether it is kept and told."""
        return True

    @abstractmethod
    def _listed(self, before: Mapping[Key, V], version: str) -> None:
        """All have been listed, as of that version; `_known` has them."""

    @abstractmethod
    def _seen(self, key: Key, before: V | None, now: V, version: str, *, is_gone: bool) -> None:
        """One has been made, changed or deleted."""

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                version = await self._list()
                self.has_begun.set()
                await self._follow(version)
            except PortError as error:
                if isinstance(error, ClusterError) and error.status == FORBIDDEN:
                    self.has_begun.set()
                self._complain(error)
                await asyncio.sleep(PAUSE)

    def _complain(self, error: PortError) -> None:
        """Once for each trouble, since it comes again each second; a watch that expired is none."""
        is_new = not isinstance(error, ConflictError) and str(error) != self._complaint
        level = logging.WARNING if is_new else logging.DEBUG
        logger.log(level, "changes of %s by others may go unnoticed: %s", self._what, error)
        self._complaint = str(error)

    async def _list(self) -> str:
        """List all; the version from which to watch on."""
        found: dict[Key, V] = {}
        more: str | None = None
        while True:
            page = await self._page(more)
            # A list of metadata that is empty has `null` for its items.
            items = [(_key(item), item) for item in page.get("items") or ()]
            found |= {key: self._value_of(item) for key, item in items if self._is_wanted(key)}
            version: str = page["metadata"]["resourceVersion"]
            more = page["metadata"].get("continue", "")
            if not more:
                break
        before, self._known = self._known, found
        self._listed(before, version)
        return version

    async def _page(self, more: str | None) -> Json:
        query: dict[str, str | int] = {**self._selector, "limit": PAGE}
        if more:
            query["continue"] = more
        return await self._api.get(self._path, accept=METADATA_ONLY, **query)

    async def _follow(self, version: str) -> None:
        """Follow from a version on, watch after watch, until the server no longer knows it."""
        while True:
            query: dict[str, str | int] = {
                **self._selector,
                "timeoutSeconds": WATCH_SECONDS,
                "resourceVersion": version,
                "allowWatchBookmarks": "true",
            }
            events = self._api.watch(self._path, METADATA_WATCH, **query)
            async with contextlib.aclosing(events):
                async for event in events:
                    version = self._version_after(event)
            self._complaint = ""
            # A server, or a proxy, that ends each watch at once is not asked without a pause.
            await asyncio.sleep(PAUSE)

    def _version_after(self, event: Mapping[str, Any]) -> str:
        """See the event; returns the version from which to watch on."""
        if event["type"] == "ERROR":
            request = f"watch {self._path.rpartition('/')[2]}"
            raise error_of_answer(event["object"].get("code", 410), b"", request)
        if event["type"] != "BOOKMARK":
            self._see(event)
        version: str = event["object"]["metadata"]["resourceVersion"]
        return version

    def _see(self, event: Mapping[str, Any]) -> None:
        item, is_gone = event["object"], event["type"] == "DELETED"
        key, now = _key(item), self._value_of(item)
        if not self._is_wanted(key):
            self._known.pop(key, None)
            return
        before = self._known.get(key)
        if is_gone:
            self._known.pop(key, None)
        else:
            self._known[key] = now
        self._seen(key, before, now, item["metadata"]["resourceVersion"], is_gone=is_gone)


def _key(item: Json) -> Key:
    return Key(item["metadata"].get("namespace", ""), item["metadata"]["name"])
