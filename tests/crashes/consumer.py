"""An app that signs in at Okta with what the target Secret holds, over and over."""

from __future__ import annotations

import asyncio
import base64
import ssl
from dataclasses import dataclass

import aiohttp

from tests.controlplane import ControlPlane
from tests.scene import CLIENT_ID_KEY, CLIENT_SECRET_KEY

EVERY = 0.05
"""Seconds from one sign-in to the next."""

Pair = tuple[str, str]


@dataclass(frozen=True)
class Promise:
    """What the app may rely on."""

    overlap: bool = True
    """A value that was replaced between the read and the sign-in is accepted as well. Where it
    is ended at once, a refusal counts only if the Secret holds the refused value still."""
    stays: bool = True
    """The Secret, once it is there, does not go."""


@dataclass
class Tally:
    """What the app met. Its sign-ins bypass the proxies, so they are never the operator's."""

    attempts: int = 0
    refused: int = 0
    missing: int = 0


class Consumer:
    """Runs in the proxies' loop until it is stopped."""

    def __init__(self, control_plane: ControlPlane, secret: str, okta: str) -> None:
        """`secret` is the path of the target, `okta` the address of the org."""
        self.tally = Tally()
        self._secret = control_plane.server_url + secret
        self._introspection = okta + "/oauth2/v1/introspect"
        self._token = f"Bearer {control_plane.credentials.token}"
        self._authority = control_plane.credentials.authority
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """To be called in the loop."""
        self._stopped.set()

    async def run(self, promise: Promise) -> None:
        trust = ssl.create_default_context(cafile=self._authority)
        connector = aiohttp.TCPConnector(ssl=trust)
        was_there = False
        async with aiohttp.ClientSession(connector=connector) as http:
            while not self._stopped.is_set():
                tick = asyncio.create_task(asyncio.sleep(EVERY))
                pair = await self._read(http)
                if pair is not None:
                    was_there = True
                    await self._sign_in(http, pair, promise)
                elif was_there and promise.stays:
                    self.tally.missing += 1
                await tick

    async def _read(self, http: aiohttp.ClientSession) -> Pair | None:
        async with http.get(self._secret, headers={"Authorization": self._token}) as answer:
            if answer.status == 404:
                return None
            answer.raise_for_status()
            data = (await answer.json())["data"]
        client_id, value = (
            base64.b64decode(data[key]).decode() for key in (CLIENT_ID_KEY, CLIENT_SECRET_KEY)
        )
        return client_id, value

    async def _sign_in(self, http: aiohttp.ClientSession, pair: Pair, promise: Promise) -> None:
        self.tally.attempts += 1
        if await self._is_accepted(http, pair):
            return
        if promise.overlap or await self._read(http) == pair:
            self.tally.refused += 1

    async def _is_accepted(self, http: aiohttp.ClientSession, pair: Pair) -> bool:
        headers = {"Authorization": aiohttp.encode_basic_auth(*pair)}
        form = {"token": "junk"}
        async with http.post(self._introspection, headers=headers, data=form) as answer:
            return answer.status == 200
