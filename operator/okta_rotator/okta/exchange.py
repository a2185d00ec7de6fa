"""How a request and its answer come about: signing, deadline, repetition, metrics.

Used by `client.py` for every call. What only reads is repeated when the connection broke or Okta
could not answer; what writes only when nothing was sent; a create never, since two of them fill
both places of an app. Redirects are not followed, and no cookie is kept.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

import httpx
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential

from okta_rotator.okta.answers import request_id
from okta_rotator.okta.auth import SignIn
from okta_rotator.okta.calls import Call, Endpoint
from okta_rotator.okta.errors import (
    NoAnswerError,
    NotSentError,
    UnavailableError,
    error_of_answer,
    error_of_deadline,
    error_of_failure,
)

logger = logging.getLogger(__name__)

TRIES: Final = 3
FIRST_PAUSE: Final = 0.2
"""Seconds before the second try; twice that before the third."""

OnCall = Callable[[str, int | None, float], None]
"""Told of each request: the endpoint's name, the status (None: no answer), the seconds it took."""


class Exchange:
    """Sends requests through a transport. `deadline` is in seconds, for all tries of a call."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        *,
        now: Callable[[], datetime],
        on_call: OnCall,
        deadline: float,
    ) -> None:
        self._transport = transport
        self._now = now
        self._on_call = on_call
        self._deadline = deadline

    async def ask(
        self, call: Call, sign_in: SignIn, make: Callable[[], httpx.Request]
    ) -> httpx.Response:
        """Okta's answer if it is a success, else OktaError is raised. `make` is asked each try."""
        try:
            async with asyncio.timeout(self._deadline):
                return await self._ask_repeatedly(call, sign_in, make)
        except TimeoutError:
            raise error_of_deadline(call, self._deadline) from None

    async def _ask_repeatedly(
        self, call: Call, sign_in: SignIn, make: Callable[[], httpx.Request]
    ) -> httpx.Response:
        retrying = AsyncRetrying(
            stop=stop_after_attempt(TRIES),
            wait=wait_exponential(multiplier=FIRST_PAUSE),
            retry=retry_if_exception(lambda error: may_be_repeated(call.endpoint, error)),
            reraise=True,
        )
        return await retrying(self._ask_once, call, sign_in, make)

    async def _ask_once(
        self, call: Call, sign_in: SignIn, make: Callable[[], httpx.Request]
    ) -> httpx.Response:
        began, status = time.perf_counter(), None
        try:
            response = await self._send(make(), sign_in)
            status = response.status_code
        except httpx.HTTPError as error:
            raise error_of_failure(error, call) from error
        finally:
            self._on_call(call.endpoint, status, time.perf_counter() - began)
        if response.is_success:
            return response
        name = request_id(response, call.hidden)
        logger.info("Okta's answer to %s: HTTP %d, request id %s", call.endpoint, status, name)
        raise error_of_answer(response, call, self._now())

    async def _send(self, request: httpx.Request, sign_in: SignIn) -> httpx.Response:
        """As httpx's client drives a flow; without its cookies, which would mix sign-ins up."""
        flow = sign_in.auth_flow(request)
        request = next(flow)
        while True:
            response = await self._transport.handle_async_request(request)
            await response.aread()
            try:
                request = flow.send(response)
            except StopIteration:
                return response


def may_be_repeated(endpoint: Endpoint, error: BaseException) -> bool:
    """Whether the same call may be made again at once after this error."""
    if isinstance(error, NotSentError):
        return endpoint is not Endpoint.CREATE
    return not endpoint.is_write and isinstance(error, NoAnswerError | UnavailableError)
