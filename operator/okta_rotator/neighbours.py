"""Which resources may get in each other's way: the same app of the same org, or the same target.

`Controller` tells it of each resource that it sees; the engine asks it before each step, and tells
it which of them have reached their app: what a resource merely says of itself is no claim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import TypeVar

from okta_rotator.rotation.ports import ConnectionsPort
from okta_rotator.rotation.snapshot import Key, Resource
from okta_rotator.rotation.target import target_name
from okta_rotator.rotation.trouble import Next

K = TypeVar("K")


class Neighbourhood:
    """Implements `NeighboursPort` over the resources of this operator.

    `wake` is told who may go on since another one was kept from its app.
    """

    def __init__(self, connections: ConnectionsPort, wake: Callable[[Key], None]) -> None:
        self._connections = connections
        self._wake = wake
        self._known: dict[Key, Resource] = {}
        """As last seen with a spec that can be read: the app and the target never change."""
        self._apps: dict[str, dict[Key, Resource]] = {}
        self._targets: dict[Key, dict[Key, Resource]] = {}
        self._claims: dict[str, tuple[str | None, int]] = {}
        """By uid: the connection by which the resource has reached its app, and in which order."""
        self._numbers = count()

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
        self._claims.pop(known.uid, None)
        app_id = known.sound_spec.parameters.effective_app_id
        waiting = _left(self._apps, app_id, known) | _left(self._targets, _target(known), known)
        return sorted(waiting, key=str)

    def neighbours_of(self, resource: Resource) -> tuple[tuple[Resource, bool], ...]:
        if resource.spec is None:
            return ()
        return tuple(self._found(resource, resource.spec.parameters.effective_app_id))

    def rivals_of(self, resource: Resource) -> list[Key]:
        """Those that it may keep waiting, or might before its connection led elsewhere."""
        if resource.spec is None:
            return []
        app_id = resource.spec.parameters.effective_app_id
        near = {**self._apps.get(app_id, {}), **self._targets.get(_target(resource), {})}
        return sorted(near.keys() - {resource.key}, key=str)

    def claim_of(self, resource: Resource) -> int | None:
        connection = self._connections.connection_of(resource)
        problem, claim = connection.problem, self._claims.get(resource.uid)
        is_cut_off = problem is not None and problem.next is Next.PERSON
        if claim is None or (claim[0] == connection.uid and not is_cut_off):
            return None if claim is None else claim[1]
        # For good: who goes on meanwhile must not be overtaken when the connection works again.
        del self._claims[resource.uid]
        return None

    def reached_its_app(self, resource: Resource) -> None:
        if self.claim_of(resource) is None:
            uid = self._connections.connection_of(resource).uid
            self._claims[resource.uid] = (uid, next(self._numbers))

    def was_kept_from_its_app(self, resource: Resource) -> None:
        if self._claims.pop(resource.uid, None) is not None:
            for rival in self.rivals_of(resource):
                self._wake(rival)

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
        """By what a connection said last, be it its status: to be a neighbour is no claim yet."""
        mine = self._connections.connection_of(one).org_id
        theirs = self._connections.connection_of(other).org_id
        if one.deleting and None in (mine, theirs):
            return True  # One whose connection is gone may still use what a deletion revokes.
        return mine is not None and mine == theirs


def _target(resource: Resource) -> Key:
    return Key(resource.key.namespace, target_name(resource))


def _left(groups: dict[K, dict[Key, Resource]], place: K, resource: Resource) -> set[Key]:
    group = groups[place]
    del group[resource.key]
    if not group:
        del groups[place]
    return set(group)
