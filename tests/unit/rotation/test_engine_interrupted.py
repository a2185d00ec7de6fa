"""A pass that is given up while a call of it stands in line: what was done stays done, and told."""

from __future__ import annotations

import pytest

from okta_rotator.rotation.places import ChangedError
from tests.unit.rotation.faults import Call, Fault, Moment
from tests.unit.rotation.world import World


async def routine() -> World:
    """A world in which both places of the app are taken, and a rotation is asked for."""
    world = World()
    for token in ("first", "second"):
        world.annotate(rotate=token)
        await world.settle()
    world.forget_calls()
    world.cluster.notices.clear()
    world.annotate(rotate="third")
    return world


def news_before(world: World, name: str) -> None:
    def strikes(call: Call) -> bool:
        return call.name == name

    world.add_fault(Fault(strikes, Moment.BEFORE, ChangedError()))


@pytest.mark.parametrize(
    "name",
    ["read_app", "deactivate_secret", "delete_secret_in_okta", "create_secret", "introspect"],
)
async def test_a_pass_that_begins_anew_costs_okta_nothing_more(name: str) -> None:
    world = await routine()
    news_before(world, name)

    with pytest.raises(ChangedError):
        await world.run()
    await world.settle()

    assert sorted(set(world.apps_calls)) == [
        "create_secret",
        "deactivate_secret",
        "delete_secret_in_okta",
    ]
    # That which was given up was not sent.
    assert len(world.apps_calls) == 3 + (name in world.apps_calls)
    assert world.resource.status.rotation_status == "success"
    assert world.resource.status.failures is None


async def test_what_was_done_before_is_told_once() -> None:
    world = await routine()
    news_before(world, "create_secret")

    with pytest.raises(ChangedError):
        await world.run()
    await world.settle()

    told = [notice.reason for notice in world.cluster.notices]
    assert told.count("Retired") == 1
    assert told.count("Rotated") == 1


async def test_a_new_resource_that_is_given_up_is_still_told_of_as_new() -> None:
    world = World()
    news_before(world, "create_secret")

    with pytest.raises(ChangedError):
        await world.run()
    await world.settle()

    assert [notice.reason for notice in world.cluster.notices] == ["Rotated"]
    assert world.condition("Ready") == ("True", "Published")
