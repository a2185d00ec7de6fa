"""Watches the metadata of Secrets, never their data, and says which have changed by other hands."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from okta_rotator.api.names import ROTATION_LABEL, ROTATION_NAME_ANNOTATION
from okta_rotator.cluster.errors import ConflictError, error_of_answer
from okta_rotator.cluster.kube_api import METADATA_ONLY, METADATA_WATCH, Json, KubeApi
from okta_rotator.rotation.snapshot import Key, SecretObject
from okta_rotator.rotation.trouble import PortError

logger = logging.getLogger(__name__)

WATCH_SECONDS: Final = 290
"""After this long the server ends a watch, and it is begun anew."""

PAGE: Final = 500
"""Objects in one page of a list."""

SETTLE: Final = 0.3
"""Seconds that a change waits before it is told: our own write's answer comes after its event."""

PAUSE: Final = 1.0
"""Seconds before a watch that ended or failed is begun anew."""


_Version = tuple[str, str | None]
"""The resourceVersion of a Secret, and the rotation that its mark names."""


@dataclass(frozen=True, slots=True)
class SecretChange:
    """A Secret has another version than the last that was seen or written by us, or is gone."""

    key: Key
    rotation_name: str | None
    """Whose it says that it is."""
    former_name: str | None = None
    """Whose it said that it was: a hand may have changed that very mark."""


class OwnVersions(dict[Key, str]):
    """The versions of Secrets that we wrote last."""

    def note(self, secret: SecretObject) -> None:
        self[Key(secret.namespace, secret.name)] = secret.resource_version

    def covers(self, key: Key, version: str) -> bool:
        """Whether the version is ours, or one that a write of ours has replaced since.

        Kubernetes' resourceVersions grow as decimal numbers (KEP-5504).
        """
        own = self.get(key)
        return own is not None and int(version) <= int(own)

    def have_replaced(self, secret: SecretObject) -> bool:
        """Whether what was read is older than what we wrote, as a cache may answer."""
        own = self.get(Key(secret.namespace, secret.name))
        return own is not None and int(secret.resource_version) < int(own)

    def forget(self, key: Key, version: str) -> None:
        """The Secret is gone since that version; one that we have made anew is another."""
        own = self.get(key)
        if own is not None and int(own) <= int(version):
            del self[key]


class SecretWatch:
    """One watch over the Secrets that a selector picks, in one namespace or in all.

    `own_versions` holds what we wrote ourselves, which is no news.
    """

    def __init__(
        self,
        api: KubeApi,
        namespace: str | None,
        selector: Mapping[str, str],
        own_versions: OwnVersions,
        on_change: Callable[[SecretChange], None],
    ) -> None:
        self._api = api
        self._path = "/api/v1/" + (f"namespaces/{namespace}/" if namespace else "") + "secrets"
        self._selector = selector
        self._own_versions = own_versions
        self._on_change = on_change
        self._versions: dict[Key, _Version] = {}
        self.has_begun = asyncio.Event()
        """Set once all Secrets were listed: no change after that goes unnoticed."""
        self._complaint = ""

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                version = await self._list()
                self.has_begun.set()
                await self._follow(version)
            except PortError as error:
                self._complain(error)
                await asyncio.sleep(PAUSE)

    def _complain(self, error: PortError) -> None:
        """Once for each trouble, since it comes again each second; a watch that expired is none."""
        is_new = not isinstance(error, ConflictError) and str(error) != self._complaint
        level = logging.WARNING if is_new else logging.DEBUG
        logger.log(level, "changes of Secrets by others may go unnoticed: %s", error)
        self._complaint = str(error)

    async def _list(self) -> str:
        """List all, and tell what has changed since the last list or watch, if there was one."""
        found: dict[Key, _Version] = {}
        version: str
        more: str | None = None
        while True:
            page = await self._page(more)
            # A list of metadata that is empty has `null` for its items.
            found |= {_key(item): _version(item) for item in page.get("items") or ()}
            version, more = (
                page["metadata"]["resourceVersion"],
                page["metadata"].get("continue", ""),
            )
            if not more:
                break
        before, self._versions = self._versions, found
        if self.has_begun.is_set():
            for key in {k for k in before.keys() | found.keys() if before.get(k) != found.get(k)}:
                seen = found.get(key) or before[key]
                self._tell(key, seen, before.get(key), is_gone=key not in found)
        for key in before.keys() - found.keys():
            self._own_versions.forget(key, version)
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
            raise error_of_answer(event["object"].get("code", 410), b"", "watch secrets")
        if event["type"] != "BOOKMARK":
            self._see(event)
        version: str = event["object"]["metadata"]["resourceVersion"]
        return version

    def _see(self, event: Mapping[str, Any]) -> None:
        key, seen = _key(event["object"]), _version(event["object"])
        is_gone = event["type"] == "DELETED"
        before = self._versions.get(key)
        if is_gone:
            self._versions.pop(key, None)
            self._own_versions.forget(key, seen[0])
        else:
            self._versions[key] = seen
        self._tell(key, seen, before, is_gone)

    def _tell(self, key: Key, seen: _Version, before: _Version | None, is_gone: bool) -> None:
        """Tell once our own write, if it is one, has had the time to be noted."""
        former = before[1] if before is not None and before[1] != seen[1] else None
        change = SecretChange(key, seen[1], former)
        loop = asyncio.get_running_loop()
        loop.call_later(SETTLE, self._tell_if_news, change, seen[0], is_gone)

    def _tell_if_news(self, change: SecretChange, version: str, is_gone: bool) -> None:
        if is_gone or not self._own_versions.covers(change.key, version):
            self._on_change(change)


def ours() -> dict[str, str]:
    """The selector of the Secrets that we write."""
    return {"labelSelector": ROTATION_LABEL}


def named(name: str) -> dict[str, str]:
    """The selector of one Secret, ours or not."""
    return {"fieldSelector": f"metadata.name={name}"}


def _key(item: Json) -> Key:
    return Key(item["metadata"]["namespace"], item["metadata"]["name"])


def _version(item: Json) -> _Version:
    metadata = item["metadata"]
    name = (metadata.get("annotations") or {}).get(ROTATION_NAME_ANNOTATION)
    return metadata["resourceVersion"], name
