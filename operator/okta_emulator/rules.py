"""The rules of an app's client secrets, as pure functions over frozen values.

Source: the paths /api/v1/apps/{appId}/credentials/secrets of Okta's OpenAPI (2026.06.3) with
their example errors. What no source says is marked "assumed". Nothing here knows HTTP.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from .clock import whole_second
from .errors import ApiError, invalid_secret_operation, invalid_secret_value
from .model import App, AuthMethod, ClientSecret, SecretStatus

MAX_SECRETS = 2
MIN_LENGTH = 14
MIN_LENGTH_JWT = 32
MAX_LENGTH = 100
PRINTABLE_ASCII = re.compile(r"[\x20-\x7E]+")


@dataclass(frozen=True, slots=True)
class Draft:
    """A secret about to be created: what the caller sent, filled up with what Okta generates."""

    id: str
    value: str = field(repr=False)
    status: SecretStatus
    unique: bool


Check = Callable[[App, Draft], ApiError | None]


def _app_without_secrets(app: App, draft: Draft) -> ApiError | None:
    if app.auth_method.uses_secret:
        return None
    return invalid_secret_value(
        f"'client_secret' can't be used when 'token_endpoint_auth_method' is '{app.auth_method}'."
    )


def _too_long(app: App, draft: Draft) -> ApiError | None:
    if len(draft.value) <= MAX_LENGTH:
        return None
    return invalid_secret_value(
        f"client_secret: 'client_secret' can't be more than '{MAX_LENGTH}' characters long."
    )


def _too_short(app: App, draft: Draft) -> ApiError | None:
    if len(draft.value) >= MIN_LENGTH:
        return None
    return invalid_secret_value(
        f"client_secret: 'client_secret' must be at least '{MIN_LENGTH}' characters long."
    )


def _too_short_for_jwt(app: App, draft: Draft) -> ApiError | None:
    if app.auth_method is not AuthMethod.JWT or len(draft.value) >= MIN_LENGTH_JWT:
        return None
    return invalid_secret_value(
        f"client_secret: 'client_secret' must be at least '{MIN_LENGTH_JWT}' characters long "
        "when 'token_endpoint_auth_method' is 'client_secret_jwt'."
    )


def _not_printable(app: App, draft: Draft) -> ApiError | None:
    if PRINTABLE_ASCII.fullmatch(draft.value):
        return None
    return invalid_secret_value(
        "client_secret: ''client_secret'' must only contain printable ASCII: [x20-x7E]+"
    )


def _already_held(app: App, draft: Draft) -> ApiError | None:
    """Assumed: the rule was documented until 2025-10, the text of its error never was."""
    if not draft.unique or all(secret.value != draft.value for secret in app.secrets):
        return None
    return invalid_secret_value(
        "client_secret: An object with this field already exists in the current organization"
    )


def _no_free_slot(app: App, draft: Draft) -> ApiError | None:
    if len(app.secrets) < MAX_SECRETS:
        return None
    return invalid_secret_operation(
        "You've reached the maximum number of client secrets per client."
    )


# Okta does not document which violation it reports first; this order is assumed.
CREATE_CHECKS: tuple[Check, ...] = (
    _app_without_secrets,
    _too_long,
    _too_short_for_jwt,
    _too_short,
    _not_printable,
    _no_free_slot,
    _already_held,
)


def create(app: App, draft: Draft, now: datetime) -> ClientSecret:
    """The secret that a POST adds to the app; raises the first violated check."""
    for check in CREATE_CHECKS:
        if violation := check(app, draft):
            raise violation
    instant = whole_second(now)
    return ClientSecret(draft.id, draft.value, draft.status, instant, instant)


def activate(secret: ClientSecret, now: datetime) -> ClientSecret:
    """Activating an active secret changes nothing (assumed)."""
    return secret if secret.active else _with_status(secret, SecretStatus.ACTIVE, now)


def deactivate(app: App, secret: ClientSecret, now: datetime) -> ClientSecret:
    """Deactivating an inactive secret changes nothing (assumed)."""
    if not secret.active:
        return secret
    if app.active_secrets == (secret,):
        raise invalid_secret_operation("You can't deactivate the only active client secret.")
    return _with_status(secret, SecretStatus.INACTIVE, now)


def check_deletable(secret: ClientSecret) -> None:
    if secret.active:
        raise invalid_secret_operation(
            "You can't delete an active client secret. Deactivate the secret before deleting it."
        )


def _with_status(secret: ClientSecret, status: SecretStatus, now: datetime) -> ClientSecret:
    return replace(secret, status=status, last_updated=whole_second(now))
