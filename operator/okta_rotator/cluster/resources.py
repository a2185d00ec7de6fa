"""The custom resources: their bodies as the domain sees them, and the writing of their status."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from okta_rotator.api.base import ApiModel, spec_error_message
from okta_rotator.api.cluster_connection import ClusterConnectionSpec
from okta_rotator.api.connection import ConnectionSpec
from okta_rotator.api.names import (
    FIELD_MANAGER,
    GROUP,
    PREFIX,
    ROTATION_PLURAL,
    VERSION,
)
from okta_rotator.api.rotation import RotationSpec, RotationStatus
from okta_rotator.cluster.errors import FORBIDDEN, ClusterError, NotFoundError
from okta_rotator.cluster.kube_api import JSON_PATCH, Json, KubeApi
from okta_rotator.rotation.snapshot import Key, Resource

logger = logging.getLogger(__name__)

UNPROCESSABLE: Final = 422
"""What the API server answers to a test of a JSON patch that fails, as to an invalid object."""


def key_of(body: Mapping[str, Any]) -> Key:
    """Of a resource of any kind."""
    return Key(body["metadata"].get("namespace", ""), body["metadata"]["name"])


def rotation_resource(body: Mapping[str, Any], known: Resource | None = None) -> Resource:
    """An OktaClientSecretRotation. A spec that the models cannot read becomes `spec_error`.

    The spec of a `known` resource of the same generation is taken over: reading it is what costs.
    """
    metadata = body["metadata"]
    version = (metadata["uid"], metadata.get("generation", 1))
    if known is not None and (known.uid, known.generation) == version:
        spec, spec_error = known.spec, known.spec_error
    else:
        spec, spec_error = _spec(body.get("spec") or {})
    return Resource(
        key=key_of(body),
        uid=metadata["uid"],
        generation=metadata.get("generation", 1),
        resource_version=metadata["resourceVersion"],
        deleting="deletionTimestamp" in metadata,
        annotations=_our_annotations(metadata.get("annotations") or {}),
        created_at=datetime.fromisoformat(metadata["creationTimestamp"]),
        spec=spec,
        spec_error=spec_error,
        status=RotationStatus.salvage(body.get("status") or {}),
    )


def _spec(raw: Mapping[str, Any]) -> tuple[RotationSpec | None, str | None]:
    try:
        return RotationSpec.model_validate(raw), None
    except ValidationError as error:
        return None, spec_error_message(error)


def _our_annotations(annotations: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in annotations.items() if key.startswith(PREFIX)}


async def write_status(
    api: KubeApi, plural: str, key: Key, uid: str, status: ApiModel
) -> Json | None:
    """Replace the whole status. None where that very object is gone.

    By a JSON patch (RFC 6902) that tests the uid first. A server-side apply would leave whatever
    another hand has written, such as a condition that contradicts ours.
    """
    patch: list[Json] = [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "add", "path": "/status", "value": status.to_api()},
    ]
    path = path_of(key.namespace, plural)
    target = f"{path}/{key.name}/status"
    try:
        return await api.patch(target, patch, JSON_PATCH, fieldManager=FIELD_MANAGER)
    except NotFoundError:
        return None
    except ClusterError as error:
        if error.status == UNPROCESSABLE and not await _is_there(api, path, key.name, uid):
            return None
        raise


async def _is_there(api: KubeApi, path: str, name: str, uid: str) -> bool:
    return await read_body(api, path, name, uid) is not None


async def read_body(api: KubeApi, path: str, name: str, uid: str) -> Json | None:
    """The body as it is now; None where that very object is gone.

    By a list of one: the right to list our kinds is there anyway, the right to get is not.
    """
    found = await api.get(path, fieldSelector=f"metadata.name={name}")
    return next((item for item in found["items"] if item["metadata"]["uid"] == uid), None)


async def read_rotation(api: KubeApi, known: Resource) -> Resource | None:
    """The rotation as it is now; None where that very object is gone."""
    path = path_of(known.key.namespace, ROTATION_PLURAL)
    found = await read_body(api, path, known.key.name, known.uid)
    return None if found is None else rotation_resource(found, known)


def connection_spec(
    raw: Mapping[str, Any], *, of_cluster: bool
) -> tuple[ConnectionSpec | None, str | None]:
    """The spec of an OktaConnection or a ClusterOktaConnection, or why it cannot be read."""
    model = ClusterConnectionSpec if of_cluster else ConnectionSpec
    try:
        return model.model_validate(raw), None
    except ValidationError as error:
        return None, spec_error_message(error)


async def list_bodies(api: KubeApi, plural: str, namespaces: Iterable[str]) -> list[Json]:
    """All objects of one of our kinds, in the namespaces or, with none, in the cluster."""
    bodies: list[Json] = []
    for namespace in tuple(namespaces) or ("",):
        answer = await api.get(path_of(namespace, plural))
        bodies.extend(answer["items"])
    return bodies


async def list_where_allowed(api: KubeApi, plural: str, namespaces: Iterable[str]) -> list[Json]:
    """The same, but for namespaces in which we have no right: they may be gone, our Role with them.

    Raises ClusterError where that is so of all of them: then it is the right that is missing.
    """
    bodies: list[Json] = []
    refused: list[ClusterError] = []
    asked = tuple(namespaces)
    for namespace in asked:
        try:
            bodies += await list_bodies(api, plural, [namespace])
        except ClusterError as error:
            if error.status != FORBIDDEN:
                raise
            refused.append(error)
            logger.warning("nothing is done in the namespace %s until it is allowed", namespace)
    if len(refused) == len(asked):
        raise refused[0]
    return bodies


def path_of(namespace: str, plural: str) -> str:
    """An empty namespace: of all of them, or of what is in none."""
    place = f"namespaces/{namespace}/" if namespace else ""
    return f"/apis/{GROUP}/{VERSION}/{place}{plural}"
