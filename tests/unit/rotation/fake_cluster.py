"""The Kubernetes side in memory: Secrets with resourceVersions and conflicts, status, Events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from okta_rotator.api.names import (
    ROTATION_LABEL,
    ROTATION_NAME_ANNOTATION,
    STATE_SECRET_TYPE,
    STATE_SUFFIX,
)
from okta_rotator.api.rotation import RotationStatus
from okta_rotator.rotation.notices import Notice
from okta_rotator.rotation.snapshot import Resource, SecretObject
from okta_rotator.rotation.target import TargetChange
from tests.unit.rotation.faults import Wire, lost_race


@dataclass(slots=True)
class FakeCluster:
    """Implements `ClusterPort` for one resource and the Secrets of its namespace."""

    wire: Wire
    resource: Resource
    secrets: dict[str, SecretObject] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    version: int = 100
    webhook: Callable[[SecretObject], SecretObject] = lambda secret: secret
    """Another hand that changes each target that is written."""

    async def read_secret(self, namespace: str, name: str) -> SecretObject | None:
        return self.wire.carry("read_secret", lambda: self.secrets.get(name))

    async def create_state(self, resource: Resource, data: Mapping[str, str]) -> SecretObject:
        return self.wire.carry("create_state", lambda: self._create_state(resource, data))

    async def replace_state(
        self, secret: SecretObject, resource: Resource, data: Mapping[str, str]
    ) -> SecretObject:
        return self.wire.carry("replace_state", lambda: self._replace_state(secret, data))

    async def write_target(self, resource: Resource, change: TargetChange) -> SecretObject:
        return self.wire.carry("write_target", lambda: self._write_target(resource, change))

    async def delete_secret(self, secret: SecretObject) -> None:
        self.wire.carry("delete_secret", lambda: self._delete(secret))

    async def read_resource(self, resource: Resource) -> Resource | None:
        return self.wire.carry("read_resource", lambda: self.resource)

    async def write_status(self, resource: Resource, status: RotationStatus) -> Resource:
        return self.wire.carry("write_status", lambda: self._write_status(status))

    def tell(self, resource: Resource, notice: Notice) -> None:
        self.notices.append(notice)

    def change_secret(
        self,
        name: str,
        data: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        """Another hand changes a Secret, and owns from then on what it set."""
        old = self.secrets[name]
        taken = {f"labels/{key}" for key in labels or {}}
        taken |= {f"annotations/{key}" for key in annotations or {}}
        self.secrets[name] = replace(
            old,
            resource_version=self._next_version(),
            data={**old.data, **(data or {})},
            labels={**old.labels, **(labels or {})},
            annotations={**old.annotations, **(annotations or {})},
            our_metadata=old.our_metadata - taken,
        )

    def change_resource(self, resource: Resource) -> None:
        self.resource = replace(resource, resource_version=self._next_version())

    def _create_state(self, resource: Resource, data: Mapping[str, str]) -> SecretObject:
        name = resource.key.name + STATE_SUFFIX
        if name in self.secrets:
            raise lost_race(f"secret {name} exists")
        labels = {ROTATION_LABEL: resource.uid}
        annotations = {ROTATION_NAME_ANNOTATION: resource.key.name}
        made = self._new(resource, name, STATE_SECRET_TYPE, data)
        return self._store(replace(made, labels=labels, annotations=annotations))

    def _replace_state(self, secret: SecretObject, data: Mapping[str, str]) -> SecretObject:
        self._demand(secret)
        return self._store(replace(secret, data=dict(data), resource_version=self._next_version()))

    def _write_target(self, resource: Resource, change: TargetChange) -> SecretObject:
        if change.existing is not None:
            self._demand(change.existing)
            base = change.existing
        elif change.name in self.secrets:
            raise lost_race(f"secret {change.name} exists")
        else:
            base = self._new(resource, change.name, change.type, {})
        return self._store(self.webhook(_merged(base, change, self._next_version())))

    def _delete(self, secret: SecretObject) -> None:
        if secret.name in self.secrets:
            self._demand(secret)
            del self.secrets[secret.name]

    def _write_status(self, status: RotationStatus) -> Resource:
        stored = RotationStatus.model_validate(status.to_api())
        version = self._next_version()
        self.resource = replace(self.resource, status=stored, resource_version=version)
        return self.resource

    def _new(
        self, resource: Resource, name: str, kind: str, data: Mapping[str, str]
    ) -> SecretObject:
        version = self._next_version()
        namespace = resource.key.namespace
        return SecretObject(namespace, name, f"uid-{version}", version, kind, {}, {}, dict(data))

    def _demand(self, secret: SecretObject) -> None:
        """The precondition of a write: the very object, in the version that was read."""
        live = self.secrets.get(secret.name)
        known = (secret.uid, secret.resource_version)
        if live is None or (live.uid, live.resource_version) != known:
            raise lost_race(f"secret {secret.name} is not the version that was read")

    def _store(self, secret: SecretObject) -> SecretObject:
        self.secrets[secret.name] = secret
        return secret

    def _next_version(self) -> str:
        self.version += 1
        return str(self.version)


def _merged(base: SecretObject, change: TargetChange, version: str) -> SecretObject:
    written = {f"labels/{key}" for key, value in change.labels.items() if value is not None}
    written |= {f"annotations/{k}" for k, value in change.annotations.items() if value is not None}
    labels = _patched(base.labels, change.labels)
    annotations = _patched(base.annotations, change.annotations)
    live = {f"labels/{key}" for key in labels} | {f"annotations/{key}" for key in annotations}
    return replace(
        base,
        resource_version=version,
        labels=labels,
        annotations=annotations,
        data=_patched(base.data, change.data),
        our_metadata=frozenset((base.our_metadata | written) & live),
    )


def _patched(live: Mapping[str, str], change: Mapping[str, str | None]) -> dict[str, str]:
    """A JSON merge patch of one map."""
    merged = {**live, **change}
    return {key: value for key, value in merged.items() if value is not None}
