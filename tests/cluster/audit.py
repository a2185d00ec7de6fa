"""What a user did with the API server, from its audit log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tests.resources import Json

POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


@dataclass(frozen=True, order=True)
class Right:
    """A verb on a kind of objects; also an entry of a role's rules."""

    group: str
    resource: str
    verb: str


class AuditLog:
    """The log of one API server; `flags` are what it has to be started with."""

    def __init__(self, folder: Path) -> None:
        policy = folder / "audit-policy.json"
        policy.write_text(json.dumps(POLICY))
        self._path = folder / "audit.log"
        self.flags = (f"--audit-policy-file={policy}", f"--audit-log-path={self._path}")

    def requests(self, user: str) -> list[Json]:
        """The requests of a user, so far."""
        lines = self._path.read_text().splitlines()
        events = [json.loads(line) for line in lines]
        return [event for event in events if event["user"].get("username") == user]


def rights_used(requests: list[Json]) -> set[Right]:
    """The rights that it takes to make these requests; those on no object are everybody's."""
    objects = [(event["objectRef"], event["verb"]) for event in requests if "objectRef" in event]
    return {Right(ref.get("apiGroup", ""), _resource(ref), verb) for ref, verb in objects}


def rights_used_by_namespace(requests: list[Json]) -> dict[str, set[Right]]:
    """The same, by the namespace of the objects; "" where they are in none, or in all."""
    used: dict[str, set[Right]] = {}
    for event in requests:
        where = event.get("objectRef", {}).get("namespace", "")
        used.setdefault(where, set()).update(rights_used([event]))
    return {where: rights for where, rights in used.items() if rights}


def refused(requests: list[Json]) -> list[str]:
    """The requests that were answered with 401 or 403."""
    return [
        f"{event['verb']} {event['requestURI']}"
        for event in requests
        if event.get("responseStatus", {}).get("code") in (401, 403)
    ]


def rights_given(role: Json) -> set[Right]:
    return {
        Right(group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def _resource(ref: Json) -> str:
    below = ref.get("subresource")
    return f"{ref['resource']}/{below}" if below else str(ref["resource"])
