"""A secret value that cannot be printed by accident, and how values made by us are recognised.

Used by every layer that carries a client secret. Randomness is passed in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

PREFIX: Final = "okr_"
"""Marks a value as ours, for us after a loss and for secret scanners after a leak."""

STAND_IN_PREFIX: Final = PREFIX + "standin_"
"""Marks a value that nobody was given: it takes a revoked secret's place, as Okta wants one."""

RANDOM_BYTES: Final = 39
"""Bytes of randomness in a value: 52 characters of base64url, 312 bits."""


class SecretValue:
    """A client secret. `repr`, `str` and formatting show nothing of it; `reveal` does."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The value itself: for a request to Okta or the data of a Secret, and nothing else."""
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretValue) and hmac.compare_digest(
            self._text.encode(), other._text.encode()
        )

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "SecretValue(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> str:
        raise TypeError("a SecretValue is not serialised; reveal it where it has to be written")


def secret_hash(value: SecretValue) -> str:
    """Okta's `secret_hash` of a value: base64url without padding of SHA-256's first 16 bytes.

    Not documented by Okta; measured on the samples of its documentation and SDK fixtures.
    """
    return base64url(hashlib.sha256(value.reveal().encode()).digest()[:16])


def owner_mark(uid: str) -> str:
    """What the values made for the resource with this uid begin with: 12 characters."""
    return PREFIX + base64url(hashlib.sha256(uid.encode()).digest())[:8]


def make_value(uid: str, randomness: bytes) -> SecretValue:
    """A value of 64 characters: the resource's mark, then `RANDOM_BYTES` bytes in base64url.

    Only base64url characters, since libraries differ on `:`, `%` and `+` in HTTP Basic.
    """
    if len(randomness) != RANDOM_BYTES:
        raise ValueError(f"a secret value needs {RANDOM_BYTES} random bytes")
    return SecretValue(owner_mark(uid) + base64url(randomness))


def make_stand_in(randomness: bytes) -> SecretValue:
    """A value of 64 characters that belongs to nobody."""
    return SecretValue(STAND_IN_PREFIX + base64url(randomness))


def is_stand_in(value: SecretValue | None) -> bool:
    """Whether the value stands in for one that was revoked with its resource."""
    return value is not None and value.reveal().startswith(STAND_IN_PREFIX)


def is_made_for(value: SecretValue, uid: str | None) -> bool:
    """Whether the value carries the mark of the resource with this uid."""
    return uid is not None and value.reveal().startswith(owner_mark(uid))


def is_made_by_a_rotator(value: SecretValue) -> bool:
    """Whether some okta-rotator, of this or another resource or cluster, made the value."""
    return value.reveal().startswith(PREFIX)


def base64url(raw: bytes) -> str:
    """As RFC 7515 has it, without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
