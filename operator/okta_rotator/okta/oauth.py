"""How a service app signs in: it shows its key, is given an access token, and shows that.

No I/O. Two flows as httpx has them: `TokenRequest` asks for a token, `ServiceAppSignIn` signs a
call with it; `tokens.py` says when. With DPoP (RFC 9449) a token is of use only beside a proof
that is signed anew for each request, so that a stolen token is worth nothing.

Source: Okta's pages on OAuth for Okta, on private_key_jwt and on DPoP; RFC 6749, 7523, 9449.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

import httpx

from okta_rotator.api.connection import Dpop
from okta_rotator.okta.answers import complaint_of, read_grant
from okta_rotator.okta.auth import (
    ASSERTION_TYPE,
    Moment,
    SignIn,
    TokenSignIn,
    assertion_claims,
)
from okta_rotator.okta.clock import OktaClock
from okta_rotator.okta.errors import error_of_scopes, error_of_unbound_token
from okta_rotator.okta.keys import PrivateKey, new_key
from okta_rotator.rotation.values import SecretValue, base64url

SCOPES: Final = ("okta.apps.manage", "okta.apps.read")
"""Whether the first implies the second is documented nowhere, so both are asked for."""

RENEW_BEFORE: Final = timedelta(minutes=1)
"""A token is replaced so long before it expires, or after nine tenths of a shorter life."""

_MOST_ERROR: Final[Mapping[str, timedelta]] = {
    "invalid_client": timedelta(seconds=5),
    "invalid_dpop_proof": timedelta(0),
}
"""A refusal may be due to the clocks where we thought Okta's to be further off than that."""

_NONCE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,256}")

Flow = Generator[httpx.Request, httpx.Response, None]
Tries = Generator[httpx.Request, httpx.Response, httpx.Response]


@dataclass(frozen=True, slots=True)
class Token:
    """An access token."""

    value: SecretValue
    is_bound: bool
    renew_at: datetime


class Prover:
    """Signs the proofs of DPoP for one kind of endpoint, which has nonces of its own."""

    def __init__(self, key: PrivateKey, clock: OktaClock, draw: Callable[[], str]) -> None:
        self._key = key
        self._clock = clock
        self._draw = draw
        self.nonce: str | None = None
        """The latest that Okta has named."""

    def proof(self, request: httpx.Request, token: SecretValue | None = None) -> str:
        """For one request. With `token`, bound to it too."""
        url = request.url.copy_with(query=None, fragment=None)
        claims = {
            "htm": request.method,
            "htu": str(url),
            "iat": int(self._clock().timestamp()),
            "jti": self._draw(),
        }
        if self.nonce is not None:
            claims["nonce"] = self.nonce
        if token is not None:
            claims["ath"] = _hash(token)
        return self._key.sign({"typ": "dpop+jwt", "jwk": self._key.public}, claims)

    def is_asked_for_nonce(self, response: httpx.Response, used: str | None) -> bool:
        """Whether the request is to be made again, with a nonce; which is taken from any answer.

        `used` is the one that the request had: of several under way each learns of the next.
        """
        nonce = response.headers.get("dpop-nonce", "")
        if not _NONCE.fullmatch(nonce):
            return False
        self.nonce = nonce
        return nonce != used and _code(response) == "use_dpop_nonce"


class TokenRequest(SignIn):
    """Asks for a token, with the key that Okta took last, else with each of the keys in turn."""

    def __init__(
        self,
        client_id: str,
        keys: tuple[PrivateKey, ...],
        dpop: Dpop,
        prover: Prover,
        clock: OktaClock,
        draw: Callable[[], str],
    ) -> None:
        self._client_id = client_id
        self._keys = keys
        self._may_prove = dpop is not Dpop.DISABLED
        self._proves = dpop is Dpop.REQUIRED
        self._prover = prover
        self._clock = clock
        self._draw = draw

    def auth_flow(self, request: httpx.Request) -> Flow:
        for key in self._keys:
            response = yield from self._with_key(request, key)
            if response.is_success:
                self._keys = (key, *(other for other in self._keys if other is not key))
            if not _is_refusal_of_key(response):
                return

    def _with_key(self, request: httpx.Request, key: PrivateKey) -> Tries:
        """With one key; again where Okta wants a proof, a nonce or its own time, once for each."""
        granted: set[str] = set()
        while True:
            ahead, used = self._clock.ahead, self._prover.nonce
            response = yield self._signed(request, key)
            wish = self._wish(response, ahead, used)
            if wish is None or wish in granted:
                return response
            granted.add(wish)

    def _wish(self, response: httpx.Response, ahead: timedelta, used: str | None) -> str | None:
        self._clock.learn(response)
        code, proved = _code(response), self._proves
        wants_nonce = self._prover.is_asked_for_nonce(response, used)
        if wants_nonce or code == "invalid_dpop_proof":
            if not self._may_prove:
                return None
            self._proves = True
        if wants_nonce:
            return "nonce"
        if self._proves and not proved:
            return "proof"
        is_of_time = abs(self._clock.ahead - ahead) > _MOST_ERROR.get(code, timedelta.max)
        return "time" if is_of_time else None

    def _signed(self, request: httpx.Request, key: PrivateKey) -> httpx.Request:
        """With an assertion of its own: Okta takes each once, also where it then refuses."""
        form = {
            "grant_type": "client_credentials",
            "scope": " ".join(SCOPES),
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self._assertion(str(request.url), key),
        }
        headers = dict(request.headers)
        headers.pop("content-length", None)
        headers["content-type"] = "application/x-www-form-urlencoded"
        if self._proves:
            headers["dpop"] = self._prover.proof(request)
        return httpx.Request("POST", request.url, headers=headers, content=urlencode(form))

    def _assertion(self, audience: str, key: PrivateKey) -> str:
        moment = Moment(audience, self._clock(), self._draw())
        claims = assertion_claims(self._client_id, moment)
        return key.sign({} if key.id is None else {"kid": key.id}, claims)


class ServiceAppSignIn(TokenSignIn):
    """Signs calls with the token that it was given last.

    `now` is our time, `clock` Okta's; `draw` gives a text that is used once.
    """

    def __init__(
        self,
        client_id: str,
        keys: tuple[PrivateKey, ...],
        dpop: Dpop,
        *,
        now: Callable[[], datetime],
        clock: OktaClock,
        draw: Callable[[], str],
    ) -> None:
        own_key = new_key()
        self._dpop = dpop
        self._now = now
        self._prover = Prover(own_key, clock, draw)
        self._token: Token | None = None
        prover = Prover(own_key, clock, draw)
        self.token_request = TokenRequest(client_id, keys, dpop, prover, clock, draw)

    @property
    def hidden(self) -> tuple[str, ...]:
        return () if self._token is None else (self._token.value.reveal(),)

    @property
    def needs_token(self) -> bool:
        return self._token is None or self._now() >= self._token.renew_at

    def take(self, body: bytes) -> None:
        grant = read_grant(body)
        if self._dpop is Dpop.REQUIRED and not grant.is_bound:
            raise error_of_unbound_token()
        granted = SCOPES if grant.scopes is None else grant.scopes
        missing = [scope for scope in SCOPES if scope not in granted]
        if missing:
            raise error_of_scopes(missing)
        renew_at = self._now() + grant.lifetime - min(RENEW_BEFORE, grant.lifetime / 10)
        self._token = Token(grant.value, grant.is_bound, renew_at)

    def auth_flow(self, request: httpx.Request) -> Flow:
        token = self._token
        if token is None:
            raise RuntimeError("a call is signed only once there is a token")
        used = self._prover.nonce
        response = yield self._signed(request, token)
        if token.is_bound and self._prover.is_asked_for_nonce(response, used):
            response = yield self._signed(request, token)
        if _is_refusal_of_token(response) and self._token is token:
            self._token = None

    def _signed(self, request: httpx.Request, token: Token) -> httpx.Request:
        scheme = "DPoP" if token.is_bound else "Bearer"
        request.headers["Authorization"] = f"{scheme} {token.value.reveal()}"
        if token.is_bound:
            request.headers["DPoP"] = self._prover.proof(request, token.value)
        return request


def _is_refusal_of_key(response: httpx.Response) -> bool:
    return response.status_code == 401 and _code(response) == "invalid_client"


def _is_refusal_of_token(response: httpx.Response) -> bool:
    complaint = None if response.is_success else complaint_of(response, ())
    return complaint is not None and complaint.is_of_token


def _code(response: httpx.Response) -> str:
    complaint = None if response.is_success else complaint_of(response, ())
    return complaint.code if complaint is not None else ""


def _hash(token: SecretValue) -> str:
    return base64url(hashlib.sha256(token.reveal().encode()).digest())
