"""Watches the metadata of the Secrets that connections sign in with, and tells their versions.

One watch over a whole namespace, or over all of them, of which only what connections name is kept.
A watch of each name would not scale: every watch takes one of the hundred HTTP connections to the
API server, so that the hundredth would keep all other requests waiting. (Measured with a thousand:
no request had an answer within its 30 seconds.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Final

from okta_rotator.api.names import ROTATION_LABEL
from okta_rotator.cluster.kube_api import Json, KubeApi
from okta_rotator.cluster.metadata_watch import MetadataWatch
from okta_rotator.rotation.snapshot import Key

UNLIKELY: Final = ("helm.sh/release.v1", "kubernetes.io/service-account-token")
"""Types of Secrets that there are many of, and that are no connection's."""

SELECTOR: Final = {
    "labelSelector": f"!{ROTATION_LABEL}",
    "fieldSelector": ",".join(f"type!={kind}" for kind in UNLIKELY),
}


class CredentialsWatch(MetadataWatch[str]):
    """One watch over the Secrets of one namespace, or of all, that are `wanted` at that time.

    `on_version` is told the version of one, or None where there is none: when that has changed, and
    of all of them whenever the watch begins anew.
    """

    def __init__(
        self,
        api: KubeApi,
        namespace: str | None,
        wanted: Set[Key],
        on_version: Callable[[Key, str | None], None],
    ) -> None:
        path = "/api/v1/" + (f"namespaces/{namespace}/" if namespace else "") + "secrets"
        super().__init__(api, path, SELECTOR, "the Secrets of connections")
        self._namespace = namespace
        self._wanted = wanted
        self._on_version = on_version

    def _value_of(self, item: Json) -> str:
        version: str = item["metadata"]["resourceVersion"]
        return version

    def _is_wanted(self, key: Key) -> bool:
        return key in self._wanted

    def _listed(self, before: Mapping[Key, str], version: str) -> None:
        for key in self._wanted:
            if self._namespace in (None, key.namespace):
                self._on_version(key, self._known.get(key))

    def _seen(self, key: Key, before: str | None, now: str, version: str, *, is_gone: bool) -> None:
        self._on_version(key, None if is_gone else now)
