"""Manifests of our kinds for tests: small sound ones, and variations on them."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]

CLIENT_ID = "0oa1b2c3d4e5f6g7h8i9"
CREATED = "2026-01-01T00:00:00Z"
"""When an object was made, where that is no matter."""
ABSENT = object()
"""In place of a value: the field is left out."""


def rotation(changes: Mapping[str, Any] | None = None, name: str = "my-rotation") -> Json:
    """The smallest sound OktaClientSecretRotation, with changes by path (`spec.target.name`)."""
    spec = {
        "connection": {"name": "my-connection"},
        "parameters": {"clientId": CLIENT_ID},
        "rotationInterval": 30,
        "secretsMapping": {"clientId": "OKTA_CLIENT_ID", "clientSecret": "OKTA_CLIENT_SECRET"},
    }
    return changed(_resource("OktaClientSecretRotation", name, spec), changes or {})


def connection(changes: Mapping[str, Any] | None = None, name: str = "my-connection") -> Json:
    """The smallest sound OktaConnection, with changes by path (`spec.instanceUrl`)."""
    spec = {
        "instanceUrl": "https://acme.okta.com",
        "method": "api-token",
        "apiToken": {"secretRef": {"name": "okta-api-token", "key": "apiToken"}},
    }
    return changed(_resource("OktaConnection", name, spec), changes or {})


def cluster_connection(
    changes: Mapping[str, Any] | None = None, name: str = "shared", **access: Any
) -> Json:
    """The smallest sound ClusterOktaConnection; `access` are the fields of its one entry."""
    made = connection({"spec.access": [access] if access else ABSENT, **(changes or {})}, name)
    return {**made, "kind": "ClusterOktaConnection"}


def service_app_connection(
    changes: Mapping[str, Any] | None = None, name: str = "my-connection"
) -> Json:
    """The smallest sound OktaConnection of a service app."""
    oauth = {
        "clientId": CLIENT_ID,
        "privateKey": {"secretRef": {"name": "okta-service-app", "key": "privateKey"}},
    }
    method = {"spec.method": "oauth-private-key", "spec.apiToken": ABSENT, "spec.oauth": oauth}
    return connection({**method, **(changes or {})}, name)


def changed(resource: Json, changes: Mapping[str, Any]) -> Json:
    """A copy of the resource in which other values are at these paths; `ABSENT` leaves one out."""
    resource = copy.deepcopy(resource)
    for path, value in changes.items():
        *way, last = path.split(".")
        place = resource
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        if value is ABSENT:
            place.pop(last, None)
        else:
            place[last] = value
    return resource


def paths(node: Any, prefix: str = "spec") -> Iterator[str]:
    """The path of every field of a JSON object, its objects included, and of lists their first."""
    for key, value in node.items():
        yield f"{prefix}.{key}"
        if isinstance(value, dict):
            yield from paths(value, f"{prefix}.{key}")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield from paths(value[0], f"{prefix}.{key}.0")


def _resource(kind: str, name: str, spec: Json) -> Json:
    return {
        "apiVersion": "okta-rotator.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }
