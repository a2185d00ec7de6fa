"""Client authentication at the OAuth endpoints: basic, post, or a signed assertion.

Source: Okta's OpenAPI of /oauth2/v1/introspect and its page on client authentication methods;
Basic is plain base64 of client_id:client_secret with no form-encoding of either.
"""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl

from .assertion import Assertion, Expectation, parse_assertion, verify_assertion
from .errors import ApiError, OAuthError
from .model import App, AppStatus, AuthMethod
from .store import Store

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_WRONG_SECRET = {"invalid_client_secret", "client_assertion_invalid_signature"}


@dataclass(frozen=True, slots=True)
class OAuthRequest:
    """The parts of a request that may carry credentials."""

    authorization: str | None = field(repr=False)
    form: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    method: AuthMethod
    client_id: str
    secret: str = field(default="", repr=False)
    assertion: Assertion | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    credentials: Credentials
    app: App


def parse_form(body: bytes) -> dict[str, str]:
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    form = dict(pairs)
    if len(form) < len(pairs):
        raise OAuthError("duplicate_oauth_params")
    return form


def read_credentials(request: OAuthRequest) -> Credentials:
    form = request.form
    if "client_secret" in request.query or "client_assertion" in request.query:
        raise OAuthError("client_credentials_in_query")
    in_header = request.authorization is not None
    in_assertion = "client_assertion" in form
    # Live answers count a client_id in the body beside the header as a second credential.
    in_body = "client_secret" in form or (in_header and "client_id" in form)
    if in_header + in_assertion + in_body > 1:
        raise OAuthError("multiple_client_credentials")
    if in_header:
        return _from_header(request.authorization or "")
    if in_assertion:
        return _from_assertion(form)
    return _from_body(form)


def _from_header(authorization: str) -> Credentials:
    scheme, _, encoded = authorization.partition(" ")
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except ValueError:
        decoded = ""
    client_id, colon, secret = decoded.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise OAuthError("invalid_basic_auth_creds")
    return Credentials(AuthMethod.BASIC, client_id, secret)


def _from_assertion(form: Mapping[str, str]) -> Credentials:
    if form.get("client_assertion_type") != _ASSERTION_TYPE:
        raise OAuthError("client_assertion_type_invalid")
    parsed = parse_assertion(form["client_assertion"])
    if form.get("client_id", parsed.client_id) != parsed.client_id:
        raise OAuthError("client_assertion_invalid_issuer")
    return Credentials(AuthMethod.JWT, parsed.client_id, assertion=parsed)


def _from_body(form: Mapping[str, str]) -> Credentials:
    if "client_id" not in form:
        raise OAuthError("missing_client_credentials")
    if "client_secret" not in form:
        return Credentials(AuthMethod.NONE, form["client_id"])
    return Credentials(AuthMethod.POST, form["client_id"], form["client_secret"])


def claim(request: OAuthRequest, store: Store) -> Claim:
    """Which app the request says it comes from; nothing is proven yet."""
    credentials = read_credentials(request)
    if app := store.app_of_client(credentials.client_id):
        return Claim(credentials, app)
    if credentials.assertion:
        raise OAuthError("client_assertion_invalid_issuer")
    raise ApiError("invalid_client")


def prove(claim: Claim, endpoint: str, store: Store, now: datetime) -> None:
    """Raises unless the credentials are the app's; a wrong secret is remembered by the store."""
    try:
        _verify(claim.credentials, claim.app, endpoint, now)
    except OAuthError as error:
        if error.reason in _WRONG_SECRET:
            store.refused(claim.app, now)
        raise
    _spend(claim.credentials, store)


def _verify(credentials: Credentials, app: App, endpoint: str, now: datetime) -> None:
    if credentials.assertion and app.auth_method is AuthMethod.PRIVATE_KEY_JWT:
        raise OAuthError("client_assertion_jwks_not_configured")
    # That an inactive app is refused in these words is assumed.
    if credentials.method is not app.auth_method or app.status is not AppStatus.ACTIVE:
        raise OAuthError("invalid_client")
    secrets = [secret.value for secret in app.active_secrets]
    if credentials.assertion:
        expected = Expectation(app.client_id, endpoint, now.timestamp())
        verify_assertion(credentials.assertion, expected, secrets)
    elif app.auth_method.uses_secret and not _matches(credentials.secret, secrets):
        raise OAuthError("invalid_client_secret")


def _matches(secret: str, secrets: list[str]) -> bool:
    return any(hmac.compare_digest(secret.encode(), held.encode()) for held in secrets)


def _spend(credentials: Credentials, store: Store) -> None:
    key = credentials.assertion.replay_key if credentials.assertion else None
    if key is None:
        return
    if key in store.used_assertions:
        raise OAuthError("client_assertion_already_used")
    store.used_assertions.add(key)
