"""The connections: checked when they change and at due times, and then at every rotation's hand.

`ConnectionBook` implements `ConnectionsPort`. A check reads the Secret with the credentials, asks
the org who it is, makes one authenticated call, and writes the connection's own Ready condition.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from okta_rotator.api.conditions import Reason
from okta_rotator.api.connection import ConnectionSpec, ConnectionStatus
from okta_rotator.api.names import (
    CLUSTER_CONNECTION_KIND,
    CLUSTER_CONNECTION_PLURAL,
    CONNECTION_KIND,
    CONNECTION_PLURAL,
)
from okta_rotator.cluster.events import EventPoster, Subject
from okta_rotator.cluster.kube_api import KubeApi
from okta_rotator.cluster.namespaces import NamespaceLabels
from okta_rotator.cluster.resources import key_of, write_status
from okta_rotator.cluster.secrets import Secrets
from okta_rotator.connections.credentials import access_of, no_credentials, reference_of
from okta_rotator.connections.entry import (
    Entry,
    after_failure,
    after_success,
    entry_of,
    figures_of,
    is_newer,
    is_news,
    is_told,
    is_worth_writing,
    pause_after,
    status_of,
)
from okta_rotator.connections.references import References
from okta_rotator.connections.troubles import (
    in_general,
    not_allowed,
    not_found,
    not_ready,
    person,
)
from okta_rotator.queue import WorkQueue
from okta_rotator.rotation.notices import Notice
from okta_rotator.rotation.ports import OktaPort, OktaSession, OktaSessions
from okta_rotator.rotation.snapshot import Connection, Key, Resource, SecretObject
from okta_rotator.rotation.tenancy import Answer, answer, asks_labels
from okta_rotator.rotation.trouble import Next, PortError, Trouble
from okta_rotator.rotation.turns import turn_of
from okta_rotator.telemetry.figures import ConnectionFigures

WORKERS: Final = 8
"""Connections that are checked at the same time."""

DOUBT_AFTER: Final = timedelta(seconds=10)
"""A connection whose credentials a rotation saw refused is checked once in this time at most."""


class ConnectionBook:
    """All connections by key. `on_news` is told when one becomes ready, or no longer is.

    `home` is the operator's namespace, where the Secrets of the cluster's connections are.
    `labels` are those of all namespaces; None where the cluster's connections are not served.
    """

    def __init__(
        self,
        api: KubeApi,
        sessions: OktaSessions,
        events: EventPoster,
        now: Callable[[], datetime],
        on_news: Callable[[Key], None],
        *,
        home: str,
        labels: NamespaceLabels | None,
    ) -> None:
        self._api = api
        self._secrets = Secrets(api)
        self._sessions = sessions
        self._events = events
        self._now = now
        self._on_news = on_news
        self._home = home
        self._labels = labels
        self._entries: dict[Key, Entry] = {}
        self._references = References()
        self._newest: dict[Key, str] = {}
        """By connection, the version of its Secret that the watch told last."""
        self._changed = asyncio.Event()
        self.queue: WorkQueue[Key] = WorkQueue(self._check, workers=WORKERS, now=now)

    def saw(self, body: Mapping[str, Any]) -> None:
        """A connection was made or changed: check it, unless only its status has changed."""
        entry, key = entry_of(body), key_of(body)
        old = self._entries.get(key)
        if old is not None and (old.uid, old.generation) == (entry.uid, entry.generation):
            return
        if old is not None and old.uid != entry.uid:
            self._sessions.forget(old.uid)
        is_same = old is not None and entry.signs_in_as(old)
        self._entries[key] = entry.with_findings_of(old) if old is not None and is_same else entry
        self._references.set(key, self._secret_of(key, entry))
        if self._labels is not None and asks_labels(entry.grants):
            self._labels.need()
        self.queue.add(key)
        if is_same:
            # Whom it serves may have changed, which does not wait for Okta.
            self._on_news(key)

    def gone(self, body: Mapping[str, Any]) -> None:
        """The connection was deleted; one of the same name may have been seen before that."""
        key = key_of(body)
        known = self._entries.get(key)
        if known is None or known.uid != body["metadata"]["uid"]:
            return
        del self._entries[key]
        self.queue.forget(key)
        self._sessions.forget(known.uid)
        self._references.set(key, None)
        self._newest.pop(key, None)
        self._on_news(key)

    @property
    def secrets(self) -> Set[Key]:
        """The Secrets whose versions it is to be told, by `secret_is`."""
        return self._references.secrets

    def secret_is(self, secret: Key, version: str | None) -> None:
        """A Secret has this version; None: there is no such Secret."""
        for key in self._references.users_of(secret):
            entry = self._entries[key]
            if version is None:
                is_news = bool(entry.tried) or entry.checked_at is None
            else:
                self._newest[key] = version
                is_news = entry.checked_at is not None and is_newer(version, entry.tried)
            if is_news:
                self.queue.add(key)

    def doubt(self, resource: Resource) -> None:
        """Okta refused the credentials to a rotation: the Secret may hold others by now."""
        key = resource.connection_key
        entry = self._entries.get(key) if key is not None else None
        if key is None or entry is None or self._answer(entry, key, resource) is not Answer.ALLOWED:
            return
        if entry.checked_at is not None and entry.problem is None:
            self.queue.add_at(key, min(entry.checked_at, self._now()) + DOUBT_AFTER)

    def connection_of(self, resource: Resource) -> Connection:
        secrets = self._references.names_in(resource.key.namespace)
        key = resource.connection_key
        if key is None:
            return Connection("", None, None, None, False, secrets)
        entry = self._entries.get(key)
        if entry is None:
            is_served = bool(key.namespace) or self._labels is not None
            missing = not_found(resource, is_served=is_served)
            return Connection(key.name, None, None, missing, is_served, secrets)
        refusal = self._refusal(entry, key, resource)
        if refusal is not None:
            # Whom it does not serve is of no org, and so in the way of nobody whom it serves.
            org_id = entry.org_id if refusal.next is Next.RETRY else None
            return Connection(key.name, entry.uid, org_id, refusal, False, secrets)
        problem = None if entry.is_ready else not_ready(resource, entry.problem)
        is_lost = entry.problem is not None and entry.problem.reason is Reason.SECRET_NOT_FOUND
        freeze = entry.spec.freeze if entry.spec is not None else None
        return Connection(key.name, entry.uid, entry.org_id, problem, is_lost, secrets, freeze)

    def _refusal(self, entry: Entry, key: Key, resource: Resource) -> Trouble | None:
        found = self._answer(entry, key, resource)
        return None if found is Answer.ALLOWED else not_allowed(resource, found)

    def _answer(self, entry: Entry, key: Key, resource: Resource) -> Answer:
        """Whether the connection serves the rotation; one of its own namespace always does."""
        if key.namespace:
            return Answer.ALLOWED
        namespace = resource.key.namespace
        labels = self._labels.of(namespace) if self._labels is not None else None
        app_id = resource.sound_spec.parameters.effective_app_id
        return answer(entry.grants, namespace, labels, app_id)

    def _secret_of(self, key: Key, entry: Entry) -> Key | None:
        if entry.spec is None:
            return None
        return Key(self._place_of_secret(key), reference_of(entry.spec).name)

    def _place_of_secret(self, key: Key) -> str:
        return key.namespace or self._home

    def okta_of(self, resource: Resource) -> OktaPort:
        key = resource.connection_key
        entry = self._entries.get(key) if key is not None else None
        if key is None or entry is None or entry.session is None:
            raise PortError(not_ready(resource, None))
        refusal = self._refusal(entry, key, resource)
        if refusal is not None:
            raise PortError(refusal)
        return entry.session.in_turn(turn_of(resource))

    async def load(self, bodies: Iterable[Mapping[str, Any]], patience: float) -> None:
        """Take the connections that are there at the start, and check them all."""
        for body in bodies:
            self.saw(body)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self.queue.drained()

    def figures(self) -> Iterator[ConnectionFigures]:
        """What the metrics say of each connection that was checked."""
        for key, entry in self._entries.items():
            if entry.checked_at is not None:
                yield figures_of(key, entry)

    def is_known(self, resource: Resource) -> bool:
        """Whether the connection that the resource names is there."""
        return resource.connection_key in self._entries

    def labels_changed(self) -> None:
        """The labels of some namespaces have been read."""
        self._changed.set()

    async def settled(self, resource: Resource, patience: float) -> None:
        """Wait until the connection is there and checked, for so many seconds at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while not self.is_settled(resource):
                    self._changed.clear()
                    await self._changed.wait()

    def is_settled(self, resource: Resource) -> bool:
        """Whether the connection that the resource names is there, and was checked."""
        key = resource.connection_key
        entry = self._entries.get(key) if key is not None else None
        if key is None or entry is None or entry.checked_at is None:
            return False
        return self._answer(entry, key, resource) is not Answer.LABELS_UNKNOWN

    async def _check(self, key: Key) -> datetime | None:
        """Check one connection; when to do it again, or None if it is gone."""
        before = self._entries.get(key)
        if before is None:
            return None
        found = await self._found(key, before)
        if self._entries.get(key) is before:
            found = await self._reported(key, found)
        if self._entries.get(key) is not before:
            # Another spec, another connection of that name, or none: what was found is of no use.
            return self._now()
        self._entries[key] = found
        self._changed.set()
        if is_news(before, found):
            self._on_news(key)
        newest = self._newest.pop(key, None)
        if newest is not None and is_newer(newest, found.tried):
            # It was changed under the check, after that had read it.
            return self._now()
        return self._now() + pause_after(found)

    async def _found(self, key: Key, entry: Entry) -> Entry:
        tried = ""
        try:
            spec = self._sound_spec(entry)
            secret = await self._secrets.read(self._place_of_secret(key), reference_of(spec).name)
            tried = secret.resource_version if secret is not None else ""
            text = self._text_in(secret, key, spec)
            session: OktaSession = self._sessions.connect(access_of(spec, text), entry.uid)
            # For whom Okta cannot answer now: it may have worked for an earlier process.
            entry = replace(entry, session=entry.session or session)
            organization = await session.read_organization()
            await session.check_sign_in()
        except PortError as error:
            return after_failure(replace(entry, tried=tried), error.trouble, self._now())
        found = replace(entry, session=session, organization=organization, credentials=tried)
        return after_success(replace(found, tried=tried), self._now())

    def _sound_spec(self, entry: Entry) -> ConnectionSpec:
        """Before any credentials are read."""
        if entry.spec is None:
            raise PortError(person(Reason.INVALID_SPEC, entry.spec_error or ""))
        self._sessions.check_address(entry.spec)
        return entry.spec

    def _text_in(self, secret: SecretObject | None, key: Key, spec: ConnectionSpec) -> str:
        text = secret.data.get(reference_of(spec).key, "").strip() if secret is not None else ""
        if text:
            return text
        place = self._place_of_secret(key)
        message = no_credentials(spec, place, is_there=secret is not None)
        raise PortError(person(Reason.SECRET_NOT_FOUND, message))

    async def _reported(self, key: Key, entry: Entry) -> Entry:
        status = status_of(entry, self._now())
        if not is_worth_writing(status, entry.status, self._now()):
            return entry
        plural = CONNECTION_PLURAL if key.namespace else CLUSTER_CONNECTION_PLURAL
        await write_status(self._api, plural, key, entry.uid, status)
        self._tell(key, entry, status)
        return replace(entry, status=status)

    def _tell(self, key: Key, entry: Entry, status: ConnectionStatus) -> None:
        told = is_told(status, entry.status)
        if told is None:
            return
        kind = CONNECTION_KIND if key.namespace else CLUSTER_CONNECTION_KIND
        message, trouble = told.message, entry.problem
        if not key.namespace and trouble is not None:
            # Kubernetes has the Events of what is in no namespace in `default`, where others read.
            message = in_general(key.name, trouble.reason)
        notice = Notice(told.reason, message, is_warning=told.status != "True")
        self._events.post(Subject(kind, key, entry.uid), notice)
