"""The emulated org's state, and how a seed becomes it.

Handlers run on one event loop and never wait between reading and writing, so each of their
changes is atomic, as Okta's are.
"""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta

from .clock import whole_second
from .errors import app_not_found, secret_not_found
from .model import App, ClientSecret, Org, ServiceAccess, Token
from .names import Names
from .once import Once
from .propagation import Propagation
from .seed import OrgSeed, Seed, TokenSeed
from .seed_apps import AppChange, AppSeed, SecretSeed

SUSPICION_WINDOW = timedelta(hours=24)
SUSPICIOUS = 5
"""So many wrong secrets within the window, in a row or not, raise an event at Okta."""

IDLE_LIFETIME = timedelta(days=30)
"""An API token that was not used for so long is dead."""


class Store:
    def __init__(self, seed: Seed, names: Names, now: datetime) -> None:
        self.org = org_from(seed.org, names)
        self.assertions = Once()
        self.proofs = Once()
        self.propagation = Propagation()
        self._apps: dict[str, App] = {}
        self._app_of_client: dict[str, str] = {}
        self._tokens: dict[str, Token] = {}
        self._last_used: dict[str, datetime] = {}
        self._refusals: defaultdict[str, list[datetime]] = defaultdict(list)
        for app in seed.apps:
            self.put_app(app_from(app, names, now))
        for token in seed.tokens:
            self.put_token(token_from(token, self.org, names), token.last_used or now)

    def app(self, app_id: str, kind: str = "AppInstance") -> App:
        """`kind` is what an unknown app is called."""
        if app := self._apps.get(app_id):
            return app
        raise app_not_found(app_id, kind)

    def app_of_client(self, client_id: str) -> App | None:
        app = self._apps.get(self._app_of_client.get(client_id, ""))
        return app if app and app.is_oidc else None

    def put_app(self, app: App) -> None:
        self._apps[app.id] = app
        self._app_of_client[app.client_id] = app.id

    def keep_newest_secrets(self) -> None:
        """What Okta does where the org turns off "OAuth secrets and key management"."""
        for app in list(self._apps.values()):
            self.put_app(replace(app, secrets=app.secrets[-1:]))

    def remove_app(self, app_id: str) -> None:
        if app := self._apps.pop(app_id, None):
            self._app_of_client.pop(app.client_id, None)
            self._refusals.pop(app.client_id, None)

    def token(self, value: str) -> Token | None:
        return self._tokens.get(value)

    def put_token(self, token: Token, last_used: datetime) -> None:
        self._tokens[token.value] = token
        self._last_used[token.value] = last_used

    def use_token(self, token: Token, now: datetime) -> bool:
        """Whether it still lives; if so, its 30 days begin anew."""
        if now - self._last_used[token.value] >= IDLE_LIFETIME:
            return False
        self._last_used[token.value] = now
        return True

    def remove_token(self, value: str) -> None:
        self._tokens.pop(value, None)

    def refused(self, app: App, now: datetime) -> None:
        self._refusals[app.client_id].append(now)

    def refusals(self, app: App) -> list[datetime]:
        return list(self._refusals.get(app.client_id, ()))


def secret_of(app: App, secret_id: str) -> ClientSecret:
    if secret := app.secret(secret_id):
        return secret
    raise secret_not_found(secret_id)


def recent(refusals: list[datetime], now: datetime) -> list[datetime]:
    """Those that count towards Okta's event of suspicious activity: five within 24 hours."""
    return [refusal for refusal in refusals if now - refusal < SUSPICION_WINDOW]


def org_from(seed: OrgSeed, names: Names) -> Org:
    return Org(
        id=seed.id or names.org_id(),
        subdomain=seed.subdomain,
        company_name=seed.company_name or seed.subdomain,
        secrets_management=seed.secrets_management,
        unique_secrets=seed.unique_secrets,
        access_token_seconds=seed.access_token_seconds,
    )


def token_from(seed: TokenSeed, org: Org, names: Names) -> Token:
    return Token(
        value=seed.value,
        permissions=seed.granted,
        owner=seed.owner or f"admin@{org.subdomain}.example",
        owner_id=names.user_id(),
        disabled=seed.disabled,
        networks=seed.networks,
    )


def app_from(seed: AppSeed, names: Names, now: datetime) -> App:
    instant = whole_second(now)
    generated = (SecretSeed(),) if seed.uses_secret else ()
    secrets = generated if seed.secrets is None else seed.secrets
    return App(
        id=seed.id,
        client_id=seed.client_id or seed.id,
        label=seed.label or seed.id,
        status=seed.status,
        sign_on_mode=seed.sign_on_mode,
        application_type=seed.application_type,
        auth_method=seed.token_endpoint_auth_method,
        created=instant,
        last_updated=instant,
        secrets=_oldest_first([_secret_from(secret, names, instant) for secret in secrets]),
        service=ServiceAccess(
            keys=seed.jwks.public(),
            scopes=frozenset(seed.granted_scopes),
            permissions=seed.granted,
            dpop=seed.dpop_bound_access_tokens,
        ),
        networks=seed.networks,
    )


def changed_app(app: App, change: AppChange) -> App:
    """Without its secrets, if it no longer authenticates by one: so says Okta's page on keys."""
    method = change.token_endpoint_auth_method or app.auth_method
    return replace(
        app,
        status=change.status or app.status,
        auth_method=method,
        secrets=app.secrets if method.uses_secret else (),
        service=_changed_service(app.service, change),
        networks=app.networks if change.networks is None else change.networks,
    )


def _changed_service(service: ServiceAccess, change: AppChange) -> ServiceAccess:
    scopes, dpop = change.granted_scopes, change.dpop_bound_access_tokens
    return ServiceAccess(
        keys=service.keys if change.jwks is None else change.jwks.public(),
        scopes=service.scopes if scopes is None else frozenset(scopes),
        permissions=service.permissions if change.granted is None else change.granted,
        dpop=service.dpop if dpop is None else dpop,
    )


def _secret_from(seed: SecretSeed, names: Names, instant: datetime) -> ClientSecret:
    created = whole_second(seed.created or instant)
    return ClientSecret(
        id=seed.id or names.secret_id(),
        value=seed.client_secret or names.client_secret(),
        status=seed.status,
        created=created,
        last_updated=created,
    )


def _oldest_first(secrets: list[ClientSecret]) -> tuple[ClientSecret, ...]:
    return tuple(sorted(secrets, key=lambda secret: secret.created))
