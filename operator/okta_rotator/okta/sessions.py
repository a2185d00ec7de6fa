"""Opens sessions at Okta, all of them over one pool of connections. Implements `OktaSessions`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from okta_rotator.api.conditions import Reason
from okta_rotator.api.connection import ConnectionSpec
from okta_rotator.okta.auth import ApiTokenSignIn
from okta_rotator.okta.client import OktaClient
from okta_rotator.okta.errors import RefusedError
from okta_rotator.okta.exchange import OnCall
from okta_rotator.okta.transport import AiohttpTransport
from okta_rotator.okta.urls import problem_with_address
from okta_rotator.rotation.trouble import Next, Trouble
from okta_rotator.rotation.values import SecretValue

# Narrower than what a header may hold; errors of HTTP libraries repeat a header that is none.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,512}")


class Sessions:
    """`domains` and `allow_insecure` as in `problem_with_address`, `on_call` as in `exchange`."""

    def __init__(
        self,
        *,
        domains: Sequence[str],
        allow_insecure: bool,
        now: Callable[[], datetime],
        on_call: OnCall,
    ) -> None:
        self._domains = domains
        self._allow_insecure = allow_insecure
        self._now = now
        self._on_call = on_call
        self._transport = AiohttpTransport()

    def check_address(self, spec: ConnectionSpec) -> None:
        """Raises RefusedError for an address that no credential may be sent to."""
        problem = problem_with_address(
            spec.instance_url, self._domains, allow_insecure=self._allow_insecure
        )
        if problem is not None:
            raise RefusedError(Trouble(Next.PERSON, Reason.HOST_NOT_ALLOWED, problem))

    def open(self, spec: ConnectionSpec, token: str) -> OktaClient:
        """A session; nothing is sent yet. Raises RefusedError for a text that is no token."""
        if not _TOKEN.fullmatch(token):
            message = "the Secret of the connection holds no API token, but other characters"
            raise RefusedError(Trouble(Next.PERSON, Reason.INVALID_TOKEN, message))
        return OktaClient(
            spec.instance_url,
            ApiTokenSignIn(SecretValue(token)),
            self._transport,
            now=self._now,
            on_call=self._on_call,
        )

    async def close(self) -> None:
        await self._transport.aclose()
