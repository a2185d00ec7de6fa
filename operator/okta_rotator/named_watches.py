"""Watches over single Secrets by name, while something waits for them to change.

The watch of our own Secrets does not see a stranger's Secret that has the target's name. Whoever
waits for one is woken when a person has put it right.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from okta_rotator.cluster.kube_api import KubeApi
from okta_rotator.cluster.secret_watch import OwnVersions, SecretWatch, named
from okta_rotator.rotation.snapshot import Key

logger = logging.getLogger(__name__)

MOST: Final = 30
"""Watches at the same time: each takes one of the hundred connections to the API server, and all
of them together must not keep its other requests waiting. Who gets none waits for the heartbeat."""


class NamedWatches:
    """At most one watch for each that waits, in its own namespace."""

    def __init__(
        self, api: KubeApi, own_versions: OwnVersions, wake: Callable[[Key], None]
    ) -> None:
        self._api = api
        self._own_versions = own_versions
        self._wake = wake
        self._tasks: dict[Key, tuple[str, asyncio.Task[None]]] = {}
        self._is_closed = False

    def set(self, waiting: Key, secret: str | None) -> None:
        """Watch the Secret for the one that waits; None ends its watch."""
        watched, task = self._tasks.get(waiting, (None, None))
        if watched == secret:
            return
        if task is not None:
            del self._tasks[waiting]
            task.cancel()
        if secret is not None and not self._is_closed and len(self._tasks) < MOST:
            self._begin(waiting, secret)

    def close(self) -> None:
        """End all watches, and begin no more."""
        self._is_closed = True
        for _, task in self._tasks.values():
            task.cancel()

    def _begin(self, waiting: Key, secret: str) -> None:
        task = asyncio.create_task(self._watch(waiting, secret))
        self._tasks[waiting] = (secret, task)
        task.add_done_callback(lambda ended: self._ended(waiting, ended))

    async def _watch(self, waiting: Key, secret: str) -> None:
        watch = SecretWatch(
            self._api,
            waiting.namespace,
            named(secret),
            self._own_versions,
            lambda _: self._wake(waiting),
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(watch.run())
            await watch.has_begun.wait()
            # It may have changed after it was read and before the watch began.
            self._wake(waiting)

    def _ended(self, waiting: Key, task: asyncio.Task[None]) -> None:
        if self._tasks.get(waiting, (None, None))[1] is task:
            del self._tasks[waiting]
        if not task.cancelled():
            logger.error("%s: the watch of a Secret failed", waiting, exc_info=task.exception())
