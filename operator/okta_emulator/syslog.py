"""The System Log, as far as it tells of credentials, of tokens and of limits.

Source: event-types.json of okta-developer-docs. That the event of wrong secrets is written at the
fifth, and again at each one beyond it, is assumed. No event holds the value of a secret, although
Okta's may.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .clock import wire_time
from .model import App, ClientSecret
from .names import Names

CREDENTIALS = "app.oauth2.credentials.lifecycle."
READ_SECRET = "app.oauth2.client.read_client_secret"  # noqa: S105 - the name of an event
TOKEN_GRANT = "app.oauth2.token.grant.access_token"  # noqa: S105
WRONG_SECRETS = "app.oauth2.invalid_client_credentials"
OUTSIDE_ZONE = "system.api_token.request_outside_allowed_range"
RATE_LIMIT = "system.org.rate_limit.violation"
CONCURRENCY_LIMIT = "core.concurrency.org.limit.violation"

_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Actor:
    id: str
    type: str
    name: str


OKTA = Actor("unknown", "SystemPrincipal", "Okta System")
"""Who acts where nobody called: a limit, an alarm, the control API."""


def client_actor(app: App) -> Actor:
    return Actor(app.client_id, "PublicClientApp", app.label)


@dataclass(frozen=True, slots=True)
class Event:
    """What happened; who and when is added by the log."""

    type: str
    app: App | None = None
    secret: ClientSecret | None = None
    kid: str | None = None
    failure: str | None = None
    debug: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Entry:
    uuid: str
    published: datetime
    actor: Actor
    event: Event


class SystemLog:
    def __init__(self, names: Names) -> None:
        self._names = names
        self._entries: deque[_Entry] = deque(maxlen=_KEPT)

    def add(self, event: Event, actor: Actor, now: datetime) -> None:
        self._entries.append(_Entry(self._names.event_id(), now, actor, event))

    def as_json(self) -> list[dict[str, object]]:
        return [_view(entry) for entry in self._entries]

    def alarms(self) -> list[dict[str, object]]:
        """The suspicions of Okta: five wrong secrets of one app within 24 hours."""
        return [_view(entry) for entry in self._entries if entry.event.type == WRONG_SECRETS]


def _view(entry: _Entry) -> dict[str, object]:
    event, actor = entry.event, entry.actor
    return {
        "uuid": entry.uuid,
        "published": wire_time(entry.published),
        "eventType": event.type,
        "severity": "INFO" if event.failure is None else "WARN",
        "outcome": {
            "result": "SUCCESS" if event.failure is None else "FAILURE",
            "reason": event.failure,
        },
        "actor": {"id": actor.id, "type": actor.type, "displayName": actor.name},
        "target": _targets(event),
        "debugContext": {"debugData": dict(event.debug)},
    }


def _targets(event: Event) -> list[dict[str, str]]:
    targets = []
    if event.app:
        targets.append({"id": event.app.id, "type": "AppInstance", "displayName": event.app.label})
    if event.secret:
        targets.append({"id": event.secret.id, "type": "OAuth2ClientSecretEntity"})
    if event.kid:
        targets.append({"id": event.kid, "type": "JsonWebKeyEntity"})
    return targets
