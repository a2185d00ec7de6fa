"""What has to be true of a resource whatever its operator has met, at every instant and at the end.

trial = Trial(ground, crowd)
...                                  # the rotation, and what is done to it
trial.judge("monday", patience=30)
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import aiohttp

from tests.chaos.consumer import INTERVAL, Consumer, Crowd
from tests.chaos.ground import Ground
from tests.scene import STATE_SUFFIX

PATIENCE: Final = 30.0
CROWDED: Final = 60.0
"""Seconds in which a resource is ready, where many are made at once."""

_VALUES: Final = ("active", "previous", "candidate")


class Witness:
    """Looks again and again whether Okta holds a secret that the state Secret does not know."""

    def __init__(self, ground: Ground, crowd: Crowd) -> None:
        self.complaints: list[str] = []
        self.looks = 0
        self._ground = ground
        self._crowd = crowd

    async def watch(self, interval: float) -> None:
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                await self._look()
            await asyncio.sleep(interval)

    async def _look(self) -> None:
        before = await self._in_okta()
        known = await self._in_state()
        after = await self._in_okta()
        # What was there before and after was there meanwhile.
        strangers = (before.keys() & after.keys()) - known
        self.looks += 1
        if strangers:
            ids = sorted(after[value] for value in strangers)
            self.complaints.append(f"unknown to the state Secret: {ids}")
        if len(after) > 2:
            self.complaints.append(f"{len(after)} secrets in Okta")

    async def _in_okta(self) -> dict[str, str]:
        """The id of each secret, by its value."""
        state = await self._crowd.app_state(self._ground.app_id)
        return {one["client_secret"]: one["id"] for one in state["secrets"]}

    async def _in_state(self) -> set[str]:
        namespace, name = self._ground.namespace, self._ground.name + STATE_SUFFIX
        data = await self._crowd.secret_data(namespace, name) or {}
        return {data[key] for key in _VALUES if key in data}


class Trial:
    """One resource, from before it is disturbed until it is judged."""

    def __init__(self, ground: Ground, crowd: Crowd, interval: float = INTERVAL) -> None:
        self.ground = ground
        self.first = ground.published()
        self._began = len(ground.to_okta.effects(ground.app_id))
        self._crowd = crowd
        self.consumer: Consumer = crowd.join(
            ground.namespace, ground.name, ground.app_id, interval=interval
        )
        self.witness = Witness(ground, crowd)
        self._watching = crowd.start(self.witness.watch(4 * interval))

    def judge(self, token: str | None, patience: float = PATIENCE, rotations: int = 1) -> None:
        """At rest by then, right at the end, and never wrong meanwhile."""
        self.ground.until(lambda: self._is_at_rest(token), f"{token}: all at rest", patience)
        assert self.ground.is_alive(), self._story("the process is not alive")
        attempts = self.consumer.attempts
        self.ground.until(lambda: self.consumer.attempts > attempts + 1, "consumers go on")
        self._crowd.leave(self.consumer)
        self._crowd.stop(self._watching)
        self._judge_end(rotations)
        self._judge_way(rotations)

    def _is_at_rest(self, token: str | None) -> bool:
        ground = self.ground
        status = ground.status()
        is_settled = ground.conditions() == {"Ready": "True"} and "failures" not in status
        return is_settled and ground.handled() == token and ground._is_ready()

    def _judge_end(self, rotations: int) -> None:
        ground, published = self.ground, self.ground.published()
        held = ground.in_okta()
        assert held.get(published) == "ACTIVE", self._story("what is published is not ACTIVE")
        assert ground.accepts(published), self._story("what is published is refused")
        state = ground.data(ground.state_name)
        assert sorted(state) in (["active", "record"], ["active", "previous", "record"])
        assert state["active"] == published, self._story("the state names another active one")
        assert set(held) <= {state[key] for key in _VALUES if key in state}, self._story("stranger")
        if rotations == 1 and self.first:
            assert held == {self.first: "ACTIVE", published: "ACTIVE"}, self._story("Okta")
        assert (published != self.first) == bool(rotations), self._story("rotations")

    def _judge_way(self, rotations: int) -> None:
        assert self.consumer.complaints == []
        assert self.witness.complaints == []
        assert self.witness.looks
        effects = self.ground.to_okta.effects(self.ground.app_id)[self._began :]
        creates = [effect.status for effect in effects if effect.name == "create"]
        assert creates == [201] * rotations, self._story(f"creates: {creates}")
        told = self.ground.app_state()["refusedIntrospections"]["total"]
        assert told == self.consumer.refusals, "Okta refused a value that the operator put to it"

    def _story(self, what: str) -> str:
        return f"{what}\n{self.ground._story()}"


def with_two_secrets(ground: Ground, name: str) -> Ground:
    """A resource whose app holds two secrets, so that the next rotation has to free a place."""
    guest = ground.guest(name)
    guest.rotate()
    guest.until_ready(CROWDED)
    guest.annotate("sunday")
    guest.until(lambda: guest.handled() == "sunday", f"{name} has two secrets", CROWDED)
    guest.until_ready(CROWDED)
    return guest


def side_by_side(cases: Mapping[str, Callable[[], None]], at_once: int = 24) -> None:
    """Run all, many at a time, since they mostly wait; tell of every one that failed."""
    with ThreadPoolExecutor(at_once) as pool:
        running = {name: pool.submit(case) for name, case in cases.items()}
    failed = {name: error for name, done in running.items() if (error := done.exception())}
    for error in failed.values():
        if not isinstance(error, Exception):
            raise error
    told = "\n".join(f"=== {name}\n{error}" for name, error in failed.items())
    assert not failed, f"{len(failed)} of {len(cases)} failed: {', '.join(failed)}\n{told}"
