"""Connections on a real API server and the emulator of Okta: their status, as it is written."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from okta_rotator.api.names import CONNECTION_PLURAL
from okta_rotator.cluster.credentials_watch import CredentialsWatch
from okta_rotator.cluster.events import EventPoster
from okta_rotator.cluster.kube_api import KubeApi
from okta_rotator.cluster.resources import list_bodies, rotation_resource
from okta_rotator.connections import entry
from okta_rotator.connections.book import ConnectionBook
from okta_rotator.okta.sessions import Sessions
from okta_rotator.okta.urls import DEFAULT_DOMAINS
from okta_rotator.rotation.snapshot import Key, Resource
from tests.cluster.kube import configuration_of
from tests.controlplane import ControlPlane
from tests.emulator_client import EmulatorClient
from tests.resources import CREATED, Json, connection, rotation
from tests.waiting import until

HOME = "okta-rotator-system"

pytestmark = pytest.mark.usefixtures("crds")


class Bench:
    def __init__(
        self, control_plane: ControlPlane, namespace: str, okta: EmulatorClient, api: KubeApi
    ) -> None:
        self.control_plane = control_plane
        self.namespace = namespace
        self.okta = okta
        self.api = api
        self.news: list[Key] = []
        self.sessions = Sessions(
            domains=DEFAULT_DOMAINS, allow_insecure=True, now=_now, on_call=lambda *_: None
        )
        self.events = EventPoster(api, _now)
        self.book = ConnectionBook(
            api,
            self.sessions,
            self.events,
            _now,
            self.news.append,
            home=HOME,
            labels=None,
        )

    async def kubectl(self, *args: str, input: str | None = None) -> str:
        done = await asyncio.to_thread(
            self.control_plane.kubectl, "-n", self.namespace, *args, input=input
        )
        return done.stdout

    async def put_token(self, token: str) -> None:
        literal = f"--from-literal=apiToken={token}"
        args = ["create", "secret", "generic", "okta-api-token", literal, "--dry-run=client"]
        await self.kubectl("apply", "-f", "-", input=await self.kubectl(*args, "-o", "yaml"))

    async def connect(self, url: str | None = None) -> None:
        """Make the connection, and have the operator see it."""
        body = connection({"spec.instanceUrl": url or self.okta.base_url})
        await self.kubectl("apply", "-f", "-", input=json.dumps(body))
        await self.see()

    async def see(self) -> None:
        for body in await list_bodies(self.api, CONNECTION_PLURAL, [self.namespace]):
            self.book.saw(body)

    def rotation(self) -> Resource:
        """One that names the connection."""
        made = rotation()
        known = {"namespace": self.namespace, "uid": "u", "creationTimestamp": CREATED}
        made["metadata"] |= known | {"resourceVersion": "1"}
        return rotation_resource(made)

    async def body(self) -> Json:
        args = ["get", "oktaconn", "my-connection", "-o", "json", "--show-managed-fields"]
        return dict(json.loads(await self.kubectl(*args)))

    async def ready(self) -> Json:
        conditions = (await self.body()).get("status", {}).get("conditions", ())
        return next((dict(one) for one in conditions if one["type"] == "Ready"), {})

    async def until_ready(self, status: str, reason: str) -> Json:
        async with asyncio.timeout(8):
            while True:
                ready = await self.ready()
                if (ready.get("status"), ready.get("reason")) == (status, reason):
                    return ready
                await asyncio.sleep(0.1)


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def bench(
    control_plane: ControlPlane,
    namespace: str,
    okta_emulator: EmulatorClient,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Bench]:
    monkeypatch.setattr(entry, "FIRST_RETRY", timedelta(seconds=0.3))
    api = KubeApi(await configuration_of(control_plane))
    made = Bench(control_plane, namespace, okta_emulator, api)
    watch = CredentialsWatch(api, namespace, made.book.secrets, made.book.secret_is)
    works = (made.book.queue.run(), made.events.run(), watch.run())
    tasks = [asyncio.create_task(work) for work in works]
    await watch.has_begun.wait()
    yield made
    assert not any(task.done() for task in tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await made.sessions.close()
    await api.close()
    # TLS says goodbye in the background where a watch was broken off.
    await asyncio.sleep(0.1)


async def test_a_connection_that_works(bench: Bench, okta_token: str) -> None:
    await bench.put_token(okta_token)
    await bench.connect()
    ready = await bench.until_ready("True", "Connected")
    body = await bench.body()
    status = body["status"]
    assert ready["observedGeneration"] == status["observedGeneration"] == 1
    assert status["orgId"]
    assert status["orgHost"]
    assert status["method"] == "api-token"
    assert status["lastCheckedAt"]
    owners = [one for one in body["metadata"]["managedFields"] if one.get("subresource")]
    assert [(one["manager"], one["operation"]) for one in owners] == [("okta-rotator", "Update")]
    # Its own write comes back as an event, and is not worth a check.
    version = body["metadata"]["resourceVersion"]
    await bench.see()
    await asyncio.sleep(0.3)
    assert (await bench.body())["metadata"]["resourceVersion"] == version


async def test_a_secret_that_comes_late(bench: Bench, okta_token: str) -> None:
    await bench.connect()
    ready = await bench.until_ready("False", "SecretNotFound")
    await follow(bench, ready["message"], okta_token)
    await bench.until_ready("True", "Connected")
    await until(lambda: len(bench.news) == 2)
    await asyncio.wait_for(bench.events.drained(), 5)
    events = json.loads(await bench.kubectl("get", "events", "-o", "json"))["items"]
    told = [(one["reason"], one["type"], one["involvedObject"]["kind"]) for one in events]
    assert sorted(told) == [
        ("Connected", "Normal", "OktaConnection"),
        ("SecretNotFound", "Warning", "OktaConnection"),
    ]


async def test_a_secret_that_lacks_the_key_is_kept_and_given_it(
    bench: Bench, okta_token: str
) -> None:
    """A command that creates the Secret would be refused: there is one."""
    await bench.kubectl(
        "create", "secret", "generic", "okta-api-token", "--from-literal=other=kept"
    )
    await bench.connect()
    ready = await bench.until_ready("False", "SecretNotFound")
    assert "the key apiToken of the Secret okta-api-token" in ready["message"]
    await follow(bench, ready["message"], okta_token)
    await bench.until_ready("True", "Connected")
    data = json.loads(await bench.kubectl("get", "secret", "okta-api-token", "-o", "json"))["data"]
    assert sorted(data) == ["apiToken", "other"]


async def follow(bench: Bench, message: str, token: str) -> None:
    """Do what the message advises."""
    command = message.partition("kubectl ")[2].replace("<token>", token)
    await bench.kubectl(*shlex.split(command))


async def test_a_token_that_okta_refuses_and_one_that_it_takes(
    bench: Bench, okta_token: str
) -> None:
    await bench.put_token("00Qnobody-knows-this")
    await bench.connect()
    ready = await bench.until_ready("False", "InvalidToken")
    assert "00Qnobody" not in json.dumps(await bench.body())
    await bench.put_token(okta_token)
    again = await bench.until_ready("True", "Connected")
    assert again["lastTransitionTime"] >= ready["lastTransitionTime"]


async def test_a_token_that_is_replaced_while_it_works_is_taken_up_at_once(bench: Bench) -> None:
    old, new = bench.okta.add_token(), bench.okta.add_token()
    await bench.put_token(old)
    await bench.connect()
    await bench.until_ready("True", "Connected")
    written = (await bench.body())["metadata"]["resourceVersion"]
    await bench.kubectl("create", "secret", "generic", "other", "--from-literal=a=1")
    await bench.put_token(new)
    await until(lambda: len(bench.news) == 2)
    bench.okta.remove_token(old)
    await bench.book.okta_of(bench.rotation()).list_secrets(bench.okta.make_app()["id"])
    assert (await bench.body())["metadata"]["resourceVersion"] == written
    await bench.put_token("00Qnobody-knows-this")
    await bench.until_ready("False", "InvalidToken")
    await bench.kubectl("delete", "secret", "okta-api-token")
    await bench.until_ready("False", "SecretNotFound")


async def test_a_host_that_is_not_allowed_gets_no_token(bench: Bench, okta_token: str) -> None:
    await bench.put_token(okta_token)
    await bench.connect("https://okta.com.evil.example")
    ready = await bench.until_ready("False", "HostNotAllowed")
    assert "--okta-domain" in ready["message"]


async def test_an_org_that_cannot_be_reached(bench: Bench, okta_token: str) -> None:
    await bench.put_token(okta_token)
    await bench.connect("http://127.0.0.1:1")
    await bench.until_ready("False", "Unreachable")


async def test_a_connection_that_goes_while_it_is_checked(
    bench: Bench, okta_token: str, caplog: pytest.LogCaptureFixture
) -> None:
    await bench.put_token(okta_token)
    await bench.connect()
    await bench.until_ready("True", "Connected")
    (body,) = await list_bodies(bench.api, CONNECTION_PLURAL, [bench.namespace])
    await bench.kubectl("delete", "oktaconn", "my-connection")
    changed: dict[str, Any] = {**body, "metadata": {**body["metadata"], "generation": 2}}
    bench.book.saw(changed)
    await until(lambda: bench.book.queue.depth == 0)
    await asyncio.wait_for(bench.book.queue.drained(), 5)
    bench.book.gone(changed)
    assert not bench.book.is_known(bench.rotation())
    assert "defect" not in caplog.text


async def test_a_token_is_taken_up_as_soon_as_it_is_put_right(
    bench: Bench, okta_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "FIRST_RETRY", timedelta(minutes=5))
    await bench.connect()
    await bench.until_ready("False", "SecretNotFound")
    await bench.put_token("00Qnobody-knows-this")
    await bench.until_ready("False", "InvalidToken")
    await bench.put_token(okta_token)
    await bench.until_ready("True", "Connected")
