"""The rules of an app's client secrets, as pure functions over frozen values.

Source: the paths /api/v1/apps/{appId}/credentials/secrets of Okta's OpenAPI (2026.06.3) with
their example errors. What no source says is marked "assumed". Nothing here knows HTTP.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from .clock import whole_second
from .errors import ApiError, app_not_found, invalid_secret_operation, invalid_secret_value
from .model import App, AppStatus, AuthMethod, ClientSecret, SecretStatus
from .unknowns import Answer, InactiveOnCreate, Unknowns

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


Check = Callable[[App, Draft, Unknowns], ApiError | None]


def refused_app(app: App, unknowns: Unknowns) -> ApiError | None:
    """Whether the app has secrets to speak of; that these are the texts is assumed."""
    if not app.is_oidc:
        answer = unknowns.secrets_of_other_app
        return _refusal(app, answer if answer is Answer.NOT_FOUND else Answer.REFUSED)
    if app.status is not AppStatus.ACTIVE:
        return _refusal(app, unknowns.secrets_of_inactive_app)
    return None


def _refusal(app: App, answer: Answer) -> ApiError | None:
    if answer is Answer.NOT_FOUND:
        return app_not_found(app.id)
    if answer is Answer.REFUSED:
        return invalid_secret_operation("The app does not support client secrets.")
    return None


def _app_without_secrets(app: App, draft: Draft, unknowns: Unknowns) -> ApiError | None:
    if app.auth_method.uses_secret:
        return None
    if app.auth_method is AuthMethod.NONE and unknowns.secrets_of_public_app is not Answer.REFUSED:
        return _refusal(app, unknowns.secrets_of_public_app)
    return invalid_secret_value(
        f"'client_secret' can't be used when 'token_endpoint_auth_method' is '{app.auth_method}'."
    )


def _too_long(app: App, draft: Draft, unknowns: Unknowns) -> ApiError | None:
    if len(draft.value) <= MAX_LENGTH:
        return None
    return invalid_secret_value(
        f"client_secret: 'client_secret' can't be more than '{MAX_LENGTH}' characters long."
    )


def _too_short(app: App, draft: Draft, unknowns: Unknowns) -> ApiError | None:
    if len(draft.value) >= MIN_LENGTH:
        return None
    return invalid_secret_value(
        f"client_secret: 'client_secret' must be at least '{MIN_LENGTH}' characters long."
    )


def _too_short_for_jwt(app: App, draft: Draft, unknowns: Unknowns) -> ApiError | None:
    if app.auth_method is not AuthMethod.JWT or len(draft.value) >= MIN_LENGTH_JWT:
        return None
    return invalid_secret_value(
        f"client_secret: 'client_secret' must be at least '{MIN_LENGTH_JWT}' characters long "
        "when 'token_endpoint_auth_method' is 'client_secret_jwt'."
    )


def _not_printable(app: App, draft: Draft, unknowns: Unknowns) -> ApiError | None:
    if PRINTABLE_ASCII.fullmatch(draft.value):
        return None
    return invalid_secret_value(
        "client_secret: ''client_secret'' must only contain printable ASCII: [x20-x7E]+"
    )


def _already_held(app: App, draft: Draft, unknowns: Unknowns) -> ApiError | None:
    """Assumed: the rule was documented until 2025-10, the text of its error never was."""
    if not draft.unique or all(secret.value != draft.value for secret in app.secrets):
        return None
    return invalid_secret_value(unknowns.cause_of_duplicate)


def _inactive_from_the_start(app: App, draft: Draft, unknowns: Unknowns) -> ApiError | None:
    is_inactive = draft.status is SecretStatus.INACTIVE
    if is_inactive and unknowns.inactive_on_create is InactiveOnCreate.REFUSED:
        return invalid_secret_value("status: 'status' can't be set.")
    return None


def _no_free_slot(app: App, draft: Draft, unknowns: Unknowns) -> ApiError | None:
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
    _inactive_from_the_start,
    _no_free_slot,
    _already_held,
)


def create(app: App, draft: Draft, unknowns: Unknowns, now: datetime) -> ClientSecret:
    """The secret that a POST adds to the app; raises the first violated check."""
    for check in CREATE_CHECKS:
        if violation := check(app, draft, unknowns):
            raise violation
    is_ignored = unknowns.inactive_on_create is InactiveOnCreate.IGNORED
    status = SecretStatus.ACTIVE if is_ignored else draft.status
    instant = whole_second(now)
    return ClientSecret(draft.id, draft.value, status, instant, instant)


def activate(secret: ClientSecret, unknowns: Unknowns, now: datetime) -> ClientSecret:
    """Activating an active secret changes nothing, or is refused."""
    if secret.active:
        return _repeated(secret, unknowns)
    return _with_status(secret, SecretStatus.ACTIVE, now)


def deactivate(app: App, secret: ClientSecret, unknowns: Unknowns, now: datetime) -> ClientSecret:
    """Deactivating an inactive secret changes nothing, or is refused."""
    if not secret.active:
        return _repeated(secret, unknowns)
    is_exempt = len(app.secrets) > 1 and unknowns.only_active_secret is Answer.ACCEPTED
    if app.active_secrets == (secret,) and not is_exempt:
        raise invalid_secret_operation("You can't deactivate the only active client secret.")
    return _with_status(secret, SecretStatus.INACTIVE, now)


def _repeated(secret: ClientSecret, unknowns: Unknowns) -> ClientSecret:
    if unknowns.repeated_lifecycle is Answer.ACCEPTED:
        return secret
    raise invalid_secret_operation(f"The client secret is already {secret.status}.")


def check_deletable(secret: ClientSecret) -> None:
    if secret.active:
        raise invalid_secret_operation(
            "You can't delete an active client secret. Deactivate the secret before deleting it."
        )


def _with_status(secret: ClientSecret, status: SecretStatus, now: datetime) -> ClientSecret:
    return replace(secret, status=status, last_updated=whole_second(now))
