"""Client authentication at the OAuth endpoints: basic, post, or a signed assertion.

Source: Okta's OpenAPI of /oauth2/v1/introspect and its page on client authentication methods;
Basic is plain base64 of client_id:client_secret with no form-encoding of either.
"""

import base64
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl

from .assertion import (
    Assertion,
    Expectation,
    parse_assertion,
    verify_by_key,
    verify_by_secret,
)
from .errors import ApiError, OAuthError
from .model import App, AppStatus, AuthMethod, is_within
from .store import Store

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_BY_ASSERTION = frozenset({AuthMethod.JWT, AuthMethod.PRIVATE_KEY_JWT})
_WRONG_SECRET = {"invalid_client_secret", "client_assertion_invalid_signature"}


@dataclass(frozen=True, slots=True)
class OAuthRequest:
    """The parts of a request that may carry credentials."""

    authorization: str | None = field(repr=False)
    form: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str] = field(repr=False)
    endpoint: str
    host: str
    """The address that it came from."""


@dataclass(frozen=True, slots=True)
class Credentials:
    methods: frozenset[AuthMethod]
    client_id: str
    secret: str = field(default="", repr=False)
    assertion: Assertion | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    request: OAuthRequest
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
    return Credentials(frozenset({AuthMethod.BASIC}), client_id, secret)


def _from_assertion(form: Mapping[str, str]) -> Credentials:
    if form.get("client_assertion_type") != _ASSERTION_TYPE:
        raise OAuthError("client_assertion_type_invalid")
    parsed = parse_assertion(form["client_assertion"])
    if form.get("client_id", parsed.client_id) != parsed.client_id:
        raise OAuthError("client_assertion_invalid_issuer")
    return Credentials(_BY_ASSERTION, parsed.client_id, assertion=parsed)


def _from_body(form: Mapping[str, str]) -> Credentials:
    if "client_id" not in form:
        raise OAuthError("missing_client_credentials")
    if "client_secret" not in form:
        return Credentials(frozenset({AuthMethod.NONE}), form["client_id"])
    return Credentials(frozenset({AuthMethod.POST}), form["client_id"], form["client_secret"])


def claim(request: OAuthRequest, store: Store) -> Claim:
    """Which app the request says it comes from; nothing is proven yet."""
    credentials = read_credentials(request)
    if app := store.app_of_client(credentials.client_id):
        return Claim(request, credentials, app)
    if credentials.assertion:
        raise OAuthError("client_assertion_invalid_issuer")
    raise ApiError("invalid_client")


def prove(claim: Claim, secrets: Sequence[str], store: Store, now: datetime) -> None:
    """Raises unless the credentials are the app's, whose accepted secrets are given."""
    if not is_within(claim.app.networks, claim.request.host):
        raise OAuthError("disallowed_network_zone")
    _verify(claim, secrets, now)
    _spend(claim.credentials, store, now)


def refuses_a_secret(error: OAuthError, app: App) -> bool:
    return error.reason in _WRONG_SECRET and app.auth_method.uses_secret


def _verify(claim: Claim, secrets: Sequence[str], now: datetime) -> None:
    credentials, app = claim.credentials, claim.app
    # That an inactive app is refused in these words is assumed.
    if app.auth_method not in credentials.methods or app.status is not AppStatus.ACTIVE:
        raise OAuthError("invalid_client")
    if credentials.assertion:
        expected = Expectation(app.client_id, claim.request.endpoint, now.timestamp())
        if app.auth_method is AuthMethod.PRIVATE_KEY_JWT:
            verify_by_key(credentials.assertion, expected, app.service.keys)
        else:
            verify_by_secret(credentials.assertion, expected, secrets)
    elif app.auth_method.uses_secret and not _matches(credentials.secret, secrets):
        raise OAuthError("invalid_client_secret")


def _matches(secret: str, secrets: Sequence[str]) -> bool:
    return any(hmac.compare_digest(secret.encode(), held.encode()) for held in secrets)


def _spend(credentials: Credentials, store: Store, now: datetime) -> None:
    """An assertion is spent whatever else is wrong with the request (seen by Okta's SDK)."""
    assertion = credentials.assertion
    if assertion is None or assertion.replay_key is None:
        return
    if not store.assertions.spend(assertion.replay_key, assertion.expires, now.timestamp()):
        raise OAuthError("client_assertion_already_used")
