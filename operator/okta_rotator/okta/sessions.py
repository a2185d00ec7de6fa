"""Opens sessions at Okta. Implements `OktaSessions`.

Who asks for the same address with the same credentials is given the same client, as long as
anybody holds it, and so shares its access token and its governor of the rate limits. The governor
of a connection outlives its credentials: Okta's windows do not begin anew with another key.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from weakref import WeakKeyDictionary, WeakValueDictionary

from okta_rotator.api.conditions import Reason
from okta_rotator.api.connection import ConnectionSpec
from okta_rotator.okta.auth import ApiTokenSignIn, SignIn
from okta_rotator.okta.client import OktaClient
from okta_rotator.okta.clock import OktaClock
from okta_rotator.okta.errors import RefusedError
from okta_rotator.okta.exchange import OnCall
from okta_rotator.okta.governor import Governor
from okta_rotator.okta.transport import AiohttpTransport
from okta_rotator.okta.urls import problem_with_address
from okta_rotator.rotation.access import Access, ApiTokenCredentials, ServiceAppCredentials
from okta_rotator.rotation.fence import Fence, unfenced
from okta_rotator.rotation.trouble import Next, Trouble

# Narrower than what a header may hold; errors of HTTP libraries repeat a header that is none.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,512}")


class Sessions:
    """`domains` and `allow_insecure` as in `problem_with_address`, the rest as in `exchange`."""

    def __init__(
        self,
        *,
        domains: Sequence[str],
        allow_insecure: bool,
        now: Callable[[], datetime],
        on_call: OnCall,
        fence: Fence = unfenced,
    ) -> None:
        self._domains = domains
        self._allow_insecure = allow_insecure
        self._now = now
        self._on_call = on_call
        self._fence = fence
        self._transports: dict[str | None, AiohttpTransport] = {}
        """By the authorities that are trusted."""
        self._trusting: WeakKeyDictionary[OktaClient, str | None] = WeakKeyDictionary()
        self._closing: set[asyncio.Task[None]] = set()
        self._clients: WeakValueDictionary[Access, OktaClient] = WeakValueDictionary()
        self._governors: dict[str, tuple[str, Governor]] = {}
        """By connection, with the address of the org that it was learnt from."""

    def check_address(self, spec: ConnectionSpec) -> None:
        """Raises RefusedError for an address that no credential may be sent to."""
        problem = problem_with_address(
            spec.instance_url, self._domains, allow_insecure=self._allow_insecure
        )
        if problem is not None:
            raise RefusedError(Trouble(Next.PERSON, Reason.HOST_NOT_ALLOWED, problem))

    def connect(self, access: Access, connection: str) -> OktaClient:
        """A session; nothing is sent yet. Raises RefusedError for credentials that are none."""
        client = self._clients.get(access)
        if client is None:
            client = self._new_client(access, self._governor(access, connection))
            self._clients[access] = client
        return client

    def forget(self, connection: str) -> None:
        self._governors.pop(connection, None)

    async def close(self) -> None:
        await asyncio.gather(*self._closing)
        for transport in self._transports.values():
            await transport.aclose()

    def _governor(self, access: Access, connection: str) -> Governor:
        url, governor = self._governors.get(connection, ("", None))
        if governor is None or url != access.instance_url:
            governor = Governor()
            self._governors[connection] = access.instance_url, governor
        governor.keep_within(access.max_utilization_percent)
        return governor

    def _new_client(self, access: Access, governor: Governor) -> OktaClient:
        clock = OktaClock(self._now)
        client = OktaClient(
            access.instance_url,
            self._sign_in(access.credentials, clock),
            self._transport(access.ca_bundle),
            now=self._now,
            clock=clock,
            governor=governor,
            on_call=self._on_call,
            fence=self._fence,
        )
        self._trusting[client] = access.ca_bundle
        return client

    def _sign_in(
        self, credentials: ApiTokenCredentials | ServiceAppCredentials, clock: OktaClock
    ) -> SignIn:
        if isinstance(credentials, ServiceAppCredentials):
            return self._service_app(credentials, clock)
        if not _TOKEN.fullmatch(credentials.token.reveal()):
            raise _no_credentials("holds no API token, but other characters")
        return ApiTokenSignIn(credentials.token)

    def _service_app(self, credentials: ServiceAppCredentials, clock: OktaClock) -> SignIn:
        # 10 MB that only those need who sign in so.
        from okta_rotator.okta.keys import KeysError, read_keys
        from okta_rotator.okta.oauth import ServiceAppSignIn

        try:
            keys = read_keys(credentials.private_keys.reveal())
        except KeysError as error:
            raise _no_credentials(f"holds no usable private key: {error}") from None
        return ServiceAppSignIn(
            credentials.client_id,
            keys,
            credentials.dpop,
            now=self._now,
            clock=clock,
            draw=lambda: uuid.uuid4().hex,
        )

    def _transport(self, ca_bundle: str | None) -> AiohttpTransport:
        """One pool for all that trust the same authorities."""
        if ca_bundle not in self._transports:
            self._close_unused()
            try:
                self._transports[ca_bundle] = AiohttpTransport(ca_bundle)
            except ValueError:
                message = "spec.caBundle holds no certificate (PEM, BEGIN CERTIFICATE)"
                raise RefusedError(Trouble(Next.PERSON, Reason.INVALID_SPEC, message)) from None
        return self._transports[ca_bundle]

    def _close_unused(self) -> None:
        """A tenant that edits its caBundle again and again must not fill our memory with pools."""
        in_use = {None, *self._trusting.values()}
        for ca_bundle in [one for one in self._transports if one not in in_use]:
            task = asyncio.get_running_loop().create_task(self._transports.pop(ca_bundle).aclose())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


def _no_credentials(what: str) -> RefusedError:
    message = f"the Secret of the connection {what}"
    return RefusedError(Trouble(Next.PERSON, Reason.INVALID_TOKEN, message))
