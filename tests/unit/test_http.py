"""The HTTP server of the process: its answers, its port, its end."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from okta_rotator.telemetry import http as module
from okta_rotator.telemetry.http import HttpServer
from tests.waiting import until


class Process:
    """What the server tells of."""

    def __init__(self) -> None:
        self.fault: str | None = None
        self.unready: str | None = None
        self.server = HttpServer(
            live=lambda: self.fault,
            ready=lambda: self.unready,
            metrics=lambda accept: (b"okta_rotator_build_info 1.0\n", f"text/{accept}"),
        )


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    made = Process()
    yield made
    await made.server.stop()


async def get(port: int, path: str, host: str = "127.0.0.1") -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(f"http://{host}:{port}{path}")


async def test_probes_answer_by_what_is_wrong(process: Process) -> None:
    port = await process.server.start(0)
    assert (await get(port, "/livez")).status_code == 200
    assert (await get(port, "/readyz")).text == "ok\n"
    process.fault, process.unready = "no heartbeat", "starting"
    for path, text in (("/livez", "no heartbeat\n"), ("/readyz", "starting\n")):
        answer = await get(port, path)
        assert (answer.status_code, answer.text) == (503, text)
    assert (await get(port, "/metrics")).status_code == 200


async def test_metrics_are_in_the_format_of_prometheus(process: Process) -> None:
    url = f"http://127.0.0.1:{await process.server.start(0)}/metrics"
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(url, headers={"Accept": "asked-for"})
    assert answer.headers["content-type"] == "text/asked-for"
    assert answer.text == "okta_rotator_build_info 1.0\n"


async def test_there_is_nothing_else(process: Process) -> None:
    port = await process.server.start(0)
    assert (await get(port, "/")).status_code == 404
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.post(f"http://127.0.0.1:{port}/livez")).status_code == 405


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 on this machine")
async def test_it_listens_on_both_families(process: Process) -> None:
    port = await process.server.start(0)
    assert (await get(port, "/livez", "[::1]")).status_code == 200


async def test_it_listens_without_ipv6(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    assert (await get(await process.server.start(0), "/livez")).status_code == 200


async def test_a_port_that_is_taken_is_an_os_error(process: Process) -> None:
    port = await process.server.start(0)
    other = Process()
    with pytest.raises(OSError, match="in use"):
        await other.server.start(port)
    await other.server.stop()


async def test_no_connection_is_kept_whose_task_kopf_would_wait_for(process: Process) -> None:
    port = await process.server.start(0)
    before = asyncio.all_tasks()
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{port}/metrics")
        assert answer.headers["connection"] == "close"
        await until(lambda: asyncio.all_tasks() == before)


async def test_answers_are_not_held_back(process: Process) -> None:
    """Each that waited for the acknowledgement of its first half would take 40 ms or more."""
    port = await process.server.start(0)
    took = []
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(40):
            since = time.monotonic()
            await client.get(f"http://127.0.0.1:{port}/metrics")
            took.append(time.monotonic() - since)
    assert min(took) < 0.04


async def test_a_client_that_does_not_read_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PATIENCE_AT_THE_END", 0.2)
    large = (b"x" * 50_000_000, "text/plain")
    server = HttpServer(live=lambda: None, ready=lambda: None, metrics=lambda accept: large)
    reader, writer = await asyncio.open_connection("127.0.0.1", await server.start(0))
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readline()
    await asyncio.wait_for(server.stop(), 3)
    writer.close()


async def test_stopping_what_never_started_does_no_harm() -> None:
    await Process().server.stop()
