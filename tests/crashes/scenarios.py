"""What the operator is killed in: each a stage, a trigger, and the end that it has to come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.crashes.consumer import Promise
from tests.crashes.stage import ROTATION, Stage

STRICT = Promise()

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Scenario:
    """`stage` has an operator and a connection already; `trigger` only says what is wanted."""

    title: str
    stage: Callable[[Stage], None]
    trigger: Callable[[Stage], None]
    has_ended: Callable[[Stage], bool]
    created: int
    """Client secrets that it makes in Okta."""
    held: int
    """Client secrets in Okta at its end."""
    moves: bool
    """Whether another value is published at its end, which is waited for."""
    lives: bool = True
    """Whether the resource is there at its end, and Ready."""
    promise: Promise = STRICT


def nothing(stage: Stage) -> None:
    """Only the app, with the client secret that Okta made for it."""


def settled(changes: Json | None = None) -> Callable[[Stage], None]:
    """A resource with an active and a previous client secret, so that no slot is free."""

    def prepare(stage: Stage) -> None:
        stage.rotate(changes)
        stage.until_ready()
        stage.rotate_by_hand("first")
        stage.until_ready()

    return prepare


def make_due(stage: Stage) -> None:
    """As if the last rotation had been long ago."""
    then = (datetime.now(UTC) - timedelta(days=40)).strftime("%Y-%m-%dT%H:%M:%SZ")
    old = {"lastRotatedAt": then, "seriesFrom": then, "lastTrigger": "schedule"}
    stage.rewrite_record(old)


def is_ready(stage: Stage) -> bool:
    """Ready and nothing else, and by a status that was made from what the state Secret says."""
    status = stage.status()
    return (
        stage.conditions() == {"Ready": "True"}
        and status["rotationStatus"] == "success"
        and stage.exists("secret", stage.state_name)
        and status["stateGeneration"] == stage.record()["generation"]
    )


def has_handled(token: str) -> Callable[[Stage], bool]:
    return lambda stage: stage.handled() == token and is_ready(stage)


def is_gone(stage: Stage) -> bool:
    return not stage.exists("ocsr")


FIRST = Scenario(
    "a first rotation",
    stage=nothing,
    trigger=lambda stage: stage.rotate(),
    has_ended=is_ready,
    created=1,
    held=2,
    moves=True,
)
MANUAL = Scenario(
    "a rotation by hand",
    stage=settled(),
    trigger=lambda stage: stage.annotate("second"),
    has_ended=has_handled("second"),
    created=1,
    held=2,
    moves=True,
)
SCHEDULED = Scenario(
    "a scheduled rotation",
    stage=settled(),
    trigger=make_due,
    has_ended=is_ready,
    created=1,
    held=2,
    moves=True,
)
ADOPTION = Scenario(
    "an adoption",
    stage=settled(),
    trigger=lambda stage: stage.remove("Secret", stage.state_name),
    has_ended=is_ready,
    created=0,
    held=2,
    moves=False,
)
DELETION = Scenario(
    "a deletion",
    stage=settled({"spec.deletionPolicy.secret": "Delete"}),
    trigger=lambda stage: stage.remove(ROTATION),
    has_ended=is_gone,
    created=0,
    held=2,
    moves=False,
    lives=False,
    promise=Promise(stays=False),
)
ALL = (FIRST, MANUAL, SCHEDULED, ADOPTION, DELETION)
