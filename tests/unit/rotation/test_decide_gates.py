"""What holds before the table is asked: whose things these are, and whether Okta can be asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from okta_rotator.api.conditions import Condition, ConditionType, Reason
from okta_rotator.api.names import ROLLBACK_ANNOTATION, ROTATE_ANNOTATION
from okta_rotator.api.rotation_status import Failures, HandledRequests, RotationStatus
from okta_rotator.rotation.decide import decide
from okta_rotator.rotation.decisions import Blocked, Settled, WriteState
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import State, Trigger
from okta_rotator.rotation.trouble import Next, Trouble
from tests.resources import CLIENT_ID
from tests.unit.rotation.builders import (
    CONNECTION,
    EARLIER_UID,
    NAME,
    C,
    F,
    N,
    invalid_resource,
    resource,
    rotating,
    secret,
    seen,
    snapshot,
    state,
    strangers_secret,
    target,
)
from tests.unit.rotation.fake_okta import APP
from tests.unit.rotation.faults import START
from tests.unit.rotation.rows import A_ON, N_ON, WITH_P
from tests.unit.rotation.telling import job_of, told

LATE = START + timedelta(days=31)
"""A scheduled rotation is due."""
SOON = LATE + timedelta(seconds=5)
DELETE = {"spec.deletionPolicy.secret": "Delete"}
NOT_READY = replace(
    CONNECTION, problem=Trouble(Next.PERSON, Reason.CONNECTION_NOT_READY, "not ready")
)
UNLISTED = replace(seen(), secrets=None, listed_in_this_pass=False)
DOWN = Trouble(Next.RETRY, Reason.OKTA_UNAVAILABLE, "Okta answers 503")


def blocked(s: Snapshot) -> Trouble:
    decision = decide(s)
    assert isinstance(decision, Blocked)
    assert decision.why == decision.trouble.message
    return decision.trouble


def due(**fields: Any) -> Snapshot:
    return snapshot(**{"now": LATE, **fields})


# Going away.


@pytest.mark.parametrize("connection", [CONNECTION, NOT_READY])
def test_a_deleted_resource_is_let_go_whatever_else_holds(connection: Any) -> None:
    going = snapshot(
        resource=resource(deleting=True), connection=connection, state=rotating(), target=None
    )
    assert told(decide(going)) == "let go"


def test_with_retain_the_target_stays() -> None:
    assert told(decide(snapshot(resource=resource(deleting=True)))) == "let go"


def test_with_delete_the_target_goes_first() -> None:
    assert told(decide(snapshot(resource=resource(DELETE, deleting=True)))) == "delete target"


@pytest.mark.parametrize(
    "there", [None, strangers_secret(), target(deleting=True)], ids=["gone", "theirs", "going"]
)
def test_with_delete_only_a_secret_of_ours_is_deleted(there: Any) -> None:
    going = snapshot(resource=resource(DELETE, deleting=True), target=there)
    assert told(decide(going)) == "let go"


def test_a_deleted_resource_with_an_invalid_spec_is_let_go() -> None:
    assert told(decide(snapshot(resource=invalid_resource(deleting=True)))) == "let go"


# What only a person can put right.


def test_an_invalid_spec_is_told_with_what_is_wrong() -> None:
    trouble = blocked(snapshot(resource=invalid_resource(), state=None, target=None))
    assert (trouble.next, trouble.reason) == (Next.PERSON, Reason.INVALID_SPEC)
    assert trouble.message == "spec.target: cannot be read"


def test_an_unreadable_state_is_never_written_over() -> None:
    trouble = blocked(due(state=None, state_error="cannot read uid of the key record"))
    assert (trouble.next, trouble.reason) == (Next.PERSON, Reason.STATE_CONFLICT)
    assert "cannot read uid" in trouble.message


@pytest.mark.parametrize(
    ("theirs", "names"),
    [(state(app_id="0oaother"), "0oaother"), (state(org_id="00oother"), "00oother")],
)
def test_a_state_of_another_app_or_org_blocks_everything(theirs: State, names: str) -> None:
    trouble = blocked(due(state=theirs, target=None))
    assert (trouble.next, trouble.reason) == (Next.PERSON, Reason.STATE_CONFLICT)
    assert names in trouble.message


def test_an_org_that_is_not_known_yet_is_no_other_org() -> None:
    unknown = replace(NOT_READY, org_id=None)
    assert told(decide(snapshot(connection=unknown))) == "settled"


def test_an_app_id_of_its_own_is_the_one_that_counts() -> None:
    own = resource({"spec.parameters.appId": "0oaown0000"})
    assert told(decide(snapshot(resource=own))) == "blocked StateConflict"
    assert told(decide(snapshot(resource=own, state=state(app_id="0oaown0000")))) == "publish"


@pytest.mark.parametrize("content", [None, state(), rotating()])
def test_a_strangers_secret_in_the_targets_place_blocks_everything(content: Any) -> None:
    trouble = blocked(due(state=content, target=strangers_secret(), seen=seen(A_ON)))
    assert (trouble.next, trouble.reason) == (Next.PERSON, Reason.TARGET_CONFLICT)
    assert f"okta-rotator.dev/adopt={NAME}" in trouble.message


def test_a_target_of_another_type_is_no_place_for_ours() -> None:
    trouble = blocked(due(target=target(type="example.com/other")))
    assert (trouble.next, trouble.reason) == (Next.PERSON, Reason.TARGET_CONFLICT)


# Whether Okta is needed, and can be asked.


def test_nothing_is_asked_while_nothing_is_due() -> None:
    decision = decide(snapshot())
    assert decision == Settled("nothing is due", START.replace(month=4, day=1, hour=0))


def test_with_auto_rotation_off_there_is_no_next_look() -> None:
    off = resource({"spec.isAutoRotationEnabled": False})
    assert decide(due(resource=off)) == Settled("nothing is due", None)


def test_a_connection_that_is_not_ready_concerns_a_settled_resource() -> None:
    decision = decide(snapshot(connection=NOT_READY))
    assert isinstance(decision, Settled)
    assert decision.concern == NOT_READY.problem


@pytest.mark.parametrize("content", [None, state(), rotating()])
def test_a_connection_that_is_not_ready_blocks_what_needs_okta(content: Any) -> None:
    held = target() if content else None
    decision = decide(due(state=content, target=held, connection=NOT_READY))
    assert told(decision) == "blocked ConnectionNotReady"
    assert isinstance(decision, Blocked)
    assert not decision.counts


def test_trouble_of_the_last_call_ends_the_asking_and_counts() -> None:
    decision = decide(due(seen=seen(A_ON, trouble=DOWN)))
    assert decision == Blocked(DOWN, counts=True)


@pytest.mark.parametrize(
    "fields", [{"connection": NOT_READY}, {"seen": replace(UNLISTED, trouble=DOWN)}]
)
def test_drift_is_repaired_unproven_while_okta_cannot_be_asked(fields: dict[str, Any]) -> None:
    assert told(decide(due(target=target(F), **fields))) == "publish"


def failed(**fields: Any) -> RotationStatus:
    condition = Condition(
        type=ConditionType.ROTATION_FAILING,
        status="True",
        reason=Reason.ACCESS_DENIED,
        message="denied",
        last_transition_time=START,
    )
    sound: dict[str, Any] = {
        "observed_generation": 1,
        "conditions": (condition,),
        "last_rotation_message": "denied",
        "failures": Failures(count=3, last_at=LATE, next_attempt_at=SOON),
    }
    return RotationStatus(**{**sound, **fields})


def test_a_failure_is_not_tried_again_before_its_time_and_keeps_its_reason() -> None:
    trouble = blocked(due(resource=resource(status=failed())))
    assert trouble == Trouble(Next.WAIT, Reason.ACCESS_DENIED, "denied", SOON)


@pytest.mark.parametrize(
    ("status", "now"),
    [(failed(), SOON), (failed(observed_generation=0), LATE), (failed(failures=None), LATE)],
    ids=["the time has come", "the spec has changed", "no failure"],
)
def test_a_failure_is_tried_again(status: RotationStatus, now: Any) -> None:
    assert told(decide(due(resource=resource(status=status), now=now))) == "read app"


def test_a_reason_that_a_hand_wrote_into_status_is_not_taken_over() -> None:
    strange = failed(conditions=(), last_rotation_message=None)
    trouble = blocked(due(resource=resource(status=strange)))
    assert trouble.reason is Reason.OKTA_UNAVAILABLE
    assert trouble.message


def test_drift_is_repaired_during_back_off() -> None:
    asked = decide(due(resource=resource(status=failed()), target=target(F)))
    assert told(asked) == "prove A"


def test_a_write_that_may_still_land_is_waited_out() -> None:
    waiting = replace(UNLISTED, unsettled_until=SOON)
    trouble = blocked(due(state=rotating(), seen=waiting))
    assert (trouble.next, trouble.until) == (Next.WAIT, SOON)
    assert told(decide(due(state=rotating(), seen=waiting, now=SOON))) == "list"


def test_the_app_is_read_then_the_secrets_are_listed() -> None:
    assert told(decide(due())) == "read app"
    assert told(decide(due(seen=UNLISTED))) == "list"


def test_what_the_last_pass_left_known_is_not_listed_again() -> None:
    known = replace(seen(A_ON), listed_in_this_pass=False)
    assert told(decide(due(seen=known))) == "write intent"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sign_on_mode": "SAML_2_0"}, Reason.APP_NOT_ELIGIBLE),
        ({"client_id": "0oaother"}, Reason.CLIENT_ID_MISMATCH),
        ({"client_id": None}, Reason.CLIENT_ID_MISMATCH),
        ({"status": "INACTIVE"}, Reason.APP_INACTIVE),
        ({"auth_method": "private_key_jwt"}, Reason.APP_NOT_ELIGIBLE),
        ({"auth_method": "none"}, Reason.APP_NOT_ELIGIBLE),
        ({"auth_method": None}, Reason.APP_NOT_ELIGIBLE),
    ],
)
@pytest.mark.parametrize("content", [None, state(), rotating()])
def test_an_app_that_cannot_rotate_is_not_written_to(
    content: Any, change: dict[str, Any], reason: Reason
) -> None:
    held = target() if content else None
    other = seen(A_ON, app=replace(APP, **change))
    trouble = blocked(due(state=content, target=held, seen=other))
    assert (trouble.next, trouble.reason) == (Next.PERSON, reason)


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_jwt"])
def test_a_changed_auth_method_is_noted(method: str) -> None:
    decision = decide(due(seen=seen(A_ON, app=replace(APP, auth_method=method))))
    assert told(decision) == "write note-auth-method"
    assert isinstance(decision, WriteState)
    assert decision.state.auth_method == method


# A state that may be old, or of an earlier resource.

DOUBTS = {
    "the uid differs": {"state": state(uid=EARLIER_UID)},
    "status knew a later state": {"resource": resource(status=RotationStatus(state_generation=6))},
    "the target holds a value of ours that it does not know": {"target": target(N, "n")},
}


@pytest.mark.parametrize("doubt", DOUBTS.values(), ids=DOUBTS.keys())
def test_a_state_in_doubt_publishes_nothing_before_okta_was_listed(doubt: dict[str, Any]) -> None:
    fields = {"target": None, **doubt}
    assert told(decide(snapshot(**fields))) == "list"
    assert told(decide(snapshot(**fields, connection=NOT_READY))) == "blocked ConnectionNotReady"
    waiting = replace(UNLISTED, unsettled_until=SOON)
    assert told(decide(snapshot(**fields, seen=waiting))) == "blocked Progressing"
    listed = seen(A_ON, N_ON)
    assert told(decide(snapshot(**fields, seen=listed))) in ("prove A", "write restore")


def test_the_state_of_an_earlier_resource_is_taken_up_without_a_rotation() -> None:
    left = state(uid=EARLIER_UID)
    assert told(decide(snapshot(state=left, target=target(uid=EARLIER_UID)))) == "list"
    listed = seen(A_ON)
    marking = decide(snapshot(state=left, target=target(uid=EARLIER_UID), seen=listed))
    assert told(marking) == "publish"
    taking = decide(snapshot(state=left, seen=listed))
    assert told(taking) == "write take-up"
    assert isinstance(taking, WriteState)
    assert told(decide(snapshot(state=taking.state, seen=listed))) == "settled"


def test_a_restored_state_keeps_counting_where_status_left_off() -> None:
    later = resource(status=RotationStatus(state_generation=9))
    restored = decide(snapshot(resource=later, target=target(N, "n"), seen=seen(A_ON, N_ON)))
    assert isinstance(restored, WriteState)
    assert restored.state.generation == 9


def test_an_old_copy_that_was_restored_takes_over_what_status_knows_to_be_handled() -> None:
    """Else the request would be acted on again as soon as the status is lost as well."""
    status = RotationStatus(
        state_generation=9, handled_requests=HandledRequests(rotate="t2", rollback="r1")
    )
    tokens = {ROTATE_ANNOTATION: "t2", ROLLBACK_ANNOTATION: "r2"}
    later = resource(status=status, annotations=tokens)
    old = state(handled_rotate="t1", handled_rollback="r0")
    looked = snapshot(state=old, resource=later, target=target(N, "n"), seen=seen(A_ON, N_ON))
    restored = decide(looked)
    assert isinstance(restored, WriteState)
    assert restored.state.handled_rotate == "t2"
    assert restored.state.handled_rollback == "r0"


# The keys of the target.


def test_the_keys_are_noted_before_they_are_written() -> None:
    renamed = resource({"spec.secretsMapping": {"clientId": "ID", "clientSecret": "VALUE"}})
    noted = decide(snapshot(resource=renamed))
    assert told(noted) == "write note-target-keys"
    assert isinstance(noted, WriteState)
    assert noted.state.target_keys == ("ID", "VALUE", "OKTA_CLIENT_ID", "OKTA_CLIENT_SECRET")
    assert told(decide(snapshot(resource=renamed, state=noted.state))) == "prove A"


def test_keys_that_are_gone_from_the_target_are_forgotten() -> None:
    noted = decide(snapshot(state=state(target_keys=("OKTA_CLIENT_ID", "OKTA_CLIENT_SECRET", "X"))))
    assert isinstance(noted, WriteState)
    assert noted.state.target_keys == ("OKTA_CLIENT_ID", "OKTA_CLIENT_SECRET")


# Requests.


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (state(handled_rotate="t1"), RotationStatus()),
        (state(), RotationStatus(handled_requests=HandledRequests(rotate="t1"))),
        (
            state(handled_rotate="t0"),
            RotationStatus(handled_requests=HandledRequests(rotate="t1")),
        ),
    ],
    ids=["by the state", "by status", "by status alone"],
)
def test_a_token_that_was_handled_is_not_handled_again(
    content: State, status: RotationStatus
) -> None:
    asked = resource(annotations={"okta-rotator.dev/rotate": "t1"}, status=status)
    assert told(decide(snapshot(resource=asked, state=content))) == "settled"


def test_a_new_token_begins_a_manual_rotation_also_with_auto_rotation_off() -> None:
    asked = resource(
        {"spec.isAutoRotationEnabled": False}, annotations={"okta-rotator.dev/rotate": "t2"}
    )
    begun = decide(snapshot(resource=asked, state=state(handled_rotate="t1"), seen=seen(A_ON)))
    assert (job_of(begun).trigger, job_of(begun).token) == (Trigger.MANUAL, "t2")


def test_an_empty_token_asks_for_nothing() -> None:
    asked = resource(annotations={"okta-rotator.dev/rotate": ""})
    assert told(decide(snapshot(resource=asked))) == "settled"


def test_a_first_rotation_that_failed_is_begun_again_as_the_first() -> None:
    begun = decide(
        snapshot(state=state(active=None, last_rotated_at=None), seen=seen(secret("f", F)))
    )
    assert job_of(begun).trigger is Trigger.CREATION


def test_the_app_id_of_the_job_is_the_one_of_the_spec() -> None:
    begun = decide(snapshot(state=None, target=None, seen=seen()))
    assert isinstance(begun, WriteState)
    assert (begun.state.app_id, begun.state.client_id) == (CLIENT_ID, CLIENT_ID)
    assert begun.state.candidate is not None
    assert begun.state.candidate.value not in (C, F)


def test_a_previous_secret_is_no_reason_to_ask_okta() -> None:
    assert told(decide(snapshot(state=WITH_P))) == "settled"
