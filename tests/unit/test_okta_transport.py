"""The transport and the sessions over it, against a server of raw bytes on this machine."""

import asyncio
import gc
import gzip
import logging
import ssl
import sys
import time
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from okta_rotator.api.conditions import Reason
from okta_rotator.api.connection import ConnectionSpec
from okta_rotator.okta.auth import ApiTokenSignIn
from okta_rotator.okta.client import OktaClient
from okta_rotator.okta.errors import (
    NoAnswerError,
    NotOktaError,
    NotSentError,
    RefusedError,
)
from okta_rotator.okta.sessions import Sessions
from okta_rotator.okta.transport import LARGEST_BODY, AiohttpTransport, translated
from okta_rotator.okta.urls import DEFAULT_DOMAINS
from okta_rotator.rotation.access import Access, ApiTokenCredentials, ServiceAppCredentials
from okta_rotator.rotation.values import SecretValue
from tests.unit.okta_org import APP_ID, SECRET_ID, TOKEN, VALUE

Say = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Answers each request as it is told, and keeps the heads of the requests."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self.heads: list[str] = []
        self.url = ""

    @asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["Server"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                self.heads.append(head)
                await self._say(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def saying(body: bytes, *headers: str, status: str = "200 OK") -> Say:
    head = "\r\n".join([f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""])

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(head.encode() + body)
        await writer.drain()

    return say


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def babble(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/9 nonsense\r\n\r\n")
    await writer.drain()


@asynccontextmanager
async def client_of(url: str, deadline: float = 5) -> AsyncIterator[OktaClient]:
    transport = AiohttpTransport()
    try:
        yield OktaClient(
            url,
            ApiTokenSignIn(TOKEN),
            transport,
            now=lambda: datetime.now(UTC),
            deadline=deadline,
        )
    finally:
        await transport.aclose()


@pytest.fixture(autouse=True)
def without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


async def test_the_deadline_holds_against_an_answer_in_drips() -> None:
    async with Server(drip).running() as server, client_of(server.url, 0.3) as okta:
        began = time.monotonic()
        with pytest.raises(NoAnswerError) as caught:
            await okta.create_secret(APP_ID, VALUE)
    assert time.monotonic() - began < 10  # The drips alone would take half an hour.
    assert caught.value.trouble.may_have_landed


async def test_a_port_on_which_nobody_listens_was_sent_nothing() -> None:
    async with Server(hang_up).running() as server:
        pass
    async with client_of(server.url) as okta:
        with pytest.raises(NotSentError) as caught:
            await okta.create_secret(APP_ID, VALUE)
    assert not caught.value.trouble.may_have_landed


@pytest.mark.parametrize("say", [hang_up, babble])
async def test_a_broken_answer_to_a_delete_is_told_and_not_repeated(say: Say) -> None:
    async with Server(say).running() as server, client_of(server.url) as okta:
        with pytest.raises(NoAnswerError) as caught:
            await okta.delete_secret(APP_ID, SECRET_ID)
    assert caught.value.trouble.may_have_landed
    assert len(server.heads) == 1


async def test_a_body_without_end_is_not_read() -> None:
    body = b" " * (LARGEST_BODY + 1)
    async with Server(saying(body)).running() as server, client_of(server.url) as okta:
        with pytest.raises(NoAnswerError):
            await okta.create_secret(APP_ID, VALUE)


async def test_a_compressed_body_is_read() -> None:
    say = saying(gzip.compress(b"[]"), "Content-Encoding: gzip")
    async with Server(say).running() as server, client_of(server.url) as okta:
        assert await okta.list_secrets(APP_ID) == ()
    assert "accept-encoding: identity" in server.heads[0].lower()


async def test_neither_cookies_nor_redirects_are_followed() -> None:
    say = saying(b"", "Set-Cookie: JSESSIONID=1", "Location: /elsewhere", status="302 Found")
    async with Server(say).running() as server, client_of(server.url) as okta:
        for _ in range(2):
            with pytest.raises(NotOktaError):
                await okta.list_secrets(APP_ID)
    assert len(server.heads) == 2
    assert "cookie" not in "".join(server.heads).lower()


async def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Server(saying(b"[]")).running() as proxy, client_of("http://acme.test") as okta:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert await okta.list_secrets(APP_ID) == ()
    assert proxy.heads[0].startswith("GET http://acme.test/api/v1/apps/")


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY"])
async def test_a_proxy_for_https_is_asked_for_a_tunnel_and_told_no_credentials(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    refusing = saying(b"", status="403 Forbidden")
    async with Server(refusing).running() as proxy, client_of("https://acme.test") as okta:
        monkeypatch.setenv(name, proxy.url)
        with pytest.raises(NotSentError):
            await okta.create_secret(APP_ID, VALUE)
    assert proxy.heads[0].startswith("CONNECT acme.test:443 ")
    assert "authorization" not in proxy.heads[0].lower()


async def test_a_proxy_that_refuses_its_own_password_is_told_without_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    refusing = saying(b"", status="407 Proxy Authentication Required")
    async with Server(refusing).running() as proxy, client_of("https://acme.test") as okta:
        monkeypatch.setenv("https_proxy", proxy.url.replace("//", "//user:p@ss,word@"))
        with pytest.raises(NotSentError, match="407") as caught:
            await okta.list_secrets(APP_ID)
    shown = caplog.text + str(caught.value) + repr(caught.value.__cause__)
    assert "word" not in shown


@pytest.mark.parametrize("name", ["all_proxy", "ALL_PROXY"])
async def test_a_proxy_for_everything_is_used_where_none_is_named_for_the_scheme(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    async with Server(saying(b"[]")).running() as proxy:
        monkeypatch.setenv(name, proxy.url)
        async with client_of("http://acme.test") as okta:
            await okta.list_secrets(APP_ID)
        assert proxy.heads[0].startswith("GET http://acme.test/api/v1/apps/")
        async with Server(saying(b"[]")).running() as own, client_of("http://acme.test") as okta:
            monkeypatch.setenv("http_proxy", own.url)
            await okta.list_secrets(APP_ID)
        assert len(proxy.heads) == len(own.heads) == 1
        monkeypatch.setenv("no_proxy", "acme.test")
        async with client_of("http://acme.test") as okta:
            with pytest.raises(NotSentError):
                await okta.list_secrets(APP_ID)
        assert len(proxy.heads) == 1


async def test_a_host_that_needs_no_proxy_is_not_asked_for_through_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Server(saying(b"[]")).running() as proxy, client_of("http://acme.test") as okta:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "example.com,acme.test")
        with pytest.raises(NotSentError):
            await okta.list_secrets(APP_ID)
    assert proxy.heads == []


async def test_a_proxy_of_another_kind_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "socks5://user:password@127.0.0.1:1")
    async with client_of("http://acme.test") as okta:
        with pytest.raises(NotSentError, match="proxy") as caught:
            await okta.create_secret(APP_ID, VALUE)
    assert "password" not in str(caught.value)


async def test_loopback_needs_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with Server(saying(b"[]")).running() as server, client_of(server.url) as okta:
        assert await okta.list_secrets(APP_ID) == ()


@pytest.mark.parametrize("say", [hang_up, babble, saying(b"<html>")])
async def test_no_error_holds_what_was_sent(say: Say, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with Server(say).running() as server, client_of(server.url) as okta:
        with pytest.raises((NoAnswerError, NotOktaError)) as caught:
            await okta.create_secret(APP_ID, VALUE)
    error: BaseException | None = caught.value
    shown = [caplog.text]
    while error is not None:
        shown += [repr(error), str(error), repr(error.args)]
        error = error.__cause__ or error.__context__
    assert TOKEN.reveal() not in "".join(shown)
    assert VALUE.reveal() not in "".join(shown)


def errors_below(kind: type[Exception]) -> list[type[Exception]]:
    return [kind, *(deep for sub in kind.__subclasses__() for deep in errors_below(sub))]


@pytest.mark.parametrize(
    "kind", [kind for kind in errors_below(aiohttp.ClientError) if "aiohttp" in kind.__module__]
)
def test_every_error_of_aiohttp_is_translated(kind: type[Exception]) -> None:
    # Their constructors want connections and requests, and their texts show those.
    bare: Any = type("Bare", (kind,), {"__str__": lambda self: "text"})
    error = bare.__new__(bare)
    is_before_sending = issubclass(
        kind,
        aiohttp.ClientConnectorError
        | aiohttp.ConnectionTimeoutError
        | aiohttp.ClientHttpProxyError,
    )

    ours = translated(error)

    assert isinstance(ours, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError) == (
        is_before_sending
    )


def spec_of(url: str) -> ConnectionSpec:
    return ConnectionSpec.model_validate(
        {
            "instanceUrl": url,
            "method": "api-token",
            "apiToken": {"secretRef": {"name": "okta", "key": "apiToken"}},
        }
    )


def sessions(allow_insecure: bool = False) -> Sessions:
    return Sessions(
        domains=DEFAULT_DOMAINS,
        allow_insecure=allow_insecure,
        now=lambda: datetime.now(UTC),
        on_call=lambda endpoint, status, seconds: None,
    )


async def test_a_session_is_opened_at_an_address_that_is_allowed() -> None:
    async with Server(saying(b"{}")).running() as server:
        opened = sessions(allow_insecure=True)
        opened.check_address(spec_of(server.url))
        await opened.connect(replace(ACCESS, instance_url=server.url), "uid").check_sign_in()
        await opened.close()
    assert f"authorization: SSWS {TOKEN.reveal()}" in server.heads[0]


def test_an_address_that_is_not_allowed_is_refused() -> None:
    with pytest.raises(RefusedError) as caught:
        sessions().check_address(spec_of("https://acme.example.com"))
    assert caught.value.trouble.reason is Reason.HOST_NOT_ALLOWED


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "ü" * 42, "00Q" * 400])
def test_a_text_that_is_no_token_is_refused_unseen(token: str) -> None:
    with pytest.raises(RefusedError) as caught:
        sessions().connect(
            Access("https://acme.okta.com", ApiTokenCredentials(SecretValue(token))), "uid"
        )
    assert caught.value.trouble.reason is Reason.INVALID_TOKEN
    assert not token or token not in str(caught.value)


ACCESS = Access("https://acme.okta.com", ApiTokenCredentials(TOKEN))
KEYS = SecretValue(ECKey.generate_key("P-256").as_pem(private=True).decode())


async def test_the_same_access_is_the_same_client_as_long_as_it_is_held() -> None:
    opened = sessions()
    first = opened.connect(ACCESS, "uid")
    same = Access("https://acme.okta.com", ApiTokenCredentials(SecretValue(TOKEN.reveal())))

    assert opened.connect(same, "uid") is first
    others = [
        replace(ACCESS, instance_url="https://other.okta.com"),
        replace(ACCESS, credentials=ApiTokenCredentials(SecretValue("00Qanother"))),
        replace(ACCESS, credentials=ServiceAppCredentials("0oa1", KEYS)),
        replace(ACCESS, max_utilization_percent=50),
    ]
    assert all(opened.connect(other, "uid") is not first for other in others)
    gone = weakref.ref(first)
    del first
    gc.collect()
    assert gone() is None


NEARLY_USED_UP = (
    "X-Rate-Limit-Limit: 10",
    "X-Rate-Limit-Remaining: 2",
    "X-Rate-Limit-Reset: 1767225660",
    "Date: Thu, 01 Jan 2026 00:00:00 GMT",
)


async def test_what_is_known_of_the_limits_outlives_the_credentials() -> None:
    """A window of Okta's that is used up is not open again for another key."""
    async with Server(saying(b"{}", *NEARLY_USED_UP)).running() as server:
        opened, first = sessions(allow_insecure=True), replace(ACCESS, instance_url=server.url)
        held = opened.connect(first, "uid")
        await held.check_sign_in()

        async def has_to_wait(key: str, connection: str, percent: int = 80) -> bool:
            credentials = ApiTokenCredentials(SecretValue(key))
            access = replace(first, credentials=credentials, max_utilization_percent=percent)
            try:
                async with asyncio.timeout(0.3):
                    await opened.connect(access, connection).check_sign_in()
            except TimeoutError:
                return True
            return False

        assert await has_to_wait("00Qanother", "uid")
        assert not await has_to_wait("00Qtheirs", "another-uid")
        assert not await has_to_wait("00Qmore", "uid", percent=100), "a change of the share counts"
        opened.forget("uid")
        assert not await has_to_wait("00Qnew", "uid")
        await opened.close()


def test_a_secret_without_a_private_key_is_refused_unseen() -> None:
    credentials = ServiceAppCredentials("0oa1", SecretValue("00Q-an-api-token"))
    with pytest.raises(RefusedError, match="no usable private key") as caught:
        sessions().connect(replace(ACCESS, credentials=credentials), "uid")
    assert caught.value.trouble.reason is Reason.INVALID_TOKEN
    assert "00Q" not in str(caught.value)


def test_credentials_are_not_shown() -> None:
    service_app = replace(ACCESS, credentials=ServiceAppCredentials("0oa1", KEYS))

    assert TOKEN.reveal() not in repr(ACCESS)
    assert KEYS.reveal()[40:60] not in repr(service_app)


@pytest.mark.parametrize("text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA", "ü"])
def test_a_bundle_without_a_certificate_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="caBundle") as caught:
        sessions().connect(replace(ACCESS, ca_bundle=text), "uid")
    assert caught.value.trouble.reason is Reason.INVALID_SPEC


def certificate_for(host: str) -> tuple[str, str]:
    """A certificate that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), False)
        .add_extension(x509.BasicConstraints(True, 0), True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(pem).decode(), private.decode()


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_a_bundle_decides_whom_to_trust(is_trusted: bool, tmp_path: Path) -> None:
    certificate, key = certificate_for("127.0.0.1")
    stranger, _ = certificate_for("127.0.0.1")
    file = tmp_path / "server.pem"
    file.write_text(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    bundle = certificate if is_trusted else stranger
    async with Server(saying(b"[]")).running(context) as server:
        opened = sessions(allow_insecure=True)
        okta = opened.connect(replace(ACCESS, instance_url=server.url, ca_bundle=bundle), "uid")
        if is_trusted:
            assert await okta.list_secrets(APP_ID) == ()
        else:
            with pytest.raises(NotSentError, match="certificate"):
                await okta.list_secrets(APP_ID)
        await opened.close()


async def test_bundles_that_nobody_trusts_any_more_leave_nothing_behind() -> None:
    """A connection whose caBundle is edited again and again, beside one that stays."""
    opened = sessions()
    stays = opened.connect(ACCESS, "stays")
    for _ in range(5):
        bundle, _ = certificate_for("127.0.0.1")
        held = opened.connect(replace(ACCESS, ca_bundle=bundle), "edited")
        gc.collect()
    assert len(opened._transports) == 3, "the usual one, the present one and the one before"
    assert held is not stays
    await opened.close()
    assert not opened._closing


async def test_only_who_signs_in_by_a_key_pays_for_the_library() -> None:
    script = (
        "import sys, okta_rotator.runtime; "
        "sys.exit('joserfc' in sys.modules or 'cryptography' in sys.modules)"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script)
    assert await process.wait() == 0
