"""The seed file: what an emulated org holds at the start.

```yaml
org:                                   # optional, every field too
  id: 00o1n8sbwArJ7OQRw406             # default: drawn
  subdomain: acme                      # default: emulator
  companyName: Acme Inc.               # default: the subdomain
  secretsManagement: true              # false: the secrets endpoints answer E0000015
  uniqueSecrets: true                  # false: the same value may be created twice
  accessTokenSeconds: 3600             # how long an access token lives
tokens:
- value: 00Q-a-token-of-our-own        # SSWS token
  role: admin                          # or read-only: reads, and E0000006 on writes; or none
  permissions: [okta.apps.read]        # default: the role's; else a custom role of these
  owner: ci@acme.example               # default: admin@<subdomain>.example
  disabled: false                      # true: E0000011, as for a revoked token
  lastUsed: 2026-01-01T00:00:00Z       # default: now; 30 days without use end its life
  networks: [127.0.0.0/8]              # default: from anywhere
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
- id: 0oa4service0app00002a           # a client of Okta's own API
  applicationType: service
  tokenEndpointAuthMethod: private_key_jwt
  jwks:                                # public keys, RSA or EC; several need a kid each
    keys:
    - kid: one
      kty: EC
      crv: P-256
      x: f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU
      y: x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0
  grantedScopes: [okta.apps.read, okta.apps.manage]
  dpopBoundAccessTokens: true          # default: false
  role: admin                          # of the app as a caller; with permissions, as of a token
  networks: []                         # where it may come from, as any client; default: anywhere
rateLimits:                            # requests a window; default: so many that they never bite
  windowSeconds: 60
  apps: 50                             # /api/v1/apps and all below it, the secrets among them
  appById: 250                         # exactly /api/v1/apps/{id}
  token: 600                           # /oauth2/v1/token
  oauth2: 600                          # the rest of /oauth2/v1/*
  other: 300
  principalPercent: 50                 # default: these are what a caller gets; else the org's
  concurrency: 75                      # requests under way at once
unknowns:                              # what nobody knows about Okta, see `unknowns`
  nonceAtApi: false
```
Apps, tokens, limits and unknowns of the control API have the same shape.
"""

from pathlib import Path
from typing import Self

import yaml
from pydantic import AwareDatetime, Field, ValidationError, model_validator

from .seed_apps import AppSeed, HolderSeed
from .seed_base import SeedModel
from .unknowns import Unknowns

_UNLIMITED = 1_000_000


class SeedError(Exception):
    """A seed that cannot be used; the message names each field, and never shows a value."""


class TokenSeed(HolderSeed):
    value: str = Field(min_length=1, repr=False)
    owner: str | None = None
    disabled: bool = False
    last_used: AwareDatetime | None = None


class OrgSeed(SeedModel):
    id: str | None = None
    subdomain: str = Field(default="emulator", pattern=r"^[a-z0-9-]+$")
    company_name: str | None = None
    secrets_management: bool = True
    unique_secrets: bool = True
    access_token_seconds: int = Field(default=3600, ge=1)


class RateLimits(SeedModel):
    window_seconds: float = Field(default=60, gt=0)
    apps: int = Field(default=_UNLIMITED, ge=1)
    app_by_id: int = Field(default=_UNLIMITED, ge=1)
    token: int = Field(default=_UNLIMITED, ge=1)
    oauth2: int = Field(default=_UNLIMITED, ge=1)
    other: int = Field(default=_UNLIMITED, ge=1)
    principal_percent: int | None = Field(default=None, ge=1, le=100)
    concurrency: int = Field(default=_UNLIMITED, ge=1)


class Seed(SeedModel):
    org: OrgSeed = OrgSeed()
    tokens: tuple[TokenSeed, ...] = ()
    apps: tuple[AppSeed, ...] = ()
    rate_limits: RateLimits = RateLimits()
    unknowns: Unknowns = Unknowns()

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
