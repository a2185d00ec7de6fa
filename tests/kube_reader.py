"""Reads of the API server without a process for each: what end-to-end tests poll with."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator

import httpx

from tests.controlplane import ControlPlane
from tests.resources import Json

_OURS = "/apis/okta-rotator.dev/v1alpha1/namespaces/{}/"
_PATHS = {
    "ocsr": _OURS + "oktaclientsecretrotations",
    "oktaconn": _OURS + "oktaconnections",
    "coktaconn": "/apis/okta-rotator.dev/v1alpha1/clusteroktaconnections",
    "secret": "/api/v1/namespaces/{}/secrets",
    "lease": "/apis/coordination.k8s.io/v1/namespaces/{}/leases",
    "event": "/api/v1/namespaces/{}/events",
}


class KubeReader:
    """One namespace, as the administrator sees it."""

    def __init__(self, control_plane: ControlPlane, namespace: str) -> None:
        credentials = control_plane.credentials
        self._namespace = namespace
        self._http = httpx.Client(
            base_url=control_plane.server_url,
            headers={"Authorization": f"Bearer {credentials.token}"},
            verify=ssl.create_default_context(cafile=credentials.authority),
            timeout=30,
            trust_env=False,
        )

    def close(self) -> None:
        self._http.close()

    def get(self, kind: str, name: str) -> Json | None:
        answer = self._http.get(f"{self._path(kind)}/{name}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return dict(answer.raise_for_status().json())

    def list(self, kind: str, **selectors: str) -> list[Json]:
        answer = self._http.get(self._path(kind), params=selectors).raise_for_status()
        return list(answer.json()["items"])

    def version(self, kind: str) -> str:
        """The resourceVersion from which on a watch of the kind misses nothing.

        A kind that was just made known is answered by 429 for a moment.
        """
        answer = self._http.get(self._path(kind))
        while answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            time.sleep(0.1)
            answer = self._http.get(self._path(kind))
        return str(answer.raise_for_status().json()["metadata"]["resourceVersion"])

    def changes(self, kind: str, version: str, seconds: int) -> Iterator[Json]:
        """The events of a watch since that resourceVersion, for so long."""
        query = {"watch": "1", "resourceVersion": version, "timeoutSeconds": str(seconds)}
        with self._http.stream("GET", self._path(kind), params=query) as answer:
            answer.raise_for_status()
            for line in answer.iter_lines():
                yield json.loads(line)

    def _path(self, kind: str) -> str:
        return _PATHS[kind].format(self._namespace)
