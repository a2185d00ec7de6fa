"""Client assertions: a client proves its secret, or its private key, by signing a JWT with it.

Source: Okta's page on client authentication methods (aud is the endpoint called, exp at most
an hour ahead, jti single use) and oauth2-error-codes.json for the answers. That an assertion
without a `kid` is refused where several keys are registered is assumed.
"""

import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from .errors import OAuthError
from .jws import Jws, parse_jws
from .keys import ALGORITHMS, PublicKey

_DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
_MAX_LIFETIME = 3600


@dataclass(frozen=True, slots=True)
class Assertion:
    jws: Jws = field(repr=False)

    @property
    def client_id(self) -> str:
        return str(self.jws.claims.get("iss", ""))

    @property
    def replay_key(self) -> str | None:
        claims = self.jws.claims
        return f"{self.client_id}:{claims['jti']}" if "jti" in claims else None

    @property
    def expires(self) -> float:
        return self.jws.number("exp") or 0


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an assertion is measured against."""

    client_id: str
    endpoint: str
    now: float


def parse_assertion(token: str) -> Assertion:
    try:
        return Assertion(parse_jws(token))
    except ValueError:
        raise OAuthError("client_assertion_invalid_jwt") from None


def _wrong_subject(jws: Jws, expected: Expectation) -> bool:
    return jws.claims.get("sub") != expected.client_id


def _wrong_audience(jws: Jws, expected: Expectation) -> bool:
    audience = jws.claims.get("aud")
    return expected.endpoint not in (audience if isinstance(audience, list) else [audience])


def _without_expiry(jws: Jws, expected: Expectation) -> bool:
    return jws.number("exp") is None


def _expired(jws: Jws, expected: Expectation) -> bool:
    return bool(jws.claims["exp"] <= expected.now)


def _lives_too_long(jws: Jws, expected: Expectation) -> bool:
    return bool(jws.claims["exp"] > expected.now + _MAX_LIFETIME)


def _from_the_future(jws: Jws, expected: Expectation) -> bool:
    issued = jws.number("iat")
    return issued is not None and issued > expected.now + 1


# In this order; the expiry checks rely on the one that asks for an expiry.
CHECKS: tuple[tuple[Callable[[Jws, Expectation], bool], str], ...] = (
    (_wrong_subject, "client_assertion_invalid_subject"),
    (_wrong_audience, "client_assertion_invalid_audience"),
    (_without_expiry, "client_assertion_expiration_required"),
    (_expired, "client_assertion_expired_token"),
    (_lives_too_long, "client_assertion_expires_too_far_in_future"),
    (_from_the_future, "client_assertion_issued_at_in_future"),
)


def verify_by_secret(assertion: Assertion, expected: Expectation, secrets: Iterable[str]) -> None:
    """client_secret_jwt."""
    _check(assertion.jws, expected, _DIGESTS)
    if not any(_signed_with(secret, assertion.jws) for secret in secrets):
        raise OAuthError("client_assertion_invalid_signature")


def verify_by_key(assertion: Assertion, expected: Expectation, keys: Sequence[PublicKey]) -> None:
    """private_key_jwt."""
    if not keys:
        raise OAuthError("client_assertion_jwks_not_configured")
    _check(assertion.jws, expected, ALGORITHMS)
    key = _named(assertion.jws, keys)
    if not key.fits(assertion.jws.algorithm):
        raise OAuthError("client_assertion_invalid_signature_algorithm")
    if not key.signed(assertion.jws):
        raise OAuthError("client_assertion_invalid_signature")


def _check(jws: Jws, expected: Expectation, algorithms: Iterable[str]) -> None:
    if jws.algorithm not in algorithms:
        raise OAuthError("client_assertion_invalid_signature_algorithm")
    for violated, reason in CHECKS:
        if violated(jws, expected):
            raise OAuthError(reason)


def _named(jws: Jws, keys: Sequence[PublicKey]) -> PublicKey:
    kid = jws.header.get("kid")
    if kid is None and len(keys) == 1:
        return keys[0]
    for key in keys:
        if kid is not None and key.kid == kid:
            return key
    raise OAuthError("client_assertion_invalid_kid")


def _signed_with(secret: str, jws: Jws) -> bool:
    digest = hmac.digest(secret.encode(), jws.signed, _DIGESTS[jws.algorithm])
    return hmac.compare_digest(digest, jws.signature)
