"""Several changes between two looks of the operator: it sees only the last, or all of them late."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import pytest

from tests.chaos.conftest import Grounds
from tests.chaos.consumer import Crowd
from tests.chaos.ground import Ground
from tests.chaos.judge import Trial, side_by_side
from tests.chaos.streams import Valve, watches_held

PATIENCE = 45.0
SHORT_HEARTBEAT = "1"
SILENCES = 5
"""Heartbeats that may fail to come before the process calls itself dead."""

ID_KEY, SECRET_KEY = "OKTA_CLIENT_ID", "OKTA_CLIENT_SECRET"


def map_id_to(guest: Ground, key: str) -> None:
    guest.rotate({"spec.secretsMapping.clientId": key})


def there_and_back(guest: Ground) -> None:
    map_id_to(guest, "ELSEWHERE")
    map_id_to(guest, ID_KEY)


def further_and_further(guest: Ground) -> None:
    map_id_to(guest, "SECOND")
    map_id_to(guest, "THIRD")


def gone(guest: Ground) -> None:
    """Deleted, with the finalizer taken off by hand."""
    guest.kubectl("delete", "ocsr", guest.name, "--wait=false")
    patch = json.dumps({"metadata": {"finalizers": None}})
    guest.kubectl("patch", "ocsr", guest.name, "--type=merge", "-p", patch)
    guest.until(lambda: not guest.exists("ocsr"), "the resource is gone")


def made_anew(guest: Ground) -> None:
    gone(guest)
    guest.rotate()


def asked_and_asked_otherwise(guest: Ground) -> None:
    guest.annotate("monday")
    guest.annotate("tuesday")


def asked_and_taken_back(guest: Ground) -> None:
    asked_and_asked_otherwise(guest)
    guest.kubectl("annotate", "ocsr", guest.name, "okta-rotator.dev/rotate-")


@dataclass(frozen=True)
class Story:
    """What a person does meanwhile, and what comes of it."""

    change: Callable[[Ground], None]
    keys: tuple[str, ...] = (ID_KEY, SECRET_KEY)
    token: str | None = None
    rotations: int = 0


STORIES: Final = {
    "there-and-back": Story(there_and_back),
    "further": Story(further_and_further, keys=(SECRET_KEY, "THIRD")),
    "made-anew": Story(made_anew),
    "asked-otherwise": Story(asked_and_asked_otherwise, token="tuesday", rotations=1),
    "taken-back": Story(asked_and_taken_back),
}


def prepared(ground: Ground, crowd: Crowd, name: str) -> Trial:
    guest = ground.guest(name)
    guest.rotate()
    guest.until_ready()
    return Trial(guest, crowd)


def judged(trial: Trial, story: Story) -> None:
    trial.judge(story.token, PATIENCE, rotations=story.rotations)
    assert sorted(trial.ground.data()) == sorted(story.keys)


@pytest.mark.parametrize(
    "is_lossy",
    [pytest.param(False, id="late", marks=pytest.mark.slow), pytest.param(True, id="lost")],
)
def test_what_was_not_seen_in_between_does_no_harm(
    grounds: Grounds, crowd: Crowd, is_lossy: bool
) -> None:
    ground = grounds()
    operator = ground.begin(heartbeat=SHORT_HEARTBEAT)
    valve = Valve(ground.proxies.loop)
    valve.is_lossy = is_lossy
    ground.to_kube.plan = watches_held(valve, "oktaclientsecretrotations")
    ground.to_kube.break_watches()
    trials = {name: prepared(ground, crowd, name) for name in STORIES}
    ghost = ground.guest("ghost")
    ghost.rotate()
    ghost.until_ready()
    valve.shut()
    gone(ghost)
    for name, story in STORIES.items():
        story.change(trials[name].ground)
    valve.open()
    side_by_side({name: partial(judged, trials[name], STORIES[name]) for name in STORIES})
    ghost.kubectl("delete", "secret", ghost.name)
    ghost.always(lambda: not ghost.exists("secret"), "what a person deletes stays away", 3)
    silence = SILENCES * float(SHORT_HEARTBEAT) + 3
    ground.always(lambda: operator.get("/livez").text == "ok\n", "it is alive", silence)
