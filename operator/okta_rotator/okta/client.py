"""Okta's API as one connection reaches it. Implements `OktaSession`; made by `sessions.py`.

Each method is one call with one deadline, made aside of the worker's place (`places.py`); which
calls are repeated says `exchange.py`.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from copy import copy
from datetime import datetime
from importlib.metadata import version
from typing import Final, TypeVar
from urllib.parse import urlencode

import httpx
from pydantic import ValidationError

from okta_rotator.api.conditions import Reason
from okta_rotator.okta import answers
from okta_rotator.okta.auth import Anonymous, Moment, SignIn, TokenSignIn, client_proof
from okta_rotator.okta.calls import (
    INTROSPECT_PATH,
    ORGANIZATION_PATH,
    SIGN_IN_PATH,
    TOKEN_PATH,
    Call,
    Endpoint,
    app_path,
    secrets_path,
)
from okta_rotator.okta.clock import OktaClock
from okta_rotator.okta.errors import (
    GoneError,
    RefusedError,
    error_of_id,
    error_of_shape,
)
from okta_rotator.okta.exchange import Exchange, OnCall
from okta_rotator.okta.governor import Governor
from okta_rotator.okta.proof import proof_of_complaint
from okta_rotator.okta.tokens import TokenKeeper
from okta_rotator.rotation.fence import Fence, unfenced
from okta_rotator.rotation.okta_view import AuthMethod, OktaApp, OktaSecret, Organization, Proof
from okta_rotator.rotation.places import aside
from okta_rotator.rotation.turns import OF_THE_CONNECTION, Budget, Turn
from okta_rotator.rotation.values import SecretValue

logger = logging.getLogger(__name__)

DEADLINE: Final = 10.0
"""Seconds of a call, repetitions included. A write may have its effect that long after it began."""

NO_TOKEN: Final = "okta-rotator-asks-about-no-token"  # noqa: S105 - introspected in vain
"""Introspection of a token that is none is answered "inactive" to whoever proves its secret."""

_HEADERS: Final = httpx.Headers(
    {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"okta-rotator/{version('okta-rotator')}",
    }
)
_JSON: Final = httpx.Headers({**_HEADERS, "Content-Type": "application/json"})
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}

_ANONYMOUS: Final = Anonymous()

T = TypeVar("T")


class OktaClient:
    """One org, one sign-in. Every method raises OktaError alone."""

    def __init__(
        self,
        base_url: str,
        sign_in: SignIn,
        transport: httpx.AsyncBaseTransport,
        *,
        now: Callable[[], datetime],
        clock: OktaClock | None = None,
        governor: Governor | None = None,
        on_call: OnCall = lambda endpoint, status, seconds: None,
        deadline: float = DEADLINE,
        fence: Fence = unfenced,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._sign_in = sign_in
        self._turn = OF_THE_CONNECTION
        self._clock = clock or OktaClock(now)
        self._governor = governor or Governor()
        self._exchange = Exchange(
            transport,
            now=now,
            clock=self._clock,
            governor=self._governor,
            on_call=on_call,
            deadline=deadline,
            fence=fence,
        )
        self._tokens = (
            TokenKeeper(sign_in, self._exchange, self._maker("POST", TOKEN_PATH))
            if isinstance(sign_in, TokenSignIn)
            else None
        )

    def in_turn(self, turn: Turn) -> OktaClient:
        """The same, for calls that are made on behalf of a resource and wait for their turn."""
        other = copy(self)
        other._turn = turn
        return other

    def budgets(self) -> Mapping[str, Budget]:
        """What is left of each rate limit that an answer has told of, by the bucket's name."""
        return self._governor.budgets()

    async def read_organization(self) -> Organization:
        """Who the org says it is. Public, so no credential is sent."""
        call = Call(Endpoint.ORGANIZATION, turn=self._turn)
        request = self._maker("GET", ORGANIZATION_PATH)
        async with aside():
            response = await self._exchange.ask(call, _ANONYMOUS, request)
        return _read(answers.read_organization, response, call)

    async def check_sign_in(self) -> None:
        """Raises unless Okta takes the credentials. That a role may not read users is no matter."""
        if self._tokens is not None:
            async with aside():
                await self._tokens.renew()
            return
        try:
            await self._ask(self._call(Endpoint.SIGN_IN), "GET", SIGN_IN_PATH)
        except RefusedError as error:
            if error.trouble.reason is not Reason.INSUFFICIENT_PERMISSION:
                raise

    async def read_app(self, app_id: str) -> OktaApp:
        call = self._call(Endpoint.APP, app_id)
        return _read(answers.read_app, await self._ask(call, "GET", app_path(app_id)), call)

    async def list_secrets(self, app_id: str) -> tuple[OktaSecret, ...]:
        call = self._call(Endpoint.LIST, app_id)
        return _read(answers.read_secrets, await self._ask(call, "GET", secrets_path(app_id)), call)

    async def create_secret(self, app_id: str, value: SecretValue) -> OktaSecret:
        call = self._call(Endpoint.CREATE, app_id, value)
        body = json.dumps({"client_secret": value.reveal()}).encode()
        response = await self._ask(call, "POST", secrets_path(app_id), body)
        return _read(answers.read_secret, response, call)

    async def activate_secret(self, app_id: str, secret_id: str) -> OktaSecret:
        """Raises LostRaceError where the secret is gone."""
        call = self._call(Endpoint.ACTIVATE, app_id)
        path = secrets_path(app_id, secret_id)
        response = await self._ask(call, "POST", path and f"{path}/lifecycle/activate")
        return _read(answers.read_secret, response, call)

    async def deactivate_secret(self, app_id: str, secret_id: str) -> OktaSecret:
        """Raises LostRaceError where the secret is gone or may not be deactivated any more."""
        call = self._call(Endpoint.DEACTIVATE, app_id)
        path = secrets_path(app_id, secret_id)
        response = await self._ask(call, "POST", path and f"{path}/lifecycle/deactivate")
        return _read(answers.read_secret, response, call)

    async def delete_secret(self, app_id: str, secret_id: str) -> None:
        """Returns also when the secret was gone already."""
        call = self._call(Endpoint.DELETE, app_id)
        try:
            await self._ask(call, "DELETE", secrets_path(app_id, secret_id))
        except GoneError:
            return

    async def introspect(self, client_id: str, value: SecretValue, method: AuthMethod) -> Proof:
        """What Okta says of a client's secret, asked as that client: without our own sign-in."""
        call = Call(Endpoint.INTROSPECT, hidden=(value.reveal(),), turn=self._turn)

        def make() -> httpx.Request:
            # Anew for each try, since Okta takes an assertion once.
            return self._introspection(client_id, value, method)

        try:
            async with aside():
                response = await self._exchange.ask(call, _ANONYMOUS, make)
        except RefusedError as error:
            return _proof_of_refusal(error)
        _read(answers.read_introspection, response, call)
        return Proof.ACCEPTED

    def _introspection(
        self, client_id: str, value: SecretValue, method: AuthMethod
    ) -> httpx.Request:
        url = self._base + INTROSPECT_PATH
        proof = client_proof(method, client_id, value, Moment(url, self._clock(), uuid.uuid4().hex))
        form = {"token": NO_TOKEN, "token_type_hint": "access_token", **proof.form}
        headers = {**_HEADERS, **_FORM, **proof.headers}
        return httpx.Request("POST", url, headers=headers, content=urlencode(form))

    def _call(
        self, endpoint: Endpoint, app_id: str | None = None, value: SecretValue | None = None
    ) -> Call:
        hidden = () if value is None else (value.reveal(),)
        return Call(endpoint, app_id, hidden, self._turn)

    async def _ask(
        self, call: Call, method: str, path: str | None, body: bytes | None = None
    ) -> httpx.Response:
        if path is None:
            raise error_of_id()
        make = self._maker(method, path, body)
        async with aside():
            if self._tokens is not None:
                return await self._tokens.ask(call, make)
            return await self._exchange.ask(call, self._sign_in, make)

    def _maker(
        self, method: str, path: str, body: bytes | None = None
    ) -> Callable[[], httpx.Request]:
        headers = _HEADERS if body is None else _JSON
        return lambda: httpx.Request(method, self._base + path, headers=headers, content=body)


def _read(read: Callable[[bytes], T], response: httpx.Response, call: Call) -> T:
    try:
        return read(response.content)
    except ValidationError:
        # Unchained, although pydantic is told to hide its input: it may be a secret.
        raise error_of_shape(response, call) from None


def _proof_of_refusal(error: RefusedError) -> Proof:
    proof = proof_of_complaint(error.complaint) if error.complaint is not None else None
    if proof is None:
        raise error
    if proof is Proof.CANNOT_TELL:
        logger.warning("Okta does not say whether a client secret is good: %s", error)
    return proof
