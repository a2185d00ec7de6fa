"""Watches over single Secrets that stand in the way of a resource, while they do.

A Secret without our mark is not seen by the watch of our own; once a person has deleted or
released it, the resource that waits for its place is woken.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from okta_rotator.cluster.kube_api import KubeApi
from okta_rotator.cluster.secret_watch import OwnVersions, SecretWatch, named
from okta_rotator.rotation.snapshot import Key

logger = logging.getLogger(__name__)


class TargetWatches:
    """At most one watch a resource."""

    def __init__(
        self, api: KubeApi, own_versions: OwnVersions, wake: Callable[[Key], None]
    ) -> None:
        self._api = api
        self._own_versions = own_versions
        self._wake = wake
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._is_closed = False

    def set(self, resource: Key, secret: str | None) -> None:
        """Watch the Secret for the resource; None ends the watch."""
        if secret is None:
            task = self._tasks.pop(resource, None)
            if task is not None:
                task.cancel()
        elif resource not in self._tasks and not self._is_closed:
            watch = SecretWatch(
                self._api,
                resource.namespace,
                named(secret),
                self._own_versions,
                lambda _: self._wake(resource),
            )
            task = self._tasks[resource] = asyncio.create_task(watch.run())
            task.add_done_callback(lambda ended: self._ended(resource, ended))

    def close(self) -> None:
        """End all watches, and begin no more."""
        self._is_closed = True
        for task in self._tasks.values():
            task.cancel()

    def _ended(self, resource: Key, task: asyncio.Task[None]) -> None:
        if self._tasks.get(resource) is task:
            del self._tasks[resource]
        if not task.cancelled():
            logger.error("%s: the watch of its target failed", resource, exc_info=task.exception())
