"""The seed file: what an emulated org holds at the start.

```yaml
org:                                   # optional, every field too
  id: 00o1n8sbwArJ7OQRw406             # default: drawn
  subdomain: acme                      # default: emulator
  companyName: Acme Inc.               # default: the subdomain
  secretsManagement: true              # false: the secrets endpoints answer E0000015
  uniqueSecrets: true                  # false: the same value may be created twice
tokens:
- value: 00Q-a-token-of-our-own        # SSWS token
  role: admin                          # or read-only: reads, and E0000006 on writes
  owner: ci@acme.example               # default: admin@<subdomain>.example
  disabled: false                      # true: E0000011, as for a revoked token
apps:
- id: 0oa1nkheCuDn82XVI0g4
  clientId: 0oa1nkheCuDn82XVI0g4       # default: the id
  label: Orders                        # default: the id
  status: ACTIVE                       # or INACTIVE, DELETED
  signOnMode: OPENID_CONNECT           # any other has no client secrets
  applicationType: web                 # or native, browser, service
  tokenEndpointAuthMethod: client_secret_basic
  secrets:                             # default: one drawn secret, if the method uses one
  - id: ocs2f4zrZbs8nUa7p0g4           # default: drawn
    clientSecret: at-least-14-printable-characters   # default: drawn
    status: ACTIVE                     # or INACTIVE
    created: 2023-02-21T20:08:24Z      # default: now
rateLimits:                            # requests a window; default: so many that they never bite
  windowSeconds: 60
  apps: 50                             # /api/v1/apps and all below it, the secrets among them
  appById: 250                         # exactly /api/v1/apps/{id}
  oauth2: 600                          # /oauth2/v1/*
  other: 300
```
An app of the control API has the same shape.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel

from .model import ApplicationType, AppStatus, AuthMethod, Role, SecretStatus
from .rules import MAX_LENGTH, MAX_SECRETS, MIN_LENGTH, PRINTABLE_ASCII

_UNLIMITED = 1_000_000

SecretValue = Annotated[
    str,
    Field(
        min_length=MIN_LENGTH,
        max_length=MAX_LENGTH,
        pattern=rf"^{PRINTABLE_ASCII.pattern}$",
    ),
]


class SeedError(Exception):
    """A seed that cannot be used; the message names each field, and never shows a value."""


class _Model(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
    )


class SecretSeed(_Model):
    id: str | None = None
    client_secret: SecretValue | None = Field(default=None, repr=False)
    status: SecretStatus = SecretStatus.ACTIVE
    created: datetime | None = None

    @field_validator("created")
    @classmethod
    def _utc_unless_said(cls, created: datetime | None) -> datetime | None:
        return created if created is None or created.tzinfo else created.replace(tzinfo=UTC)


class AppSeed(_Model):
    id: str = Field(pattern=r"^[A-Za-z0-9]{6,100}$")
    client_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9$\-_.+!*'(),]{6,100}$")
    label: str | None = None
    status: AppStatus = AppStatus.ACTIVE
    sign_on_mode: str = "OPENID_CONNECT"
    application_type: ApplicationType = ApplicationType.WEB
    token_endpoint_auth_method: AuthMethod = AuthMethod.BASIC
    secrets: tuple[SecretSeed, ...] | None = Field(default=None, max_length=MAX_SECRETS)

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


class TokenSeed(_Model):
    value: str = Field(min_length=1, repr=False)
    role: Role = Role.ADMIN
    owner: str | None = None
    disabled: bool = False


class OrgSeed(_Model):
    id: str | None = None
    subdomain: str = Field(default="emulator", pattern=r"^[a-z0-9-]+$")
    company_name: str | None = None
    secrets_management: bool = True
    unique_secrets: bool = True


class RateLimits(_Model):
    window_seconds: float = Field(default=60, gt=0)
    apps: int = Field(default=_UNLIMITED, ge=1)
    app_by_id: int = Field(default=_UNLIMITED, ge=1)
    oauth2: int = Field(default=_UNLIMITED, ge=1)
    other: int = Field(default=_UNLIMITED, ge=1)


class Seed(_Model):
    org: OrgSeed = OrgSeed()
    tokens: tuple[TokenSeed, ...] = ()
    apps: tuple[AppSeed, ...] = ()
    rate_limits: RateLimits = RateLimits()

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [app.id for app in self.apps]
        clients = [app.client_id or app.id for app in self.apps]
        if len(set(ids)) < len(ids) or len(set(clients)) < len(clients):
            raise ValueError("apps: two apps share an id or a clientId")
        return self


def load_seed(path: Path) -> Seed:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Seed.model_validate(content or {})
    except (OSError, UnicodeDecodeError) as error:
        raise SeedError(f"{path}: {error}") from error
    except yaml.YAMLError as error:
        raise SeedError(f"{path}: not YAML{_place(error)}") from None
    except ValidationError as error:
        raise SeedError(f"{path}: {field_errors(error)}") from None


def field_errors(error: ValidationError) -> str:
    """One clause a field; pydantic's own text would repeat the value, which may be a secret."""
    return "; ".join(
        ": ".join(filter(None, (".".join(map(str, detail["loc"])), detail["msg"])))
        for detail in error.errors(include_url=False, include_context=False, include_input=False)
    )


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f" (line {mark.line + 1})" if mark else ""
