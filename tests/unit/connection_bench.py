"""A book of connections over a Kubernetes API of one dictionary and sessions of one line."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast

from okta_rotator.api.conditions import Reason
from okta_rotator.api.connection import ConnectionSpec
from okta_rotator.cluster.resources import rotation_resource
from okta_rotator.connections.book import ConnectionBook
from okta_rotator.okta.urls import problem_with_address
from okta_rotator.rotation.access import Access, ApiTokenCredentials
from okta_rotator.rotation.okta_view import Organization
from okta_rotator.rotation.snapshot import Key, Resource
from okta_rotator.rotation.trouble import Next, PortError, Trouble
from okta_rotator.rotation.turns import OF_THE_CONNECTION, Budget, Turn
from tests.resources import (
    CREATED,
    Json,
    connection,
    rotation,
)
from tests.unit.clocks import ManualClock
from tests.unit.fake_kube import FakeKube

HOME = "okta-rotator-system"
KEY = Key("team-a", "my-connection")
ORG = Organization("00o1", "acme.okta.com")
REFUSED = Trouble(Next.PERSON, Reason.INVALID_TOKEN, "Okta does not accept the token")
DOWN = Trouble(Next.RETRY, Reason.UNREACHABLE, "no answer")


@dataclass
class Session:
    """`OktaSession` as far as a check needs it."""

    access: Access
    sessions: Sessions
    turn: Turn = OF_THE_CONNECTION

    @property
    def text(self) -> str:
        """What the Secret holds."""
        credentials = self.access.credentials
        if isinstance(credentials, ApiTokenCredentials):
            return credentials.token.reveal()
        return credentials.private_keys.reveal()

    def in_turn(self, turn: Turn) -> Any:
        return replace(self, turn=turn)

    def budgets(self) -> dict[str, Budget]:
        return {"apps": Budget(most=80, left=3, waiting=2)}

    async def read_organization(self) -> Organization:
        await self.sessions.gate.wait()
        return ORG

    async def check_sign_in(self) -> None:
        self.sessions.checks.append(self.text)
        trouble = self.sessions.refuses.get(self.text)
        if trouble is not None:
            raise PortError(trouble)


@dataclass
class Sessions:
    """`OktaSessions`, over sessions of the above."""

    refuses: dict[str, Trouble] = field(default_factory=dict)
    checks: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    forgotten: list[str] = field(default_factory=list)

    def connect(self, access: Access, connection: str) -> Any:
        return Session(access, self)

    def forget(self, connection: str) -> None:
        self.forgotten.append(connection)

    def check_address(self, spec: ConnectionSpec) -> None:
        problem = problem_with_address(spec.instance_url)
        if problem is not None:
            raise PortError(Trouble(Next.PERSON, Reason.HOST_NOT_ALLOWED, problem))


@dataclass
class Labels:
    """`NamespaceLabels` as far as a book needs it."""

    known: dict[str, dict[str, str]] = field(default_factory=dict)
    are_needed: bool = False

    def need(self) -> None:
        self.are_needed = True

    def of(self, namespace: str) -> dict[str, str] | None:
        return self.known.get(namespace)


class Bench:
    def __init__(self, *, clusterwide: bool = False) -> None:
        self.clock = ManualClock()
        self.kube = FakeKube()
        self.sessions = Sessions()
        self.sessions.gate.set()
        self.events: list[tuple[str, bool]] = []
        self.messages: list[str] = []
        self.labels = Labels()
        self.news: list[Key] = []
        self.book = ConnectionBook(
            cast(Any, self.kube),
            self.sessions,
            cast(Any, self),
            self.clock,
            self.news.append,
            home=HOME,
            labels=cast(Any, self.labels) if clusterwide else None,
        )

    def post(self, subject: object, notice: Any) -> None:
        """As `EventPoster`."""
        self.events.append((str(notice.reason), notice.is_warning))
        self.messages.append(notice.message)

    def put_token(self, token: str, version: int = 1, namespace: str = "team-a") -> None:
        self.put_secret("okta-api-token", {"apiToken": token}, version, namespace)

    def put_secret(
        self, name: str, data: dict[str, str], version: int = 1, namespace: str = "team-a"
    ) -> None:
        self.kube.objects[f"/api/v1/namespaces/{namespace}/secrets/{name}"] = {
            "metadata": {
                "name": name,
                "namespace": namespace,
                "uid": "secret-uid",
                "resourceVersion": str(version),
            },
            "data": {key: base64.b64encode(text.encode()).decode() for key, text in data.items()},
        }

    async def checked(self) -> None:
        """Let the queue come to rest."""
        for _ in range(50):
            await asyncio.sleep(0)
        await asyncio.wait_for(self.book.queue.drained(), 2)

    async def advance(self, by: timedelta) -> None:
        self.clock.now += by
        self.book.queue._heap_changed.set()
        await self.checked()

    def problem(self) -> Trouble | None:
        return self.book.connection_of(RESOURCE).problem

    def token(self) -> str:
        """That the rotations use."""
        return cast(Session, self.book.okta_of(RESOURCE)).text

    def ready(self) -> tuple[str, str]:
        """Status and reason of the condition as last written."""
        condition, *_ = self.conditions()
        assert condition["type"] == "Ready"
        return condition["status"], condition["reason"]

    def others(self) -> dict[str, str]:
        """Of the conditions beside it, the status."""
        _, *others = self.conditions()
        return {condition["type"]: condition["status"] for condition in others}

    def conditions(self) -> list[Json]:
        return list(self.kube.patched[-1][1]["/status"]["conditions"])


def body(
    uid: str = "uid-1",
    generation: int = 1,
    make: Callable[[Mapping[str, Any]], Json] = connection,
    **changes: Any,
) -> Json:
    made = make({path.replace("__", "."): value for path, value in changes.items()})
    metadata = {"namespace": "team-a", "uid": uid, "generation": generation}
    made["metadata"] |= metadata | {"resourceVersion": "1", "creationTimestamp": CREATED}
    return made


def resource(
    connection: str = "my-connection", kind: str = "OktaConnection", namespace: str = "team-a"
) -> Resource:
    made = rotation({"spec.connection": {"kind": kind, "name": connection}})
    made["metadata"] |= {
        "namespace": namespace,
        "uid": "rotation",
        "resourceVersion": "1",
        "creationTimestamp": CREATED,
    }
    return rotation_resource(made)


RESOURCE = resource()
