"""The access tokens that the org authorization server has issued.

They look like Okta's, a JWT with its claims, but nothing is signed: only the emulator reads them,
and it knows them by heart.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .jws import encode_json
from .model import App
from .names import Names


@dataclass(frozen=True, slots=True)
class AccessToken:
    value: str = field(repr=False)
    client_id: str
    scopes: tuple[str, ...]
    issued: datetime
    expires: datetime
    thumbprint: str | None
    """Of the DPoP key that it is bound to."""

    @property
    def scheme(self) -> str:
        return "DPoP" if self.thumbprint else "Bearer"


@dataclass(frozen=True, slots=True)
class Terms:
    """What an access token is issued with."""

    scopes: tuple[str, ...]
    thumbprint: str | None
    issuer: str
    seconds: int


class Grants:
    def __init__(self, names: Names) -> None:
        self._names = names
        self._tokens: dict[str, AccessToken] = {}
        self._revoked: set[str] = set()

    def issue(self, app: App, terms: Terms, now: datetime) -> AccessToken:
        expires = now + timedelta(seconds=terms.seconds)
        value = self._value(app, terms, now, expires)
        token = AccessToken(value, app.client_id, terms.scopes, now, expires, terms.thumbprint)
        self._tokens[value] = token
        return token

    def find(self, value: str) -> AccessToken | None:
        return self._tokens.get(value)

    def revoke(self, client_id: str) -> None:
        """All that the client holds."""
        held = self._tokens.values()
        self._revoked |= {token.value for token in held if token.client_id == client_id}

    def is_revoked(self, token: AccessToken) -> bool:
        return token.value in self._revoked

    def _value(self, app: App, terms: Terms, now: datetime, expires: datetime) -> str:
        claims = {
            "ver": 1,
            "jti": self._names.token_id(),
            "iss": terms.issuer,
            "aud": terms.issuer,
            "sub": app.client_id,
            "iat": int(now.timestamp()),
            "exp": int(expires.timestamp()),
            "cid": app.client_id,
            "scp": list(terms.scopes),
        }
        if terms.thumbprint:
            claims["cnf"] = {"jkt": terms.thumbprint}
        header = {"kid": "emulator", "alg": "RS256"}
        return f"{encode_json(header)}.{encode_json(claims)}.{self._names.client_secret()}"
