"""Which resources may get in each other's way: the same app of the same org, or the same target.

`Controller` tells it of each resource that it sees; the engine asks it before each step.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from okta_rotator.rotation.ports import ConnectionsPort
from okta_rotator.rotation.snapshot import Key, Resource
from okta_rotator.rotation.target import target_name

K = TypeVar("K")


class Neighbourhood:
    """Implements `NeighboursPort` over the resources of this operator."""

    def __init__(self, connections: ConnectionsPort) -> None:
        self._connections = connections
        self._known: dict[Key, Resource] = {}
        """As last seen with a spec that can be read: the app and the target never change."""
        self._apps: dict[str, dict[Key, Resource]] = {}
        self._targets: dict[Key, dict[Key, Resource]] = {}

    def saw(self, resource: Resource) -> None:
        """A resource was made or changed."""
        known = self._known.get(resource.key)
        if known is not None and known.uid != resource.uid:
            self._removed(known)
        if resource.spec is not None:
            self._known[resource.key] = resource
            app_id = resource.spec.parameters.effective_app_id
            self._apps.setdefault(app_id, {})[resource.key] = resource
            self._targets.setdefault(_target(resource), {})[resource.key] = resource

    def gone(self, resource: Resource) -> list[Key]:
        """A resource is no more; those that it may have kept waiting."""
        known = self._known.get(resource.key)
        return self._removed(known) if known is not None and known.uid == resource.uid else []

    def _removed(self, known: Resource) -> list[Key]:
        del self._known[known.key]
        app_id = known.sound_spec.parameters.effective_app_id
        waiting = _left(self._apps, app_id, known) | _left(self._targets, _target(known), known)
        return sorted(waiting, key=str)

    def neighbours_of(self, resource: Resource) -> tuple[tuple[Resource, bool], ...]:
        if resource.spec is None:
            return ()
        return tuple(self._found(resource, resource.spec.parameters.effective_app_id))

    def _found(self, resource: Resource, app_id: str) -> Iterator[tuple[Resource, bool]]:
        of_target = self._targets.get(_target(resource), {})
        for other in of_target.values():
            if other.uid != resource.uid:
                yield other, True
        for other in self._apps.get(app_id, {}).values():
            is_another = other.uid != resource.uid and other.key not in of_target
            if is_another and self._is_same_org(resource, other):
                yield other, False

    def _is_same_org(self, one: Resource, other: Resource) -> bool:
        org_id = self._connections.connection_of(one).org_id
        return org_id is not None and org_id == self._connections.connection_of(other).org_id


def _target(resource: Resource) -> Key:
    return Key(resource.key.namespace, target_name(resource))


def _left(groups: dict[K, dict[Key, Resource]], place: K, resource: Resource) -> set[Key]:
    group = groups[place]
    del group[resource.key]
    if not group:
        del groups[place]
    return set(group)
