"""Many rotations at once at an emulator that counts, in virtual time: minutes pass in no time."""

import asyncio
from math import ceil

import pytest

from okta_rotator.rotation.turns import Turn
from okta_rotator.rotation.values import RANDOM_BYTES, make_value
from tests import virtual_time
from tests.contract.crowd import START, Org

ROTATIONS = 200
CALLS = 3


class Rotating(Org):
    """With apps that have one client secret each."""

    def __init__(self, rotations: int, **limits: int) -> None:
        super().__init__("acme", **limits)
        self._ids = [f"0oa1nkheCuDn82XV{number:04}" for number in range(rotations)]
        for app_id in self._ids:
            self.add_app(app_id)

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
        org = Rotating(ROTATIONS, **limits)
        return await org.rotate_all(), org.refused

    took, refused = virtual_time.run(scene())

    best = (ceil(ROTATIONS * CALLS / usable) - 1) * 60
    assert refused == 0
    assert best / took >= 0.95


def test_two_orgs_do_not_slow_each_other() -> None:
    async def scene() -> tuple[float, float]:
        slow, quick = Rotating(50, apps=10), Rotating(50)
        slowly = asyncio.create_task(slow.rotate_all())
        return await quick.rotate_all(), await slowly

    quickly, slowly = virtual_time.run(scene())

    assert quickly < 10
    assert slowly > 600
