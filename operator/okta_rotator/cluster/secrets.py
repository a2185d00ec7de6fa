"""Kubernetes Secrets: the state Secret and the target, read and written under preconditions.

A Secret is never applied without a precondition: an apply would merge into a stranger's Secret.
The target is changed by a merge patch that carries the resourceVersion, so that one write sets
what is wanted and takes away what is no longer, whoever touched the key last.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any

from okta_rotator.api.names import (
    FIELD_MANAGER,
    ROTATION_LABEL,
    ROTATION_NAME_ANNOTATION,
    STATE_SECRET_TYPE,
    STATE_SUFFIX,
)
from okta_rotator.cluster.errors import NotFoundError
from okta_rotator.cluster.kube_api import MERGE_PATCH, Json, KubeApi
from okta_rotator.rotation.snapshot import Resource, SecretObject
from okta_rotator.rotation.target import TargetChange


class Secrets:
    """Reads and writes of Secrets. Raises ClusterError alone."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api

    async def read(self, namespace: str, name: str) -> SecretObject | None:
        try:
            return secret_object(await self._api.get(_path(namespace, name)))
        except NotFoundError:
            return None

    async def create_state(self, resource: Resource, data: Mapping[str, str]) -> SecretObject:
        body = _state_body(resource, data)
        created = await self._api.post(
            _path(resource.key.namespace), body, fieldManager=FIELD_MANAGER
        )
        return secret_object(created)

    async def replace_state(
        self, secret: SecretObject, resource: Resource, data: Mapping[str, str]
    ) -> SecretObject:
        body = _state_body(resource, data)
        body["metadata"] |= {"uid": secret.uid, "resourceVersion": secret.resource_version}
        path = _path(secret.namespace, secret.name)
        return secret_object(await self._api.put(path, body, fieldManager=FIELD_MANAGER))

    async def write_target(self, resource: Resource, change: TargetChange) -> SecretObject:
        namespace, existing = resource.key.namespace, change.existing
        body = _target_body(change)
        if existing is None:
            body |= {"apiVersion": "v1", "kind": "Secret", "type": change.type}
            path = _path(namespace)
            return secret_object(await self._api.post(path, body, fieldManager=FIELD_MANAGER))
        body["metadata"] |= {"uid": existing.uid, "resourceVersion": existing.resource_version}
        changed = await self._api.patch(
            _path(namespace, existing.name), body, MERGE_PATCH, fieldManager=FIELD_MANAGER
        )
        return secret_object(changed)

    async def delete(self, secret: SecretObject) -> None:
        preconditions = {"uid": secret.uid, "resourceVersion": secret.resource_version}
        try:
            await self._api.delete(
                _path(secret.namespace, secret.name), {"preconditions": preconditions}
            )
        except NotFoundError:
            return


def secret_object(body: Json) -> SecretObject:
    """A Secret as the domain sees it."""
    metadata = body["metadata"]
    return SecretObject(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        type=body.get("type", "Opaque"),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        data={key: _decoded(value) for key, value in (body.get("data") or {}).items()},
        our_metadata=frozenset(_our_metadata(metadata.get("managedFields") or ())),
        deleting="deletionTimestamp" in metadata,
        immutable=bool(body.get("immutable")),
    )


def _state_body(resource: Resource, data: Mapping[str, str]) -> Json:
    metadata = {
        "name": resource.key.name + STATE_SUFFIX,
        "namespace": resource.key.namespace,
        "labels": {ROTATION_LABEL: resource.uid},
        "annotations": {ROTATION_NAME_ANNOTATION: resource.key.name},
    }
    kind = {"apiVersion": "v1", "kind": "Secret", "type": STATE_SECRET_TYPE}
    return {**kind, "metadata": metadata, "data": _encoded(data)}


def _target_body(change: TargetChange) -> Json:
    metadata = {
        "name": change.name,
        "labels": dict(change.labels),
        "annotations": dict(change.annotations),
    }
    return {"metadata": metadata, "data": _encoded(change.data)}


def _our_metadata(managed_fields: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for entry in managed_fields:
        if entry.get("manager") != FIELD_MANAGER:
            continue
        metadata = entry.get("fieldsV1", {}).get("f:metadata", {})
        for part in ("labels", "annotations"):
            names = (key for key in metadata.get("f:" + part, {}) if key.startswith("f:"))
            yield from (f"{part}/{name.removeprefix('f:')}" for name in names)


def _encoded(data: Mapping[str, str | None]) -> dict[str, str | None]:
    return {
        key: None if value is None else base64.b64encode(value.encode()).decode()
        for key, value in data.items()
    }


def _decoded(value: str) -> str:
    """The text of a key; bytes that are no UTF-8 only have to differ from what we would write."""
    try:
        return base64.b64decode(value).decode(errors="replace")
    except binascii.Error:
        return ""


def _path(namespace: str, name: str = "") -> str:
    return f"/api/v1/namespaces/{namespace}/secrets" + (f"/{name}" if name else "")
