"""Has an access token at hand for the calls of a connection. Used by `client.py`.

Fetched when the first call needs it and shortly before it expires; those that need it at the same
time wait for the same answer, so a key that Okta refuses is shown once for all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context

import httpx
from pydantic import ValidationError

from okta_rotator.okta.auth import TokenSignIn
from okta_rotator.okta.calls import Call, Endpoint
from okta_rotator.okta.errors import RefusedError, error_of_shape
from okta_rotator.okta.exchange import Exchange


class TokenKeeper:
    """The token of one connection. `make` makes the bare request for it."""

    def __init__(
        self, sign_in: TokenSignIn, exchange: Exchange, make: Callable[[], httpx.Request]
    ) -> None:
        self._sign_in = sign_in
        self._exchange = exchange
        self._make = make
        self._fetching: asyncio.Task[None] | None = None

    async def ask(self, call: Call, make: Callable[[], httpx.Request]) -> httpx.Response:
        """As the exchange does, signed with the token; again, once, where Okta refuses that."""
        # First outside of the call, which would be repeated where only this fails.
        await self.ensure()
        try:
            return await self._exchange.ask(call, self._sign_in, make, self.ensure)
        except RefusedError as error:
            if error.complaint is None or not error.complaint.is_of_token:
                raise
        return await self._exchange.ask(call, self._sign_in, make, self.ensure)

    async def ensure(self) -> None:
        """Have a token that lasts for another call."""
        while self._sign_in.needs_token:
            await self.renew()

    async def renew(self) -> None:
        """Sign in anew, together with all who want that now."""
        if self._fetching is None:
            # On nobody's behalf: whoever asks first may give up before the others.
            self._fetching = asyncio.create_task(self._fetch(), context=Context())
            self._fetching.add_done_callback(self._fetched)
        await asyncio.shield(self._fetching)

    async def _fetch(self) -> None:
        call = Call(Endpoint.TOKEN)
        response = await self._exchange.ask(call, self._sign_in.token_request, self._make)
        try:
            self._sign_in.take(response.content)
        except ValidationError:
            # Unchained, although pydantic is told to hide its input: it may be the token.
            raise error_of_shape(response, call) from None

    def _fetched(self, task: asyncio.Task[None]) -> None:
        self._fetching = None
        if not task.cancelled():
            # Seen here, since whoever waited may have given up.
            task.exception()
