"""What happens to a new secret that Okta refuses, or of which it does not say."""

from __future__ import annotations

from datetime import timedelta

from okta_rotator.rotation.decisions import Blocked
from okta_rotator.rotation.okta_view import Proof
from okta_rotator.rotation.trouble import Next
from tests.unit.rotation import builders
from tests.unit.rotation.faults import START, CrashError, Fault, Moment, at_call
from tests.unit.rotation.test_engine import rotated_once
from tests.unit.rotation.world import World

DAY = timedelta(days=1)


async def refusing(world: World, until: timedelta) -> World:
    """Let the world run against an Okta that refuses each new secret."""
    world.okta.distrusts_new = True
    end = world.clock() + until
    while world.clock() < end:
        outcome = await world.run()
        if outcome.next_look is None:
            break
        world.clock.advance_to(max(outcome.next_look, world.clock() + timedelta(seconds=1)))
    return world


def refusals(world: World) -> list[object]:
    return [at for at, _, proof in world.okta.introspections if proof is Proof.REFUSED]


async def test_a_candidate_that_is_refused_is_tried_twice_and_removed_and_the_old_one_stays() -> (
    None
):
    world = await rotated_once()
    old = world.published
    world.clock.advance(timedelta(days=31))
    world.okta.distrusts_new = True
    first = await world.run()
    assert first.next_look is not None
    assert timedelta(seconds=59) < first.next_look - world.clock() < timedelta(seconds=60)
    assert world.condition("Ready") == ("True", "Published")
    assert world.condition("Rotating") == ("True", "RotationInProgress")
    assert world.condition("RotationFailing") is None
    world.clock.advance(timedelta(seconds=60))
    second = await world.run()
    assert isinstance(second.verdict, Blocked)
    assert len(refusals(world)) == 2
    assert world.published == old
    assert [one.value for one in world.okta.secrets] == [old]
    assert world.state.candidate is None
    assert world.condition("Ready") == ("True", "Published")
    assert world.condition("RotationFailing") == ("True", "VerificationFailed")
    assert world.resource.status.failures is not None
    assert world.resource.status.failures.count == 1


async def test_a_second_try_that_is_accepted_is_enough() -> None:
    world = await rotated_once()
    world.clock.advance(timedelta(days=31))
    world.okta.distrusts_new = True
    await world.run()
    world.okta.distrusted.clear()
    world.clock.advance(timedelta(seconds=60))
    await world.run()
    assert world.okta.made == 2
    assert world.published == world.okta.secrets[-1].value
    assert world.condition("RotationFailing") is None
    assert world.resource.status.failures is None


async def test_a_look_before_the_second_try_does_not_ask_okta_again() -> None:
    world = await rotated_once()
    world.clock.advance(timedelta(days=31))
    world.okta.distrusts_new = True
    await world.run()
    world.clock.advance(timedelta(seconds=30))
    await world.run()
    assert len(refusals(world)) == 1


async def test_okta_refuses_us_at_most_four_times_in_24_hours() -> None:
    world = await rotated_once()
    world.clock.advance(timedelta(days=31))
    begin = world.clock()
    await refusing(world, 3 * DAY)
    moments = [at for at, _, proof in world.okta.introspections if proof is Proof.REFUSED]
    assert len(moments) > 4
    for at in moments:
        assert sum(at <= other < at + DAY for other in moments) <= 4
    assert world.clock() >= begin + 3 * DAY
    assert world.condition("Ready") == ("True", "Published")


async def test_the_limit_of_refusals_holds_for_a_first_rotation_and_across_restarts() -> None:
    world = World()
    world.okta.distrusts_new = True
    while world.clock() < START + 2 * DAY:
        for _ in range(2):
            outcome = await world.run()
            world.clock.advance_to(max(outcome.next_look or START, world.clock()))
        world.restart()
    moments = [at for at, _, proof in world.okta.introspections if proof is Proof.REFUSED]
    assert len(moments) >= 4
    for at in moments:
        assert sum(at <= other < at + DAY for other in moments) <= 4
    assert world.published is None
    assert len(world.ours_in_okta) == 1


async def test_the_only_secret_of_an_app_stays_when_it_is_refused_and_is_tried_again() -> None:
    world = World()
    await refusing(world, timedelta(hours=2))
    assert world.published is None
    assert world.condition("Ready") == ("False", "VerificationFailed")
    world.okta.distrusts_new = False
    world.okta.distrusted.clear()
    world.clock.advance(DAY)
    await world.settle()
    assert world.condition("Ready") == ("True", "Published")
    assert world.okta.made == 1


async def test_a_crash_anywhere_while_a_refused_candidate_is_removed_is_made_good() -> None:
    clean = await a_refusal()
    for number in range(len(clean.wire.calls)):
        for moment in (Moment.BEFORE, Moment.AFTER):
            world = await a_refusal(Fault(at_call(number), moment, CrashError()))
            world.okta.distrusts_new = False
            await world.settle()
            assert world.published == world.okta.secrets[-1].value
            assert world.state.candidate is None
            assert len(refusals(world)) <= 4


async def a_refusal(fault: Fault | None = None) -> World:
    """A rotation that is due, up to the removal of its refused candidate."""
    world = await rotated_once()
    world.clock.advance(timedelta(days=31))
    world.okta.distrusts_new = True
    if fault is not None:
        world.add_fault(fault)
    for _ in range(2):
        try:
            await world.run()
        except CrashError:
            world.restart()
            world.clock.advance(timedelta(seconds=10))
            await world.run()
        world.clock.advance(timedelta(seconds=60))
    return world


async def test_nothing_is_promoted_while_okta_does_not_say() -> None:
    world = await rotated_once()
    old = world.published
    world.clock.advance(timedelta(days=31))
    world.okta.is_silent_on_proofs = True
    outcome = await world.run()
    assert isinstance(outcome.verdict, Blocked)
    assert outcome.verdict.trouble.next is Next.PERSON
    assert world.published == old
    assert world.condition("Ready") == ("True", "Published")
    assert world.condition("RotationFailing") == ("True", "CannotVerify")
    world.okta.is_silent_on_proofs = False
    await world.settle()
    assert world.published == world.okta.secrets[-1].value
    assert world.okta.made == 2


async def test_without_verification_the_new_secret_is_published_unproven() -> None:
    world = World(builders.resource({"spec.verification.enabled": False}))
    world.okta.is_silent_on_proofs = True
    await world.settle()
    assert world.condition("Ready") == ("True", "Published")
    assert world.wire.count("introspect") == 0
