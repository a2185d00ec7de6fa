"""Reads the bodies of Okta's answers: what it shows, and what it complains of.

Source: the schemas Application, OAuth2ClientSecret, WellKnownOrgMetadata and Error of Okta's
OpenAPI (2026.06.3), RFC 6749 section 5.2 for OAuth errors, RFC 6750 section 3 for the header
WWW-Authenticate.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Annotated, Final

import httpx
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    TypeAdapter,
    ValidationError,
)

from okta_rotator.okta.calls import SECRET_ID
from okta_rotator.rotation.okta_view import OktaApp, OktaSecret, Organization, SecretState
from okta_rotator.rotation.values import SecretValue

LONGEST_TEXT: Final = 200
"""Characters of a text of Okta's that are passed on."""

LONGEST_HOST: Final = 255
"""Characters of a host that status has room for (`api/connection.py`)."""

_CAUSES_SHOWN = 2
_LEFT_OUT = "(a text that may hold a secret)"
_LOOKS_SECRET = re.compile(r"[A-Za-z0-9+/_=-]{32,}")
_CODE = re.compile(r"[A-Za-z0-9_.]{1,64}")
# Okta's have 27 or 32 characters, its secrets 40 and more.
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
_CHALLENGE = re.compile(r'\b(error|error_description|scope)="([^"]*)"')


class _Body(BaseModel):
    # pydantic's errors repeat what did not fit, which may be a secret.
    model_config = ConfigDict(hide_input_in_errors=True, frozen=True)


class _OAuthClient(_Body):
    client_id: str | None = None
    token_endpoint_auth_method: str | None = None


class _Credentials(_Body):
    oauth_client: _OAuthClient | None = Field(None, alias="oauthClient")


class _App(_Body):
    id: str
    status: str
    sign_on_mode: str | None = Field(None, alias="signOnMode")
    credentials: _Credentials | None = None


class _Secret(_Body):
    id: Annotated[str, Field(pattern=f"^{SECRET_ID}$")]
    status: SecretState
    created: AwareDatetime
    secret_hash: str = ""
    client_secret: str | None = Field(None, repr=False)


def _host(href: str) -> str:
    try:
        return httpx.URL(href).netloc.decode()
    except httpx.InvalidURL:
        raise ValueError("no address") from None


class _Link(_Body):
    host: Annotated[str, AfterValidator(_host), Field(alias="href", max_length=LONGEST_HOST)]


class _OrganizationLinks(_Body):
    organization: _Link


class _Organization(_Body):
    id: Annotated[str, Field(pattern="^[A-Za-z0-9]{1,64}$")]
    links: _OrganizationLinks = Field(alias="_links")


class _Introspection(_Body):
    active: StrictBool


class _Grant(_Body):
    # Narrower than what a header may hold, into which it goes.
    access_token: Annotated[str, Field(pattern="^[A-Za-z0-9._~+/=-]{1,8192}$", repr=False)]
    token_type: Annotated[str, Field(pattern="(?i)^(bearer|dpop)$")]
    expires_in: Annotated[int, Field(ge=1, le=86400)]
    scope: str | None = None


class _Cause(_Body):
    summary: str = Field("", alias="errorSummary")


class _Error(_Body):
    api_code: str = Field("", alias="errorCode")
    summary: str = Field("", alias="errorSummary")
    causes: tuple[_Cause, ...] = Field((), alias="errorCauses")
    oauth_code: str = Field("", alias="error")
    description: str = Field("", alias="error_description")


_SECRETS = TypeAdapter(tuple[_Secret, ...])


def read_app(body: bytes) -> OktaApp:
    """Raises pydantic's ValidationError, as all these do, for a body that is not Okta's."""
    app = _App.model_validate_json(body)
    client = app.credentials.oauth_client if app.credentials is not None else None
    return OktaApp(
        id=app.id,
        client_id=client.client_id if client is not None else None,
        status=app.status,
        sign_on_mode=app.sign_on_mode or "",
        auth_method=client.token_endpoint_auth_method if client is not None else None,
    )


def read_secret(body: bytes) -> OktaSecret:
    return _view(_Secret.model_validate_json(body))


def read_secrets(body: bytes) -> tuple[OktaSecret, ...]:
    return tuple(map(_view, _SECRETS.validate_json(body)))


def read_organization(body: bytes) -> Organization:
    found = _Organization.model_validate_json(body)
    return Organization(found.id, found.links.organization.host)


def read_introspection(body: bytes) -> bool:
    """Whether the token is active; of no interest, but only Okta says it in this form."""
    return _Introspection.model_validate_json(body).active


@dataclass(frozen=True, slots=True)
class Grant:
    """An access token as Okta gives it."""

    value: SecretValue
    is_bound: bool
    """Whether it is of use only beside a proof (DPoP)."""
    lifetime: timedelta
    scopes: tuple[str, ...] | None
    """What it is good for; None: for all that was asked for (RFC 6749, section 5.1)."""


def read_grant(body: bytes) -> Grant:
    found = _Grant.model_validate_json(body)
    return Grant(
        value=SecretValue(found.access_token),
        is_bound=found.token_type.lower() == "dpop",
        lifetime=timedelta(seconds=found.expires_in),
        scopes=tuple(found.scope.split()) if found.scope is not None else None,
    )


def _view(secret: _Secret) -> OktaSecret:
    text = secret.client_secret
    # Okta masks a value that the caller may not see, or leaves it empty.
    is_shown = bool(text) and not str(text).startswith("***")
    return OktaSecret(
        id=secret.id,
        state=secret.status,
        created=secret.created.astimezone(UTC),
        hash=secret.secret_hash,
        value=SecretValue(text) if text and is_shown else None,
    )


@dataclass(frozen=True, slots=True)
class Complaint:
    """What Okta said against a request, cleaned so that it may be shown."""

    status: int
    code: str
    """`errorCode` or OAuth's `error`; empty where Okta gave none."""
    text: str
    is_oauth: bool
    """Whether it came in OAuth's shape, in the body or in WWW-Authenticate."""

    @property
    def is_of_token(self) -> bool:
        """Whether it refuses the token of the call; a bare 401 of Okta's means nothing else."""
        return self.status == 401 and self.code in ("invalid_token", "E0000011", "")


def complaint_of(response: httpx.Response, hidden: Sequence[str]) -> Complaint | None:
    """What Okta complains of; None where nothing shows that the answer is Okta's."""
    # The challenge first: where both are there, the body says less ("no permission").
    error = _error_in_challenge(response) or _error_in_body(response)
    status = response.status_code
    if error is None:
        is_oktas = "x-okta-request-id" in response.headers
        return Complaint(status, "", "", is_oauth=False) if is_oktas else None
    causes = [cause.summary for cause in error.causes[:_CAUSES_SHOWN]]
    parts = [error.summary or error.description, *causes]
    text = "; ".join(clean(part, hidden) for part in parts if part)
    code = error.api_code or error.oauth_code
    is_sound = _CODE.fullmatch(code) is not None and code not in hidden
    return Complaint(status, code if is_sound else "", text, is_oauth=not error.api_code)


def request_id(response: httpx.Response, hidden: Sequence[str]) -> str:
    """Okta's id of the request, for its support; empty if there is none."""
    text: str = response.headers.get("x-okta-request-id", "")
    return text if _REQUEST_ID.fullmatch(text) and text not in hidden else ""


def clean(text: str, hidden: Sequence[str] = ()) -> str:
    """A foreign text made fit to be shown: printable, short, and without any secret."""
    if _LOOKS_SECRET.search(text) or any(secret in text for secret in hidden if secret):
        return _LEFT_OUT
    return "".join(c if c.isprintable() else " " for c in text[:LONGEST_TEXT])


def _error_in_body(response: httpx.Response) -> _Error | None:
    try:
        error = _Error.model_validate_json(response.content)
    except ValidationError:
        return None
    return error if error.api_code or error.oauth_code else None


def _error_in_challenge(response: httpx.Response) -> _Error | None:
    found = dict(_CHALLENGE.findall(response.headers.get("www-authenticate", "")))
    if "error" not in found:
        return None
    scope = f" (scope: {found['scope']})" if "scope" in found else ""
    text = found.get("error_description", "") + scope
    return _Error(error=found["error"], error_description=text)
