"""Identifiers and generated secrets, in the shapes that Okta gives them.

Shapes: okta-management-openapi-spec (examples) for the prefixes, Okta's release notes of
2023-07 for the 64 characters of a generated secret.
"""

import string
from random import Random
from uuid import UUID

_ALPHANUMERIC = string.ascii_letters + string.digits
_BASE64URL = _ALPHANUMERIC + "-_"


class Names:
    """Draws identifiers from a source of randomness that the caller supplies."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def org_id(self) -> str:
        return self._draw("00o", 17)

    def user_id(self) -> str:
        return self._draw("00u", 17)

    def secret_id(self) -> str:
        return self._draw("ocs", 17)

    def error_id(self) -> str:
        return self._draw("oae", 22)

    def request_id(self) -> str:
        return self._draw("", 27)

    def token_id(self) -> str:
        return self._draw("AT.", 43, _BASE64URL)

    def event_id(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def nonce(self) -> str:
        return self._draw("", 32, _BASE64URL)

    def client_secret(self) -> str:
        return self._draw("", 64, _BASE64URL)

    def _draw(self, prefix: str, length: int, alphabet: str = _ALPHANUMERIC) -> str:
        return prefix + "".join(self._random.choices(alphabet, k=length))
