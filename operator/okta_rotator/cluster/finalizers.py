"""Takes our finalizer off rotations, once no operator is there that would: see `cli/release.py`."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from okta_rotator.api.names import FIELD_MANAGER, FINALIZER, ROTATION_PLURAL
from okta_rotator.cluster.errors import ClusterError, ConflictError, NotFoundError
from okta_rotator.cluster.kube_api import JSON_PATCH, Json, KubeApi
from okta_rotator.cluster.resources import (
    UNPROCESSABLE,
    key_of,
    list_bodies,
    path_of,
    read_body,
)

TRIES: Final = 5
"""For a resource that somebody else changes meanwhile."""


class Release(StrEnum):
    """What became of one resource, as it is told."""

    RELEASED = "released"
    DELETED = "released, and so deleted"
    GONE = "gone already"
    FREE = "free already"


async def list_held(api: KubeApi, namespaces: Iterable[str]) -> list[Json]:
    """The rotations with our finalizer. Raises NotFoundError where the kind is not there."""
    bodies = await list_bodies(api, ROTATION_PLURAL, namespaces)
    return [body for body in bodies if _is_held(body)]


async def release(api: KubeApi, body: Json) -> Release:
    """Take our finalizer off that very object, and leave all others. Raises PortError."""
    for _ in range(TRIES - 1):
        try:
            return await _try(api, body)
        except ClusterError as error:
            # What a JSON patch tests is answered so where it does not hold.
            if error.status != UNPROCESSABLE and not isinstance(error, ConflictError):
                raise
        key = key_of(body)
        path = path_of(key.namespace, ROTATION_PLURAL)
        now = await read_body(api, path, key.name, body["metadata"]["uid"])
        if now is None:
            return Release.GONE
        body = now
    return await _try(api, body)


async def _try(api: KubeApi, body: Json) -> Release:
    if not _is_held(body):
        return Release.FREE
    metadata = body["metadata"]
    place = f"/metadata/finalizers/{metadata['finalizers'].index(FINALIZER)}"
    patch: list[Json] = [
        {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]},
        {"op": "test", "path": place, "value": FINALIZER},
        {"op": "remove", "path": place},
    ]
    path = path_of(metadata["namespace"], ROTATION_PLURAL)
    try:
        await api.patch(f"{path}/{metadata['name']}", patch, JSON_PATCH, fieldManager=FIELD_MANAGER)
    except NotFoundError:
        return Release.GONE
    is_last = "deletionTimestamp" in metadata and len(metadata["finalizers"]) == 1
    return Release.DELETED if is_last else Release.RELEASED


def _is_held(body: Json) -> bool:
    return FINALIZER in body["metadata"].get("finalizers", ())
