"""What has to hold while the operator lies dead, and when the next one has come to the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.crashes.consumer import Tally
from tests.crashes.scenarios import Scenario
from tests.crashes.stage import Stage

CREATE = "okta: create"
CREATED = 201
INTROSPECT = "okta: introspect"
REFUSED = 401
REFUSALS_RISKED = 4
END = 25.0
"""Seconds to end in."""
UNCLEAN = ("Traceback", "never retrieved", "was never awaited")


@dataclass(frozen=True)
class Before:
    """How things stood before the trigger."""

    published: str
    held: frozenset[str]
    """Ids of the client secrets in Okta."""


def before(stage: Stage) -> Before:
    return Before(stage.published(), frozenset(one["id"] for one in stage.okta_secrets()))


def has_ended(stage: Stage, scenario: Scenario, then: Before) -> bool:
    has_moved = stage.published() not in ("", then.published)
    is_held = len(stage.okta_secrets()) == scenario.held
    return scenario.has_ended(stage) and is_held and (has_moved or not scenario.moves)


def of_the_shutdown(seconds: float, exit_code: int | None, logs: str) -> Iterator[str]:
    """Kubernetes kills what has not ended 30 s after it was asked to."""
    if seconds > END:
        yield f"it took {seconds:.1f} s to end"
    if exit_code != 0:
        yield f"its exit code is {exit_code}"
    yield from (f"its log says {one!r}" for one in UNCLEAN if one in logs)


def at_death(stage: Stage, scenario: Scenario, then: Before) -> Iterator[str]:
    """What is wrong while nobody is there to mend it."""
    published = stage.published()
    if published and not stage.accepts(published):
        yield "dead: what is published is refused"
    if then.published and not published and scenario.promise.stays:
        yield "dead: nothing is published"
    if new := set(stage.unknown()) - then.held:
        yield f"dead: made in Okta, and unknown to the state: {sorted(new)}"


def at_end(stage: Stage, scenario: Scenario, then: Before) -> Iterator[str]:
    """What is wrong for good."""
    created = stage.wire.statuses(CREATE).count(CREATED)
    if not scenario.created <= created <= scenario.created + scenario.again:
        yield f"{created} client secrets were created, not {scenario.created}"
    if stage.wire.statuses(INTROSPECT).count(REFUSED) > REFUSALS_RISKED:
        yield "one refused client secret more, and Okta raises its alarm"
    if unknown := stage.unknown():
        yield f"in Okta, and unknown to the state: {unknown}"
    if (held := len(stage.okta_secrets())) != scenario.held:
        yield f"{held} client secrets in Okta, not {scenario.held}"
    if scenario.lives:
        yield from _of_the_living(stage, scenario, then)


def of_the_consumer(tally: Tally, must_sign_in: bool) -> Iterator[str]:
    if must_sign_in and not tally.attempts:
        yield "the app never signed in"
    if tally.refused:
        yield f"the app was refused {tally.refused} times in {tally.attempts}"
    if tally.missing:
        yield f"the app found no Secret {tally.missing} times"


def _of_the_living(stage: Stage, scenario: Scenario, then: Before) -> Iterator[str]:
    published, state = stage.published(), stage.data(stage.state_name)
    if not stage.accepts(published):
        yield "what is published is refused"
    if scenario.moves == (published == then.published):
        yield "the published value should have moved" if scenario.moves else "it moved"
    if published != state["active"] or "candidate" in state or "job" in stage.record():
        yield "the state holds another active value, or a job"
    status, held = stage.status(), {one["id"]: one for one in stage.okta_secrets()}
    told = {one["secretId"]: one for one in status["credentials"]}
    active = [i for i, one in told.items() if one["index"] == status["activeIndex"]]
    if [held.get(i, {}).get("client_secret") for i in active] != [published]:
        yield "status.activeIndex points at another than the published one"
