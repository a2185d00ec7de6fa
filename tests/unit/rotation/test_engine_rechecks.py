"""Is the published value still accepted? And two hands at one target, two resources at one app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.api.names import STATE_SUFFIX
from okta_rotator.rotation.decisions import Blocked, LetGo, Settled
from okta_rotator.rotation.okta_view import Proof, SecretState
from okta_rotator.rotation.seen import RECHECK_AGAIN
from okta_rotator.rotation.snapshot import Key, SecretObject
from okta_rotator.rotation.state import Trigger, to_data
from okta_rotator.rotation.transitions import swap_roles
from okta_rotator.rotation.trouble import Next, PortError, Trouble
from tests.unit.rotation import builders
from tests.unit.rotation.builders import NAME, VALUE_KEY
from tests.unit.rotation.faults import Call, CrashError, Fault, Moment, at_call, named, unavailable
from tests.unit.rotation.test_engine import kubernetes_writes, rotated_once, rotated_twice
from tests.unit.rotation.test_engine_requests import held, ids, notices, value_of
from tests.unit.rotation.world import World

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


async def until_the_recheck(world: World) -> datetime:
    """Up to the next recheck, and no further."""
    outcome = await world.run()
    assert outcome.next_look is not None
    assert outcome.next_look <= world.clock() + DAY
    world.clock.advance_to(outcome.next_look)
    world.forget_calls()
    return outcome.next_look


async def test_a_recheck_costs_one_introspection_and_no_write() -> None:
    world = await rotated_once()
    at = await until_the_recheck(world)
    outcome = await world.run()
    assert world.wire.count("introspect") == 1
    assert world.apps_calls == []
    assert kubernetes_writes(world) == []
    assert outcome.next_look == at + DAY


async def test_between_two_rechecks_okta_is_not_asked() -> None:
    world = await rotated_once()
    at = await until_the_recheck(world)
    await world.run()
    world.forget_calls()
    for _ in range(5):
        world.clock.advance(HOUR)
        await world.run()
    assert world.wire.count("introspect") == 0
    world.restart()
    await world.run()
    assert world.wire.count("introspect") == 0
    world.clock.advance_to(at + DAY)
    await world.run()
    assert world.wire.count("introspect") == 1


async def test_a_recheck_without_an_answer_is_no_news_and_is_repeated_soon() -> None:
    world = await rotated_once()
    await until_the_recheck(world)
    status = world.resource.status
    world.add_fault(Fault(named("introspect"), Moment.BEFORE, unavailable()))
    outcome = await world.run()
    assert isinstance(outcome.verdict, Settled)
    assert world.resource.status == status
    assert outcome.next_look is not None
    assert outcome.next_look <= world.clock() + RECHECK_AGAIN
    world.clock.advance_to(outcome.next_look)
    await world.run()
    assert world.wire.count("introspect") == 2


async def test_a_recheck_of_which_okta_says_nothing_waits_for_the_next_one() -> None:
    world = await rotated_once()
    at = await until_the_recheck(world)
    world.okta.is_silent_on_proofs = True
    outcome = await world.run()
    assert isinstance(outcome.verdict, Settled)
    assert outcome.next_look == at + DAY


@pytest.mark.parametrize("is_deleted", [True, False])
async def test_a_secret_that_a_person_took_away_is_found_by_the_recheck(is_deleted: bool) -> None:
    world = await rotated_twice()
    active, previous = ids(world)
    old = value_of(world, previous)
    await until_the_recheck(world)
    world.broken_by_a_person = True
    if is_deleted:
        world.okta.remove(active)
    else:
        world.okta.set_state(active, SecretState.INACTIVE)
    published = []

    def note(secret: SecretObject) -> SecretObject:
        published.append(secret.data[VALUE_KEY])
        return secret

    world.cluster.webhook = note
    await world.settle()
    assert published[0] == old.reveal(), "the previous one is published at once"
    assert world.published == world.okta.secrets[-1].value
    assert world.okta.made == 3
    assert world.state.last_trigger is Trigger.REPAIR
    assert "Repaired" in notices(world)
    assert len(world.state.refused_tries) == 1
    assert [c.name for c in world.wire.calls if c.name in ("read_app", "list_secrets")][:2] == [
        "read_app",
        "list_secrets",
    ]


async def test_a_secret_that_is_refused_though_active_has_a_second_look_after_a_minute() -> None:
    world = await rotated_twice()
    active, previous = ids(world)
    await until_the_recheck(world)
    world.broken_by_a_person = True
    world.okta.distrusted.add(value_of(world, active))
    began = world.clock()
    outcome = await world.run()
    assert isinstance(outcome.verdict, Blocked)
    assert world.condition("Ready") == ("False", "VerificationFailed")
    assert world.published == value_of(world, active)
    assert outcome.next_look is not None
    assert MINUTE <= outcome.next_look - began < 2 * MINUTE
    old = value_of(world, previous)
    world.clock.advance_to(outcome.next_look)
    world.add_fault(Fault(named("create_secret"), Moment.BEFORE, unavailable()))
    await world.run()
    assert world.published == old
    await world.settle()
    assert active not in held(world)
    assert world.published == world.okta.secrets[-1].value


async def test_a_refusal_that_passes_changes_nothing() -> None:
    world = await rotated_twice()
    active, _ = ids(world)
    await until_the_recheck(world)
    world.broken_by_a_person = True
    world.okta.distrusted.add(value_of(world, active))
    await world.run()
    world.okta.distrusted.clear()
    await world.settle()
    assert ids(world)[0] == active
    assert world.okta.made == 2
    assert world.condition("Ready") == ("True", "Published")


async def test_a_new_method_of_the_app_is_noted_by_the_recheck_and_nothing_rotated() -> None:
    world = await rotated_once()
    await until_the_recheck(world)
    assert world.okta.app is not None
    world.okta.app = replace(world.okta.app, auth_method="client_secret_post")
    await world.settle()
    assert world.state.auth_method == "client_secret_post"
    assert world.okta.made == 1
    assert world.condition("Ready") == ("True", "Published")


async def test_a_restart_at_any_call_of_a_recheck_still_finds_the_refusal() -> None:
    async def refused_by_okta(*faults: Fault) -> World:
        world = await rotated_twice()
        active, _ = ids(world)
        await until_the_recheck(world)
        world.broken_by_a_person = True
        world.okta.set_state(active, SecretState.INACTIVE)
        world.wire.faults.extend(faults)
        await world.settle()
        world.clock.advance(DAY)
        await world.settle()
        return world

    clean = await refused_by_okta()
    for number in range(len(clean.wire.calls)):
        for moment in (Moment.BEFORE, Moment.AFTER):
            world = await refused_by_okta(Fault(at_call(number), moment, CrashError()))
            assert world.published is not None
            assert world.okta.accepts(world.published), f"after a crash {moment} call {number}"
            refused = [at for at, _, said in world.okta.introspections if said is Proof.REFUSED]
            assert len(refused) <= 4


# ------------------------------------------------------------------ fights and conflicts


async def test_a_target_that_is_changed_again_and_again_is_put_right_a_few_times_a_minute() -> None:
    world = await rotated_once()
    world.broken_by_a_person = True
    for _ in range(8):
        world.cluster.change_secret(NAME, data={VALUE_KEY: "theirs"})
        outcome = await world.run()
    assert world.wire.count("write_target") == 5
    assert isinstance(outcome.verdict, Blocked)
    assert world.condition("Ready") == ("False", "Conflict")
    await world.settle()
    assert world.condition("Ready") == ("True", "Published")
    assert world.published == world.okta.secrets[-1].value


async def test_our_own_rotations_are_no_fight() -> None:
    world = await rotated_once()
    for number in range(7):
        world.annotate(rotate=f"t{number}")
        await world.settle()
    assert world.okta.made == 8
    assert world.condition("Ready") == ("True", "Published")


def beside(world: World) -> None:
    """Another resource for the same app, older, in another namespace; it has reached the app."""
    older = replace(
        builders.resource(),
        key=Key("team-b", "theirs"),
        uid="another",
        created_at=world.clock() - DAY,
    )
    world.neighbours = ((older, False),)
    world.reached_its_app(older)


async def test_the_younger_of_two_waits_and_goes_on_when_the_other_is_gone() -> None:
    world = World()
    beside(world)
    outcome = await world.settle()
    assert isinstance(outcome.verdict, Blocked)
    assert world.condition("Stalled") == ("True", "Conflict")
    assert world.okta.made == 0
    assert world.recorded() is None
    world.neighbours = ()
    await world.settle()
    assert world.condition("Ready") == ("True", "Published")


async def test_one_that_has_begun_is_not_stopped_by_an_older_one_that_has_not() -> None:
    world = await rotated_once()
    beside(world)
    world.annotate(rotate="t")
    await world.settle()
    assert world.okta.made == 2
    assert world.condition("Ready") == ("True", "Published")


async def test_another_that_begins_under_a_pass_stops_it_before_okta_is_written_to() -> None:
    world = World()
    older = replace(builders.resource(), key=Key("team-b", "theirs"), uid="another")
    older = replace(older, created_at=world.clock() - DAY)
    number = len(world.wire.calls)

    def appears(call: object) -> bool:
        if world.wire.count("list_secrets"):
            world.neighbours = ((older, False),)
            world.reached_its_app(older)
        return False

    world.add_fault(Fault(appears, Moment.BEFORE, unavailable()))
    outcome = await world.run()
    assert len(world.wire.calls) > number
    assert isinstance(outcome.verdict, Blocked)
    assert world.condition("Stalled") == ("True", "Conflict")
    assert world.okta.made == 0


def forbidden() -> PortError:
    message = "we may not read Secrets there"
    return PortError(Trouble(Next.PERSON, Reason.INSUFFICIENT_PERMISSION, message))


def reading(number: int) -> Callable[[Call], bool]:
    """The call of that number and all later ones that read a Secret."""
    return lambda call: call.number >= number and call.name == "read_secret"


async def test_what_may_not_be_read_of_another_counts_as_begun() -> None:
    world = World()
    beside(world)
    world.add_fault(Fault(reading(2), Moment.BEFORE, forbidden(), times=99))
    outcome = await world.run()
    assert isinstance(outcome.verdict, Blocked)
    assert world.condition("Stalled") == ("True", "Conflict")


async def test_a_cluster_that_does_not_answer_stops_the_pass() -> None:
    world = World()
    beside(world)
    world.add_fault(Fault(reading(2), Moment.BEFORE, unavailable()))
    with pytest.raises(PortError):
        await world.run()


async def test_a_deletion_asks_nobody_else() -> None:
    world = await rotated_once()
    beside(world)
    world.begin_deletion()
    world.forget_calls()
    assert isinstance((await world.run()).verdict, LetGo)
    assert world.wire.calls == []


async def test_what_another_process_published_meanwhile_is_asked_about_at_once() -> None:
    """Two operators by mistake: one rolls back to the very secret that the other deactivates."""
    world = await rotated_twice()
    world.change_spec({"spec.previousSecret": {"retention": "For", "duration": "1h"}})
    await world.settle()
    world.broken_by_a_person = True
    stored = world.cluster.secrets[NAME + STATE_SUFFIX]
    world.clock.advance(2 * HOUR)
    rolled_back = swap_roles(world.state, world.okta.secrets[-1], world.clock()).bumped()
    value = rolled_back.active.value if rolled_back.active is not None else None
    assert value is not None

    def by_the_other(call: Call) -> bool:
        if call.name == "deactivate_secret" and world.published != value:
            world.cluster.change_secret(stored.name, data=to_data(rolled_back))
            world.cluster.change_secret(NAME, data={VALUE_KEY: value.reveal()})
        return False

    world.add_fault(Fault(by_the_other, Moment.BEFORE, unavailable()))
    await world.settle()
    assert world.published is not None
    assert world.okta.accepts(world.published)
