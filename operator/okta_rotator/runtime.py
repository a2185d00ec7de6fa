"""The process: puts the parts together, starts them in order, and stops them in order.

Logging, HTTP server, lease, connections, workers, then kopf; at the end what runs is let come to
its end, and then the lease is given up. kopf cancels the tasks that are younger than itself, so the
workers are started before it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import uuid
from collections.abc import AsyncIterator, Coroutine, Iterator
from datetime import UTC, datetime
from typing import Any, Final, NoReturn, cast

import kopf
from kubernetes.aio.client import Configuration
from tenacity import RetryCallState, retry, retry_if_exception_type, wait_exponential

from okta_rotator.api.names import CLUSTER_CONNECTION_PLURAL, CONNECTION_PLURAL
from okta_rotator.cluster.cluster import Cluster
from okta_rotator.cluster.credentials_watch import CredentialsWatch
from okta_rotator.cluster.elector import candidate
from okta_rotator.cluster.errors import NotFoundError
from okta_rotator.cluster.events import EventPoster
from okta_rotator.cluster.kube_api import Json, KubeApi, NoClusterError, load_configuration
from okta_rotator.cluster.leadership import Leadership, Unopposed
from okta_rotator.cluster.namespaces import NamespaceLabels
from okta_rotator.cluster.resources import list_bodies, list_where_allowed
from okta_rotator.cluster.secret_watch import OwnVersions, SecretWatch, ours
from okta_rotator.connections.book import ConnectionBook
from okta_rotator.controller import Controller
from okta_rotator.handlers import operator_settings, register_handlers, register_login
from okta_rotator.named_watches import NamedWatches
from okta_rotator.neighbours import Neighbourhood
from okta_rotator.okta.sessions import Sessions
from okta_rotator.rotation.engine import Engine
from okta_rotator.rotation.snapshot import Draw, Key
from okta_rotator.rotation.trouble import PortError
from okta_rotator.rotation.values import RANDOM_BYTES
from okta_rotator.settings import LogFormat, Settings
from okta_rotator.signals import End, EndedError, end_at_once
from okta_rotator.telemetry.http import HttpServer
from okta_rotator.telemetry.logging import configure_logging
from okta_rotator.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)

PATIENCE_WITH_CONNECTIONS: Final = 15.0
"""Seconds that the start waits for the connections to be checked."""

PATIENCE_WITH_WATCHES: Final = 15.0
"""Seconds that the start waits for the Secrets to be listed."""

PATIENCE_AFTER_A_BROKEN_START: Final = 0.5
"""Seconds that the end waits for Events where it came before the start was complete."""

PATIENCE_WITH_WORK: Final = 15.0
"""Seconds that the end waits for passes under way; kopf took up to 5, Kubernetes gives 30."""

SILENT_INTERVALS: Final = 5
"""Heartbeats that may fail to come before the process calls itself dead."""


class Runtime:
    """One operator process. `end` says when it is to end; a failure of a part sets it, too."""

    def __init__(self, settings: Settings, api: KubeApi, end: End, leadership: Leadership) -> None:
        self._settings = settings
        self._api = api
        self._end = end
        self._leadership = leadership
        end.then = self._take_no_more
        self._metrics = Metrics()
        self._is_ready = asyncio.Event()
        self._has_failed = asyncio.Event()
        self._was_cut_off = False
        self._events = EventPoster(api, _now, self._metrics.told)
        own_versions = OwnVersions()
        self._sessions = Sessions(
            domains=settings.okta_domains,
            allow_insecure=settings.allow_insecure_okta,
            now=_now,
            on_call=self._metrics.okta_called,
            fence=leadership.fence,
        )
        home = settings.operator_namespace
        self._labels = (
            NamespaceLabels(api, self._labels_changed) if settings.is_clusterwide else None
        )
        self._connections = ConnectionBook(
            api,
            self._sessions,
            self._events,
            _now,
            self._connection_changed,
            home=home,
            labels=self._labels,
        )
        neighbours = Neighbourhood(self._connections, self._wake)
        cluster = Cluster(api, self._events, own_versions)
        engine = Engine(cluster, self._connections, neighbours, _now, _draw)
        self._target_watches = NamedWatches(api, own_versions, self._wake)
        self._controller = Controller(
            engine,
            self._connections,
            self._metrics,
            neighbours,
            self._target_watches.set,
            workers=settings.workers,
            now=_now,
        )
        scopes, book = settings.namespaces or (None,), self._connections
        self._secret_watches: list[SecretWatch | CredentialsWatch] = [
            *(
                SecretWatch(api, scope, ours(), own_versions, self._controller.secret_changed)
                for scope in scopes
            ),
            *(CredentialsWatch(api, scope, book.secrets, book.secret_is) for scope in scopes),
        ]
        self._metrics.watch_leader(lambda: leadership.is_leader)
        self._metrics.watch_queue(self._controller.queue)
        self._metrics.watch_connections(self._connections.figures)
        self._http = HttpServer(
            live=self.what_is_dead,
            ready=self.what_is_not_ready,
            metrics=self._metrics.exposition,
        )

    async def run(self) -> None:
        """Run until the end is asked for, which may be before the start is complete."""
        with contextlib.suppress(EndedError):
            async with self.started():
                await self._run_kopf()
        if self._has_failed.is_set():
            _give_up("a part of the process has failed: ended, to be started anew")

    async def _run_kopf(self) -> None:
        registry = kopf.OperatorRegistry()
        self.register(registry)
        # kopf cancels at its end what was begun after it.
        older = asyncio.all_tasks()
        tasks = await kopf.spawn_tasks(
            registry=registry,
            settings=operator_settings(),
            clusterwide=self._settings.is_clusterwide,
            namespaces=self._settings.namespaces,
            standalone=True,
            # Named here, since kopf would ask for a user name that a container's uid lacks.
            identity=cast(Any, "okta-rotator"),
            ready_flag=self._is_ready,
            stop_flag=self._end.asked,
        )
        # kopf has put its own handlers in place of ours; it ends by the flag as well.
        self._end.heed_signals()
        try:
            await kopf.run_tasks(tasks, ignored=older)
        except Exception as error:
            if not self._end.is_by_signal:
                raise
            # As where the API server goes away at the same time: all that was asked for is an end.
            logger.warning("kopf failed at its end: %s", type(error).__name__)

    def register(self, registry: kopf.OperatorRegistry) -> None:
        """Wire kopf to this process. Whoever runs kopf does so inside of `started()`."""
        register_login(registry, load_configuration, self._leadership.fence)
        register_handlers(
            registry,
            self._controller,
            self._connections,
            self._settings.heartbeat,
            on_end=self._take_no_more,
            clusterwide=self._settings.is_clusterwide,
        )

    @contextlib.asynccontextmanager
    async def started(self) -> AsyncIterator[None]:
        """All but kopf: started in order, and at the end drained and stopped.

        Raises EndedError if the end is asked for before the start is complete.
        """
        port = await self._listen()
        logger.info("listening on port %d: /livez /readyz /metrics", port)
        try:
            async with self._leading(), self._working():
                yield
        finally:
            await self._http.stop()

    @contextlib.asynccontextmanager
    async def _leading(self) -> AsyncIterator[None]:
        """The lease is ours. At the end it is given up, unless what was cut off may still land."""
        election = asyncio.create_task(self._leadership.run())
        election.add_done_callback(self._ended)
        try:
            await self._end.or_result(self._leadership.gained())
            yield
        finally:
            election.remove_done_callback(self._ended)
            election.cancel()
            await asyncio.gather(election, return_exceptions=True)
            if not self._was_cut_off:
                await self._leadership.give_up()

    @contextlib.asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(work) for work in self._long_running()]
        for task in tasks:
            task.add_done_callback(self._ended)
        patience = PATIENCE_AFTER_A_BROKEN_START
        try:
            await self._end.or_result(self._first_looks())
            patience = PATIENCE_WITH_WORK
            yield
        finally:
            await self._drain(patience)
            for task in tasks:
                task.remove_done_callback(self._ended)
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._sessions.close()

    async def _first_looks(self) -> None:
        await self._connections.load(await self._first_list(), PATIENCE_WITH_CONNECTIONS)
        await self._watches_begun()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """No part ends by itself: the others must not go on as if nothing had happened."""
        error = None if task.cancelled() else task.exception()
        logger.critical("a part of the process has failed", exc_info=error)
        self._has_failed.set()
        self._end.asked.set()

    async def _watches_begun(self) -> None:
        """A change of a Secret between our first look at it and the first list would be missed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_WITH_WATCHES):
                for watch in self._secret_watches:
                    await watch.has_begun.wait()
                if self._labels is not None:
                    await self._labels.known()

    async def _listen(self) -> int:
        try:
            return await self._http.start(self._settings.http_port)
        except OSError as error:
            _give_up(
                f"cannot listen on port {self._settings.http_port}: {os.strerror(error.errno or 0)}"
            )

    @retry(
        retry=retry_if_exception_type(PortError),
        wait=wait_exponential(multiplier=0.5, max=10),
        before_sleep=lambda state: _tell_what_is_waited_for(state),
    )
    async def _first_list(self) -> list[Json]:
        """The connections; until the API server answers and knows our kinds, there is no start."""
        if self._settings.is_clusterwide:
            bodies = await list_bodies(self._api, CONNECTION_PLURAL, ())
            return bodies + await list_bodies(self._api, CLUSTER_CONNECTION_PLURAL, ())
        return await list_where_allowed(self._api, CONNECTION_PLURAL, self._settings.namespaces)

    def _long_running(self) -> Iterator[Coroutine[None, None, None]]:
        yield self._connections.queue.run()
        yield self._controller.queue.run()
        yield self._events.run()
        for watch in self._secret_watches:
            yield watch.run()
        if self._labels is not None:
            yield self._labels.run()

    def _take_no_more(self) -> None:
        # Else kopf waits 5 s for its own wait for this flag to end.
        self._end.asked.set()
        self._is_ready.clear()
        self._controller.queue.stop_taking()
        self._target_watches.close()

    async def _drain(self, patience: float) -> None:
        self._take_no_more()
        try:
            async with asyncio.timeout(patience):
                await self._controller.queue.drained()
                await self._events.drained()
        except TimeoutError:
            self._was_cut_off = True

    def what_is_dead(self) -> str | None:
        """What is wrong with the process, so that only a restart helps; or None."""
        if self._has_failed.is_set():
            return "a part of the process has failed"
        silence = self._controller.longest_silence()
        if silence > SILENT_INTERVALS * self._settings.heartbeat:
            return f"a resource has had no heartbeat for {silence:.0f} s"
        return self._leadership.what_is_dead()

    def what_is_not_ready(self) -> str | None:
        """Who stands by is ready: an upgrade waits for that before it ends the one that leads."""
        if self._is_ready.is_set():
            return None
        return "starting" if self._leadership.is_leader else self._leadership.what_keeps_it()

    def _connection_changed(self, key: Key) -> None:
        self._controller.connection_changed(key)

    def _labels_changed(self, namespaces: frozenset[str]) -> None:
        self._connections.labels_changed()
        self._controller.namespaces_changed(namespaces)

    def _wake(self, key: Key) -> None:
        self._controller.wake(key)


async def run(settings: Settings, end: End) -> None:
    """The whole life of `okta-rotator run`."""
    configure_logging(settings.log_level, as_json=settings.log_format is LogFormat.JSON)
    end.heed_signals()
    with contextlib.suppress(EndedError):
        await _live(settings, end)


async def _live(settings: Settings, end: End) -> None:
    async with contextlib.AsyncExitStack() as opened:
        try:
            configuration = await end.or_result(load_configuration())
            leadership = _leadership(settings, configuration, opened)
            api = KubeApi(configuration, leadership.fence)
        except NoClusterError as error:
            _give_up(f"no Kubernetes cluster to work in: {error}")
        opened.push_async_callback(api.close)
        await Runtime(settings, api, end, leadership).run()


def _leadership(
    settings: Settings, configuration: Configuration, opened: contextlib.AsyncExitStack
) -> Leadership:
    if not settings.leader_election:
        return Unopposed()
    api = KubeApi(configuration)
    opened.push_async_callback(api.close)
    return candidate(
        api,
        settings.lease_namespace,
        settings.lease_name,
        end_at_once,
        makes_namespace=settings.makes_lease_namespace,
    )


def _give_up(why: str) -> NoReturn:
    logger.critical("%s", why)
    raise SystemExit(1)


def _tell_what_is_waited_for(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome is not None else None
    if isinstance(error, NotFoundError):
        logger.warning("this cluster lacks the kinds of okta-rotator; waiting for its CRDs")
    else:
        logger.warning("waiting for Kubernetes: %s", error)


def _now() -> datetime:
    return datetime.now(UTC)


def _draw() -> Draw:
    drawn = secrets.token_bytes(16 + RANDOM_BYTES)
    return Draw(job_id=str(uuid.UUID(bytes=drawn[:16], version=4)), randomness=drawn[16:])
