"""The calls that are made to Okta: their names, what a repetition would do, and their paths.

Source: the paths of Okta's OpenAPI (okta-management-openapi-spec, 2026.06.3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from okta_rotator.api.patterns import APP_ID
from okta_rotator.rotation.turns import OF_THE_CONNECTION, Turn

SECRET_ID: Final = "[A-Za-z0-9_-]{6,64}"  # noqa: S105 - a pattern
"""Okta's are `ocs` and 17 letters or digits; a little more passes, nothing that a path reads."""

ORGANIZATION_PATH: Final = "/.well-known/okta-organization"
SIGN_IN_PATH: Final = "/api/v1/users/me"
INTROSPECT_PATH: Final = "/oauth2/v1/introspect"
TOKEN_PATH: Final = "/oauth2/v1/token"  # noqa: S105 - a path


class Endpoint(StrEnum):
    """A call by name, as metrics and messages have it."""

    ORGANIZATION = "organization.read"
    SIGN_IN = "users.me"
    APP = "apps.read"
    LIST = "secrets.list"
    CREATE = "secrets.create"
    ACTIVATE = "secrets.activate"
    DEACTIVATE = "secrets.deactivate"
    DELETE = "secrets.delete"
    INTROSPECT = "introspect"
    TOKEN = "token"  # noqa: S105 - a name

    @property
    def is_write(self) -> bool:
        """Whether it changes something in Okta."""
        return self in _WRITES

    @property
    def is_of_one_secret(self) -> bool:
        return self in (Endpoint.ACTIVATE, Endpoint.DEACTIVATE, Endpoint.DELETE)

    @property
    def is_of_connection(self) -> bool:
        """Whether it tells of the connection, and of no app."""
        return self in (Endpoint.ORGANIZATION, Endpoint.SIGN_IN)


_WRITES: Final = frozenset(
    {Endpoint.CREATE, Endpoint.ACTIVATE, Endpoint.DEACTIVATE, Endpoint.DELETE}
)


@dataclass(frozen=True, slots=True)
class Call:
    """What is to be known of a call beside its request."""

    endpoint: Endpoint
    app_id: str | None = None
    hidden: tuple[str, ...] = field(default=(), repr=False)
    """Secrets that went out with it: a text of Okta's that repeats one is not shown."""
    turn: Turn = OF_THE_CONNECTION


def app_path(app_id: str) -> str | None:
    """The app's path, or None for an id that is none and might lead elsewhere."""
    return f"/api/v1/apps/{app_id}" if re.fullmatch(APP_ID, app_id) else None


def secrets_path(app_id: str, secret_id: str | None = None) -> str | None:
    """The path of the app's secrets or of one of them; None as with `app_path`."""
    app = app_path(app_id)
    if app is None or secret_id is None:
        return app and f"{app}/credentials/secrets"
    is_sound = re.fullmatch(SECRET_ID, secret_id) is not None
    return f"{app}/credentials/secrets/{secret_id}" if is_sound else None
