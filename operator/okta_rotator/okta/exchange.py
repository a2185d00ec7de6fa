"""How a request and its answer come about: turn, fence, signing, deadline, repetition, metrics.

Used by `client.py` and `tokens.py` for every call. What only reads is repeated when the connection
broke or Okta could not answer; what writes only when nothing was sent; a create never, since two
of them fill both places of an app. Redirects are not followed, and no cookie is kept.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from typing import Final

import httpx
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential

from okta_rotator.okta.answers import request_id
from okta_rotator.okta.auth import SignIn
from okta_rotator.okta.calls import Call, Endpoint
from okta_rotator.okta.clock import OktaClock
from okta_rotator.okta.errors import (
    NoAnswerError,
    NotSentError,
    UnavailableError,
    error_of_answer,
    error_of_deadline,
    error_of_failure,
)
from okta_rotator.okta.governor import Governor, Permit
from okta_rotator.okta.limits import BUCKETS
from okta_rotator.rotation.fence import Fence, unfenced
from okta_rotator.rotation.places import in_line

logger = logging.getLogger(__name__)

TRIES: Final = 3
FIRST_PAUSE: Final = 0.2
"""Seconds before the second try; twice that before the third."""

OnCall = Callable[[str, int | None, float], None]
"""Told of each request: the endpoint's name, the status (None: no answer), the seconds it took."""

Flow = Generator[httpx.Request, httpx.Response, None]


async def _nothing() -> None:
    """For a sign-in that needs nothing beforehand."""


class Exchange:
    """Sends requests through a transport. `deadline` is in seconds, for all tries of a call."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        *,
        now: Callable[[], datetime],
        clock: OktaClock,
        governor: Governor,
        on_call: OnCall,
        deadline: float,
        fence: Fence = unfenced,
    ) -> None:
        self._transport = transport
        self._now = now
        self._clock = clock
        self._governor = governor
        self._on_call = on_call
        self._deadline = deadline
        self._fence = fence

    async def ask(
        self,
        call: Call,
        sign_in: SignIn,
        make: Callable[[], httpx.Request],
        prepare: Callable[[], Awaitable[None]] = _nothing,
    ) -> httpx.Response:
        """Okta's answer if it is a success, else OktaError is raised.

        For each try the call waits for its turn, then for `prepare`, then, if it writes, for the
        fence, which may raise NotLeadingError; then `make` is asked.
        """
        try:
            async with asyncio.timeout(self._deadline) as deadline:
                return await _repeating(call.endpoint)(
                    self._ask_once, call, sign_in, make, self._admitted(call, prepare, deadline)
                )
        except TimeoutError:
            raise error_of_deadline(call, self._deadline) from None

    async def _ask_once(
        self,
        call: Call,
        sign_in: SignIn,
        make: Callable[[], httpx.Request],
        admitted: Callable[[], AbstractAsyncContextManager[Permit]],
    ) -> httpx.Response:
        async with admitted() as permit:
            call = replace(call, hidden=(*call.hidden, *sign_in.hidden))
            response = await self._driven(call, sign_in.auth_flow(make()), permit)
        if response.is_success:
            return response
        name = request_id(response, call.hidden)
        status = response.status_code
        logger.info("Okta's answer to %s: HTTP %d, request id %s", call.endpoint, status, name)
        raise error_of_answer(response, call, self._now())

    def _admitted(
        self, call: Call, prepare: Callable[[], Awaitable[None]], deadline: asyncio.Timeout
    ) -> Callable[[], AbstractAsyncContextManager[Permit]]:
        # A repetition is not given up: what was sent before may have had its effect.
        waits = iter((in_line,))

        @asynccontextmanager
        async def admitted() -> AsyncIterator[Permit]:
            """Nothing of the call is sent before this, so its deadline stands still meanwhile."""
            resume, waiting = _paused(deadline), next(waits, nullcontext)
            async with self._governor.permit(BUCKETS[call.endpoint], call.turn, waiting) as permit:
                await prepare()
                if call.endpoint.is_write:
                    await self._fence(self._deadline)
                resume()
                yield permit

        return admitted

    async def _driven(self, call: Call, flow: Flow, permit: Permit) -> httpx.Response:
        """As httpx's client drives a flow; without its cookies, which would mix sign-ins up."""
        request = next(flow)
        while True:
            response = await self._send(call, request)
            self._clock.learn(response)
            permit.learn(response)
            try:
                request = flow.send(response)
            except StopIteration:
                return response

    async def _send(self, call: Call, request: httpx.Request) -> httpx.Response:
        began, status = time.perf_counter(), None
        try:
            response = await self._transport.handle_async_request(request)
            await response.aread()
            status = response.status_code
            return response
        except httpx.HTTPError as error:
            raise error_of_failure(error, call) from error
        finally:
            self._on_call(call.endpoint, status, time.perf_counter() - began)


def _repeating(endpoint: Endpoint) -> AsyncRetrying:
    return AsyncRetrying(
        stop=stop_after_attempt(TRIES),
        wait=wait_exponential(multiplier=FIRST_PAUSE),
        retry=retry_if_exception(lambda error: may_be_repeated(endpoint, error)),
        reraise=True,
    )


def _paused(deadline: asyncio.Timeout) -> Callable[[], None]:
    """Let a deadline stand still until it is resumed."""
    loop = asyncio.get_running_loop()
    left = (deadline.when() or 0.0) - loop.time()
    deadline.reschedule(None)
    return lambda: deadline.reschedule(loop.time() + left)


def may_be_repeated(endpoint: Endpoint, error: BaseException) -> bool:
    """Whether the same call may be made again at once after this error."""
    if isinstance(error, NotSentError):
        return endpoint is not Endpoint.CREATE
    return not endpoint.is_write and isinstance(error, NoAnswerError | UnavailableError)
