"""Many resources at emulated orgs that count: the operator's controller, engine and client.

Time is virtual, and Kubernetes is a dictionary; see `tests/virtual_time.py`.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import httpx

from okta_emulator import Emulator, Seed
from okta_emulator.gateway import Gateway
from okta_emulator.seed_apps import AppSeed
from okta_emulator.store import app_from
from okta_rotator.api.names import STATE_SUFFIX
from okta_rotator.api.rotation import RotationStatus
from okta_rotator.cluster.resources import rotation_resource
from okta_rotator.controller import Controller
from okta_rotator.neighbours import Neighbourhood
from okta_rotator.okta.auth import ApiTokenSignIn
from okta_rotator.okta.client import OktaClient
from okta_rotator.okta.governor import Governor
from okta_rotator.rotation.engine import Engine
from okta_rotator.rotation.snapshot import Connection, Draw, Resource, SecretObject
from okta_rotator.rotation.target import TargetChange
from okta_rotator.rotation.turns import turn_of
from okta_rotator.rotation.values import RANDOM_BYTES, SecretValue
from okta_rotator.telemetry.metrics import Metrics
from tests.resources import Json, changed, rotation
from tests.unit.rotation.fake_cluster import FakeCluster
from tests.unit.rotation.faults import Clock, Wire

BASE = "http://127.0.0.1:8080"
TOKEN = "00Q-a-token-of-our-own"
START = datetime(2026, 1, 2, 3, 4, 5, 670_000, tzinfo=UTC)
LATENCY = timedelta(milliseconds=100)
PERCENT = 80


def now() -> float:
    return asyncio.get_running_loop().time()


def clock() -> datetime:
    return START + timedelta(seconds=now())


class Org:
    """An emulated org with the client of one connection, which is named as the org is."""

    def __init__(self, name: str, **limits: int) -> None:
        self.name = name
        seed = {"tokens": [{"value": TOKEN}], "rateLimits": limits}
        self.emulator = Emulator(Seed.model_validate(seed), clock=clock, latency=LATENCY)
        self.calls: Counter[str] = Counter()
        self.refused = 0
        self.client = OktaClient(
            BASE,
            ApiTokenSignIn(SecretValue(TOKEN)),
            httpx.ASGITransport(Gateway(self.emulator)),
            now=clock,
            governor=Governor(PERCENT),
            on_call=self._note,
        )

    def _note(self, endpoint: str, status: int | None, seconds: float) -> None:
        self.calls[endpoint] += 1
        self.refused += status == 429

    def add_app(self, app_id: str, **fields: Any) -> None:
        seed = AppSeed.model_validate({"id": app_id, **fields})
        self.emulator.store.put_app(app_from(seed, self.emulator.names, clock()))


class Cluster:
    """Implements `ClusterPort` over a small cluster for each resource."""

    def __init__(self) -> None:
        self._parts: dict[str, FakeCluster] = {}
        self.rotated: list[tuple[str, float]] = []
        """Which resource, and when that was reported."""
        self.has_rotated = asyncio.Event()

    def add(self, resource: Resource) -> None:
        self._parts[resource.key.name] = FakeCluster(Wire(Clock(), lambda: None), resource)

    def resource(self, name: str) -> Resource:
        return self._parts[name].resource

    def change(self, resource: Resource) -> Resource:
        """Another hand's change."""
        part = self._parts[resource.key.name]
        part.change_resource(resource)
        return part.resource

    def _of(self, name: str) -> FakeCluster:
        return self._parts[name.removesuffix(STATE_SUFFIX)]

    async def read_secret(self, namespace: str, name: str) -> SecretObject | None:
        return await self._of(name).read_secret(namespace, name)

    async def create_state(self, resource: Resource, data: Mapping[str, str]) -> SecretObject:
        return await self._of(resource.key.name).create_state(resource, data)

    async def replace_state(
        self, secret: SecretObject, resource: Resource, data: Mapping[str, str]
    ) -> SecretObject:
        return await self._of(resource.key.name).replace_state(secret, resource, data)

    async def write_target(self, resource: Resource, change: TargetChange) -> SecretObject:
        return await self._of(resource.key.name).write_target(resource, change)

    async def delete_secret(self, secret: SecretObject) -> None:
        await self._of(secret.name).delete_secret(secret)

    async def read_resource(self, resource: Resource) -> Resource | None:
        return await self._of(resource.key.name).read_resource(resource)

    async def write_status(self, resource: Resource, status: RotationStatus) -> Resource:
        name = resource.key.name
        if status.last_rotated_at != self.resource(name).status.last_rotated_at:
            self.rotated.append((name, now()))
            self.has_rotated.set()
        return await self._of(name).write_status(resource, status)

    def tell(self, resource: Resource, notice: object) -> None:
        """To nobody."""


class Crowd:
    """An operator, and what it looks after.

    Stands for the connections, which are ready, unless they are given.
    """

    def __init__(self, orgs: Iterable[Org], workers: int, connections: Any = None) -> None:
        connections = connections or self
        self.orgs = list(orgs)
        self._orgs = {org.name: org for org in self.orgs}
        self._draws = count(1)
        self._bodies: dict[str, Json] = {}
        self.cluster = Cluster()
        neighbours = Neighbourhood(connections, lambda key: self.controller.wake(key))
        self.controller = Controller(
            Engine(self.cluster, connections, neighbours, clock, self._draw),
            connections,
            Metrics(),
            neighbours,
            lambda key, name: None,
            workers=workers,
            now=clock,
        )

    def add(
        self,
        org: Org,
        name: str,
        namespace: str = "team-a",
        *,
        minute: int = 0,
        days: int = 1,
        recheck: str = "720h",
    ) -> None:
        """A resource, rotated every so many days at that minute after midnight."""
        app_id = f"0oa1nkheCu{name.replace('-', 'X'):0>10}"
        org.add_app(app_id, secrets=[])
        changes = {
            "metadata.namespace": namespace,
            "metadata.uid": f"uid-of-{name}",
            "metadata.generation": 1,
            "metadata.resourceVersion": "1",
            "metadata.creationTimestamp": f"{START:%Y-%m-%dT%H:%M:%SZ}",
            "spec.connection.name": org.name,
            "spec.parameters.clientId": app_id,
            "spec.rotationInterval": days,
            "spec.rotateAtUtc": {"hours": 0, "minutes": minute},
            "spec.verification": {"recheckInterval": recheck},
        }
        self._bodies[name] = rotation(changes, name)
        self.cluster.add(rotation_resource(self._bodies[name]))
        self.controller.saw(self._bodies[name])

    def deleted(self, name: str) -> Json:
        """A person deletes the resource; what is left of it until we let it go."""
        return self._changed(name, {"metadata.deletionTimestamp": "2026-02-01T00:00:00Z"})

    def rename_key(self, name: str, key: str) -> None:
        """A person has the client secret published under another key."""
        changes = {"metadata.generation": 2, "spec.secretsMapping.clientSecret": key}
        self.controller.saw(self._changed(name, changes))

    def _changed(self, name: str, changes: Json) -> Json:
        body = changed(self._bodies[name], changes)
        known = self.cluster.resource(name)
        resource = self.cluster.change(replace(rotation_resource(body), status=known.status))
        return changed(body, {"metadata.resourceVersion": resource.resource_version})

    async def until_rotated(self, names: Iterable[str], times: int) -> None:
        """Wait until each of these has been rotated so often."""
        while True:
            done = Counter(name for name, _ in self.cluster.rotated)
            if all(done[name] >= times for name in names):
                return
            self.cluster.has_rotated.clear()
            await self.cluster.has_rotated.wait()

    def _draw(self) -> Draw:
        number = next(self._draws)
        return Draw(f"job-{number}", Random(number).randbytes(RANDOM_BYTES))

    # As the connections

    def connection_of(self, resource: Resource) -> Connection:
        name = resource.sound_spec.connection.name
        org_id = self._orgs[name].emulator.store.org.id
        return Connection(name, f"uid-of-{name}", org_id, None)

    def okta_of(self, resource: Resource) -> OktaClient:
        client = self._orgs[resource.sound_spec.connection.name].client
        return client.in_turn(turn_of(resource))

    def is_settled(self, which: object) -> bool:
        return True
