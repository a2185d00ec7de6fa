"""The API server is away, or fails everything, for a while: in mid-rotation, and when all rests."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import Final

import pytest

from tests.chaos.conftest import Grounds
from tests.chaos.consumer import Crowd
from tests.chaos.faults import KUBE_FAULTS, kube_says
from tests.chaos.ground import Call, Ground, Plan
from tests.chaos.judge import Trial, side_by_side
from tests.chaos.proxy import Answer

BURST, AWAY = 5.0, 30.0
SOON: Final = {BURST: 30.0, AWAY: 60.0}
"""Seconds in which all is well again: the pauses of the operator double, as the absence did."""


BURSTS: Final = {
    **{name: fault for name, fault in KUBE_FAULTS.items() if name != "409"},
    "401": kube_says(401, "Unauthorized"),
    "403": kube_says(403, "Forbidden"),
}
"""What may be answered to everything. A 409 is none: it speaks of a write."""


class Weather:
    """Between an operator and its API server: while it is bad, everything meets the fault."""

    def __init__(self, ground: Ground, fault: Plan) -> None:
        self.has_turned = threading.Event()
        self._is_bad = False
        self._fault = fault
        self._way = ground.to_kube
        ground.to_kube.plan = self._weathered

    def turn(self) -> None:
        self._is_bad = True
        self._way.break_watches()
        self.has_turned.set()

    def lasts(self, seconds: float) -> None:
        time.sleep(seconds)
        self._is_bad = False

    async def turn_at_create(self, call: Call) -> Answer:
        """The plan of a way to Okta: the weather turns when a new secret has been made there."""
        answer = await call.forward()
        if call.name == "create" and not self.has_turned.is_set():
            self.turn()
        return answer

    async def _weathered(self, call: Call) -> Answer:
        return await (self._fault(call) if self._is_bad else call.forward())


def in_mid_rotation(grounds: Grounds, crowd: Crowd, fault: str, seconds: float) -> None:
    ground = grounds()
    ground.begin()
    ground.rotate()
    ground.until_ready(SOON[BURST])
    trial, weather = Trial(ground, crowd), Weather(ground, BURSTS[fault])
    ground.to_okta.plan = weather.turn_at_create
    ground.annotate("monday")
    assert weather.has_turned.wait(30)
    weather.lasts(seconds)
    trial.judge("monday", SOON[seconds])


def at_rest(grounds: Grounds, crowd: Crowd, fault: str, seconds: float) -> None:
    ground = grounds()
    ground.begin()
    ground.rotate()
    ground.until_ready(SOON[BURST])
    trial, weather = Trial(ground, crowd), Weather(ground, BURSTS[fault])
    weather.turn()
    ground.annotate("monday")
    weather.lasts(seconds)
    trial.judge("monday", SOON[BURST])


def watches_die(grounds: Grounds, crowd: Crowd) -> None:
    ground = grounds()
    ground.begin()
    ground.rotate()
    ground.until_ready(SOON[BURST])
    trial = Trial(ground, crowd)

    async def dies(call: Call) -> Answer:
        ground.to_kube.break_watches()
        return await call.forward()

    ground.to_okta.plan = dies
    ground.annotate("monday")
    trial.judge("monday", SOON[BURST])


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_burst_of_failures_in_mid_rotation_is_survived(grounds: Grounds, crowd: Crowd) -> None:
    cases = {
        f"{fault} in mid-rotation": partial(in_mid_rotation, grounds, crowd, fault, BURST)
        for fault in BURSTS
    }
    side_by_side({**cases, "watches die": partial(watches_die, grounds, crowd)}, at_once=4)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_half_a_minute_without_an_api_server_is_survived(grounds: Grounds, crowd: Crowd) -> None:
    cases = {}
    for fault in ("reset", "429", "500", "503"):
        cases[f"{fault} in mid-rotation"] = partial(in_mid_rotation, grounds, crowd, fault, AWAY)
        cases[f"{fault} at rest"] = partial(at_rest, grounds, crowd, fault, AWAY)
    side_by_side(cases)
