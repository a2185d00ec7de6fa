"""What belongs to others: copies, connections' Secrets, shared Secrets, hands in the status."""

from __future__ import annotations

from datetime import timedelta

from okta_rotator.api.names import ADOPT_ANNOTATION, ROTATE_ANNOTATION
from okta_rotator.api.rotation_status import Failures, RotationStatus
from okta_rotator.rotation.decide import decide
from okta_rotator.rotation.decisions import Blocked, DeleteTarget, Publish, Settled, WriteState
from okta_rotator.rotation.okta_view import AuthMethod, Proof
from okta_rotator.rotation.snapshot import Connection
from tests.unit.rotation.builders import (
    CONNECTION,
    EARLIER_UID,
    NAME,
    C,
    resource,
    rotating,
    seen,
    snapshot,
    state,
    target,
)
from tests.unit.rotation.faults import START
from tests.unit.rotation.rows import A_ON, C_ON, E_ON, EARLIER
from tests.unit.rotation.telling import told

DELETE = {"spec.deletionPolicy.secret": "Delete"}


def test_a_copy_of_another_resources_target_takes_nothing_over() -> None:
    copied = target(EARLIER, "e", uid=EARLIER_UID)
    found = snapshot(state=None, target=copied, seen=seen(E_ON))
    assert told(decide(found)) == "blocked ForeignSecret"


def test_unless_a_person_vouches_for_it() -> None:
    copied = target(EARLIER, "e", uid=EARLIER_UID)
    vouched = target(
        EARLIER,
        "e",
        uid=EARLIER_UID,
        annotations={**copied.annotations, ADOPT_ANNOTATION: NAME},
    )
    found = snapshot(state=None, target=vouched, seen=seen(E_ON))
    assert told(decide(found)) == "write adopt"


def test_the_target_may_not_be_a_connections_secret() -> None:
    own = CONNECTION
    reserved = Connection(own.name, own.uid, own.org_id, None, False, frozenset({NAME}))
    adopted = target(annotations={ADOPT_ANNOTATION: NAME})
    for held in (None, adopted):
        assert told(decide(snapshot(connection=reserved, target=held))) == "blocked TargetConflict"
    going = resource(DELETE, deleting=True)
    decision = decide(snapshot(resource=going, connection=reserved, target=adopted))
    assert not isinstance(decision, DeleteTarget | Publish)


def test_a_shared_secret_loses_our_keys_alone() -> None:
    shared = target()
    shared = target(data={**shared.data, "THEIRS": "x"})
    going = resource(DELETE, deleting=True)
    decision = decide(snapshot(resource=going, target=shared))
    assert isinstance(decision, Publish)
    assert dict(decision.change.data) == dict.fromkeys(target().data)
    assert all(value is None for value in decision.change.annotations.values())


def test_a_token_that_is_too_long_is_refused_and_says_so() -> None:
    asked = resource(annotations={ROTATE_ANNOTATION: "x" * 1025})
    decision = decide(snapshot(resource=asked))
    assert isinstance(decision, Blocked)
    assert told(decision) == "blocked InvalidSpec"
    assert "1024" in decision.why


def test_a_job_serves_the_request_that_came_while_it_was_on_its_way() -> None:
    asked = resource(annotations={ROTATE_ANNOTATION: "second"})
    proofs = {(C, AuthMethod.BASIC): (Proof.ACCEPTED, START)}
    decision = decide(
        snapshot(resource=asked, state=rotating(), seen=seen(A_ON, C_ON, proofs=proofs))
    )
    assert isinstance(decision, WriteState)
    assert told(decision) == "write move-roles"
    assert decision.state.handled_rotate == "second"


def test_a_hand_in_the_status_does_not_hold_a_rotation_up() -> None:
    far = Failures(count=1, last_at=START, next_attempt_at=START + timedelta(days=9999))
    held = RotationStatus(observed_generation=1, failures=far)
    asked = resource(annotations={ROTATE_ANNOTATION: "now"}, status=held)
    decision = decide(snapshot(resource=asked, state=state(), seen=seen(A_ON)))
    assert not isinstance(decision, Blocked | Settled)
