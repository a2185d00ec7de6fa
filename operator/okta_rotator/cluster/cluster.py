"""The cluster as the domain acts on it: `ClusterPort`, put together from this folder's parts."""

from __future__ import annotations

from collections.abc import Mapping

from okta_rotator.api.conditions import Reason
from okta_rotator.api.names import ROTATION_KIND, ROTATION_PLURAL
from okta_rotator.api.rotation import RotationStatus
from okta_rotator.cluster.events import EventPoster, Subject
from okta_rotator.cluster.kube_api import KubeApi
from okta_rotator.cluster.resources import read_rotation, rotation_resource, write_status
from okta_rotator.cluster.secret_watch import OwnVersions
from okta_rotator.cluster.secrets import Secrets
from okta_rotator.rotation.notices import Notice
from okta_rotator.rotation.snapshot import Resource, SecretObject
from okta_rotator.rotation.target import TargetChange
from okta_rotator.rotation.trouble import Next, PortError, Trouble


class Cluster:
    """Implements `ClusterPort`. `own_versions` is told of each version that we wrote ourselves."""

    def __init__(self, api: KubeApi, events: EventPoster, own_versions: OwnVersions) -> None:
        self._api = api
        self._secrets = Secrets(api)
        self._events = events
        self._own_versions = own_versions

    async def read_secret(self, namespace: str, name: str) -> SecretObject | None:
        secret = await self._secrets.read(namespace, name)
        if secret is not None and self._own_versions.have_replaced(secret):
            raise PortError(_old_answer(secret))
        return secret

    async def create_state(self, resource: Resource, data: Mapping[str, str]) -> SecretObject:
        return self._written(await self._secrets.create_state(resource, data))

    async def replace_state(
        self, secret: SecretObject, resource: Resource, data: Mapping[str, str]
    ) -> SecretObject:
        return self._written(await self._secrets.replace_state(secret, resource, data))

    async def write_target(self, resource: Resource, change: TargetChange) -> SecretObject:
        return self._written(await self._secrets.write_target(resource, change))

    async def delete_secret(self, secret: SecretObject) -> None:
        await self._secrets.delete(secret)

    async def read_resource(self, resource: Resource) -> Resource | None:
        return await read_rotation(self._api, resource)

    async def write_status(self, resource: Resource, status: RotationStatus) -> Resource:
        written = await write_status(self._api, ROTATION_PLURAL, resource.key, resource.uid, status)
        return resource if written is None else rotation_resource(written, resource)

    def tell(self, resource: Resource, notice: Notice) -> None:
        self._events.post(Subject(ROTATION_KIND, resource.key, resource.uid), notice)

    def _written(self, secret: SecretObject) -> SecretObject:
        self._own_versions.note(secret)
        return secret


def _old_answer(secret: SecretObject) -> Trouble:
    message = f"Kubernetes: read secrets/{secret.name}: an older version than we wrote ourselves"
    return Trouble(Next.RETRY, Reason.CLUSTER_UNAVAILABLE, message)
