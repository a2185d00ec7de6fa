"""Local times, windows and spread, through whole passes of the engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from okta_rotator.api.rotation import RotationSpec
from okta_rotator.api.rotation_status import RotationResult, RotationStatus
from okta_rotator.rotation.decisions import Settled
from okta_rotator.rotation.state import Trigger
from tests.resources import rotation
from tests.unit.rotation.builders import UID, resource
from tests.unit.rotation.faults import START, Fault, Moment, named, unavailable
from tests.unit.rotation.world import World

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FIRST_DUE = datetime(2026, 4, 1, tzinfo=UTC)
"""Without anything: 30 days after `START`, and a Wednesday."""
SATURDAY = datetime(2026, 4, 4, 2, tzinfo=UTC)


def window(policy: str, schedule: str, duration: str = "4h", zone: str = "UTC") -> dict[str, str]:
    return {"policy": policy, "schedule": schedule, "duration": duration, "timeZone": zone}


SATURDAYS = {"spec.windows": [window("Allow", "0 2 * * SAT")]}
NEVER = {"spec.windows": [window("Allow", "0 0 30 2 *")]}
YEARLY = {"spec.windows": [window("Allow", "0 2 1 6 *")]}


async def settled(changes: dict[str, Any] | None = None) -> World:
    world = World(resource(changes))
    await world.settle()
    world.forget_calls()
    return world


def status_of(world: World) -> RotationStatus:
    return world.resource.status


def last_trigger(world: World) -> Trigger | None:
    return world.state.last_trigger


def message_of(world: World, kind: str = "Ready") -> str:
    return next(c.message for c in status_of(world).conditions or () if c.type == kind)


async def test_a_due_rotation_waits_for_an_opening_and_says_until_when() -> None:
    world = await settled(SATURDAYS)
    assert status_of(world).next_rotation_at == SATURDAY
    assert message_of(world) == "Secret my-rotation is up to date"
    world.clock.advance_to(FIRST_DUE)
    outcome = await world.settle()
    assert world.wire.count("create_secret") == 0
    assert world.condition("Ready") == ("True", "Published")
    assert message_of(world) == (
        "Secret my-rotation is up to date; the rotation that is due since 2026-04-01 00:00 UTC "
        "waits for the next opening of spec.windows, 2026-04-04 02:00 UTC"
    )
    assert status_of(world).rotation_status is RotationResult.PENDING
    assert status_of(world).next_rotation_at == SATURDAY
    assert outcome.next_look is not None
    assert outcome.next_look <= SATURDAY
    world.clock.advance_to(SATURDAY)
    await world.settle()
    assert world.state.last_trigger is Trigger.SCHEDULE
    assert status_of(world).rotation_status is RotationResult.SUCCESS
    assert status_of(world).last_rotated_at == SATURDAY


async def test_the_moment_when_it_comes_due_is_looked_at_though_the_window_is_shut() -> None:
    world = await settled({**SATURDAYS, "spec.verification.enabled": False})
    outcome = await world.settle()
    assert outcome.next_look == FIRST_DUE
    world.clock.advance_to(FIRST_DUE)
    assert (await world.settle()).next_look == SATURDAY


async def test_a_nightly_window_does_not_move_the_series() -> None:
    world = await settled({"spec.windows": [window("Allow", "0 3 * * *")]})
    due = [status_of(world).next_rotation_at]
    for _ in range(3):
        assert due[-1] is not None
        world.clock.advance_to(due[-1])
        await world.settle()
        due.append(status_of(world).next_rotation_at)
    expected = datetime(2026, 4, 1, 3, tzinfo=UTC)
    assert due == [expected + number * 30 * DAY for number in range(4)]


async def test_what_waited_long_starts_anew_from_the_day_on_which_it_ran() -> None:
    world = await settled(YEARLY)
    assert status_of(world).next_rotation_at == datetime(2026, 6, 1, 2, tzinfo=UTC)
    world.clock.advance_to(datetime(2026, 6, 1, 2, tzinfo=UTC))
    await world.settle()
    assert world.wire.count("create_secret") == 1
    assert status_of(world).next_rotation_at == datetime(2027, 6, 1, 2, tzinfo=UTC)


async def test_an_opening_that_passed_without_the_operator_is_followed_by_the_next() -> None:
    world = await settled(SATURDAYS)
    world.clock.advance_to(SATURDAY + 5 * HOUR)
    world.restart()
    await world.settle()
    assert world.wire.count("create_secret") == 0
    assert status_of(world).next_rotation_at == SATURDAY + 7 * DAY
    world.clock.advance_to(SATURDAY + 7 * DAY + HOUR)
    await world.settle()
    assert world.wire.count("create_secret") == 1


async def test_a_request_a_repair_and_the_first_rotation_do_not_wait() -> None:
    world = await settled(YEARLY)
    assert world.condition("Ready") == ("True", "Published")
    world.annotate(rotate="now")
    await world.settle()
    assert last_trigger(world) is Trigger.MANUAL
    world.broken_by_a_person = True
    assert world.state.active is not None
    world.okta.remove(world.state.active.secret_id)
    world.clock.advance(DAY)
    await world.settle()
    assert world.condition("Ready") == ("True", "Published")
    assert last_trigger(world) is Trigger.REPAIR


async def test_a_rotation_that_is_interrupted_beyond_its_window_goes_on_in_the_next() -> None:
    world = await interrupted()
    published = world.published
    outcome = await world.run()
    assert outcome.next_look is not None
    assert outcome.next_look < SATURDAY + 2 * DAY, "nobody would ask Okta about what is published"
    assert world.published == published
    assert world.condition("Ready") == ("True", "Published")
    await world.settle()
    assert world.published != published
    assert status_of(world).last_rotated_at == SATURDAY + 7 * DAY


async def interrupted() -> World:
    """A scheduled rotation has begun, and its window has closed."""
    world = await settled(SATURDAYS)
    world.clock.advance_to(SATURDAY)
    world.add_fault(Fault(named("create_secret"), Moment.BEFORE, unavailable()))
    await world.run()
    world.clock.advance(4 * HOUR)
    return world


async def test_an_interrupted_rotation_says_what_it_waits_for() -> None:
    world = await interrupted()
    await world.run()
    until = "when spec.windows and the connection's freeze let it: 2026-04-11 02:00 UTC"
    assert (status_of(world).last_rotation_message or "").endswith(until)
    assert world.condition("RotationFailing") == ("True", "WindowClosed")
    assert world.condition("Ready") == ("True", "Published")


async def test_an_interrupted_rotation_goes_on_at_once_when_it_is_asked_for() -> None:
    world = await interrupted()
    world.annotate(rotate="now")
    published = world.published
    await world.settle()
    assert world.published != published
    assert world.clock.at < SATURDAY + DAY


async def test_an_interrupted_rotation_goes_on_at_once_where_the_active_secret_is_gone() -> None:
    world = await interrupted()
    world.broken_by_a_person = True
    assert world.state.active is not None
    world.okta.remove(world.state.active.secret_id)
    world.restart()
    await world.settle()
    assert world.condition("Ready") == ("True", "Published")
    assert world.clock.at < SATURDAY + 2 * DAY


async def test_windows_that_never_open_stall_the_resource_at_once() -> None:
    world = await settled(NEVER)
    assert world.condition("Stalled") == ("True", "InvalidSpec")
    assert world.condition("Ready") == ("False", "InvalidSpec")
    assert "spec.windows leave no opening within 5 years" in message_of(world)
    assert status_of(world).next_rotation_at is None
    assert world.published is not None
    world.change_spec({**NEVER, "spec.isAutoRotationEnabled": False})
    await world.settle()
    assert world.condition("Stalled") is None
    assert world.condition("Ready") == ("True", "Published")


def warnings(world: World, reason: str) -> list[str]:
    return [n.message for n in world.cluster.notices if n.reason == reason and n.is_warning]


def kept_for(duration: str, **changes: Any) -> dict[str, Any]:
    """With a day's interval."""
    rule = {"retention": "For", "duration": duration, "inactiveHold": "4h"}
    return {"spec.rotationInterval": 1, "spec.previousSecret": rule, **changes}


async def test_a_promise_beyond_the_next_rotation_is_told_of_once() -> None:
    world = await settled(kept_for("20h"))
    assert warnings(world, "RetentionOutlastsInterval") == []
    world.change_spec(kept_for("21h"))
    await world.settle()
    await world.settle()
    (message,) = warnings(world, "RetentionOutlastsInterval")
    assert message.startswith("spec.previousSecret: duration and inactiveHold together are longer")


async def test_a_promise_is_in_the_way_of_no_rotation_that_is_not_scheduled() -> None:
    world = await settled(kept_for("21h", **{"spec.isAutoRotationEnabled": False}))
    assert warnings(world, "RetentionOutlastsInterval") == []


async def test_windows_that_open_seldom_are_told_of_once() -> None:
    world = await settled(YEARLY)
    assert warnings(world, "WindowsOpenSeldom") == [
        "spec.windows stay shut for 365 days on end, and spec.rotationInterval is 30: rotations "
        "come later than that"
    ]
    for _ in range(3):
        world.clock.advance(DAY)
        await world.settle()
    assert len(warnings(world, "WindowsOpenSeldom")) == 1
    world.change_spec(SATURDAYS)
    await world.settle()
    assert len(warnings(world, "WindowsOpenSeldom")) == 1
    assert world.condition("Ready") == ("True", "Published")


BERLIN = {"hours": 2, "minutes": 30, "timeZone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("changes", "moved_to"),
    [
        ({"spec.rotateAt": BERLIN}, datetime(2026, 4, 1, 0, 30, tzinfo=UTC)),
        ({"spec.rotateAtUtc": {"hours": 23, "minutes": 0}}, FIRST_DUE - HOUR),
        ({"spec.rotationInterval": 40}, FIRST_DUE + 10 * DAY),
        (SATURDAYS, SATURDAY),
        ({"spec.windows": [window("Deny", "0 0 1 * *", "36h")]}, FIRST_DUE + 36 * HOUR),
    ],
)
async def test_a_change_of_the_spec_moves_the_next_rotation_and_causes_none(
    changes: dict[str, Any], moved_to: datetime
) -> None:
    world = await settled()
    assert status_of(world).next_rotation_at == FIRST_DUE
    world.change_spec(changes)
    outcome = await world.settle()
    assert isinstance(outcome.verdict, Settled)
    assert status_of(world).next_rotation_at == moved_to
    assert world.apps_calls == []
    assert status_of(world).last_rotated_at == START


async def test_a_change_by_which_it_is_overdue_rotates_within_the_windows_alone() -> None:
    world = await settled()
    world.clock.advance(5 * DAY)
    world.change_spec({"spec.rotationInterval": 3, **SATURDAYS})
    await world.settle()
    assert world.wire.count("create_secret") == 0
    assert "waits for the next opening" in message_of(world)
    world.change_spec({"spec.rotationInterval": 3})
    await world.settle()
    assert world.wire.count("create_secret") == 1


async def test_the_spread_moves_the_next_rotation_and_not_the_series() -> None:
    changes = {"spec.rotationInterval": 1, "spec.spread": "2h"}
    changes["spec.rotateAtUtc"] = {"hours": 23, "minutes": 30}
    found = set()
    for number in range(6):
        world = World(resource(changes, uid=f"{UID}-{number}"))
        await world.settle()
        first = status_of(world).next_rotation_at
        assert first is not None
        midnight = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
        assert midnight <= first < midnight + 2 * HOUR
        for day in range(3):
            world.clock.advance_to(first + day * DAY)
            await world.settle()
            assert status_of(world).last_rotated_at == first + day * DAY
            assert status_of(world).next_rotation_at == first + (day + 1) * DAY
        found.add(first)
    assert len(found) == 6


def test_a_zone_that_only_the_api_server_knows_is_a_plain_fault_of_the_spec() -> None:
    spec = rotation({"spec.rotateAt": {**BERLIN, "timeZone": "Mars/Olympus_Mons"}})["spec"]
    with pytest.raises(ValueError, match="is no IANA time zone that this operator knows"):
        RotationSpec.model_validate(spec)
