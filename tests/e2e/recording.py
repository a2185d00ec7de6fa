"""Every version of our resources that the API server ever showed, as a client sees them go by."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from tests.controlplane import ControlPlane
from tests.kube_reader import KubeReader
from tests.resources import Json

_SECONDS: Final = 1
"""How long one watch lasts; the next one goes on where it ended."""


class Recorder:
    """Records a kind in a namespace from its making on, until it is stopped."""

    def __init__(self, control_plane: ControlPlane, namespace: str, kind: str) -> None:
        self._kube = KubeReader(control_plane, namespace)
        self._kind = kind
        self._seen: list[Json] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._record, args=(self._kube.version(kind),))
        self._thread.start()

    def stop(self) -> None:
        """Returns once everything that has happened by now is recorded."""
        self._end.set()
        self._thread.join()
        self._kube.close()

    def versions(self, name: str) -> Sequence[Json]:
        """Every version of the resource, in order."""
        return [one for one in self._seen if one["metadata"]["name"] == name]

    def everything(self) -> Sequence[Json]:
        return self._seen

    def _record(self, version: str) -> None:
        is_last = False
        while not is_last:
            is_last = self._end.is_set()
            for event in self._kube.changes(self._kind, version, _SECONDS):
                assert event["type"] in ("ADDED", "MODIFIED", "DELETED"), event
                version = event["object"]["metadata"]["resourceVersion"]
                self._seen.append(event["object"])
