"""The one place that touches the network: aiohttp's connections behind httpx's transport seam.

httpx's own transport costs about six times the CPU a call, and with a hundred calls under way
some fifty times, since its pool looks at every connection on every event. Knows no Okta.
"""

from __future__ import annotations

import re
import ssl
from typing import Final
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx

from okta_rotator.okta.urls import LOOPBACK

CONNECTIONS: Final = 100
"""Connections at a time. Okta lets one org have 35 to 75 requests under way (its page on
concurrency limits); there may be several orgs."""

CONNECT_SECONDS: Final = 6.0
"""For a free connection, DNS, TCP and TLS. Shorter than a call's deadline, so that a failure here
is known for what it is: nothing was sent."""

LARGEST_BODY: Final = 1 << 20
"""Bytes of a body, decompressed; Okta's are a few thousand."""

_USER_INFO = re.compile("//.*@", re.DOTALL)
"""Of a proxy: some of aiohttp's texts repeat its address with the password."""

_FAILURES: Final[tuple[tuple[type[Exception], type[httpx.TransportError]], ...]] = (
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (aiohttp.ClientHttpProxyError, httpx.ProxyError),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.ClientResponseError, httpx.RemoteProtocolError),
    (aiohttp.ClientPayloadError, httpx.RemoteProtocolError),
    (aiohttp.ServerDisconnectedError, httpx.RemoteProtocolError),
)


class AiohttpTransport(httpx.AsyncBaseTransport):
    """One pool of connections. Keeps no cookies and follows no redirect.

    With `ca_bundle` (PEM) what those authorities vouch for is trusted, and nothing else.
    Raises ValueError for a text that holds no certificate.
    """

    def __init__(self, ca_bundle: str | None = None) -> None:
        self._trust = None if ca_bundle is None else _trusting(ca_bundle)
        self._session: aiohttp.ClientSession | None = None
        self._proxies: dict[str, str | None] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        session = self._session = self._session or _new_session(self._trust)
        try:
            async with session.request(
                request.method,
                str(request.url),
                headers=request.headers.multi_items(),
                data=request.content or None,
                allow_redirects=False,
                proxy=self._proxy_for(request.url),
            ) as answer:
                return httpx.Response(
                    answer.status, headers=_headers(answer), content=await _body(answer)
                )
        except (aiohttp.ClientError, OSError) as error:
            failure = translated(error)
        # Unchained: some of aiohttp's errors hold the request's headers, and these a credential.
        raise failure

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _proxy_for(self, url: httpx.URL) -> str | None:
        """As the environment says (HTTPS_PROXY, else ALL_PROXY, and NO_PROXY); never for this
        machine itself."""
        if url.host not in self._proxies:
            self._proxies[url.host] = _environment_proxy(url)
        return self._proxies[url.host]


def translated(error: Exception) -> httpx.TransportError:
    """httpx's error for one of aiohttp's."""
    kinds = (ours for theirs, ours in _FAILURES if isinstance(error, theirs))
    return next(kinds, httpx.ReadError)(_USER_INFO.sub("//", str(error)))


async def _translate(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """aiohttp repeats a DELETE whose connection broke; an error of another kind it lets pass."""
    try:
        return await handler(request)
    except (aiohttp.ClientError, OSError) as error:
        failure = translated(error)
    raise failure


def _new_session(trust: ssl.SSLContext | None) -> aiohttp.ClientSession:
    # By certifi, or by SSL_CERT_FILE and SSL_CERT_DIR, as httpx does: a small image has no other.
    context = httpx.create_ssl_context() if trust is None else trust
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, ssl=context)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS),
        middlewares=(_translate,),
    )


def _trusting(ca_bundle: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=ca_bundle.encode("ascii", "replace").decode())
    except ssl.SSLError:
        raise ValueError("no certificate") from None
    return context


def _headers(answer: aiohttp.ClientResponse) -> list[tuple[bytes, bytes]]:
    """Without Content-Encoding: aiohttp has decoded the body."""
    return [pair for pair in answer.raw_headers if pair[0].lower() != b"content-encoding"]


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise aiohttp.ClientPayloadError("the body is too large")
    return bytes(body)


def _environment_proxy(url: httpx.URL) -> str | None:
    if url.host in LOOPBACK or f"[{url.host}]" in LOOPBACK or proxy_bypass(url.host):
        return None
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if proxy is not None and not proxy.startswith(("http://", "https://")):
        raise httpx.ProxyError("the proxy in the environment must be an http:// or https:// one")
    return proxy
