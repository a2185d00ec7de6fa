"""The API server fails one write of a rotation, each in turn, in each way that it can."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.chaos.consumer import Crowd
from tests.chaos.faults import KUBE_FAULTS, Some, is_write
from tests.chaos.ground import Ground
from tests.chaos.judge import Trial, side_by_side

CREATION = ["write rotation", "write status", "create state", "write state", "create target"]
CREATION += ["write status", "create event"]
BY_HAND = ["write state", "write state", "write target", "write status", "create event"]
"""The writes of a rotation as they were recorded, which a test holds to be all."""

PATIENCE = 40.0
SPARSE = 0.5
"""Seconds between the attempts of a consumer, where there are many."""


def writes(ground: Ground) -> list[str]:
    return [e.name for e in ground.to_kube.effects(ground.name) if not e.name.startswith("read")]


def test_these_are_the_writes_of_a_rotation(shared: Ground) -> None:
    guest = shared.guest("recorded")
    guest.rotate()
    guest.until_ready()
    guest.until(lambda: writes(guest)[-1:] == ["create event"], "the Event")
    created = writes(guest)
    # kopf puts its finalizer on, and once more where our status comes back before that does.
    repeated = created.count("write rotation") - 1
    assert repeated in (0, 1)
    assert sorted(created) == sorted([*CREATION, *["write rotation"] * repeated])
    guest.rotate_by_hand("monday")
    guest.until(lambda: writes(guest)[-1:] == ["create event"], "the Event")
    assert writes(guest)[len(created) :] == BY_HAND


def disturbed_creation(ground: Ground, crowd: Crowd, name: str, plan: Some) -> None:
    guest = ground.guest(name)
    trial = Trial(guest, crowd, SPARSE)
    guest.to_kube.plans[name] = plan
    guest.rotate()
    trial.judge(None, PATIENCE)
    assert plan.met, "no write met the fault"


def disturbed_rotation(ground: Ground, crowd: Crowd, name: str, plan: Some) -> None:
    guest = ground.guest(name)
    guest.rotate()
    guest.until_ready(PATIENCE)
    trial = Trial(guest, crowd, SPARSE)
    guest.to_kube.plans[name] = plan
    guest.annotate("monday")
    trial.judge("monday", PATIENCE)
    assert plan.met, "no write met the fault"


Disturbed = Callable[[Ground, Crowd, str, Some], None]


def cases(ground: Ground, crowd: Crowd, run: Disturbed, writes: int, fault: str) -> None:
    kind = "creation" if run is disturbed_creation else "by-hand"
    side_by_side(
        {
            name: partial(run, ground, crowd, name, Some(is_write, KUBE_FAULTS[fault], skip))
            for skip in range(writes)
            for name in [f"{kind}-{fault}-{skip}"]
        }
    )


@pytest.mark.parametrize(
    "fault",
    [pytest.param(name, marks=() if name == "503" else pytest.mark.slow) for name in KUBE_FAULTS],
)
def test_a_first_rotation_ends_right_whichever_write_fails(
    shared: Ground, crowd: Crowd, fault: str
) -> None:
    cases(shared, crowd, disturbed_creation, len(CREATION), fault)


@pytest.mark.slow
@pytest.mark.parametrize("fault", KUBE_FAULTS)
def test_a_rotation_by_hand_ends_right_whichever_write_fails(
    shared: Ground, crowd: Crowd, fault: str
) -> None:
    cases(shared, crowd, disturbed_rotation, len(BY_HAND), fault)
