"""What the operator is killed in: each a stage, a trigger, and the end that it has to come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.crashes.consumer import Promise
from tests.crashes.stage import ROTATION, Stage

STRICT = Promise()
ENDED_AT_ONCE = Promise(overlap=False)
GOES = Promise(overlap=False, stays=False)
KEPT_FOR = {"retention": "For", "duration": "2h"}

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Scenario:
    """`stage` has an operator and a connection already; `trigger` only says what is wanted."""

    title: str
    stage: Callable[[Stage], None]
    trigger: Callable[[Stage], None]
    has_ended: Callable[[Stage], bool]
    created: int
    """Client secrets that it makes in Okta, whoever dies."""
    held: int
    """Client secrets in Okta at its end, which is waited for."""
    moves: bool
    """Whether another value is published at its end, which is waited for."""
    lives: bool = True
    """Whether the resource is there at its end, and Ready."""
    again: int = 0
    """How many more it may make: where nobody is left who knows of a failed attempt."""
    promise: Promise = STRICT


# Stages


def nothing(stage: Stage) -> None:
    """Only the app, with the client secret that Okta made for it."""


def rotated(changes: Json | None = None) -> Callable[[Stage], None]:
    """A resource whose previous client secret is the one that Okta made."""

    def prepare(stage: Stage) -> None:
        stage.rotate(changes)
        stage.until_ready()

    return prepare


def settled(changes: Json | None = None) -> Callable[[Stage], None]:
    """A resource with an active and a previous client secret of ours, so that no slot is free."""

    def prepare(stage: Stage) -> None:
        rotated(changes)(stage)
        stage.rotate_by_hand("first")
        stage.until_ready()

    return prepare


def with_a_stranger(stage: Stage) -> None:
    """Where the previous client secret was, there is now one that a person made."""
    rotated()(stage)
    stage.mark({"revoke-previous": "first"})
    stage.until(lambda: len(stage.okta_secrets()) == 1, "the previous one is gone")
    stage.in_okta_directly("POST")


def with_a_deactivated_one(stage: Stage) -> None:
    """The previous client secret is INACTIVE, and held for a while."""
    rotated({"spec.previousSecret": {**KEPT_FOR, "inactiveHold": "1h"}})(stage)
    supersede_long_ago(stage)
    stage.until(lambda: "INACTIVE" in stage.in_okta().values(), "it is deactivated")


# Triggers


def make_due(stage: Stage) -> None:
    """As if the last rotation had been long ago."""
    old = {"lastRotatedAt": _ago(days=40), "seriesFrom": _ago(days=40), "lastTrigger": "schedule"}
    stage.rewrite_record(old)


def supersede_long_ago(stage: Stage) -> None:
    """As if the roles had moved before the retention began."""
    stage.rewrite_record({"previous.supersededAt": _ago(hours=3)})


def have_it_refused(stage: Stage) -> None:
    """A rotation is asked for, and Okta accepts nothing new."""
    stage.wire.refuse_all_but(stage.in_okta())
    stage.annotate("second")


def replace_the_stranger(stage: Stage) -> None:
    known = {one["secretId"] for one in stage.status()["credentials"]}
    (stranger,) = (one["id"] for one in stage.okta_secrets() if one["id"] not in known)
    stage.mark({"rotate": "second", "replace-foreign": stranger})


def marked(**tokens: str) -> Callable[[Stage], None]:
    named = {verb.replace("_", "-"): token for verb, token in tokens.items()}
    return lambda stage: stage.mark(named)


def _ago(**time: int) -> str:
    return f"{datetime.now(UTC) - timedelta(**time):%Y-%m-%dT%H:%M:%SZ}"


# Ends


def is_ready(stage: Stage) -> bool:
    return stage.conditions() == {"Ready": "True"} and _is_current(stage)


def has_failed(stage: Stage) -> bool:
    """The old value is good, and the rotation is not."""
    expected = {"Ready": "True", "RotationFailing": "True"}
    return stage.conditions() == expected and "job" not in stage.record() and _is_current(stage)


def has_handled(**tokens: str) -> Callable[[Stage], bool]:
    def holds(stage: Stage) -> bool:
        handled = stage.status().get("handledRequests", {})
        return is_ready(stage) and handled.items() >= tokens.items()

    return holds


def is_gone(stage: Stage) -> bool:
    return not stage.exists("ocsr") and not stage.exists("secret")


def has_left_nothing(stage: Stage) -> bool:
    return is_gone(stage) and not stage.exists("secret", stage.state_name)


def _is_current(stage: Stage) -> bool:
    """The status was made from what the state Secret says, and tells what Okta holds.

    A new process that waits for a late write to land has neither failed nor come to the end.
    """
    if not stage.exists("secret", stage.state_name):
        return False
    status, held = stage.status(), stage.okta_secrets()
    told = {one["secretId"]: one["state"] for one in status["credentials"]}
    is_known = told == {one["id"]: one["status"] for one in held}
    return is_known and bool(status["stateGeneration"] == stage.record()["generation"])


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
    trigger=marked(rotate="second"),
    has_ended=has_handled(rotate="second"),
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
REFUSED = Scenario(
    "a refused candidate",
    stage=settled({"spec.verification.timeoutSeconds": 5}),
    trigger=have_it_refused,
    has_ended=has_failed,
    created=1,
    again=1,
    held=1,
    moves=False,
)
STRANGER = Scenario(
    "a stranger's secret is replaced",
    stage=with_a_stranger,
    trigger=replace_the_stranger,
    has_ended=has_handled(rotate="second"),
    created=1,
    held=2,
    moves=True,
)
RETIREMENT = Scenario(
    "a retirement",
    stage=rotated({"spec.previousSecret": {**KEPT_FOR, "inactiveHold": "0s"}}),
    trigger=supersede_long_ago,
    has_ended=is_ready,
    created=0,
    held=1,
    moves=False,
)
ROLLBACK = Scenario(
    "a rollback",
    stage=settled(),
    trigger=marked(rollback="back"),
    has_ended=has_handled(rollback="back"),
    created=0,
    held=2,
    moves=True,
)
REACTIVATION = Scenario(
    "a rollback to a deactivated one",
    stage=with_a_deactivated_one,
    trigger=marked(rollback="back"),
    has_ended=has_handled(rollback="back"),
    created=0,
    held=2,
    moves=True,
)
REVOCATION = Scenario(
    "a revocation of the previous one",
    stage=settled(),
    trigger=marked(revoke_previous="end"),
    has_ended=has_handled(revokePrevious="end"),
    created=0,
    held=1,
    moves=False,
)
LEAK = Scenario(
    "a leak",
    stage=settled(),
    trigger=marked(rotate="leak", revoke_previous="leak"),
    has_ended=has_handled(rotate="leak", revokePrevious="leak"),
    created=1,
    held=1,
    moves=True,
    promise=ENDED_AT_ONCE,
)
REBUILT = Scenario(
    "a lost state",
    stage=settled(),
    trigger=lambda stage: stage.remove("Secret", stage.state_name),
    has_ended=is_ready,
    created=0,
    held=2,
    moves=False,
)
ADOPTION = Scenario(
    "an adoption",
    stage=nothing,
    trigger=lambda stage: stage.rotate({"spec.adoptionPolicy": "Adopt"}),
    has_ended=is_ready,
    created=0,
    held=1,
    moves=True,
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
    promise=GOES,
)
GOODBYE = Scenario(
    "a deletion that revokes",
    stage=settled({"spec.deletionPolicy": {"secret": "Delete", "oktaSecrets": "Revoke"}}),
    trigger=lambda stage: stage.remove(ROTATION),
    has_ended=has_left_nothing,
    created=1,
    held=1,
    moves=False,
    lives=False,
    promise=GOES,
)
ALL = (
    FIRST,
    MANUAL,
    SCHEDULED,
    REFUSED,
    STRANGER,
    RETIREMENT,
    ROLLBACK,
    REACTIVATION,
    REVOCATION,
    LEAK,
    REBUILT,
    ADOPTION,
    DELETION,
    GOODBYE,
)
