"""How requests are signed: the operator's sign-in at Okta, and a client's at introspection.

No I/O: a sign-in is a flow as httpx has them, a generator that is given answers and gives requests,
so that one that needs several (OAuth with DPoP) has the same form.
Source: Okta's pages on API tokens and on client authentication methods; RFC 7515, RFC 7523.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import httpx

from okta_rotator.rotation.okta_view import AuthMethod
from okta_rotator.rotation.values import SecretValue, base64url

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

ASSERTION_LIFETIME: Final = timedelta(minutes=5)
"""Okta allows an hour; this much is room for clocks that differ."""


class SignIn(httpx.Auth):
    """A way to sign in at Okta's management API."""

    @property
    def hidden(self) -> tuple[str, ...]:
        """What it sends that must never be shown."""
        return ()


class TokenSignIn(SignIn, ABC):
    """A way that needs an access token first; `tokens.py` fetches it."""

    token_request: SignIn
    """Signs the request for a token: each time anew, and again where Okta asks for more."""

    @property
    @abstractmethod
    def needs_token(self) -> bool:
        """Whether there is no token that lasts for another call."""

    @abstractmethod
    def take(self, body: bytes) -> None:
        """Use this answer's token from now on.

        Raises pydantic's ValidationError where it holds none, RefusedError for one of no use.
        """


class Anonymous(SignIn):
    """No sign-in: for what is public, and where a client of Okta's signs in itself."""


class ApiTokenSignIn(SignIn):
    """Okta's own scheme, SSWS, with a token that is made in the admin console."""

    def __init__(self, token: SecretValue) -> None:
        self._token = token
        self._header = SecretValue(f"SSWS {token.reveal()}")

    @property
    def hidden(self) -> tuple[str, ...]:
        return (self._token.reveal(),)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self._header.reveal()
        yield request


@dataclass(frozen=True, slots=True)
class ClientProof:
    """What shows that a client knows its secret: headers and form fields of a request."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Moment:
    """What an assertion is bound to: the endpoint called, a time, and a number used once."""

    audience: str
    now: datetime
    nonce: str


def client_proof(
    method: AuthMethod, client_id: str, secret: SecretValue, moment: Moment
) -> ClientProof:
    """How a client of Okta's shows its secret by the given method."""
    match method:
        case AuthMethod.BASIC:
            return ClientProof(headers={"Authorization": _basic(client_id, secret)})
        case AuthMethod.POST:
            return ClientProof(form={"client_id": client_id, "client_secret": secret.reveal()})
        case AuthMethod.JWT:
            assertion = client_assertion(client_id, secret, moment)
            return ClientProof(
                form={"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
            )


def client_assertion(client_id: str, secret: SecretValue, moment: Moment) -> str:
    """A JWT signed with the secret (HS256), good for one request."""
    claims = assertion_claims(client_id, moment)
    signed = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(claims)}"
    digest = hmac.digest(secret.reveal().encode(), signed.encode(), hashlib.sha256)
    return f"{signed}.{base64url(digest)}"


def assertion_claims(client_id: str, moment: Moment) -> dict[str, str | int]:
    """What a client says of itself where it signs in by a JWT, good for one request.

    Without `iat`, which Okta does not demand, and refuses where its clock is behind ours.
    """
    return {
        "iss": client_id,
        "sub": client_id,
        "aud": moment.audience,
        "exp": int((moment.now + ASSERTION_LIFETIME).timestamp()),
        "jti": moment.nonce,
    }


def _basic(client_id: str, secret: SecretValue) -> str:
    """Plain base64, with no form-encoding before it (Okta's OpenAPI)."""
    return "Basic " + base64.b64encode(f"{client_id}:{secret.reveal()}".encode()).decode()


def _encoded(part: Mapping[str, object]) -> str:
    return base64url(json.dumps(part, separators=(",", ":")).encode())
