"""Many rotations at once at an emulator that counts, in virtual time: minutes pass in no time."""

import asyncio
from datetime import UTC, datetime, timedelta
from math import ceil

import httpx
import pytest

from okta_emulator import Emulator, Seed
from okta_emulator.gateway import Gateway
from okta_rotator.okta.auth import ApiTokenSignIn
from okta_rotator.okta.client import OktaClient
from okta_rotator.okta.governor import Governor
from okta_rotator.rotation.turns import Turn
from okta_rotator.rotation.values import RANDOM_BYTES, SecretValue, make_value
from tests import virtual_time

BASE = "http://127.0.0.1:8080"
TOKEN = "00Q-a-token-of-our-own"
START = datetime(2026, 1, 2, 3, 4, 5, 670_000, tzinfo=UTC)
ROTATIONS = 200
CALLS = 3
PERCENT = 80


def clock() -> datetime:
    return START + timedelta(seconds=asyncio.get_running_loop().time())


class Org:
    """An emulated org, and how often a client of it was refused."""

    def __init__(self, rotations: int, **limits: int) -> None:
        self._ids = [f"0oa1nkheCuDn82XV{number:04}" for number in range(rotations)]
        seed = {
            "tokens": [{"value": TOKEN}],
            "apps": [{"id": app_id} for app_id in self._ids],
            "rateLimits": limits,
        }
        latency = timedelta(milliseconds=100)
        self.emulator = Emulator(Seed.model_validate(seed), clock=clock, latency=latency)
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
        self.refused += status == 429

    async def rotate_all(self) -> float:
        """Seconds that all rotations take, with the three calls that a routine one makes."""
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(self._rotate(app_id) for app_id in self._ids))
        return asyncio.get_running_loop().time() - began

    async def _rotate(self, app_id: str) -> None:
        okta = self.client.in_turn(Turn(START, app_id, "team-a"))
        await okta.read_app(app_id)
        old = self.emulator.store.app(app_id).secrets[0]
        await okta.create_secret(app_id, make_value(app_id, bytes(RANDOM_BYTES)))
        await okta.deactivate_secret(app_id, old.id)
        await okta.delete_secret(app_id, old.id)


@pytest.mark.parametrize(
    ("limits", "usable"),
    [
        ({"apps": 50}, 40),
        ({"apps": 100, "principalPercent": 50}, 40),
        ({"apps": 50, "appById": 250, "concurrency": 75}, 40),
        ({"apps": 20, "concurrency": 35}, 16),
    ],
)
def test_two_hundred_rotations_take_hardly_longer_than_the_limit_demands(
    limits: dict[str, int], usable: int
) -> None:
    async def scene() -> tuple[float, int]:
        org = Org(ROTATIONS, **limits)
        return await org.rotate_all(), org.refused

    took, refused = virtual_time.run(scene())

    best = (ceil(ROTATIONS * CALLS / usable) - 1) * 60
    assert refused == 0
    assert best / took >= 0.95


def test_two_orgs_do_not_slow_each_other() -> None:
    async def scene() -> tuple[float, float]:
        slow, quick = Org(50, apps=10), Org(50)
        slowly = asyncio.create_task(slow.rotate_all())
        return await quick.rotate_all(), await slowly

    quickly, slowly = virtual_time.run(scene())

    assert quickly < 10
    assert slowly > 600
