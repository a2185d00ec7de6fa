"""Public keys as JSON Web Keys (RFC 7517), their signatures and their thumbprints (RFC 7638)."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import jwt
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from .jws import Jws, encode

ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
"""Those that Okta takes of a service app, and of a DPoP proof."""

_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_MEMBERS = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}
_PRIVATE = "d"


@dataclass(frozen=True, slots=True)
class PublicKey:
    jwk: dict[str, Any]
    material: Any = field(repr=False, compare=False)

    @property
    def kid(self) -> str | None:
        kid = self.jwk.get("kid")
        return None if kid is None else str(kid)

    @property
    def thumbprint(self) -> str:
        members = {name: self.jwk[name] for name in _MEMBERS[self.jwk["kty"]]}
        canonical = json.dumps(members, separators=(",", ":"), sort_keys=True)
        return encode(hashlib.sha256(canonical.encode()).digest())

    def fits(self, algorithm: str) -> bool:
        if self.jwk.get("alg", algorithm) != algorithm or algorithm not in ALGORITHMS:
            return False
        if self.jwk["kty"] == "RSA":
            return algorithm not in _CURVES
        return bool(_CURVES.get(algorithm) == self.jwk["crv"])

    def signed(self, jws: Jws) -> bool:
        if not self.fits(jws.algorithm):
            return False
        verifier = jwt.get_algorithm_by_name(jws.algorithm)
        return bool(verifier.verify(jws.signed, self.material, jws.signature))


def public_key(jwk: object) -> PublicKey:
    """Raises ValueError for what is no public key of the two kinds that Okta takes."""
    if not isinstance(jwk, dict) or jwk.get("kty") not in _MEMBERS:
        raise ValueError("kty: must be RSA or EC")
    if _PRIVATE in jwk:
        raise ValueError("d: a private key")
    reader = RSAAlgorithm if jwk["kty"] == "RSA" else ECAlgorithm
    try:
        return PublicKey(jwk, reader.from_jwk(jwk))
    except (jwt.InvalidKeyError, KeyError, TypeError, ValueError):
        raise ValueError("not a key that can be read") from None
