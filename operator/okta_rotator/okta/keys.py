"""The private keys of a service app, as a Secret holds them, and what they sign. No I/O.

The value of a Secret is one of
- a JWK, as Okta's admin console shows it when it makes a key, or a JWK Set,
- one PEM block or several, each with `kid: <key id>` on a line before it where the app has more
  than one key registered (RFC 7468 lets text stand there).

Of several keys the first that Okta accepts is used, so a key is replaced without a gap: register
the new one at Okta, put both into the Secret, remove the old one at Okta, then from the Secret.

joserfc takes 10 MB, so only what handles a service app imports this (`sessions.py`).
Source: RFC 7515, RFC 7517, RFC 7518; Okta's pages on OAuth for Okta.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Final

from joserfc.errors import InvalidKeyTypeError, SecurityWarning
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import serialize_compact

MOST_KEYS: Final = 4
"""Keys of one Secret: each that Okta refuses is a failed sign-in there."""

_ALGORITHMS: Final[Mapping[str, tuple[str, ...]]] = {
    "RSA": ("RS256", "RS384", "RS512"),
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
}
"""What Okta takes, by type or curve; the first where the key does not say."""

_KINDS: Final[Mapping[str, type[RSAKey] | type[ECKey]]] = {"RSA": RSAKey, "EC": ECKey}

_PEM = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.+?-----END \1-----", re.DOTALL)
_KEY_ID_LINE = re.compile(r"^kid:\s*(\S+)\s*$", re.MULTILINE)
_KEY_ID = re.compile(r"[\x21-\x7E]{1,256}")


class KeysError(Exception):
    """A text that holds no usable private key. The message repeats nothing of it."""


class PrivateKey:
    """A key that signs JWTs. Never shows itself."""

    __slots__ = ("_key", "algorithm", "id")

    def __init__(self, key: RSAKey | ECKey, key_id: str | None, algorithm: str | None) -> None:
        kind = key.curve_name if isinstance(key, ECKey) else "RSA"
        allowed = _ALGORITHMS.get(kind, ())
        if algorithm is not None and algorithm not in allowed:
            allowed = ()
        if not allowed:
            raise KeysError("it is for an algorithm that Okta does not take (RS256 and ES256 do)")
        self._key = key
        self.id = key_id
        self.algorithm = algorithm or allowed[0]

    def sign(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        """A JWT of these claims; `alg` is added to the header."""
        protected = {"alg": self.algorithm, **header}
        body = json.dumps(claims, separators=(",", ":"))
        return serialize_compact(protected, body, self._key, algorithms=[self.algorithm])

    @property
    def public(self) -> dict[str, Any]:
        """The public half as a JWK, with no more than its required members."""
        jwk = self._key.as_dict(private=False)
        return {name: jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in jwk}

    def __repr__(self) -> str:
        return f"PrivateKey({self.algorithm}, kid={self.id!r})"


def new_key() -> PrivateKey:
    """A fresh key, to prove the possession of tokens with."""
    return PrivateKey(ECKey.generate_key("P-256"), None, None)


def read_keys(text: str) -> tuple[PrivateKey, ...]:
    """The private keys of a Secret's value, in their order. Raises KeysError."""
    is_json = text.lstrip().startswith("{")
    keys = tuple(_json_keys(text) if is_json else _pem_keys(text))
    if not keys:
        raise KeysError("it holds no private key: neither PEM (BEGIN PRIVATE KEY) nor a JWK")
    if len(keys) > MOST_KEYS:
        raise KeysError(f"it holds more than {MOST_KEYS} keys")
    return keys


def _json_keys(text: str) -> Iterator[PrivateKey]:
    try:
        content = json.loads(text)
    except ValueError:
        raise KeysError("it looks like a JWK, but is not JSON") from None
    found = content.get("keys", [content])
    for jwk in found if isinstance(found, list) else [found]:
        yield _from_jwk(jwk)


def _from_jwk(jwk: object) -> PrivateKey:
    kind = _KINDS.get(str(jwk.get("kty"))) if isinstance(jwk, dict) else None
    if kind is None or not isinstance(jwk, dict):
        raise KeysError("one of its JWKs is of no kind that Okta takes (RSA, EC)")
    if "d" not in jwk:
        raise KeysError("one of its JWKs is a public key; the private one is needed")
    key_id = _key_id(jwk.get("kid"))
    return PrivateKey(_imported(kind, jwk), key_id, jwk.get("alg"))


def _pem_keys(text: str) -> Iterator[PrivateKey]:
    end = 0
    for block in _PEM.finditer(text):
        ids = _KEY_ID_LINE.findall(text, end, block.start())
        end = block.end()
        if "ENCRYPTED" in block[0]:
            raise KeysError("it is encrypted with a passphrase; put it there without")
        yield PrivateKey(_from_pem(block[0]), _key_id(ids[-1] if ids else None), None)


def _from_pem(block: str) -> RSAKey | ECKey:
    try:
        return _imported(RSAKey, block)
    except InvalidKeyTypeError:
        pass
    try:
        return _imported(ECKey, block)
    except InvalidKeyTypeError:
        raise KeysError("it is of no kind that Okta takes (RSA, EC)") from None


def _imported(kind: type[RSAKey] | type[ECKey], value: Any) -> RSAKey | ECKey:
    with warnings.catch_warnings():
        warnings.simplefilter("error", SecurityWarning)
        try:
            return kind.import_key(value)
        except InvalidKeyTypeError:
            raise
        except SecurityWarning:
            raise KeysError("it is shorter than the 2048 bits that Okta demands") from None
        except Exception:
            # Whatever a parser makes of a person's text; what it says of it may repeat it.
            raise KeysError(
                "it is damaged: it looks like a private key but cannot be read"
            ) from None


def _key_id(found: object) -> str | None:
    if found is None:
        return None
    if not isinstance(found, str) or not _KEY_ID.fullmatch(found):
        raise KeysError("its kid is none: up to 256 printable characters without blanks")
    return found
