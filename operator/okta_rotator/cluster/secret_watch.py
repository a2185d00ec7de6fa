"""Watches the metadata of Secrets, never their data, and says which have changed by other hands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from okta_rotator.api.names import ROTATION_LABEL, ROTATION_NAME_ANNOTATION
from okta_rotator.cluster.kube_api import Json, KubeApi
from okta_rotator.cluster.metadata_watch import MetadataWatch
from okta_rotator.rotation.snapshot import Key, SecretObject

SETTLE: Final = 0.3
"""Seconds that a change waits before it is told: our own write's answer comes after its event."""

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


class SecretWatch(MetadataWatch[_Version]):
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
        path = "/api/v1/" + (f"namespaces/{namespace}/" if namespace else "") + "secrets"
        super().__init__(api, path, selector, "Secrets")
        self._own_versions = own_versions
        self._on_change = on_change

    def _value_of(self, item: Json) -> _Version:
        metadata = item["metadata"]
        name = (metadata.get("annotations") or {}).get(ROTATION_NAME_ANNOTATION)
        return metadata["resourceVersion"], name

    def _listed(self, before: Mapping[Key, _Version], version: str) -> None:
        """Tell what has changed since the last list or watch, if there was one."""
        found = self._known
        if self.has_begun.is_set():
            for key in {k for k in before.keys() | found.keys() if before.get(k) != found.get(k)}:
                seen = found.get(key) or before[key]
                self._tell(key, seen, before.get(key), is_gone=key not in found)
        for key in before.keys() - found.keys():
            self._own_versions.forget(key, version)

    def _seen(
        self, key: Key, before: _Version | None, now: _Version, version: str, *, is_gone: bool
    ) -> None:
        if is_gone:
            self._own_versions.forget(key, version)
        self._tell(key, now, before, is_gone)

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
