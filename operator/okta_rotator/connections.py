"""The connections: checked when they change and at due times, and then at every rotation's hand.

`ConnectionBook` implements `ConnectionsPort`. A check reads the Secret with the credentials, asks
the org who it is, makes one authenticated call, and writes the connection's own Ready condition.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from okta_rotator.api.conditions import Condition, ConditionType, Reason
from okta_rotator.api.connection import ConnectionSpec, ConnectionStatus
from okta_rotator.api.names import CONNECTION_KIND, CONNECTION_PLURAL
from okta_rotator.cluster.events import EventPoster, Subject
from okta_rotator.cluster.kube_api import KubeApi
from okta_rotator.cluster.resources import connection_spec, write_status
from okta_rotator.cluster.secrets import Secrets
from okta_rotator.credentials import access_of, no_credentials, reference_of
from okta_rotator.queue import WorkQueue
from okta_rotator.rotation.notices import Notice
from okta_rotator.rotation.okta_view import Organization
from okta_rotator.rotation.ports import OktaPort, OktaSession, OktaSessions
from okta_rotator.rotation.snapshot import Connection, Key, Resource
from okta_rotator.rotation.trouble import Next, PortError, Trouble
from okta_rotator.rotation.turns import turn_of

RECHECK: Final = timedelta(hours=24)
"""An API token dies after 30 days without use, so each one is used once a day (Okta's docs)."""

WORKERS: Final = 8
"""Connections that are checked at the same time."""

FIRST_RETRY: Final = timedelta(seconds=5)
LONGEST_RETRY: Final = timedelta(minutes=5)
"""How soon a connection that is not ready is looked at again."""

DOUBT_AFTER: Final = timedelta(seconds=10)
"""A connection whose credentials a rotation saw refused is checked once in this time at most."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One connection, and what its last check found."""

    uid: str
    generation: int
    spec: ConnectionSpec | None
    spec_error: str | None
    status: ConnectionStatus
    session: OktaSession | None = None
    organization: Organization | None = None
    credentials: str = ""
    """The version of the Secret that the session's credentials were read from."""
    problem: Trouble | None = None
    checked_at: datetime | None = None
    failures: int = 0


class ConnectionBook:
    """All connections by key. `on_news` is told when one becomes ready, or no longer is.

    `watch_secret` is told which Secret a connection that is not ready waits for; None: for none.
    """

    def __init__(
        self,
        api: KubeApi,
        sessions: OktaSessions,
        events: EventPoster,
        now: Callable[[], datetime],
        on_news: Callable[[Key], None],
        watch_secret: Callable[[Key, str | None], None],
    ) -> None:
        self._api = api
        self._secrets = Secrets(api)
        self._sessions = sessions
        self._events = events
        self._now = now
        self._on_news = on_news
        self._watch_secret = watch_secret
        self._entries: dict[Key, _Entry] = {}
        self._changed = asyncio.Event()
        self.queue: WorkQueue[Key] = WorkQueue(self._check, workers=WORKERS, now=now)

    def saw(self, body: Mapping[str, Any]) -> None:
        """A connection was made or changed: check it, unless only its status has changed."""
        entry, key = _entry(body), key_of(body)
        old = self._entries.get(key)
        if old is not None and (old.uid, old.generation) == (entry.uid, entry.generation):
            return
        self._entries[key] = entry
        self.queue.add(key)

    def gone(self, body: Mapping[str, Any]) -> None:
        """The connection was deleted; one of the same name may have been seen before that."""
        key = key_of(body)
        known = self._entries.get(key)
        if known is None or known.uid != body["metadata"]["uid"]:
            return
        del self._entries[key]
        self.queue.forget(key)
        self._watch_secret(key, None)
        self._on_news(key)

    def recheck(self, key: Key) -> None:
        """The Secret of a connection may have changed."""
        if key in self._entries:
            self.queue.add(key)

    def doubt(self, key: Key) -> None:
        """Okta refused the credentials to a rotation: the Secret may hold others by now."""
        entry = self._entries.get(key)
        if entry is not None and entry.checked_at is not None and entry.problem is None:
            self.queue.add_at(key, min(entry.checked_at, self._now()) + DOUBT_AFTER)

    def connection_of(self, resource: Resource) -> Connection:
        spec, secrets = resource.spec, self._credential_secrets(resource.key.namespace)
        if spec is None:
            return Connection("", None, None, None, False, secrets)
        name = spec.connection.name
        entry = self._entries.get(Key(resource.key.namespace, name))
        if entry is None:
            return Connection(name, None, None, _not_found(name), True, secrets)
        org_id = entry.organization.id if entry.organization is not None else entry.status.org_id
        problem = (
            None
            if entry.session is not None and entry.problem is None
            else _not_ready(name, entry.problem)
        )
        is_lost = entry.problem is not None and entry.problem.reason is Reason.SECRET_NOT_FOUND
        return Connection(name, entry.uid, org_id, problem, is_lost, secrets)

    def _credential_secrets(self, namespace: str) -> frozenset[str]:
        return frozenset(
            reference_of(entry.spec).name
            for key, entry in self._entries.items()
            if key.namespace == namespace and entry.spec is not None
        )

    def okta_of(self, resource: Resource) -> OktaPort:
        name = resource.sound_spec.connection.name
        entry = self._entries.get(Key(resource.key.namespace, name))
        if entry is None or entry.session is None:
            raise PortError(_not_ready(name, None))
        return entry.session.in_turn(turn_of(resource))

    async def load(self, bodies: Iterable[Mapping[str, Any]], patience: float) -> None:
        """Take the connections that are there at the start, and check them all."""
        for body in bodies:
            self.saw(body)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self.queue.drained()

    def is_known(self, key: Key) -> bool:
        return key in self._entries

    async def settled(self, key: Key, patience: float) -> None:
        """Wait until the connection is there and checked, for so many seconds at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while not self._is_settled(key):
                    self._changed.clear()
                    await self._changed.wait()

    def _is_settled(self, key: Key) -> bool:
        entry = self._entries.get(key)
        return entry is not None and entry.checked_at is not None

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
        self._watch_secret(key, _awaited_secret(found))
        if _is_news(before, found):
            self._on_news(key)
        return self._now() + _pause(found)

    async def _found(self, key: Key, entry: _Entry) -> _Entry:
        try:
            signed_in = await self._signed_in(key, entry)
        except PortError as error:
            failed = replace(entry, problem=error.trouble, failures=entry.failures + 1)
            return replace(failed, checked_at=self._now())
        return replace(signed_in, problem=None, failures=0, checked_at=self._now())

    async def _signed_in(self, key: Key, entry: _Entry) -> _Entry:
        if entry.spec is None:
            raise PortError(_person(Reason.INVALID_SPEC, entry.spec_error or ""))
        self._sessions.check_address(entry.spec)
        text, version = await self._credentials(key, entry.spec)
        session = self._sessions.connect(access_of(entry.spec, text))
        organization = await session.read_organization()
        await session.check_sign_in()
        return replace(entry, session=session, organization=organization, credentials=version)

    async def _credentials(self, key: Key, spec: ConnectionSpec) -> tuple[str, str]:
        """The text of the credentials, and the version of the Secret that holds it."""
        reference = reference_of(spec)
        secret = await self._secrets.read(key.namespace, reference.name)
        text = secret.data.get(reference.key, "").strip() if secret is not None else ""
        if secret is not None and text:
            return text, secret.resource_version
        message = no_credentials(spec, key.namespace, is_there=secret is not None)
        raise PortError(_person(Reason.SECRET_NOT_FOUND, message))

    async def _reported(self, key: Key, entry: _Entry) -> _Entry:
        status = _status(entry, self._now())
        if _same_news(status, entry.status) and not _is_stale(entry.status, self._now()):
            return entry
        await write_status(self._api, CONNECTION_PLURAL, key, entry.uid, status)
        self._tell(key, entry, status)
        return replace(entry, status=status)

    def _tell(self, key: Key, entry: _Entry, status: ConnectionStatus) -> None:
        new, old = _ready(status), _ready(entry.status)
        if new is None or (
            old is not None and (old.status, old.reason) == (new.status, new.reason)
        ):
            return
        notice = Notice(new.reason, new.message, is_warning=new.status != "True")
        self._events.post(Subject(CONNECTION_KIND, key, entry.uid), notice)


def _awaited_secret(entry: _Entry) -> str | None:
    is_waiting = entry.problem is not None and entry.spec is not None
    return reference_of(entry.spec).name if is_waiting and entry.spec else None


def key_of(body: Mapping[str, Any]) -> Key:
    return Key(body["metadata"]["namespace"], body["metadata"]["name"])


def _entry(body: Mapping[str, Any]) -> _Entry:
    metadata = body["metadata"]
    spec, spec_error = connection_spec(body.get("spec") or {})
    return _Entry(
        uid=metadata["uid"],
        generation=metadata.get("generation", 1),
        spec=spec,
        spec_error=spec_error,
        status=ConnectionStatus.salvage(body.get("status") or {}),
    )


def _status(entry: _Entry, now: datetime) -> ConnectionStatus:
    trouble, organization = entry.problem, entry.organization
    is_ready = trouble is None and organization is not None
    ready, old = "True" if is_ready else "False", _ready(entry.status)
    since = old.last_transition_time if old is not None and old.status == ready else now
    condition = Condition(
        type=ConditionType.READY,
        status=ready,
        reason=Reason.CONNECTED if trouble is None else trouble.reason,
        message="signed in at Okta" if trouble is None else trouble.message,
        last_transition_time=since,
        observed_generation=entry.generation,
    )
    return ConnectionStatus(
        observed_generation=entry.generation,
        conditions=(condition,),
        org_id=organization.id if organization is not None else entry.status.org_id,
        org_host=organization.host if organization is not None else entry.status.org_host,
        method=entry.spec.method if entry.spec is not None else None,
        last_checked_at=now,
    )


def _is_news(before: _Entry, found: _Entry) -> bool:
    """Whether a rotation of the connection may fare otherwise than before."""
    if before.checked_at is None or _words_of(found.problem) != _words_of(before.problem):
        return True
    return found.problem is None and found.credentials != before.credentials


def _words_of(problem: Trouble | None) -> tuple[Reason, str] | None:
    """What the rotations of the connection say of it."""
    return None if problem is None else (problem.reason, problem.message)


def _same_news(one: ConnectionStatus, other: ConnectionStatus) -> bool:
    return one.model_copy(update={"last_checked_at": other.last_checked_at}) == other


def _is_stale(status: ConnectionStatus, now: datetime) -> bool:
    return status.last_checked_at is None or now - status.last_checked_at >= RECHECK


def _ready(status: ConnectionStatus) -> Condition | None:
    conditions = status.conditions or ()
    return next((c for c in conditions if c.type == ConditionType.READY), None)


def _pause(entry: _Entry) -> timedelta:
    if entry.problem is None:
        return RECHECK
    return min(FIRST_RETRY * (1 << min(entry.failures - 1, 10)), LONGEST_RETRY)


def _not_found(name: str) -> Trouble:
    message = (
        f"there is no OktaConnection {name} in this namespace. Make it, or name another in "
        "spec.connection.name"
    )
    return _person(Reason.CONNECTION_NOT_FOUND, message)


def _not_ready(name: str, problem: Trouble | None) -> Trouble:
    if problem is None:
        message = f"the OktaConnection {name} has not been checked yet"
        return Trouble(Next.RETRY, Reason.CONNECTION_NOT_READY, message)
    message = f"the OktaConnection {name} is not ready: {problem.reason}: {problem.message}"
    return replace(problem, reason=Reason.CONNECTION_NOT_READY, message=message)


def _person(reason: Reason, message: str) -> Trouble:
    return Trouble(Next.PERSON, reason, message)
