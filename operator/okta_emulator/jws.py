"""Signed JSON (RFC 7515) taken apart; whether a signature is good is asked of `keys`."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Jws:
    header: Json
    claims: Json
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def algorithm(self) -> str:
        return str(self.header.get("alg"))

    def number(self, claim: str) -> float | None:
        """A claim in seconds since the epoch; None where it is missing or no number."""
        value = self.claims.get(claim)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return value if is_number else None

    def text(self, claim: str) -> str | None:
        value = self.claims.get(claim)
        return value if isinstance(value, str) and value else None


def parse_jws(token: str) -> Jws:
    """Raises ValueError for what is none."""
    header, claims, signature = token.split(".")
    return Jws(
        header=_json(header),
        claims=_json(claims),
        signed=f"{header}.{claims}".encode(),
        signature=decode(signature),
    )


def decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def encode_json(content: Json) -> str:
    return encode(json.dumps(content, separators=(",", ":")).encode())


def _json(part: str) -> Json:
    content = json.loads(decode(part))
    if not isinstance(content, dict):
        raise ValueError("not an object")
    return content
