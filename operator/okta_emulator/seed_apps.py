"""The apps of a seed, with their secrets and, of a service app, its keys."""

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from .keys import PublicKey, public_key
from .model import ApplicationType, AppStatus, AuthMethod, Permission, Role, SecretStatus
from .rules import MAX_LENGTH, MAX_SECRETS, MIN_LENGTH, PRINTABLE_ASCII
from .seed_base import Networks, SeedModel

SecretValue = Annotated[
    str,
    Field(
        min_length=MIN_LENGTH,
        max_length=MAX_LENGTH,
        pattern=rf"^{PRINTABLE_ASCII.pattern}$",
    ),
]
Scope = Annotated[str, Field(pattern=r"^\S+$")]


class SecretSeed(SeedModel):
    id: str | None = None
    client_secret: SecretValue | None = Field(default=None, repr=False)
    status: SecretStatus = SecretStatus.ACTIVE
    created: datetime | None = None

    @field_validator("created")
    @classmethod
    def _utc_unless_said(cls, created: datetime | None) -> datetime | None:
        return created if created is None or created.tzinfo else created.replace(tzinfo=UTC)


class JwksSeed(SeedModel):
    """Public keys; more than one need a `kid` each, by which an assertion names its key."""

    keys: tuple[dict[str, Any], ...] = ()

    @field_validator("keys")
    @classmethod
    def _can_be_read(cls, keys: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        kids = [public_key(key).kid for key in keys]
        if len(keys) > 1 and (None in kids or len(set(kids)) < len(kids)):
            raise ValueError("each of several keys needs a kid of its own")
        return keys

    def public(self) -> tuple[PublicKey, ...]:
        return tuple(public_key(key) for key in self.keys)


class HolderSeed(SeedModel):
    """Who may call Okta's API: an API token, or an app as its own client."""

    role: Role = Role.ADMIN
    permissions: tuple[Permission, ...] | None = None
    networks: Networks = ()

    @property
    def granted(self) -> frozenset[Permission]:
        return self.role.permissions if self.permissions is None else frozenset(self.permissions)


class AppSeed(HolderSeed):
    id: str = Field(pattern=r"^[A-Za-z0-9]{6,100}$")
    client_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9$\-_.+!*'(),]{6,100}$")
    label: str | None = None
    status: AppStatus = AppStatus.ACTIVE
    sign_on_mode: str = "OPENID_CONNECT"
    application_type: ApplicationType = ApplicationType.WEB
    token_endpoint_auth_method: AuthMethod = AuthMethod.BASIC
    secrets: tuple[SecretSeed, ...] | None = Field(default=None, max_length=MAX_SECRETS)
    jwks: JwksSeed = JwksSeed()
    granted_scopes: tuple[Scope, ...] = ()
    dpop_bound_access_tokens: bool = False

    @property
    def uses_secret(self) -> bool:
        return self.sign_on_mode == "OPENID_CONNECT" and self.token_endpoint_auth_method.uses_secret

    @model_validator(mode="after")
    def _secrets_fit_the_method(self) -> Self:
        if self.secrets and not self.uses_secret:
            raise ValueError(
                "secrets: an app of this signOnMode and tokenEndpointAuthMethod has none"
            )
        return self


class AppChange(SeedModel):
    """A change of an app by the control API; what is None stays as it is."""

    status: AppStatus | None = None
    token_endpoint_auth_method: AuthMethod | None = None
    jwks: JwksSeed | None = None
    granted_scopes: tuple[Scope, ...] | None = None
    dpop_bound_access_tokens: bool | None = None
    role: Role | None = None
    permissions: tuple[Permission, ...] | None = None
    networks: Networks | None = None

    @property
    def granted(self) -> frozenset[Permission] | None:
        if self.permissions is not None:
            return frozenset(self.permissions)
        return None if self.role is None else self.role.permissions
