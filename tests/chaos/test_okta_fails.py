"""Okta fails one call of a rotation, each in turn, in each way that it can."""

from __future__ import annotations

import itertools
from functools import partial

import pytest

from tests.chaos.consumer import Crowd
from tests.chaos.faults import OKTA_FAULTS, Some
from tests.chaos.ground import Call, Ground
from tests.chaos.judge import Trial, side_by_side, with_two_secrets

CALLS = ("read app", "deactivate", "delete", "create", "introspect")
"""Of a rotation of an app with two secrets, in their order; a test holds them to be all."""

READS = ("read app", "introspect")
TRIES = 3
"""What only reads is tried so often by a call."""

PATIENCE = 60.0 + 60.0
"""Seconds: the first pause after a failure is a minute at most."""

SPARSE = 0.5


def test_these_are_the_calls_of_a_rotation(shared: Ground) -> None:
    guest = with_two_secrets(shared, "recorded")
    before = len(guest.to_okta.effects(guest.app_id))
    guest.rotate_by_hand("monday")
    effects = guest.to_okta.effects(guest.app_id)[before:]
    assert [effect.name for effect in effects] == list(CALLS)


def disturbed(ground: Ground, crowd: Crowd, name: str, plan: Some) -> None:
    guest = with_two_secrets(ground, name)
    trial = Trial(guest, crowd, SPARSE)
    guest.to_okta.plans[guest.app_id] = plan
    guest.annotate("monday")
    trial.judge("monday", PATIENCE)
    assert plan.met, "no call met the fault"


def all_at_once(
    ground: Ground, crowd: Crowd, calls: tuple[str, ...], faults: tuple[str, ...], times: int
) -> None:
    cases = {}
    for call, fault in itertools.product(calls, faults):
        name = f"{call.replace(' ', '-')}-{fault}-{times}"
        plan = Some(partial(is_called, call), OKTA_FAULTS[fault], times=times)
        cases[name] = partial(disturbed, ground, crowd, name, plan)
    side_by_side(cases, at_once=len(cases))


def is_called(name: str, call: Call) -> bool:
    return call.name == name


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_rotation_ends_right_whichever_call_fails(shared: Ground, crowd: Crowd) -> None:
    all_at_once(shared, crowd, CALLS, tuple(OKTA_FAULTS), 1)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_rotation_ends_right_if_a_read_fails_as_often_as_it_is_tried(
    shared: Ground, crowd: Crowd
) -> None:
    all_at_once(shared, crowd, READS, ("500", "503", "reset", "answer-lost"), TRIES)
