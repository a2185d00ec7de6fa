"""A deletion that takes the client secrets along, and all that can be in its way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.api.names import STATE_SUFFIX
from okta_rotator.rotation.decisions import Blocked, LetGo
from okta_rotator.rotation.okta_view import SecretState
from okta_rotator.rotation.seen import LATE_SECRET
from okta_rotator.rotation.snapshot import Key
from okta_rotator.rotation.state import State, to_data
from okta_rotator.rotation.trouble import Next, PortError, Trouble
from okta_rotator.rotation.values import is_stand_in
from tests.unit.rotation import builders
from tests.unit.rotation.builders import NAME
from tests.unit.rotation.faults import (
    LATENESS,
    CrashError,
    Fault,
    Moment,
    named,
    no_answer,
    unavailable,
)
from tests.unit.rotation.test_engine import rotated_once
from tests.unit.rotation.test_engine_crashes_of_requests import REVOKE, a_revocation
from tests.unit.rotation.test_engine_requests import held, notices
from tests.unit.rotation.world import World

STATE_NAME = NAME + STATE_SUFFIX
NOT_FOUND = Trouble(Next.PERSON, Reason.CONNECTION_NOT_FOUND, "there is no connection x")
NOT_READY = Trouble(Next.RETRY, Reason.CONNECTION_NOT_READY, "Okta cannot be reached")


async def test_it_ends_with_a_stand_in_and_nothing_else() -> None:
    world = await a_revocation(twice=True)
    old = [one.value for one in world.okta.secrets]
    outcome = await world.settle()
    assert isinstance(outcome.verdict, LetGo)
    (stand_in,) = world.okta.secrets
    assert is_stand_in(stand_in.value)
    assert stand_in.state is SecretState.ACTIVE
    assert not any(value is not None and world.okta.accepts(value) for value in old)
    assert world.cluster.secrets == {}


async def test_the_order_of_its_writes() -> None:
    world = await a_revocation(twice=True)
    world.forget_calls()
    await world.settle()
    writes = [
        call.name for call in world.wire.calls if call.name not in ("read_secret", "read_resource")
    ]
    assert writes == [
        "delete_secret",
        "list_secrets",
        "deactivate_secret",
        "delete_secret_in_okta",
        "replace_state",
        "create_secret",
        "deactivate_secret",
        "delete_secret_in_okta",
        "delete_secret",
    ]


async def test_the_app_is_taken_over_again_by_the_next_resource() -> None:
    world = await a_revocation(twice=False)
    await world.settle()
    (stand_in,) = world.okta.secrets
    made = builders.resource(REVOKE, uid="the-next", created_at=world.clock())
    world.cluster.change_resource(made)
    world.restart()
    await world.settle()
    assert world.condition("Ready") == ("True", "Published")
    assert world.published == world.okta.secrets[-1].value
    world.annotate(rollback="t")
    await world.settle()
    assert world.published == world.okta.secrets[-1].value
    assert "RollbackDeclined" in notices(world)
    world.annotate(rotate="t")
    await world.settle()
    assert stand_in.id not in held(world)


async def test_a_deletion_that_was_cut_short_is_taken_up_by_the_next_resource() -> None:
    world = await a_revocation(twice=False)
    world.add_fault(Fault(named("create_secret"), Moment.BEFORE, unavailable()))
    await world.run()
    made = builders.resource(REVOKE, uid="the-next", created_at=world.clock())
    world.cluster.change_resource(made)
    world.restart()
    await world.settle()
    assert world.condition("Ready") == ("True", "Published")
    assert world.published is not None
    assert world.okta.accepts(world.published)
    assert world.state.candidate is None


@pytest.mark.parametrize("write", ["create_secret", "deactivate_secret", "delete_secret_in_okta"])
async def test_a_write_that_may_still_land_is_waited_out(write: str) -> None:
    world = await a_revocation(twice=True)
    world.add_fault(Fault(named(write), Moment.LATE, no_answer()))
    began = world.clock()
    outcome = await world.run()
    assert isinstance(outcome.verdict, Blocked)
    assert world.recorded() is not None
    await world.settle()
    assert world.clock() - began >= LATENESS
    assert [is_stand_in(one.value) for one in world.okta.secrets] == [True]
    assert world.cluster.secrets == {}


async def test_okta_down_is_waited_for_with_the_target_gone() -> None:
    world = await a_revocation(twice=True)
    world.add_fault(Fault(named("list_secrets"), Moment.BEFORE, unavailable(), times=3))
    outcome = await world.run()
    assert isinstance(outcome.verdict, Blocked)
    assert outcome.next_look is not None
    assert "oktaSecrets to Retain" in outcome.verdict.why
    assert list(world.cluster.secrets) == [STATE_NAME]
    await world.settle()
    assert world.cluster.secrets == {}


@pytest.mark.parametrize(("problem", "is_lost"), [(NOT_FOUND, True), (NOT_READY, False)])
async def test_a_connection_that_is_lost_is_not_waited_for(problem: Trouble, is_lost: bool) -> None:
    world = await a_revocation(twice=True)
    before = list(world.okta.secrets)
    world.connection = replace(world.connection, problem=problem, is_lost=is_lost)
    outcome = await world.run()
    await world.run()
    if is_lost:
        world.engine.forget(world.resource.uid)
        await world.settle()  # A pass that was under way when the resource went.
    assert isinstance(outcome.verdict, LetGo) is is_lost
    assert notices(world).count("NotRevoked") == int(is_lost)
    assert world.okta.secrets == before
    assert list(world.cluster.secrets) == [STATE_NAME]


async def test_an_app_that_is_gone_takes_its_secrets_along() -> None:
    world = await a_revocation(twice=True)
    world.broken_by_a_person = True
    world.okta.app, world.okta.secrets = None, []
    outcome = await world.settle()
    assert isinstance(outcome.verdict, LetGo)
    assert world.cluster.secrets == {}


async def test_without_a_state_the_target_goes_and_okta_is_left() -> None:
    world = await a_revocation(twice=True)
    world.broken_by_a_person = True
    del world.cluster.secrets[STATE_NAME]
    before = list(world.okta.secrets)
    outcome = await world.settle()
    assert isinstance(outcome.verdict, LetGo)
    assert world.okta.secrets == before
    assert world.cluster.secrets == {}


async def test_an_inactive_stranger_in_the_way_is_told_until_it_is_gone() -> None:
    world = await a_revocation(twice=False)
    theirs = world.okta.put("made-by-a-person", SecretState.INACTIVE)
    outcome = await world.settle()
    assert isinstance(outcome.verdict, Blocked)
    assert outcome.verdict.trouble.reason is Reason.FOREIGN_SECRET
    assert theirs.id in outcome.verdict.why
    world.okta.remove(theirs.id)
    await world.settle()
    assert world.cluster.secrets == {}


async def test_retain_in_the_middle_of_it_lets_the_resource_go() -> None:
    world = await a_revocation(twice=True)
    world.connection = replace(world.connection, problem=NOT_READY)
    await world.run()
    world.change_spec({"spec.deletionPolicy": {"secret": "Delete"}})
    before = list(world.okta.secrets)
    outcome = await world.settle()
    assert isinstance(outcome.verdict, LetGo)
    assert world.okta.secrets == before


def state_of(world: World, **fields: Any) -> None:
    """Another hand writes the state Secret."""
    changed: State = replace(world.state, **fields)
    held = world.cluster.secrets[STATE_NAME]
    world.cluster.secrets[STATE_NAME] = replace(held, data=to_data(changed))


async def test_the_secrets_of_another_app_are_left(caplog: pytest.LogCaptureFixture) -> None:
    world = await rotated_once(World(builders.resource(REVOKE)))
    state_of(world, app_id="0oa000000000000000aa")
    before = list(world.okta.secrets)
    world.begin_deletion()
    outcome = await world.settle()
    assert isinstance(outcome.verdict, LetGo)
    assert world.okta.secrets == before
    assert "nothing is revoked" in caplog.text


async def test_missing_rights_in_okta_are_told() -> None:
    world = await a_revocation(twice=True)
    refused = Trouble(Next.PERSON, Reason.INSUFFICIENT_PERMISSION, "the token may not do this")
    world.add_fault(Fault(named("deactivate_secret"), Moment.BEFORE, PortError(refused)))
    outcome = await world.run()
    assert isinstance(outcome.verdict, Blocked)
    assert world.recorded() is not None
    await world.settle()
    assert world.cluster.secrets == {}


# ------------------------------------------------------------------ what may come late


@pytest.mark.parametrize("write", ["create_state", "write_target"])
@pytest.mark.parametrize("error", [no_answer(), CrashError()], ids=["no answer", "crash"])
async def test_a_secret_that_lands_after_the_deletion_has_begun_goes_too(
    write: str, error: BaseException
) -> None:
    world = World(builders.resource(REVOKE))
    world.add_fault(Fault(named(write), Moment.LATE, error))
    with pytest.raises(type(error)):
        await world.run()
    if isinstance(error, CrashError):
        world.restart()
    world.begin_deletion()
    began = world.clock()
    outcome = await world.run()
    assert isinstance(outcome.verdict, Blocked)
    assert outcome.next_look is not None
    assert outcome.next_look - began <= LATE_SECRET
    outcome = await world.settle()
    assert isinstance(outcome.verdict, LetGo)
    world.clock.advance(timedelta(hours=1))
    assert world.cluster.secrets == {}
    assert world.ours_in_okta == world.stand_ins_in_okta


async def test_a_pass_that_was_cut_off_may_have_sent_a_secret() -> None:
    """As by a resource that is deleted from the queue, or by a signal."""
    world = World(builders.resource(REVOKE))
    world.add_fault(Fault(named("create_state"), Moment.LATE, asyncio.CancelledError()))
    with pytest.raises(asyncio.CancelledError):
        await world.run()
    world.begin_deletion()
    assert isinstance((await world.run()).verdict, Blocked)
    assert isinstance((await world.settle()).verdict, LetGo)
    world.clock.advance(timedelta(hours=1))
    assert world.cluster.secrets == {}


async def test_a_process_that_runs_for_long_waits_for_nothing() -> None:
    world = World(builders.resource(REVOKE))
    await world.run()
    world.clock.advance(LATE_SECRET)
    world.begin_deletion()
    began = world.clock()
    assert isinstance((await world.settle()).verdict, LetGo)
    assert world.clock() - began < timedelta(seconds=1)


# ------------------------------------------------------------------ what a living one uses

COPY = "a-copy"


def with_a_copy(world: World, *, deleting: bool = False, spec: Any = None) -> None:
    """Another resource with the same state, as of a namespace that was restored elsewhere."""
    key, spec = Key("restored", COPY), spec or world.resource.spec
    copy = replace(world.resource, key=key, uid="of-the-copy", deleting=deleting, spec=spec)
    world.neighbours = ((copy, False),)
    held = world.cluster.secrets[STATE_NAME]
    world.cluster.secrets[COPY + STATE_SUFFIX] = replace(held, name=COPY + STATE_SUFFIX)


async def test_what_a_copy_uses_is_not_revoked_and_that_is_told() -> None:
    world = await a_revocation(twice=True)
    with_a_copy(world)
    before = list(world.okta.secrets)
    outcome = await world.settle()
    assert isinstance(outcome.verdict, LetGo)
    assert outcome.verdict.is_incomplete
    assert world.okta.secrets == before
    assert "NotRevoked" in notices(world)


async def test_a_copy_that_revokes_too_keeps_nothing() -> None:
    world = await a_revocation(twice=True)
    with_a_copy(world, deleting=True)
    await world.settle()
    assert [is_stand_in(one.value) for one in world.okta.secrets] == [True]


async def test_what_a_copy_leaves_in_use_when_it_goes_is_not_revoked() -> None:
    world = await a_revocation(twice=True)
    with_a_copy(world, deleting=True, spec=builders.resource().spec)
    before = list(world.okta.secrets)
    await world.settle()
    assert world.okta.secrets == before


async def test_the_states_of_others_are_read_only_where_something_is_revoked() -> None:
    world = World(builders.resource({"spec.deletionPolicy.secret": "Delete"}))
    await rotated_once(world)
    with_a_copy(world)
    world.clock.advance(LATE_SECRET)
    world.begin_deletion()
    world.forget_calls()
    outcome = await world.run()
    assert outcome.verdict == LetGo("the resource is being deleted")
    assert world.wire.count("read_secret") == 2


async def test_nothing_secret_is_told_by_a_deletion(caplog: pytest.LogCaptureFixture) -> None:
    world = await a_revocation(twice=True)
    values = [one.value.reveal() for one in world.okta.secrets if one.value]
    await world.settle()
    values += [one.value.reveal() for one in world.okta.secrets if one.value]
    said = caplog.text + repr(world.cluster.notices) + repr(world.resource.status)
    assert not any(value in said for value in values)


async def test_a_stand_in_is_not_kept_as_what_somebody_used() -> None:
    world = await a_revocation(twice=False)
    await world.settle()
    kept = {"spec.previousSecret": {"retention": "For", "duration": "240h"}}
    world.cluster.change_resource(builders.resource(kept, uid="the-next"))
    world.restart()
    await world.settle()
    world.annotate(rotate="t")
    await world.settle()
    assert world.state.handled_rotate == "t"
    assert not world.stand_ins_in_okta
