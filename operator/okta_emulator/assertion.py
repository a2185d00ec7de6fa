"""client_secret_jwt: a client proves its secret by signing a JWT with it.

Source: Okta's page on client authentication methods (aud is the endpoint called, exp at most
an hour ahead, jti single use) and oauth2-error-codes.json for the answers.
"""

import base64
import hmac
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .errors import OAuthError

_DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
_MAX_LIFETIME = 3600


@dataclass(frozen=True, slots=True)
class Assertion:
    algorithm: str
    claims: dict[str, Any]
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def client_id(self) -> str:
        return str(self.claims.get("iss", ""))

    @property
    def replay_key(self) -> str | None:
        return f"{self.client_id}:{self.claims['jti']}" if "jti" in self.claims else None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an assertion is measured against."""

    client_id: str
    endpoint: str
    now: float


def parse_assertion(token: str) -> Assertion:
    try:
        header, claims, signature = token.split(".")
        return Assertion(
            algorithm=str(_json(header).get("alg")),
            claims=_json(claims),
            signed=f"{header}.{claims}".encode(),
            signature=_decode(signature),
        )
    except ValueError:
        raise OAuthError("client_assertion_invalid_jwt") from None


def _wrong_algorithm(assertion: Assertion, expected: Expectation) -> bool:
    return assertion.algorithm not in _DIGESTS


def _wrong_subject(assertion: Assertion, expected: Expectation) -> bool:
    return assertion.claims.get("sub") != expected.client_id


def _wrong_audience(assertion: Assertion, expected: Expectation) -> bool:
    audience = assertion.claims.get("aud")
    return expected.endpoint not in (audience if isinstance(audience, list) else [audience])


def _without_expiry(assertion: Assertion, expected: Expectation) -> bool:
    return not isinstance(assertion.claims.get("exp"), int | float)


def _expired(assertion: Assertion, expected: Expectation) -> bool:
    return bool(assertion.claims["exp"] <= expected.now)


def _lives_too_long(assertion: Assertion, expected: Expectation) -> bool:
    return bool(assertion.claims["exp"] > expected.now + _MAX_LIFETIME)


def _from_the_future(assertion: Assertion, expected: Expectation) -> bool:
    issued = assertion.claims.get("iat")
    return isinstance(issued, int | float) and issued > expected.now + 1


# In this order; the expiry checks rely on the one that asks for an expiry.
CHECKS: tuple[tuple[Callable[[Assertion, Expectation], bool], str], ...] = (
    (_wrong_algorithm, "client_assertion_invalid_signature_algorithm"),
    (_wrong_subject, "client_assertion_invalid_subject"),
    (_wrong_audience, "client_assertion_invalid_audience"),
    (_without_expiry, "client_assertion_expiration_required"),
    (_expired, "client_assertion_expired_token"),
    (_lives_too_long, "client_assertion_expires_too_far_in_future"),
    (_from_the_future, "client_assertion_issued_at_in_future"),
)


def verify_assertion(assertion: Assertion, expected: Expectation, secrets: Iterable[str]) -> None:
    for violated, reason in CHECKS:
        if violated(assertion, expected):
            raise OAuthError(reason)
    if not any(_signed_with(secret, assertion) for secret in secrets):
        raise OAuthError("client_assertion_invalid_signature")


def _signed_with(secret: str, assertion: Assertion) -> bool:
    digest = hmac.digest(secret.encode(), assertion.signed, _DIGESTS[assertion.algorithm])
    return hmac.compare_digest(digest, assertion.signature)


def _json(part: str) -> dict[str, Any]:
    content = json.loads(_decode(part))
    if not isinstance(content, dict):
        raise ValueError("not an object")
    return content


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
