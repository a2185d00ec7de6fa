"""What the handlers hand to: remembers each resource as last seen, and has it worked on.

One lane a resource in the work queue; a pass of the engine in each turn; the next look from its
outcome. Called by `handlers.py` and by the watches of Secrets; knows nothing of kopf.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from okta_rotator.api.conditions import Reason
from okta_rotator.api.names import ROTATION_KIND, STATE_SUFFIX
from okta_rotator.cluster.resources import key_of, rotation_resource
from okta_rotator.cluster.secret_watch import SecretChange
from okta_rotator.connections.book import ConnectionBook
from okta_rotator.neighbours import Neighbourhood
from okta_rotator.queue import WorkQueue
from okta_rotator.rotation.decisions import Blocked, LetGo, Settled
from okta_rotator.rotation.engine import Engine, Outcome
from okta_rotator.rotation.notices import Notice, log_notice
from okta_rotator.rotation.places import aside
from okta_rotator.rotation.snapshot import Key, Resource
from okta_rotator.rotation.target import target_name
from okta_rotator.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)

SETTLE: Final = 0.3
"""Seconds that a change of status waits: our own write's answer comes after its event."""

PATIENCE_FOR_A_CONNECTION: Final = 3.0
"""Seconds that a new resource waits for its connection, which is often applied with it."""

REFUSALS: Final = (
    Reason.INVALID_TOKEN,
    Reason.INSUFFICIENT_SCOPE,
    Reason.INSUFFICIENT_PERMISSION,
    Reason.ACCESS_DENIED,
)
"""What Okta says of credentials that may have been replaced since the connection was checked."""

OF_THE_TARGET: Final = (Reason.TARGET_CONFLICT, Reason.TARGET_NOT_FOUND)
"""What ends when somebody changes the Secret of the target's name."""


class Controller:
    """All OktaClientSecretRotations that this operator looks after."""

    def __init__(
        self,
        engine: Engine,
        connections: ConnectionBook,
        metrics: Metrics,
        neighbours: Neighbourhood,
        watch_target: Callable[[Key, str | None], None],
        *,
        workers: int,
        now: Callable[[], datetime],
    ) -> None:
        self._engine = engine
        self._connections = connections
        self._metrics = metrics
        self._neighbours = neighbours
        self._watch_target = watch_target
        self._resources: dict[Key, Resource] = {}
        self._settled: set[str] = set()
        self._let_go: dict[str, asyncio.Event] = {}
        self._ticks: dict[str, float] = {}
        self._reported: dict[str, int] = {}
        self._unlooked: dict[Key, Resource] = {}
        """Of those that are worked on, the status as it came to be known meanwhile."""
        self.queue: WorkQueue[Key] = WorkQueue(
            self._work, workers=workers, now=now, line_of=self._connection_named
        )

    def saw(self, body: Mapping[str, Any]) -> None:
        """A resource was made or changed, by anybody."""
        old = self._resources.get(key_of(body))
        resource = rotation_resource(body, old)
        self._remember(resource)
        if old is not None and old.uid != resource.uid and self._is_there(old.key, resource.uid):
            # Nobody told that the old one went: its watch had expired meanwhile.
            self._neighbours.gone(old)
            self._forget(old.uid)
        if resource.deleting:
            self._ticks.pop(resource.uid, None)
        else:
            # Counted from now on, so that a timer that never begins is noticed too.
            self._ticks.setdefault(resource.uid, _monotonic())
        if old is None or _is_changed(old, resource):
            self.wake(resource.key)
        elif old.status != resource.status:
            self._look_at_status_later(resource)

    def gone(self, body: Mapping[str, Any]) -> None:
        """A resource is no more; another of the same name may have been seen before that."""
        self._went(key_of(body), body["metadata"]["uid"])

    def _went(self, key: Key, uid: str) -> None:
        if self._is_there(key, uid):
            waiting = self._neighbours.gone(self._resources.pop(key))
            self._metrics.rotation_gone(key)
            self.queue.forget(key)
            self._unlooked.pop(key, None)
            self._watch_target(key, None)
            for other in waiting:
                self.wake(other)
        self._forget(uid)

    def _forget(self, uid: str) -> None:
        self._engine.forget(uid)
        self._settled.discard(uid)
        self._ticks.pop(uid, None)
        self._reported.pop(uid, None)
        self._let_go.pop(uid, None)

    def tick(self, body: Mapping[str, Any]) -> None:
        """The heartbeat of a resource: work on it unless that is done, or known to be needless.

        An event comes before the first tick; kopf may let a timer tick on after the last one.
        """
        key, uid = key_of(body), body["metadata"]["uid"]
        if not self._is_there(key, uid):
            return
        old = self._resources[key]
        resource = rotation_resource(body, old)
        if not resource.deleting:
            self._ticks[uid] = _monotonic()
        self._remember(resource)
        if uid in self._settled or (self.queue.is_busy(key) and not _is_changed(old, resource)):
            return
        self.queue.add(key)

    def secret_changed(self, change: SecretChange) -> None:
        """A Secret of ours was changed or deleted by another hand."""
        namespace, name = change.key.namespace, change.key.name
        said = {change.rotation_name, change.former_name}
        names = {*said, name, name.removesuffix(STATE_SUFFIX)}
        for key in [Key(namespace, owner) for owner in names if owner is not None]:
            self.wake(key)

    def connection_changed(self, connection: Key) -> None:
        """A connection became ready, or no longer is: wake those that name it.

        And those that one of them may keep waiting, since a claim to an app ends with its access.
        """
        for resource in self._resources.values():
            if resource.connection_key == connection:
                self._wake_with_rivals(resource)

    def namespaces_changed(self, namespaces: frozenset[str]) -> None:
        """Namespaces have other labels: wake what a connection of the cluster serves by them."""
        for resource in self._resources.values():
            connection = resource.connection_key
            is_near = connection is None or connection.namespace
            if resource.key.namespace in namespaces and not is_near:
                self._wake_with_rivals(resource)

    def _wake_with_rivals(self, resource: Resource) -> None:
        for key in (resource.key, *self._neighbours.rivals_of(resource)):
            self.wake(key)

    def wake(self, key: Key) -> None:
        """Look at a resource again, if there is one of that name."""
        resource = self._resources.get(key)
        if resource is not None:
            self._settled.discard(resource.uid)
            self.queue.renew(key)

    async def let_go(self, body: Mapping[str, Any], patience: float) -> bool:
        """Have a resource that is being deleted seen to; whether it may go now."""
        resource = rotation_resource(body)
        done = self._let_go.setdefault(resource.uid, asyncio.Event())
        self._remember(resource)
        self._ticks.pop(resource.uid, None)
        self.queue.renew(resource.key)
        try:
            async with asyncio.timeout(patience):
                await done.wait()
        except TimeoutError:
            return False
        return True

    def longest_silence(self) -> float:
        """Seconds since the last heartbeat of the resource that has waited for one the longest."""
        now = _monotonic()
        return now - min(self._ticks.values(), default=now)

    def _look_at_status_later(self, resource: Resource) -> None:
        asyncio.get_running_loop().call_later(SETTLE, self._look_at_status, resource)

    def _look_at_status(self, resource: Resource) -> None:
        """A status that another hand has changed is put right; our own is no news."""
        if self.queue.is_busy(resource.key):
            self._unlooked[resource.key] = resource
        elif _version(resource) > self._reported.get(resource.uid, 0):
            self.wake(resource.key)

    async def _work(self, key: Key) -> datetime | None:
        try:
            return await self._worked(key)
        finally:
            if (changed := self._unlooked.pop(key, None)) is not None:
                self._look_at_status_later(changed)

    async def _worked(self, key: Key) -> datetime | None:
        resource = self._resources.get(key)
        if resource is not None:
            await self._await_connection(resource)
            resource = self._resources.get(key)
        outcome = await self._pass(resource) if resource is not None else None
        if resource is None or outcome is None:
            return None
        if isinstance(outcome.verdict, LetGo) and not outcome.resource.deleting:
            self._went(key, outcome.resource.uid)
            return None
        self._remember(outcome.resource)
        self._conclude(outcome)
        if _is_changed(resource, outcome.resource):
            # Changed under the pass; its own write of status hides the event that tells of it.
            self.queue.add(key)
        return outcome.next_look

    async def _pass(self, resource: Resource) -> Outcome | None:
        """None where the resource went meanwhile."""
        try:
            outcome = await self._engine.run(resource)
            return outcome if self._is_there(resource.key, resource.uid) else None
        finally:
            if not self._is_there(resource.key, resource.uid):
                self._engine.forget(resource.uid)

    async def _await_connection(self, resource: Resource) -> None:
        if resource.spec is None or resource.deleting:
            return
        is_new = resource.status.observed_generation is None
        if self._connections.is_settled(resource):
            return  # As a rule, and for that no place is given up.
        if is_new or self._connections.is_known(resource):
            async with aside():
                await self._connections.settled(resource, PATIENCE_FOR_A_CONNECTION)

    def _connection_named(self, key: Key) -> Key | None:
        """Those of one connection may have to wait for the same rate limit."""
        resource = self._resources.get(key)
        return resource.connection_key if resource is not None else None

    def _conclude(self, outcome: Outcome) -> None:
        resource, verdict = outcome.resource, outcome.verdict
        self._reported[resource.uid] = _version(resource)
        self._metrics.pass_ended(verdict, outcome.attempt)
        logger.debug("%s: %s: %s", resource.key, type(verdict).__name__, verdict.why)
        if isinstance(verdict, LetGo) and resource.uid in self._let_go:
            self._let_it_go(resource, verdict)
        if isinstance(verdict, Settled) and verdict.concern is None:
            self._settled.add(resource.uid)
        if isinstance(verdict, Blocked) and verdict.trouble.reason in REFUSALS:
            self._connections.doubt(resource)
        is_awaited = isinstance(verdict, Blocked) and verdict.trouble.reason in OF_THE_TARGET
        self._watch_target(resource.key, target_name(resource) if is_awaited else None)

    def _let_it_go(self, resource: Resource, verdict: LetGo) -> None:
        """It may be seen to several times until its finalizer is off."""
        done = self._let_go[resource.uid]
        if not done.is_set():
            log_notice(logger, ROTATION_KIND, resource.key, Notice("Released", verdict.why))
        done.set()

    def _remember(self, resource: Resource) -> None:
        known = self._resources.get(resource.key)
        if known is None or _is_newer(resource, known):
            self._resources[resource.key] = resource
            self._metrics.rotation_says(resource.key, resource.status)
            self._neighbours.saw(resource)

    def _is_there(self, key: Key, uid: str) -> bool:
        known = self._resources.get(key)
        return known is not None and known.uid == uid


def _monotonic() -> float:
    """Seconds by the clock of the timers, which no change of the wall clock moves."""
    return asyncio.get_running_loop().time()


def _version(resource: Resource) -> int:
    """Kubernetes' resourceVersions grow as decimal numbers (KEP-5504)."""
    return int(resource.resource_version)


def _is_newer(one: Resource, other: Resource) -> bool:
    return _version(one) >= _version(other)


def _is_changed(old: Resource, new: Resource) -> bool:
    """Whether somebody changed more than the status."""
    if _version(new) <= _version(old):
        return False
    return (old.uid, old.generation, old.deleting, old.annotations) != (
        new.uid,
        new.generation,
        new.deleting,
        new.annotations,
    )
