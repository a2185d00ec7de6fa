"""What the engine makes good after a person, another controller or a restore was at work."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.api.names import STATE_SUFFIX
from okta_rotator.api.rotation import RotationStatus
from okta_rotator.rotation.decisions import Settled
from okta_rotator.rotation.okta_view import Proof, SecretState
from okta_rotator.rotation.state import Trigger
from okta_rotator.rotation.trouble import Next, Trouble
from okta_rotator.rotation.values import SecretValue
from tests.unit.rotation import builders
from tests.unit.rotation.builders import ID_KEY, NAME, VALUE_KEY
from tests.unit.rotation.faults import (
    TICK,
    CrashError,
    Fault,
    Moment,
    at_call,
    lost_race,
    named,
    no_answer,
    unavailable,
)
from tests.unit.rotation.test_engine import (
    kubernetes_writes,
    rotate_by_schedule,
    rotated_once,
    rotated_twice,
)
from tests.unit.rotation.world import World

STATE_NAME = NAME + STATE_SUFFIX
REFUSED = Proof.REFUSED
MINUTE = timedelta(minutes=1)


def refused_at(world: World) -> datetime:
    """When Okta last refused a value, as the engine saw it: a call takes a tick."""
    return next(at for at, _, p in reversed(world.okta.introspections) if p is REFUSED) - TICK


def refusals_of(world: World, value: SecretValue) -> int:
    return sum((one, said) == (value, REFUSED) for _, one, said in world.okta.introspections)


def notices(world: World) -> list[str]:
    return [notice.reason for notice in world.cluster.notices]


@pytest.mark.parametrize("key", [ID_KEY, VALUE_KEY])
async def test_drift_is_repaired_at_the_cost_of_one_introspection(key: str) -> None:
    world = await rotated_once()
    good = dict(world.target.data)
    world.broken_by_a_person = True
    world.cluster.change_secret(NAME, data={key: "changed"})
    await world.settle()
    assert world.target.data == good
    assert world.wire.count("introspect") == 1
    assert world.apps_calls == []
    assert world.wire.count("read_app") == 0
    assert notices(world) == ["Rotated", "TargetRepaired"]


async def test_a_deleted_target_is_made_again_after_a_restart_with_one_introspection() -> None:
    world = await rotated_once()
    value = world.published
    del world.cluster.secrets[NAME]
    world.restart()
    await world.settle()
    assert world.published == value
    assert world.wire.count("introspect") == 1
    assert world.apps_calls == []


async def test_a_changed_label_is_repaired_without_okta() -> None:
    world = await rotated_once()
    world.cluster.change_secret(NAME, labels={"okta-rotator.dev/rotation": "x", "theirs": "y"})
    await world.settle()
    assert world.target.labels == {"okta-rotator.dev/rotation": builders.UID, "theirs": "y"}
    assert world.wire.count("introspect") == 0


async def test_drift_is_repaired_with_the_active_value_while_okta_cannot_be_reached() -> None:
    world = await rotated_once()
    value = world.published
    world.broken_by_a_person = True
    world.cluster.change_secret(NAME, data={VALUE_KEY: "changed"})
    world.add_fault(Fault(named("introspect"), Moment.BEFORE, unavailable(), times=9))
    outcome = await world.settle()
    assert world.published == value
    assert isinstance(outcome.verdict, Settled)
    assert world.condition("Ready") == ("True", "Published")


async def test_a_status_that_was_wiped_is_rebuilt_without_a_rotation() -> None:
    world = await rotated_twice()
    before = world.resource.status
    world.cluster.change_resource(replace(world.resource, status=RotationStatus()))
    world.restart()
    await world.settle()
    after = world.resource.status
    kept = {"conditions": None}
    assert after.model_copy(update=kept) == before.model_copy(update=kept)
    assert world.apps_calls == []
    assert world.okta.made == 2


async def test_a_lost_state_is_adopted_from_the_target_without_a_rotation() -> None:
    world = await rotated_twice()
    before = world.state
    world.broken_by_a_person = True
    del world.cluster.secrets[STATE_NAME]
    world.restart()
    await world.settle()
    assert world.okta.made == 2
    assert before.active is not None
    assert before.previous is not None
    assert world.state.active is not None
    assert world.state.previous is not None
    assert world.state.active.secret_id == before.active.secret_id
    assert world.state.previous.secret_id == before.previous.secret_id
    assert world.state.generation > before.generation
    assert world.condition("Ready") == ("True", "Published")
    assert world.apps_calls == ["list_secrets"]


async def test_after_a_lost_state_the_next_rotation_is_an_ordinary_one() -> None:
    world = await rotated_twice()
    world.broken_by_a_person = True
    del world.cluster.secrets[STATE_NAME]
    await world.settle()
    world.broken_by_a_person = False
    await rotate_by_schedule(world)
    assert world.okta.made == 3
    assert world.condition("Ready") == ("True", "Published")


@pytest.mark.parametrize("shows_values", [True, False])
async def test_a_restored_old_state_is_brought_up_to_the_target(shows_values: bool) -> None:
    world = await rotated_once()
    old_state = world.cluster.secrets[STATE_NAME]
    await rotate_by_schedule(world)
    published, generation = world.published, world.state.generation
    world.broken_by_a_person = True
    world.okta.shows_values = shows_values
    world.cluster.secrets[STATE_NAME] = replace(old_state, resource_version="900")
    world.restart()
    await world.settle()
    assert (world.published, world.okta.made) == (published, 2)
    assert world.state.active is not None
    assert world.state.active.value == published
    assert world.state.previous is not None
    assert world.state.generation > generation
    assert world.state.last_trigger is Trigger.REPAIR
    world.broken_by_a_person = False
    await rotate_by_schedule(world)
    assert world.okta.made == 3


async def test_the_previous_secret_takes_over_when_a_person_deletes_the_active_one() -> None:
    world = await rotated_twice()
    old, previous = world.state.active, world.state.previous
    assert old is not None
    assert previous is not None
    world.broken_by_a_person = True
    world.okta.set_state(old.secret_id, SecretState.INACTIVE)
    world.okta.remove(old.secret_id)
    world.cluster.change_secret(NAME, data={ID_KEY: "changed"})
    world.okta.is_silent_on_proofs = False
    published = await published_values(world)
    assert published[0] == previous.value
    assert published[-1] == world.okta.secrets[-1].value
    assert world.okta.made == 3
    assert world.condition("Ready") == ("True", "Published")
    indices = [one.index for one in world.resource.status.credentials or ()]
    assert sorted(indices) == [0, 1]


async def published_values(world: World) -> list[SecretValue]:
    """What the target came to hold, one after the other, while the world settles."""
    values: list[SecretValue] = []

    def note() -> None:
        value = world.published
        if value is not None and world.okta.accepts(value) and value not in values:
            values.append(value)

    world.wire.check = note
    await world.settle()
    return values


async def test_the_candidate_keeps_its_own_index_when_the_roles_change_places_meanwhile() -> None:
    world = await rotated_twice()
    world.clock.advance(timedelta(days=40))
    world.add_fault(Fault(named("deactivate_secret"), Moment.BEFORE, CrashError()))
    with pytest.raises(CrashError):
        await world.run()
    active = world.state.active
    assert active is not None
    world.broken_by_a_person = True
    world.okta.remove(active.secret_id)
    world.restart()
    await world.settle()
    assert world.okta.made == 3
    indices = [one.index for one in world.resource.status.credentials or ()]
    assert sorted(indices) == [0, 1]
    assert world.condition("Ready") == ("True", "Published")


async def test_a_published_value_that_okta_refuses_is_asked_twice_and_then_replaced() -> None:
    world = await rotated_once()
    dead = world.published
    assert dead is not None
    world.broken_by_a_person = True
    world.okta.distrusted.add(dead)
    del world.cluster.secrets[NAME]
    first = await world.run()
    await world.run()
    assert first.next_look == refused_at(world) + MINUTE
    assert world.published is None
    assert world.condition("Ready") == ("False", "VerificationFailed")
    assert world.condition("Reconciling") == ("True", "VerificationFailed")
    await world.settle()
    assert world.published not in (None, dead)
    assert world.state.last_trigger is Trigger.REPAIR
    assert world.condition("Ready") == ("True", "Published")
    assert refusals_of(world, dead) == 2


async def test_a_published_value_that_was_refused_once_and_then_accepted_is_kept() -> None:
    world = await rotated_once()
    value = world.published
    assert value is not None
    world.broken_by_a_person = True
    world.okta.distrusted.add(value)
    del world.cluster.secrets[NAME]
    await world.run()
    world.okta.distrusted.clear()
    world.clock.advance(MINUTE)
    await world.run()
    assert (world.published, world.okta.made) == (value, 1)
    assert world.condition("Ready") == ("True", "Published")


async def test_a_refused_value_is_not_asked_again_while_its_replacement_is_made() -> None:
    world = await rotated_once()
    dead = world.published
    assert dead is not None
    world.broken_by_a_person = True
    world.okta.distrusted.add(dead)
    del world.cluster.secrets[NAME]
    await world.run()
    world.clock.advance(MINUTE)
    world.add_fault(Fault(named("create_secret"), Moment.BEFORE, unavailable()))
    await world.run()
    await world.settle()
    assert refusals_of(world, dead) == 2
    assert world.published == world.okta.secrets[-1].value


@pytest.mark.parametrize("number", range(14))
async def test_lost_races_for_the_secrets_are_run_again(number: int) -> None:
    world = await rotated_twice()
    world.clock.advance(timedelta(days=40))
    world.add_fault(Fault(at_call(number), Moment.BEFORE, lost_race("conflict")))
    await world.settle()
    assert world.okta.made == 3
    assert world.condition("Ready") == ("True", "Published")


async def test_a_previous_secret_that_a_person_deleted_is_forgotten() -> None:
    world = await rotated_twice()
    previous = world.state.previous
    assert previous is not None
    world.okta.set_state(previous.secret_id, SecretState.INACTIVE)
    world.okta.remove(previous.secret_id)
    world.restart()
    await rotate_by_schedule(world)
    assert world.okta.made == 3
    assert len(world.resource.status.credentials or ()) == 2


async def test_a_strangers_secret_blocks_a_rotation_only_when_its_place_is_needed() -> None:
    world = await rotated_once()
    value = world.published
    world.put_foreign("made-by-a-person")
    world.restart()
    await world.settle()
    assert world.condition("RotationFailing") is None
    world.clock.advance(timedelta(days=40))
    await world.settle()
    assert world.published == value
    assert world.condition("Ready") == ("True", "Published")
    assert world.condition("RotationFailing") == ("True", "ForeignSecret")
    assert world.state.candidate is None
    world.untouchable.clear()
    world.okta.remove(world.okta.secrets[-1].id)
    await world.settle()
    assert world.published != value
    assert world.condition("RotationFailing") is None


async def test_a_strangers_secret_that_takes_the_place_meanwhile_is_seen() -> None:
    world = await rotated_once()
    value = world.published
    world.put_foreign("made-by-a-person")
    world.clock.advance(timedelta(days=40))
    await world.settle()
    assert world.published == value
    assert world.condition("RotationFailing") == ("True", "ForeignSecret")
    assert world.apps_calls == ["create_secret", "list_secrets"]


async def test_an_app_of_two_strangers_secrets_needs_a_person_and_is_not_touched() -> None:
    world = World()
    world.put_foreign("one")
    world.put_foreign("two")
    outcome = await world.settle()
    assert outcome.next_look is None
    assert world.condition("Stalled") == ("True", "TwoSecretsExist")
    assert kubernetes_writes(world) == ["write_status", "write_status"]
    world.untouchable.popitem()
    world.okta.remove(world.okta.secrets[-1].id)
    await world.settle()
    assert world.condition("Ready") == ("True", "Published")


async def test_a_target_write_without_an_answer_ends_published() -> None:
    world = World()
    world.add_fault(Fault(named("write_target"), Moment.AFTER, no_answer()))
    await world.settle()
    assert world.condition("Ready") == ("True", "Published")


async def test_an_old_state_stays_in_doubt_until_okta_can_be_asked() -> None:
    """Its secrets are long gone, and with the target lost nothing else tells that it is old."""
    world = await rotated_once()
    old_state = world.cluster.secrets[STATE_NAME]
    for _ in range(2):
        await rotate_by_schedule(world)
    told = world.resource.status
    world.broken_by_a_person = True
    world.cluster.secrets[STATE_NAME] = replace(old_state, resource_version="900")
    del world.cluster.secrets[NAME]
    connected = world.connection
    problem = Trouble(Next.PERSON, Reason.CONNECTION_NOT_READY, "not ready")
    world.connection = replace(connected, problem=problem)
    world.restart()
    for _ in range(3):
        await world.run()
    assert world.published is None, "what an old copy calls active is not accepted any more"
    assert world.resource.status.state_generation == told.state_generation
    assert world.resource.status.credentials == told.credentials
    world.connection = connected
    await world.settle()
    assert world.published is not None
    assert world.okta.accepts(world.published)
    assert world.condition("Ready") == ("True", "Published")


async def test_a_rotation_that_goes_on_under_a_new_resource_is_told_of() -> None:
    world = await rotated_once()
    world.annotate(rotate="monday")
    world.add_fault(Fault(named("create_secret"), Moment.AFTER, CrashError()))
    with pytest.raises(CrashError):
        await world.run()
    again = builders.resource(uid=builders.EARLIER_UID)
    world.cluster.change_resource(replace(again, annotations=world.resource.annotations))
    before = notices(world).count("Rotated")
    world.restart()
    await world.settle()
    assert world.state.handled_rotate == "monday"
    assert notices(world).count("Rotated") == before + 1


async def test_a_clock_that_was_put_back_rotates_nothing_and_says_so() -> None:
    world = await rotated_twice()
    told = notices(world).count("Rotated")
    world.clock.at -= timedelta(days=300)
    world.restart()
    await world.settle()
    assert "Repaired" in notices(world)
    assert notices(world).count("Rotated") == told


@pytest.mark.parametrize("shows_values", [True, False])
async def test_a_spoilt_value_in_the_state_ends_nothing_that_is_in_use(shows_values: bool) -> None:
    world = await rotated_twice()
    before, published = list(world.okta.secrets), world.published
    world.okta.shows_values = shows_values
    world.broken_by_a_person = True
    world.cluster.change_secret(STATE_NAME, data={"active": "spoilt"})
    await world.settle()
    assert world.published == published
    assert world.okta.secrets == before
    assert world.state.active is not None
    assert world.state.active.value == published
    assert refusals_of(world, SecretValue("spoilt")) == 0
