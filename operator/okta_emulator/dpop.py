"""DPoP (RFC 9449): proofs that the sender of a request holds a key, and the nonces in them.

Source: Okta's page on DPoP (a nonce is renewed every 24 hours and good for three days, a proof is
at most five minutes old) and oauth2-error-codes.json. Which fault is told first is assumed.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from .errors import OAuthError
from .jws import Jws, encode, parse_jws
from .keys import ALGORITHMS, PublicKey, public_key
from .names import Names
from .once import Once

HEADER = "dpop"
NONCE_HEADER = "dpop-nonce"
NONCE_RENEWAL = timedelta(hours=24)
NONCE_LIFETIME = timedelta(days=3)
_MAX_AGE = 300
_TYPE = "dpop+jwt"


@dataclass(frozen=True, slots=True)
class Target:
    """The request that a proof has to be for."""

    method: str
    url: str
    now: float


@dataclass(frozen=True, slots=True)
class Proof:
    jws: Jws = field(repr=False)
    key: PublicKey

    def covers(self, access_token: str) -> bool:
        digest = hashlib.sha256(access_token.encode()).digest()
        return self.jws.claims.get("ath") == encode(digest)


class Nonces:
    def __init__(self, names: Names) -> None:
        self._names = names
        self._issued: list[tuple[str, datetime]] = []

    def current(self, now: datetime) -> str:
        self._issued = [one for one in self._issued if now - one[1] < NONCE_LIFETIME]
        if not self._issued or now - self._issued[-1][1] >= NONCE_RENEWAL:
            self._issued.append((self._names.nonce(), now))
        return self._issued[-1][0]

    def check(self, proof: Proof, now: datetime) -> None:
        current = self.current(now)
        if proof.jws.claims.get("nonce") not in [nonce for nonce, _ in self._issued]:
            raise OAuthError("use_dpop_nonce", headers={NONCE_HEADER: current})

    def forget(self) -> None:
        self._issued = []


def _wrong_type(jws: Jws, target: Target) -> bool:
    return jws.header.get("typ") != _TYPE


def _wrong_algorithm(jws: Jws, target: Target) -> bool:
    return jws.algorithm not in ALGORITHMS


def _wrong_method(jws: Jws, target: Target) -> bool:
    return jws.claims.get("htm") != target.method


def _wrong_url(jws: Jws, target: Target) -> bool:
    url = jws.text("htu")
    return url is None or _normal(url) != _normal(target.url)


def _without_time(jws: Jws, target: Target) -> bool:
    return jws.number("iat") is None


def _from_the_future(jws: Jws, target: Target) -> bool:
    return bool(jws.claims["iat"] > target.now + 1)


def _too_old(jws: Jws, target: Target) -> bool:
    return bool(jws.claims["iat"] < target.now - _MAX_AGE)


def _without_id(jws: Jws, target: Target) -> bool:
    return jws.text("jti") is None


_FORM: tuple[tuple[Callable[[Jws, Target], bool], str], ...] = (
    (_wrong_type, "invalid_dpop_proof_invalid_type"),
    (_wrong_algorithm, "invalid_dpop_proof_invalid_signature_algorithm"),
)

# In this order; the checks of age rely on the one that asks for a time.
_CLAIMS: tuple[tuple[Callable[[Jws, Target], bool], str], ...] = (
    (_wrong_method, "invalid_dpop_proof_invalid_htm"),
    (_wrong_url, "invalid_dpop_proof_invalid_htu"),
    (_without_time, "invalid_dpop_proof_invalid_iat"),
    (_from_the_future, "invalid_dpop_proof_jwt_issued_in_future"),
    (_too_old, "invalid_dpop_proof_jwt_too_old"),
    (_without_id, "invalid_dpop_proof_invalid_jti"),
)


def read_proof(headers: Sequence[str], target: Target, used: Once) -> Proof:
    """The one proof of a request, checked and spent; all but its nonce and what it is bound to."""
    proof = _parse(headers)
    _check(proof.jws, target, _FORM)
    if not proof.key.signed(proof.jws):
        raise OAuthError("invalid_dpop_proof_invalid_signature")
    _check(proof.jws, target, _CLAIMS)
    use = f"{proof.key.thumbprint}:{proof.jws.claims['jti']}"
    if not used.spend(use, proof.jws.claims["iat"] + _MAX_AGE + 1, target.now):
        raise OAuthError("dpop_proof_already_used")
    return proof


def _parse(headers: Sequence[str]) -> Proof:
    if len(headers) != 1:
        raise OAuthError("invalid_dpop_proof_multiple_headers_not_allowed")
    try:
        jws = parse_jws(headers[0])
    except ValueError:
        raise OAuthError("invalid_dpop_proof_invalid_jwt") from None
    try:
        return Proof(jws, public_key(jws.header.get("jwk")))
    except ValueError:
        raise OAuthError("invalid_dpop_proof") from None


def _check(
    jws: Jws, target: Target, checks: Sequence[tuple[Callable[[Jws, Target], bool], str]]
) -> None:
    for violated, reason in checks:
        if violated(jws, target):
            raise OAuthError(reason)


def _normal(url: str) -> tuple[str, str, str]:
    """Without query and fragment, which a proof may carry or not (RFC 9449, section 4.3)."""
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.lower(), parts.path
