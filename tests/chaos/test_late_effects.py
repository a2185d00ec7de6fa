"""A write that lands after its sender has given it up, or has died."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from tests.chaos.conftest import Grounds
from tests.chaos.consumer import Crowd
from tests.chaos.ground import Call, Ground
from tests.chaos.judge import Trial, side_by_side, with_two_secrets
from tests.chaos.proxy import Answer

WRITES = ("create", "deactivate", "delete")
DEADLINE = 10.0
"""Seconds that the operator waits for an answer; what it sent may land as long after that."""

AFTER_BACK_OFF = 60.0 + 60.0
AFTER_START = 10.0 + 60.0
REVOKE = {"spec.deletionPolicy": {"secret": "Delete", "oktaSecrets": "Revoke"}}


class Late:
    """Holds one write from when it arrives until some seconds after that, whoever waits for it."""

    def __init__(self, name: str, seconds: float) -> None:
        self.has_come = threading.Event()
        self.has_landed = threading.Event()
        self._name = name
        self._seconds = seconds

    async def __call__(self, call: Call) -> Answer:
        if call.name != self._name or self.has_come.is_set():
            return await call.forward()
        self.has_come.set()
        await asyncio.sleep(self._seconds)
        answer = await call.forward()
        self.has_landed.set()
        return answer


def deleted(grounds: Grounds, write: str) -> None:
    """The Secret comes when the resource is being deleted already, and its operator is another."""
    ground = grounds()
    operator = ground.begin()
    guest, late = ground.guest(write.replace(" ", "-")), Late(write, 6.0)
    guest.to_kube.plans[guest.name] = late
    guest.rotate(REVOKE)
    assert late.has_come.wait(30)
    operator.kill()
    guest.kubectl("delete", "ocsr", guest.name, "--wait=false")
    operator.start()
    guest.until(lambda: not guest.exists("ocsr"), "it is let go", AFTER_START)
    assert late.has_landed.is_set()
    assert not guest.exists("secret")
    assert not guest.exists("secret", guest.state_name)
    assert all(value.startswith("okr_standin_") for value in guest.in_okta())


def given_up(ground: Ground, crowd: Crowd, write: str, seconds: float) -> None:
    guest = with_two_secrets(ground, f"{write}-{seconds:.0f}")
    trial, late = Trial(guest, crowd), Late(write, seconds)
    guest.to_okta.plans[guest.app_id] = late
    guest.annotate("monday")
    trial.judge("monday", AFTER_BACK_OFF)
    assert late.has_landed.is_set()


def killed(grounds: Grounds, crowd: Crowd, write: str, seconds: float) -> None:
    ground = grounds()
    operator = ground.begin()
    guest = with_two_secrets(ground, f"{write}-{seconds:.0f}")
    trial, late = Trial(guest, crowd), Late(write, seconds)
    guest.to_okta.plans[guest.app_id] = late
    guest.annotate("monday")
    assert late.has_come.wait(30)
    operator.kill()
    operator.start()
    trial.judge("monday", AFTER_START)
    assert late.has_landed.is_set()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_write_that_was_given_up_and_lands_later_leaves_one_new_secret(
    shared: Ground, crowd: Crowd
) -> None:
    cases = {
        f"{write} {seconds}": partial(given_up, shared, crowd, write, seconds)
        for write in WRITES
        for seconds in (DEADLINE + 1, DEADLINE + 9)
    }
    side_by_side(cases)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_write_that_outlives_its_operator_leaves_one_new_secret(
    grounds: Grounds, crowd: Crowd
) -> None:
    cases = {
        f"{write} {seconds}": partial(killed, grounds, crowd, write, seconds)
        for write in WRITES
        for seconds in (4.0, DEADLINE - 1)
    }
    side_by_side(cases)


@pytest.mark.timeout(120)
def test_a_secret_that_comes_when_its_resource_is_being_deleted_goes_too(grounds: Grounds) -> None:
    cases = {write: partial(deleted, grounds, write) for write in ("create state", "create target")}
    side_by_side(cases)
