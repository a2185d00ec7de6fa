"""What the emulated org holds, as frozen values.

Field names and enumerations follow the schemas Application, OAuth2ClientSecret and
OAuthEndpointAuthenticationMethod of Okta's OpenAPI (okta-management-openapi-spec 2026.06.3).
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address

from .jws import encode
from .keys import PublicKey
from .seed_base import Network


class SecretStatus(StrEnum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class AppStatus(StrEnum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    DELETED = "DELETED"


class AuthMethod(StrEnum):
    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    JWT = "client_secret_jwt"
    PRIVATE_KEY_JWT = "private_key_jwt"
    NONE = "none"

    @property
    def uses_secret(self) -> bool:
        return self.value.startswith("client_secret_")


class ApplicationType(StrEnum):
    WEB = "web"
    NATIVE = "native"
    BROWSER = "browser"
    SERVICE = "service"


class Permission(StrEnum):
    """What a custom admin role is made of. That these three rule the secrets is assumed."""

    READ_APPS = "okta.apps.read"
    READ_CREDENTIALS = "okta.apps.clientCredentials.read"
    MANAGE_APPS = "okta.apps.manage"


class Role(StrEnum):
    ADMIN = "admin"
    READ_ONLY = "read-only"
    NONE = "none"
    """No role at all, as a new service app has none."""

    @property
    def permissions(self) -> frozenset[Permission]:
        return _PERMISSIONS[self]


_PERMISSIONS = {
    Role.ADMIN: frozenset(Permission),
    Role.READ_ONLY: frozenset({Permission.READ_APPS, Permission.READ_CREDENTIALS}),
    Role.NONE: frozenset[Permission](),
}


@dataclass(frozen=True, slots=True)
class ClientSecret:
    id: str
    value: str = field(repr=False)
    status: SecretStatus
    created: datetime
    last_updated: datetime

    @property
    def active(self) -> bool:
        return self.status is SecretStatus.ACTIVE

    @property
    def hash(self) -> str:
        """`secret_hash`: undocumented, but equal to this in every published sample."""
        digest = hashlib.sha256(self.value.encode()).digest()
        return encode(digest[:16])


@dataclass(frozen=True, slots=True)
class ServiceAccess:
    """What an app has as a client of Okta's own API."""

    keys: tuple[PublicKey, ...] = ()
    scopes: frozenset[str] = frozenset()
    permissions: frozenset[Permission] = frozenset()
    dpop: bool = False
    """Its setting `dpop_bound_access_tokens`."""


@dataclass(frozen=True, slots=True)
class App:
    id: str
    client_id: str
    label: str
    status: AppStatus
    sign_on_mode: str
    application_type: ApplicationType
    auth_method: AuthMethod
    created: datetime
    last_updated: datetime
    secrets: tuple[ClientSecret, ...] = ()
    service: ServiceAccess = ServiceAccess()
    networks: tuple[Network, ...] = ()

    @property
    def is_oidc(self) -> bool:
        return self.sign_on_mode == "OPENID_CONNECT"

    @property
    def active_secrets(self) -> tuple[ClientSecret, ...]:
        return tuple(secret for secret in self.secrets if secret.active)

    def secret(self, secret_id: str) -> ClientSecret | None:
        return next((secret for secret in self.secrets if secret.id == secret_id), None)

    def added(self, secret: ClientSecret) -> "App":
        return replace(self, secrets=(*self.secrets, secret))

    def changed(self, secret: ClientSecret) -> "App":
        kept = tuple(secret if old.id == secret.id else old for old in self.secrets)
        return replace(self, secrets=kept)

    def removed(self, secret: ClientSecret) -> "App":
        return replace(self, secrets=tuple(old for old in self.secrets if old.id != secret.id))


@dataclass(frozen=True, slots=True)
class Token:
    """An SSWS token; it acts with the role of the user who made it."""

    value: str = field(repr=False)
    permissions: frozenset[Permission]
    owner: str
    owner_id: str
    disabled: bool
    networks: tuple[Network, ...]


@dataclass(frozen=True, slots=True)
class Org:
    id: str
    subdomain: str
    company_name: str
    secrets_management: bool
    """The org's setting "OAuth secrets and key management"."""
    unique_secrets: bool
    """Refuse a value that the app holds already: marked Unique in Okta's pages until 2025-10."""
    access_token_seconds: int
    """Always 3600 at Okta's org authorization server; shorter in tests of what expires."""


def is_within(networks: tuple[Network, ...], host: str) -> bool:
    """Whether a network zone lets an address in; no zone lets all in."""
    return not networks or any(ip_address(host) in network for network in networks)
