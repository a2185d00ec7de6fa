"""The writing of status on a real API server: whole, whatever other hands have put there."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from okta_rotator.api.conditions import Condition
from okta_rotator.api.names import ROTATION_PLURAL
from okta_rotator.api.rotation_status import Failures, HandledRequests, RotationStatus
from okta_rotator.cluster.kube_api import KubeApi
from okta_rotator.cluster.resources import write_status
from okta_rotator.rotation.snapshot import Key
from tests.cluster.kube import configuration_of
from tests.controlplane import ControlPlane
from tests.resources import Json, rotation

pytestmark = pytest.mark.usefixtures("crds")

AT = datetime(2026, 3, 1, tzinfo=UTC)
READY = Condition(
    type="Ready", status="True", reason="Published", message="fine", last_transition_time=AT
)
WHOLE = RotationStatus(conditions=(READY,), handled_requests=HandledRequests(rotate="now 😀"))


class Bench:
    def __init__(self, control_plane: ControlPlane, namespace: str, api: KubeApi) -> None:
        self._control_plane = control_plane
        self._namespace = namespace
        self._api = api
        self.kubectl("apply", "-f", "-", input=json.dumps(rotation()))

    def kubectl(self, *args: str, input: str | None = None) -> str:
        return self._control_plane.kubectl("-n", self._namespace, *args, input=input).stdout

    def body(self) -> Json:
        return dict(json.loads(self.kubectl("get", "ocsr", "my-rotation", "-o", "json")))

    async def write(self, status: RotationStatus, uid: str | None = None) -> Json | None:
        key = Key(self._namespace, "my-rotation")
        own = uid or self.body()["metadata"]["uid"]
        return await write_status(self._api, ROTATION_PLURAL, key, own, status)


@pytest.fixture
async def bench(control_plane: ControlPlane, namespace: str) -> AsyncIterator[Bench]:
    api = KubeApi(await configuration_of(control_plane))
    yield Bench(control_plane, namespace, api)
    await api.close()


async def test_what_another_hand_wrote_is_gone_after_the_next_write(bench: Bench) -> None:
    stalled = READY.to_api() | {"type": "Stalled", "reason": "Nonsense"}
    failures = {"count": 7, "nextAttemptAt": "2099-01-01T00:00:00Z"}
    patch = {"status": {"conditions": [stalled], "failures": failures, "activeIndex": 1}}
    bench.kubectl(
        "patch", "ocsr", "my-rotation", "--subresource=status", "--type=merge", "-p",
        json.dumps(patch),
    )  # fmt: skip
    await bench.write(WHOLE)
    assert bench.body()["status"] == WHOLE.to_api()


async def test_a_part_that_is_no_longer_there_is_removed(bench: Bench) -> None:
    failing = Failures(count=2, last_at=AT, next_attempt_at=AT)
    await bench.write(WHOLE.model_copy(update={"failures": failing}))
    await bench.write(WHOLE.model_copy(update={"failures": Failures(count=2, last_at=AT)}))
    assert bench.body()["status"]["failures"] == {"count": 2, "lastAt": "2026-03-01T00:00:00Z"}
    await bench.write(WHOLE)
    assert "failures" not in bench.body()["status"]


async def test_another_resource_of_the_same_name_is_left_alone(bench: Bench) -> None:
    assert await bench.write(WHOLE, uid="11111111-2222-4333-8444-555555555555") is None
    assert bench.body()["status"] == {"observedGeneration": -1}
