"""The proxy itself, between a plain client and the real neighbours."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncGenerator, Iterator

import httpx
import pytest

from tests.chaos.proxy import Answer, Exchange, Proxies, Proxy, Reset
from tests.controlplane import ControlPlane
from tests.emulator_client import EmulatorClient


@pytest.fixture(scope="module")
def proxies() -> Iterator[Proxies]:
    with Proxies() as running:
        yield running


@pytest.fixture
def okta(proxies: Proxies, okta_emulator: EmulatorClient) -> Proxy:
    return proxies.to(okta_emulator.base_url)


@pytest.fixture
def kube(proxies: Proxies, control_plane: ControlPlane) -> Proxy:
    return proxies.to(control_plane.server_url, control_plane.credentials.authority)


def client_of(proxy: Proxy, token: str) -> httpx.Client:
    headers = {"Authorization": token}
    return httpx.Client(base_url=proxy.url, headers=headers, timeout=10, trust_env=False)


@pytest.fixture
def caller(okta: Proxy, okta_token: str) -> Iterator[httpx.Client]:
    with client_of(okta, f"SSWS {okta_token}") as client:
        yield client


@pytest.fixture
def secrets(okta_emulator: EmulatorClient) -> str:
    """The path of the secrets of an app without any."""
    return f"/api/v1/apps/{okta_emulator.make_app(secrets=[])['id']}/credentials/secrets"


def test_it_passes_on_a_request_and_its_answer(caller: httpx.Client, secrets: str) -> None:
    made = caller.post(secrets, json={"client_secret": "a-long-enough-secret"})
    assert made.status_code == 201
    assert [one["id"] for one in caller.get(secrets).json()] == [made.json()["id"]]


def test_a_hook_sees_the_request_and_may_answer_itself(
    okta: Proxy, caller: httpx.Client, secrets: str
) -> None:
    seen = []

    async def refuse(exchange: Exchange) -> Answer:
        seen.append((exchange.method, exchange.path, dict(exchange.query), exchange.body))
        return Answer(503, b"away", {"Retry-After": "7"})

    okta.hook = refuse
    answer = caller.post(secrets, params={"a": "b"}, content=b"{}")
    assert (answer.status_code, answer.text, answer.headers["Retry-After"]) == (503, "away", "7")
    assert seen == [("POST", secrets, {"a": "b"}, b"{}")]


def test_a_connection_can_be_reset_before_and_after_the_effect(
    okta: Proxy, okta_emulator: EmulatorClient, caller: httpx.Client, secrets: str
) -> None:
    async def reset_before(exchange: Exchange) -> Answer:
        raise Reset

    async def reset_after(exchange: Exchange) -> Answer:
        await exchange.forward()
        raise Reset

    app_id = secrets.split("/")[4]
    for hook, made in ((reset_before, 0), (reset_after, 1)):
        okta.hook = hook
        with pytest.raises(httpx.ReadError):
            caller.post(secrets, json={})
        assert len(okta_emulator.app_state(app_id)["secrets"]) == made


def test_a_request_is_held_until_the_gate_opens(
    proxies: Proxies, okta: Proxy, caller: httpx.Client, secrets: str
) -> None:
    gate, arrived, answers = proxies.gate(), threading.Event(), []

    async def hold(exchange: Exchange) -> Answer:
        arrived.set()
        await gate.opened()
        return await exchange.forward()

    okta.hook = hold
    caller_thread = threading.Thread(target=lambda: answers.append(caller.get(secrets)))
    caller_thread.start()
    assert arrived.wait(5)
    assert answers == []
    gate.open()
    caller_thread.join(5)
    assert answers[0].json() == []


def test_a_watch_comes_line_by_line_and_a_hook_may_drop_events(
    kube: Proxy, control_plane: ControlPlane, namespace: str
) -> None:
    async def all_but_hidden(exchange: Exchange) -> Answer:
        answer = await exchange.forward()
        if answer.stream is not None:
            answer.stream = without(b"hidden", answer.stream)
        return answer

    kube.hook = all_but_hidden
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    with client_of(kube, f"Bearer {control_plane.credentials.token}") as client:
        version = client.get(path).json()["metadata"]["resourceVersion"]
        query = {"watch": "true", "resourceVersion": version}
        with client.stream("GET", path, params=query) as watch:
            lines = watch.iter_lines()
            for name in ("first", "hidden", "second"):
                control_plane.kubectl("-n", namespace, "create", "configmap", name)
                if name != "hidden":
                    event = json.loads(next(lines))
                    assert event["object"]["metadata"]["name"] == name


async def without(word: bytes, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async for line in stream:
        if word not in line:
            yield line
