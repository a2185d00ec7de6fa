"""The operator hears late, or reads what was true some time ago."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import pytest

from tests.chaos.conftest import Grounds
from tests.chaos.consumer import Crowd
from tests.chaos.ground import Call, Ground
from tests.chaos.judge import Trial, side_by_side
from tests.chaos.proxy import Answer
from tests.chaos.streams import expired, watches_delayed

LATE: Final = 3.0
"""Seconds that each event of a watch is late."""

PATIENCE = 45.0
DELETES: Final = {"spec.deletionPolicy.secret": "Delete"}


LISTS: Final = frozenset({"list secrets", "list oktaclientsecretrotations"})


class Memory:
    """Answers reads of Secrets and rotations with what was read before it was told to grow old."""

    def __init__(self, ground: Ground) -> None:
        self._answers: dict[tuple[str, str], Answer] = {}
        self._is_old = False
        self._expired: set[str] = set()
        self._listed: set[str] = set()
        self._way = ground.to_kube
        self._way.plan = self._remembering

    def forget(self) -> None:
        """What has been read so far may be from before the last writes."""
        self._answers.clear()

    def grow_old(self) -> None:
        """From now on, what was last read is read again; what was not is still read."""
        self._is_old = True

    def wake_up(self) -> None:
        self._is_old = False

    def expire_watches(self) -> None:
        """The watches die and may not go on from where they were: all is listed anew."""
        self._listed.clear()
        self._expired = {name.replace("list", "watch") for name in LISTS}
        self._way.break_watches()

    def has_listed(self) -> bool:
        return self._listed == LISTS

    async def _remembering(self, call: Call) -> Answer:
        exchange = call.exchange
        if call.name in self._expired:
            self._expired.discard(call.name)
            return expired()
        if exchange.method != "GET" or exchange.is_watch:
            return await call.forward()
        key = (exchange.path, exchange.headers.get("Accept", ""))
        if not self._is_old or key not in self._answers:
            self._answers[key] = await call.forward()
        self._listed |= LISTS & {call.name}
        return self._answers[key]


def prepared(ground: Ground, name: str, changes: dict[str, str] | None = None) -> Ground:
    guest = ground.guest(name)
    guest.rotate(changes)
    guest.until_ready()
    return guest


def asked(ground: Ground, crowd: Crowd) -> None:
    trial = Trial(prepared(ground, "asked"), crowd)
    trial.ground.annotate("monday")
    trial.judge("monday", PATIENCE)


def made(ground: Ground, crowd: Crowd) -> None:
    guest = ground.guest("made")
    trial = Trial(guest, crowd)
    guest.rotate()
    trial.judge(None, PATIENCE)


def damaged(ground: Ground, crowd: Crowd) -> None:
    """Another hand spoils the published value while a rotation is on its way."""
    guest = prepared(ground, "damaged")
    guest.annotate("monday")
    guest.until(lambda: guest.handled() == "monday", "the rotation")
    value = guest.published()
    guest.apply(guest.secret_manifest(guest.name, {"OKTA_CLIENT_SECRET": "wrong"}))
    guest.until(lambda: guest.published() == value, "it is repaired", LATE + 5)
    guest.until_ready()


def deleted(ground: Ground, crowd: Crowd) -> None:
    guest = prepared(ground, "deleted", DELETES)
    held = guest.in_okta()
    guest.kubectl("delete", "ocsr", guest.name, "--wait=false")
    guest.until(lambda: not guest.exists("ocsr"), "the resource is gone", PATIENCE)
    assert not guest.exists("secret")
    assert guest.in_okta() == held


LATE_STORIES: Final[tuple[Callable[[Ground, Crowd], None], ...]] = (asked, made, damaged, deleted)


def test_watches_that_are_seconds_late_delay_and_do_no_harm(grounds: Grounds, crowd: Crowd) -> None:
    ground = grounds()
    ground.begin()
    ground.to_kube.plan = watches_delayed(LATE)
    ground.to_kube.break_watches()
    side_by_side({story.__name__: partial(story, ground, crowd) for story in LATE_STORIES})


@pytest.mark.slow
def test_old_answers_for_a_while_hold_a_rotation_up_and_do_no_harm(
    grounds: Grounds, crowd: Crowd
) -> None:
    """The second request is begun from what the first one has long changed."""
    ground = grounds()
    ground.begin()
    memory = Memory(ground)
    guest = prepared(ground, "my-rotation")
    trial = Trial(guest, crowd)
    memory.forget()
    memory.grow_old()
    guest.rotate_by_hand("monday")
    monday = guest.published()
    guest.annotate("tuesday")
    guest.always(lambda: guest.published() == monday, "nothing can be done", 3)
    memory.wake_up()
    trial.judge("tuesday", PATIENCE, rotations=2)


@pytest.mark.slow
def test_an_old_list_after_a_watch_that_expired_does_no_harm(
    grounds: Grounds, crowd: Crowd
) -> None:
    ground = grounds()
    ground.begin()
    memory = Memory(ground)
    guest = prepared(ground, "my-rotation")
    memory.expire_watches()
    guest.until(memory.has_listed, "lists to remember")
    trial = Trial(guest, crowd)
    guest.rotate_by_hand("monday")
    memory.grow_old()
    memory.expire_watches()
    guest.until(memory.has_listed, "old lists")
    memory.wake_up()
    trial.judge("monday", PATIENCE)
