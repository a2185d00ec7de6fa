"""etcd, and then the API server, is stopped and started again in mid-rotation."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.conftest import serve_crds
from tests.chaos.consumer import Crowd
from tests.chaos.ground import Call, Ground
from tests.chaos.judge import Trial
from tests.chaos.proxy import Answer, Proxies
from tests.controlplane import ControlPlane
from tests.emulator_client import EmulatorClient

SOON = 60.0
"""Seconds after the control plane is ready again: pauses have doubled up to half a minute."""


@pytest.fixture
def own_ground(
    new_control_plane: ControlPlane,
    okta_emulator: EmulatorClient,
    neighbours: Proxies,
    tmp_path: Path,
) -> Iterator[Ground]:
    new_control_plane.start()
    serve_crds(new_control_plane)
    namespace = new_control_plane.create_namespace()
    ground = Ground(new_control_plane, namespace, okta_emulator, tmp_path, neighbours)
    ground.begin()
    ground.rotate()
    ground.until_ready()
    yield ground
    ground.close()


class Create:
    """Okta's answer to a create waits until the test has done what it wants to do meanwhile."""

    def __init__(self) -> None:
        self.has_come = threading.Event()
        self.may_be_answered = threading.Event()

    async def __call__(self, call: Call) -> Answer:
        answer = await call.forward()
        if call.name == "create":
            self.has_come.set()
            await asyncio.to_thread(self.may_be_answered.wait, 60)
        return answer


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_restarts_of_etcd_and_of_the_api_server_in_mid_rotation_are_survived(
    own_ground: Ground, okta_emulator: EmulatorClient
) -> None:
    plane, ground = own_ground.control_plane, own_ground
    with Crowd(plane, okta_emulator.base_url) as crowd:
        for token, daemon in (("monday", plane.etcd), ("tuesday", plane.apiserver)):
            trial, create = Trial(ground, crowd), Create()
            ground.to_okta.plan = create
            ground.annotate(token)
            assert create.has_come.wait(30)
            daemon.stop()
            create.may_be_answered.set()
            daemon.start()
            plane.apiserver.wait_ready()
            trial.judge(token, SOON)
