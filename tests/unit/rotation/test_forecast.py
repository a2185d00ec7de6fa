"""What is foretold of a resource is what the engine then does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from okta_rotator.rotation.forecast import Forecast, Outlook, forecast
from okta_rotator.rotation.okta_view import SecretState
from tests.unit.rotation.builders import resource
from tests.unit.rotation.faults import START
from tests.unit.rotation.world import World

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
BERLIN = {"hours": 2, "minutes": 30, "timeZone": "Europe/Berlin"}
SATURDAYS = [{"policy": "Allow", "schedule": "0 2 * * SAT", "duration": "4h"}]
SPECS: list[Any] = [
    {},
    {"spec.rotateAt": BERLIN, "spec.rotationInterval": 7, "spec.spread": "3h"},
    {"spec.windows": SATURDAYS, "spec.rotationInterval": 3, "spec.spread": "24h"},
    {"spec.previousSecret": {"inactiveHold": "6h"}, "spec.rotationInterval": 2},
    {"spec.previousSecret": {"retention": "For", "duration": "30h"}, "spec.rotationInterval": 3},
    {"spec.previousSecret": {"retention": "For", "duration": "20h", "inactiveHold": "23h"}}
    | {"spec.rotationInterval": 1},
]


def seen_of(world: World) -> dict[str, SecretState]:
    return {one.id: one.state for one in world.okta.secrets}


async def what_happens(world: World, until: datetime) -> list[tuple[str, str, datetime]]:
    """What becomes of which secret, and when."""
    story: list[tuple[str, str, datetime]] = []
    before = seen_of(world)
    while world.clock.at < until:
        outcome = await world.run()
        after = seen_of(world)
        at = world.clock.at.replace(second=0, microsecond=0)
        story += [("made", i, at) for i in after.keys() - before.keys()]
        off = [i for i in after if after[i] is not before.get(i, SecretState.ACTIVE)]
        story += [("off", i, at) for i in off]
        story += [("deleted", i, at) for i in before.keys() - after.keys()]
        before = after
        world.clock.advance_to(outcome.next_look or until)
    return story


@pytest.mark.parametrize("changes", SPECS)
async def test_what_is_foretold_happens(changes: dict[str, Any]) -> None:
    world = World(resource({**changes, "spec.verification.enabled": False}))
    await world.settle()
    foretold = forecast(Outlook(world.resource), world.clock.at, 4)
    assert not foretold.is_supposed
    (first,) = seen_of(world)
    story = await what_happens(world, foretold.rotations[-1].deleted_at + HOUR)
    made = [(i, at) for what, i, at in story if what == "made"]
    minutes = [one.at.replace(second=0) for one in foretold.rotations]
    assert [at for _, at in made[:4]] == minutes
    ends = dict.fromkeys([first, *(i for i, _ in made)][:4])
    for secret_id, one in zip(ends, foretold.rotations, strict=True):
        assert ("deleted", secret_id, one.deleted_at.replace(second=0)) in story
        if one.deactivated_at != one.deleted_at:
            assert ("off", secret_id, one.deactivated_at.replace(second=0)) in story


def told(changes: dict[str, Any], **status: Any) -> Forecast:
    there = resource(changes)
    there = replace(there, status=there.status.model_copy(update=status))
    return forecast(Outlook(there), START + HOUR, 3)


LAST = START - timedelta(days=3)


@pytest.mark.parametrize(
    ("next_at", "first_due", "is_supposed"),
    [
        pytest.param("2026-03-28 00:00", "2026-03-28 00:00", False, id="a scheduled one"),
        pytest.param("2026-03-29 00:00", "2026-03-29 00:00", False, id="one by hand"),
        pytest.param("2026-03-27 00:00", "2026-03-27 00:00", False, id="one past midnight"),
        pytest.param("2026-05-01 00:00", "2026-03-28 00:00", True, id="of another spec"),
        pytest.param(None, "2026-03-28 00:00", True, id="not told"),
    ],
)
def test_the_status_tells_how_the_last_rotation_counts(
    next_at: str | None, first_due: str, is_supposed: bool
) -> None:
    at = None if next_at is None else datetime.fromisoformat(next_at).replace(tzinfo=UTC)
    found = told({}, last_rotated_at=LAST, next_rotation_at=at)
    assert f"{found.rotations[0].at:%Y-%m-%d %H:%M}" == first_due
    assert found.is_supposed is is_supposed


def test_without_a_status_the_first_rotation_runs_now() -> None:
    first, second, _ = told({}).rotations
    assert (first.at, first.due) == (START + HOUR, None)
    assert second.at == datetime(2026, 4, 1, tzinfo=UTC)
    assert first.deleted_at == second.at


def test_an_overdue_one_runs_now() -> None:
    found = told({}, last_rotated_at=START - 90 * DAY)
    assert [one.at for one in found.rotations[:2]] == [
        START + HOUR,
        datetime(2026, 3, 31, tzinfo=UTC),
    ]


def test_what_never_runs_is_said() -> None:
    never = [{"policy": "Deny", "schedule": "* * * * *", "duration": "1m"}]
    assert "spec.windows leave no opening" in (told({"spec.windows": never}).fault or "")
    off = told({"spec.windows": never, "spec.isAutoRotationEnabled": False})
    assert off == Forecast(())
