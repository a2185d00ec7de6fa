"""What Okta shows of an app and its client secrets, as far as a rotation needs it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from okta_rotator.rotation.values import SecretValue, secret_hash


class SecretState(StrEnum):
    """Okta's status of a client secret."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class AuthMethod(StrEnum):
    """`token_endpoint_auth_method` of an app that has client secrets."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    JWT = "client_secret_jwt"


class Proof(StrEnum):
    """What an introspection with a client secret says about that secret."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    CANNOT_TELL = "cannot-tell"


@dataclass(frozen=True, slots=True)
class OktaApp:
    """The fields of `GET /api/v1/apps/{appId}` that decide whether its secret can be rotated."""

    id: str
    client_id: str | None
    """`credentials.oauthClient.client_id`; None for an app that is no OAuth client."""
    status: str
    sign_on_mode: str
    auth_method: str | None
    """`token_endpoint_auth_method`, any of Okta's, not only those of `AuthMethod`."""


@dataclass(frozen=True, slots=True)
class OktaSecret:
    """One client secret object of an app. `value` is None where Okta does not show it."""

    id: str
    state: SecretState
    created: datetime
    hash: str
    value: SecretValue | None = None

    def holds(self, value: SecretValue) -> bool:
        """Whether this object is the one with that value, by the value or by its hash."""
        return self.value == value if self.value is not None else self.hash == secret_hash(value)


@dataclass(frozen=True, slots=True)
class Organization:
    """What an Okta org says of itself (`/.well-known/okta-organization`)."""

    id: str
    host: str
    """Its canonical host, `acme.okta.com`."""
