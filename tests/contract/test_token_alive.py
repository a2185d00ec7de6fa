"""An API token dies after 30 days without use: the connection's daily check keeps it alive.

In virtual time, with the operator's own parts; only Kubernetes is a dictionary.
"""

import asyncio
import base64
from collections import Counter
from datetime import timedelta
from typing import Any, cast

from okta_rotator.api.connection import ConnectionSpec
from okta_rotator.connections.book import ConnectionBook
from okta_rotator.okta.client import OktaClient
from okta_rotator.rotation.access import Access, ApiTokenCredentials
from tests import virtual_time
from tests.contract.crowd import START, TOKEN, Crowd, Org, clock
from tests.resources import Json, connection
from tests.unit.fake_kube import FakeKube

NAME = "my-connection"
ROTATION = "my-rotation"
SECRET = "/api/v1/namespaces/team-a/secrets/okta-api-token"
INTERVAL = 60
DAYS = 2 * INTERVAL + 2
DAY = timedelta(days=1).total_seconds()
A_LOOK = 61.0
"""Seconds in which the operator's queues look at the clock."""


class Sessions:
    """`OktaSessions` of one org, for the token that is in the Secret."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def check_address(self, spec: ConnectionSpec) -> None:
        """It is all right."""

    def connect(self, access: Access, connection: str) -> OktaClient:
        assert isinstance(access.credentials, ApiTokenCredentials)
        assert access.credentials.token.reveal() == TOKEN
        return self._org.client


class Events:
    def post(self, subject: object, notice: object) -> None:
        """To nobody."""


def book_of(org: Org) -> ConnectionBook:
    kube = FakeKube()
    token = base64.b64encode(TOKEN.encode()).decode()
    kube.objects[SECRET] = {"metadata": metadata("okta-api-token"), "data": {"apiToken": token}}
    return ConnectionBook(
        cast(Any, kube),
        cast(Any, Sessions(org)),
        cast(Any, Events()),
        clock,
        lambda key: None,
        home="okta-rotator-system",
        labels=None,
    )


def metadata(name: str) -> Json:
    created = f"{START:%Y-%m-%dT%H:%M:%SZ}"
    known = {"namespace": "team-a", "name": name, "uid": f"uid-of-{name}", "generation": 1}
    return {**known, "resourceVersion": "1", "creationTimestamp": created}


async def days_go_by(*, is_checked: bool) -> tuple[Crowd, Counter[str]]:
    """A resource that is rotated every 60 days, with and without the checks of its connection."""
    org = Org(NAME)
    book = book_of(org)
    crowd = Crowd([org], 1, connections=book)
    checks = asyncio.create_task(book.queue.run())
    rotations = asyncio.create_task(crowd.controller.queue.run())
    book.saw({**connection(), "metadata": metadata(NAME)})
    crowd.add(org, ROTATION, days=INTERVAL)
    await crowd.until_rotated([ROTATION], 1)
    if not is_checked:
        checks.cancel()
    for _ in range(DAYS):
        virtual_time.jump(DAY)
        await asyncio.sleep(A_LOOK)
    for task in (checks, rotations):
        task.cancel()
    await asyncio.gather(checks, rotations, return_exceptions=True)
    return crowd, org.calls


def test_a_rotation_every_sixty_days_finds_its_token_alive() -> None:
    crowd, calls = virtual_time.run(days_go_by(is_checked=True))

    status = crowd.cluster.resource(ROTATION).status
    assert len(crowd.cluster.rotated) == 3
    assert status.rotation_status == "success"
    # Once a day, by a call that Okta counts as a use.
    assert DAYS <= calls["users.me"] <= DAYS + 2


def test_without_the_daily_check_it_would_be_dead() -> None:
    crowd, calls = virtual_time.run(days_go_by(is_checked=False))

    conditions = crowd.cluster.resource(ROTATION).status.conditions or ()
    assert len(crowd.cluster.rotated) == 1
    assert calls["users.me"] == 1
    assert {c.type: c.reason for c in conditions}["RotationFailing"] == "InvalidToken"
