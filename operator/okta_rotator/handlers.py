"""kopf's side: its decorators, which only unpack what kopf gives and hand it on.

No handler returns a value or touches `patch`: a patch that fails ends a kopf timer for good,
silently (kopf 1.45, `daemons.py`). The handler of deletion is the one that may be repeated.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

import aiohttp
import kopf
from kubernetes.aio import client

from okta_rotator.api.names import (
    CLUSTER_CONNECTION_PLURAL,
    CONNECTION_PLURAL,
    FINALIZER,
    GROUP,
    ROTATION_PLURAL,
    VERSION,
)
from okta_rotator.cluster.kube_api import WRITE_TIMEOUT
from okta_rotator.connections.book import ConnectionBook
from okta_rotator.controller import Controller
from okta_rotator.rotation.fence import Fence, NotLeadingError, unfenced

PATIENCE_WITH_DELETION: Final = 15.0
"""Seconds that one call of the deletion handler waits for the resource's lane."""

LOGIN_LASTS: Final = dt.timedelta(minutes=15)
"""A service account's token is read anew this often; Kubernetes rotates it hourly."""


class Pauses:
    """Seconds between kopf's tries of a request. Without end: kopf would end the whole process."""

    def __iter__(self) -> Iterator[float]:
        return itertools.chain((1, 2, 3, 5), itertools.repeat(10))


class NoDiffBase(kopf.DiffBaseStorage):
    """Keeps kopf from writing `last-handled-configuration` on users' resources."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        return kopf.BodyEssence({})

    def fetch(self, **_: Any) -> kopf.BodyEssence | None:
        return None

    def store(self, **_: Any) -> None:
        pass


def register_handlers(
    registry: kopf.OperatorRegistry,
    controller: Controller,
    connections: ConnectionBook,
    heartbeat: float,
    on_end: Callable[[], None],
    *,
    clusterwide: bool,
) -> None:
    """Wire kopf to the controller. `heartbeat` is the timer's interval in seconds.

    The cluster's connections are served by an operator for the whole cluster alone.

    `on_end` is called when kopf has stopped its handlers, and before it stops what else runs.
    """
    rotations = (GROUP, VERSION, ROTATION_PLURAL)

    @kopf.on.event(*rotations, registry=registry)
    async def rotation_changed(event: kopf.RawEvent, **_: Any) -> None:
        body = dict(event["object"])
        controller.gone(body) if event["type"] == "DELETED" else controller.saw(body)

    @kopf.timer(*rotations, registry=registry, interval=heartbeat)
    async def heartbeat_of_rotation(body: kopf.Body, **_: Any) -> None:
        controller.tick(body)

    @kopf.on.delete(*rotations, registry=registry)
    async def rotation_is_being_deleted(body: kopf.Body, **_: Any) -> None:
        if not await controller.let_go(body, PATIENCE_WITH_DELETION):
            raise kopf.TemporaryError("not finished yet", delay=5)

    async def connection_changed(event: kopf.RawEvent, **_: Any) -> None:
        body = dict(event["object"])
        connections.gone(body) if event["type"] == "DELETED" else connections.saw(body)

    kopf.on.event(GROUP, VERSION, CONNECTION_PLURAL, registry=registry)(connection_changed)
    if clusterwide:
        kinds = (GROUP, VERSION, CLUSTER_CONNECTION_PLURAL)
        kopf.on.event(*kinds, registry=registry)(connection_changed)

    @kopf.on.cleanup(registry=registry)
    async def kopf_is_ending(**_: Any) -> None:
        on_end()


def register_login(
    registry: kopf.OperatorRegistry,
    load: Callable[[], Awaitable[client.Configuration]],
    fence: Fence = unfenced,
) -> None:
    """Sign kopf in at the API server as the rest of the process signs in, behind its fence."""

    @kopf.on.login(registry=registry)
    async def sign_in(**_: Any) -> kopf.AiohttpSession:
        info = _sign_in(await load())
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=info.as_ssl_context()),
            headers=info.as_http_headers(),
            proxy=info.proxy_url,
            middlewares=(_fenced(fence),),
        )
        return kopf.AiohttpSession(
            server=info.server,
            aiohttp_session=session,
            expiration=dt.datetime.now(dt.UTC).replace(tzinfo=None) + LOGIN_LASTS,
        )


def _sign_in(configuration: client.Configuration) -> kopf.ConnectionInfo:
    scheme, _sep, token = configuration.api_key.get("BearerToken", "").partition(" ")
    return kopf.ConnectionInfo(
        server=configuration.host,
        ca_path=configuration.ssl_ca_cert,
        insecure=not configuration.verify_ssl,
        scheme=scheme or None,
        token=token or None,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
        proxy_url=configuration.proxy,
    )


def _fenced(fence: Fence) -> aiohttp.ClientMiddlewareType:
    """kopf puts finalizers on resources, and takes them off."""

    async def fenced(
        request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if request.method == "GET":
            return await send(request)
        try:
            await fence(WRITE_TIMEOUT)
        except NotLeadingError as error:
            # What kopf takes for a network that fails, and tries again by `Pauses`.
            raise aiohttp.ClientConnectionError(str(error)) from error
        async with asyncio.timeout(WRITE_TIMEOUT):
            return await send(request)

    return fenced


def operator_settings() -> kopf.OperatorSettings:
    """kopf's settings, as they were found right for this operator."""
    settings = kopf.OperatorSettings()
    settings.persistence.finalizer = FINALIZER
    settings.persistence.diffbase_storage = NoDiffBase()
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=GROUP, v1=False)
    settings.posting.loggers = False
    settings.scanning.disabled = True
    settings.watching.chunk_size = 500
    settings.watching.server_timeout = 300
    settings.queueing.idle_timeout = 1.0
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 10
    settings.networking.error_backoffs = Pauses()
    return settings
