"""Kubernetes Events, posted in the background: losing one is better than holding up a rotation."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from okta_rotator.api.names import API_VERSION, FIELD_MANAGER
from okta_rotator.cluster.kube_api import Json, KubeApi
from okta_rotator.rotation.notices import Notice, log_notice
from okta_rotator.rotation.snapshot import Key
from okta_rotator.rotation.trouble import PortError

logger = logging.getLogger(__name__)

MOST_WAITING: Final = 2000
"""Events that wait to be posted; more are dropped, with a log line."""

NAMESPACE_OF_THE_REST: Final = "default"
"""Where the API server wants the Events about what is in no namespace."""

LONGEST_MESSAGE: Final = 1024
"""The API server's limit for the note of an Event, in bytes."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an Event is about."""

    kind: str
    key: Key
    uid: str


class EventPoster:
    """Posts core/v1 Events one after the other. `on_notice` is told of each, posted or not."""

    def __init__(
        self,
        api: KubeApi,
        now: Callable[[], datetime],
        on_notice: Callable[[Notice], None] = lambda notice: None,
    ) -> None:
        self._api = api
        self._now = now
        self._on_notice = on_notice
        self._waiting: asyncio.Queue[tuple[Subject, Notice]] = asyncio.Queue(MOST_WAITING)

    def post(self, subject: Subject, notice: Notice) -> None:
        """Have it posted, soon. Logged as well, since an Event is gone after an hour."""
        log_notice(logger, subject.kind, subject.key, notice)
        self._on_notice(notice)
        try:
            self._waiting.put_nowait((subject, notice))
        except asyncio.QueueFull:
            logger.warning("an Event about %s was dropped: too many wait", subject.key)

    async def run(self) -> None:
        """Post until cancelled."""
        while True:
            subject, notice = await self._waiting.get()
            try:
                await self._post(subject, notice)
            finally:
                self._waiting.task_done()

    async def drained(self) -> None:
        """Wait until all are posted; while it runs, that is."""
        await self._waiting.join()

    async def _post(self, subject: Subject, notice: Notice) -> None:
        namespace = subject.key.namespace or NAMESPACE_OF_THE_REST
        try:
            await self._api.post(
                f"/api/v1/namespaces/{namespace}/events",
                event_body(subject, notice, namespace, self._now()),
                fieldManager=FIELD_MANAGER,
            )
        except PortError as error:
            logger.info("an Event about %s could not be posted: %s", subject.key, error)


def event_body(subject: Subject, notice: Notice, namespace: str, now: datetime) -> Json:
    """The Event as the API server takes it."""
    at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "generateName": f"{subject.key.name[:200]}-",
            "namespace": namespace,
        },
        "involvedObject": {
            "apiVersion": API_VERSION,
            "kind": subject.kind,
            "namespace": subject.key.namespace,
            "name": subject.key.name,
            "uid": subject.uid,
        },
        "type": "Warning" if notice.is_warning else "Normal",
        "reason": notice.reason,
        "message": notice.message[:LONGEST_MESSAGE],
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    }
