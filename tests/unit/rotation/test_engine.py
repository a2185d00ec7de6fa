"""Whole rotations in a small world: what ends up where, and what it costs in calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from okta_rotator.api.names import ADOPT_ANNOTATION, SECRET_ID_ANNOTATION, STATE_SUFFIX
from okta_rotator.api.rotation_status import RotationResult
from okta_rotator.rotation.decisions import Blocked, LetGo, Settled
from okta_rotator.rotation.state import State, Trigger, to_data
from okta_rotator.rotation.values import is_made_for
from tests.unit.rotation import builders
from tests.unit.rotation.builders import NAME, UID
from tests.unit.rotation.world import World

WRITES = ("create_state", "replace_state", "write_target", "write_status")


async def rotated_once(world: World | None = None) -> World:
    """A world in which the first rotation is done, and its calls are forgotten."""
    world = world or World()
    await world.settle()
    world.forget_calls()
    return world


async def rotated_twice() -> World:
    """A world with an active and a previous secret, both ours."""
    world = await rotated_once()
    await rotate_by_schedule(world)
    world.forget_calls()
    return world


async def rotate_by_schedule(world: World) -> None:
    due = world.resource.status.next_rotation_at
    assert due is not None
    world.clock.advance_to(due)
    await world.settle()


def kubernetes_writes(world: World) -> list[str]:
    return [call.name for call in world.wire.calls if call.name in WRITES]


async def test_the_first_rotation_ends_published_and_ready() -> None:
    world = World()
    outcome = await world.settle()
    (made,) = world.okta.secrets
    assert isinstance(outcome.verdict, Settled)
    assert world.published == made.value
    assert made.value is not None
    assert is_made_for(made.value, UID)
    assert world.target.annotations[SECRET_ID_ANNOTATION] == made.id
    assert world.condition("Ready") == ("True", "Published")
    assert world.resource.status.rotation_status is RotationResult.SUCCESS
    assert world.resource.status.next_rotation_at == datetime(2026, 4, 1, tzinfo=UTC)
    assert outcome.next_look is not None
    assert outcome.next_look < world.clock.at + timedelta(days=1), "no recheck is planned"


async def test_the_first_rotation_costs_exactly_these_calls() -> None:
    world = World()
    await world.settle()
    assert world.apps_calls == ["list_secrets", "create_secret"]
    assert world.wire.count("read_app") == 1
    assert world.wire.count("introspect") == 1
    assert kubernetes_writes(world) == [
        "write_status",
        "create_state",
        "replace_state",
        "write_target",
        "write_status",
    ]


async def test_the_first_rotation_keeps_the_secret_of_a_person_until_the_second() -> None:
    world = World()
    theirs = world.okta.put("made-by-a-person")
    await rotated_once(world)
    assert theirs in world.okta.secrets
    assert world.published != theirs.value
    await rotate_by_schedule(world)
    assert theirs.id not in [one.id for one in world.okta.secrets]


async def test_a_routine_rotation_costs_three_calls_of_the_apps_bucket_and_no_list() -> None:
    world = await rotated_twice()
    await rotate_by_schedule(world)
    assert world.apps_calls == ["deactivate_secret", "delete_secret_in_okta", "create_secret"]
    assert world.wire.count("introspect") == 1
    assert world.wire.count("read_app") == 1
    assert world.wire.count("write_status") == 1


async def test_the_old_secret_works_until_the_next_rotation() -> None:
    world = await rotated_once()
    old = world.published
    await rotate_by_schedule(world)
    assert old is not None
    assert world.published != old
    assert world.okta.accepts(old)
    await rotate_by_schedule(world)
    assert not world.okta.accepts(old)


async def test_the_index_of_the_active_secret_alternates() -> None:
    world = World()
    indices = []
    for _ in range(4):
        await world.settle()
        indices.append(world.resource.status.active_index)
        await rotate_by_schedule(world)
    assert indices == [0, 1, 0, 1]


async def test_scheduled_rotations_do_not_creep() -> None:
    world = await rotated_once()
    await rotate_by_schedule(world)
    assert world.resource.status.next_rotation_at == datetime(2026, 5, 1, tzinfo=UTC)
    assert world.state.last_trigger is Trigger.SCHEDULE


async def test_nothing_happens_before_a_rotation_is_due() -> None:
    world = await rotated_once()
    world.clock.advance_to(datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC))
    await world.settle()
    assert [call.name for call in world.wire.calls] == ["read_secret", "read_secret", "introspect"]


async def test_an_overdue_rotation_runs_at_once_after_a_restart() -> None:
    world = await rotated_once()
    world.clock.advance(timedelta(days=100))
    world.restart()
    await world.settle()
    assert world.okta.made == 2
    await world.settle()
    assert world.okta.made == 2


async def test_with_auto_rotation_off_the_first_rotation_still_runs_and_no_other() -> None:
    world = World(builders.resource({"spec.isAutoRotationEnabled": False}))
    await world.settle()
    assert world.okta.made == 1
    assert world.resource.status.next_rotation_at is None
    world.clock.advance(timedelta(days=1000))
    await world.settle()
    assert world.okta.made == 1


async def test_a_manual_token_rotates_once() -> None:
    world = await rotated_once()
    world.annotate(rotate="t1")
    await world.settle()
    await world.settle()
    world.restart()
    await world.settle()
    assert world.okta.made == 2
    assert world.state.last_trigger is Trigger.MANUAL
    assert world.resource.status.handled_requests is not None
    assert world.resource.status.handled_requests.rotate == "t1"


async def test_each_new_token_rotates_again() -> None:
    world = await rotated_once()
    for token in ("t1", "t2", "t1"):
        world.annotate(rotate=token)
        await world.settle()
    assert world.okta.made == 4


async def test_a_token_that_is_there_at_first_sight_is_noted_and_not_executed() -> None:
    world = World(builders.resource(annotations={"okta-rotator.dev/rotate": "t1"}))
    await world.settle()
    await world.settle()
    assert world.okta.made == 1
    assert world.state.handled_rotate == "t1"


async def test_a_token_that_only_status_calls_handled_stays_handled() -> None:
    world = await rotated_once()
    before = world.cluster.secrets[NAME + STATE_SUFFIX]
    world.annotate(rotate="t1")
    await world.settle()
    world.broken_by_a_person = True
    world.cluster.secrets[NAME + STATE_SUFFIX] = replace(before, resource_version="900")
    for _ in range(3):
        world.restart()
        await world.settle()
    assert world.okta.made == 2


async def test_a_new_mapping_renames_the_keys_and_rotates_nothing() -> None:
    world = await rotated_once()
    changed = builders.resource(
        {"spec.secretsMapping": {"clientId": "ID", "clientSecret": "VALUE"}},
        generation=2,
        status=world.resource.status,
    )
    world.cluster.change_resource(changed)
    await world.settle()
    assert set(world.target.data) == {"ID", "VALUE"}
    assert world.okta.made == 1
    assert world.apps_calls == []


async def test_a_resource_that_is_deleted_is_let_go_without_okta() -> None:
    world = await rotated_once()
    world.connection = replace(world.connection, org_id=None)
    world.cluster.change_resource(replace(world.resource, deleting=True))
    outcome = await world.settle()
    assert isinstance(outcome.verdict, LetGo)
    assert set(world.cluster.secrets) == {NAME, NAME + STATE_SUFFIX}
    assert kubernetes_writes(world) == []


async def test_a_deleted_resource_takes_its_secret_along_where_it_says_so() -> None:
    world = await rotated_once(World(builders.resource({"spec.deletionPolicy.secret": "Delete"})))
    world.cluster.change_resource(replace(world.resource, deleting=True))
    assert isinstance((await world.settle()).verdict, LetGo)
    assert set(world.cluster.secrets) == {NAME + STATE_SUFFIX}


async def test_a_strangers_secret_is_left_alone_until_a_person_gives_it_to_us() -> None:
    world = World()
    world.cluster.secrets[NAME] = builders.strangers_secret()
    outcome = await world.settle()
    assert isinstance(outcome.verdict, Blocked)
    assert world.condition("Stalled") == ("True", "TargetConflict")
    assert world.target == builders.strangers_secret()
    assert world.apps_calls == []
    world.cluster.change_secret(NAME, annotations={ADOPT_ANNOTATION: NAME})
    await world.settle()
    assert world.condition("Ready") == ("True", "Published")
    assert world.target.data["theirs"] == "x"


async def test_a_resource_of_the_same_name_takes_the_state_up_without_a_rotation() -> None:
    world = await rotated_once()
    value = world.published
    again = builders.resource(uid=builders.EARLIER_UID)
    world.cluster.change_resource(again)
    await world.settle()
    assert (world.state.uid, world.published) == (builders.EARLIER_UID, value)
    assert world.apps_calls == ["list_secrets"]
    assert world.condition("Ready") == ("True", "Published")


@pytest.mark.parametrize(
    "theirs", [builders.state(app_id="0oaanother1"), builders.state(org_id="00oanother")]
)
async def test_a_state_of_another_app_or_org_is_never_overwritten(theirs: State) -> None:
    world = World()
    world.broken_by_a_person = True
    stored = (await rotated_once()).cluster.secrets[NAME + STATE_SUFFIX]
    data = to_data(theirs)
    world.cluster.secrets[NAME + STATE_SUFFIX] = replace(stored, data=data)
    await world.settle()
    assert world.condition("Stalled") == ("True", "StateConflict")
    assert world.cluster.secrets[NAME + STATE_SUFFIX].data == data
    assert world.apps_calls == []
