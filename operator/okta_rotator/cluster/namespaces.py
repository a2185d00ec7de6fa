"""The labels of all namespaces, watched once a connection picks namespaces by them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from okta_rotator.cluster.kube_api import Json, KubeApi
from okta_rotator.cluster.metadata_watch import MetadataWatch
from okta_rotator.rotation.snapshot import Key
from okta_rotator.rotation.tenancy import Labels

PATH: Final = "/api/v1/namespaces"


class NamespaceLabels(MetadataWatch[Labels]):
    """`on_change` is told the names of the namespaces whose labels are known anew."""

    def __init__(self, api: KubeApi, on_change: Callable[[frozenset[str]], None]) -> None:
        super().__init__(api, PATH, {}, "namespaces")
        self._on_change = on_change
        self._is_needed = asyncio.Event()

    async def run(self) -> None:
        """Nothing, until they are needed; then watch until cancelled."""
        await self._is_needed.wait()
        await super().run()

    def need(self) -> None:
        """From now on they are wanted."""
        self._is_needed.set()

    async def known(self) -> None:
        """Wait until they are known, if they are wanted."""
        if self._is_needed.is_set():
            await self.has_begun.wait()

    def of(self, namespace: str) -> Labels | None:
        """None while they are not known, as those of a namespace that is not there."""
        return self._known.get(Key("", namespace))

    def _value_of(self, item: Json) -> Labels:
        return item["metadata"].get("labels") or {}

    def _listed(self, before: Mapping[Key, Labels], version: str) -> None:
        keys = before.keys() | self._known.keys()
        self._tell(key for key in keys if before.get(key) != self._known.get(key))

    def _seen(
        self, key: Key, before: Labels | None, now: Labels, version: str, *, is_gone: bool
    ) -> None:
        if is_gone or before != now:
            self._tell([key])

    def _tell(self, keys: Iterable[Key]) -> None:
        names = frozenset(key.name for key in keys)
        if names:
            self._on_change(names)
