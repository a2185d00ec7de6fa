"""How a pass of the engine ends where the cluster, or another hand, gets in its way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.api.names import STATE_SUFFIX
from okta_rotator.rotation.decisions import Blocked
from okta_rotator.rotation.snapshot import Connection
from okta_rotator.rotation.trouble import Next, PortError, Trouble
from tests.unit.rotation import builders
from tests.unit.rotation.builders import NAME
from tests.unit.rotation.fake_okta import APP
from tests.unit.rotation.faults import Fault, Moment, lost_race, named, unavailable
from tests.unit.rotation.test_engine import rotate_by_schedule, rotated_once, rotated_twice
from tests.unit.rotation.world import World

DENIED = PortError(Trouble(Next.PERSON, Reason.ACCESS_DENIED, "secrets is forbidden"))


async def test_a_cluster_that_forbids_a_write_stalls_the_resource() -> None:
    world = World()
    world.add_fault(Fault(named("write_target"), Moment.BEFORE, DENIED))
    outcome = await world.run()
    assert isinstance(outcome.verdict, Blocked)
    assert world.condition("Stalled") == ("True", "AccessDenied")
    await world.settle()
    assert world.condition("Ready") == ("True", "Published")
    assert world.okta.made == 1


async def test_races_that_are_lost_again_and_again_are_left_for_later() -> None:
    world = await rotated_once()
    world.clock.advance(timedelta(days=40))
    world.add_fault(Fault(named("replace_state"), Moment.BEFORE, lost_race("conflict"), times=6))
    with pytest.raises(PortError, match="too many lost races"):
        await world.run()
    await world.settle()
    assert world.okta.made == 2


async def test_a_hand_that_undoes_our_work_does_not_keep_a_worker_for_ever() -> None:
    world = World()
    world.cluster.webhook = lambda secret: replace(secret, labels={})
    with pytest.raises(PortError, match="too many steps"):
        await world.run()
    assert world.wire.count("introspect") == 1


async def test_an_unreachable_cluster_ends_the_pass_and_spares_okta() -> None:
    world = await rotated_once()
    world.add_fault(Fault(named("read_secret"), Moment.BEFORE, unavailable()))
    with pytest.raises(PortError):
        await world.run()
    assert world.apps_calls == []


async def test_an_invalid_spec_reads_nothing_and_tells() -> None:
    world = World(builders.invalid_resource())
    outcome = await world.run()
    assert outcome.next_look is None
    assert [call.name for call in world.wire.calls] == ["write_status"]
    assert world.condition("Stalled") == ("True", "InvalidSpec")


async def test_a_resource_that_is_forgotten_is_looked_at_afresh() -> None:
    world = await rotated_twice()
    world.engine.forget(world.resource.uid)
    await rotate_by_schedule(world)
    assert "list_secrets" in world.apps_calls


async def test_a_pass_that_takes_long_shows_its_progress() -> None:
    world = await rotated_twice()
    due = world.resource.status.next_rotation_at
    assert due is not None
    world.clock.advance_to(due)
    world.wire.check = lambda: world.clock.advance(timedelta(seconds=1))
    await world.run()
    assert 1 < world.wire.count("write_status") < 6


async def test_an_unchanged_status_is_not_written() -> None:
    world = await rotated_once()
    await world.run()
    assert world.wire.count("write_status") == 0


async def test_each_event_is_told_once() -> None:
    world = await rotated_twice()
    for _ in range(3):
        await world.settle()
    told = [notice.reason for notice in world.cluster.notices]
    assert told == ["Rotated", "Rotated"]
    await rotate_by_schedule(world)
    told = [notice.reason for notice in world.cluster.notices]
    assert told == ["Rotated", "Rotated", "Retired", "Rotated"]


async def test_a_connection_that_is_lost_is_told_and_harms_nothing() -> None:
    world = await rotated_once()
    value = world.published
    trouble = Trouble(Next.PERSON, Reason.CONNECTION_NOT_READY, "not ready")
    world.connection = Connection("my-connection", "conn-uid", builders.ORG, trouble)
    await world.run()
    assert world.condition("Ready") == ("True", "Published")
    assert world.condition("RotationFailing") == ("True", "ConnectionNotReady")
    del world.cluster.secrets[NAME]
    world.restart()
    await world.run()
    assert world.published == value
    world.connection = builders.CONNECTION
    await world.run()
    assert world.condition("RotationFailing") is None
    told = [notice.reason for notice in world.cluster.notices]
    assert told == ["Rotated", "ConnectionNotReady", "TargetRepaired", "Recovered"]


async def test_an_app_that_was_deactivated_blocks_the_rotation_and_not_the_value() -> None:
    world = await rotated_once()
    value = world.published
    world.okta.app = replace(APP, status="INACTIVE")
    world.clock.advance(timedelta(days=40))
    await world.settle()
    assert world.published == value
    assert world.condition("Ready") == ("True", "Published")
    assert world.condition("RotationFailing") == ("True", "AppInactive")
    assert world.apps_calls == []
    world.okta.app = APP
    await world.settle()
    assert world.published != value


async def test_an_app_that_okta_does_not_know_is_written_nothing() -> None:
    world = World()
    world.okta.app = None
    await world.settle()
    assert world.condition("Stalled") == ("True", "AppNotFound")
    assert set(world.cluster.secrets) == set()


async def test_a_changed_auth_method_is_found_out_when_the_old_one_is_refused() -> None:
    world = await rotated_once()
    value = world.published
    world.okta.app = replace(APP, auth_method="client_secret_post")
    del world.cluster.secrets[NAME]
    world.restart()
    await world.settle()
    assert world.published == value
    assert world.okta.made == 1
    assert world.state.auth_method == "client_secret_post"
    assert world.condition("Ready") == ("True", "Published")


async def test_an_unreadable_state_is_left_as_it_is() -> None:
    world = await rotated_once()
    world.broken_by_a_person = True
    name = NAME + STATE_SUFFIX
    broken = {**world.cluster.secrets[name].data, "record": "{"}
    world.cluster.secrets[name] = replace(world.cluster.secrets[name], data=broken)
    world.wire.check = lambda: None
    await world.settle()
    assert world.cluster.secrets[name].data == broken
    assert world.condition("Stalled") == ("True", "StateConflict")
