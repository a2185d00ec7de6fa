"""Connections: whether one has settled, and whether it tells what a fresh one would."""

from __future__ import annotations

import copy
import json
from itertools import count
from typing import Any

from tests.fuzz.kube import Kube
from tests.fuzz.settling import wait_until
from tests.resources import Json

STEADY = "steady"
"""The connection that nobody edits."""


class Links:
    """The connections of one sequence."""

    def __init__(self, kube: Kube, prefix: str) -> None:
        self._kube = kube
        self._prefix = prefix
        self._numbers = count(1)

    def settle(self, name: str) -> str:
        """Wait until the connection is as a fresh one; a word for what it is now."""
        live = self._kube.get("oktaconn", name)
        if live is None:
            return "gone"
        wanted = self._fresh(live)
        if wanted["orgId"] is None:
            # A fresh one that never signed in knows no org; what was known once stays known.
            wanted |= {key: live["status"].get(key) for key in ("orgId", "orgHost")}
        wait_until(lambda: self._told(name) == wanted, f"connection {name} is {wanted}")
        return json.dumps([live["metadata"]["uid"], wanted])

    def is_broken(self, name: str) -> bool:
        live = self._kube.get("oktaconn", name)
        return live is None or _ready(live) is None or _ready(live)["status"] != "True"

    def _fresh(self, live: Json) -> Json:
        name = f"{self._prefix}-{next(self._numbers)}"
        kind = {key: live[key] for key in ("apiVersion", "kind")}
        spec = copy.deepcopy(live["spec"])
        self._kube.create("oktaconn", {**kind, "metadata": {"name": name}, "spec": spec})
        wait_until(lambda: self._told(name)["is_current"], "a fresh connection is looked at")
        found = self._told(name)
        self._kube.delete("oktaconn", name)
        return found

    def _told(self, name: str) -> Json:
        return _told(self._kube.get("oktaconn", name) or {})


def _ready(connection: Json) -> Any:
    conditions = connection.get("status", {}).get("conditions", ())
    return next((c for c in conditions if c["type"] == "Ready"), None)


def _told(connection: Json) -> Json:
    """Without times, and whether it is of the present spec."""
    status = connection.get("status", {})
    conditions = [
        {key: c.get(key) for key in ("type", "status", "reason", "message")}
        for c in status.get("conditions", ())
    ]
    metadata = connection.get("metadata", {})
    is_current = status.get("observedGeneration", 0) == metadata.get("generation")
    kept = {key: status.get(key) for key in ("orgId", "orgHost", "method")}
    return {"conditions": conditions, "is_current": is_current, **kept}
