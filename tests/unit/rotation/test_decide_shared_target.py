"""`creationPolicy: Merge`: keys are added to a Secret that somebody else has made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.api.names import ADOPT_ANNOTATION, ROTATION_NAME_ANNOTATION
from okta_rotator.rotation.decide import decide
from okta_rotator.rotation.decisions import Blocked, LetGo, Publish
from okta_rotator.rotation.snapshot import SecretObject, Snapshot
from okta_rotator.rotation.trouble import Trouble
from tests.resources import CLIENT_ID
from tests.unit.rotation.builders import (
    ID_KEY,
    NAME,
    VALUE_KEY,
    A,
    P,
    proof,
    resource,
    seen,
    snapshot,
    state,
    stored,
    strangers_secret,
    target,
)
from tests.unit.rotation.rows import A_ON

MERGE = {"spec.target.creationPolicy": "Merge"}
GOING = {**MERGE, "spec.deletionPolicy.secret": "Delete"}
GIVEN = {ADOPT_ANNOTATION: NAME}


def shared(**fields: Any) -> Snapshot:
    return snapshot(**{"resource": resource(MERGE), "seen": seen(A_ON), **fields})


def theirs(**data: str) -> SecretObject:
    return strangers_secret(data={"theirs": "x", **data})


def blocked(s: Snapshot) -> Trouble:
    decision = decide(s)
    assert isinstance(decision, Blocked), decision
    return decision.trouble


def test_ours_are_added_and_theirs_are_left() -> None:
    proven = seen(A_ON, proofs=proof(A))
    decision = decide(shared(stored=stored(state()), target=theirs(), seen=proven))
    assert isinstance(decision, Publish)
    assert decision.change.data == {ID_KEY: CLIENT_ID, VALUE_KEY: A.reveal()}
    assert decision.change.existing == theirs()


def test_without_a_secret_nothing_is_begun() -> None:
    for content in (None, stored(state())):
        trouble = blocked(shared(stored=content, target=None))
        assert trouble.reason is Reason.TARGET_NOT_FOUND
        assert f"there is no Secret {NAME}" in trouble.message


@pytest.mark.parametrize("content", [None, stored(state())], ids=["new", "rotated"])
@pytest.mark.parametrize("key", [ID_KEY, VALUE_KEY])
def test_a_key_that_was_there_first_is_not_changed(content: Any, key: str) -> None:
    trouble = blocked(shared(stored=content, target=theirs(**{key: "a person's"})))
    assert trouble.reason is Reason.TARGET_CONFLICT
    assert f"the key {key} of the Secret {NAME} holds what we did not write" in trouble.message


def test_a_key_on_record_is_a_strangers_as_long_as_we_have_written_nothing() -> None:
    """Another hand may have been faster, after the keys were noted."""
    faster = theirs(**{VALUE_KEY: "a person's"})
    assert blocked(shared(stored=stored(state()), target=faster)).reason is Reason.TARGET_CONFLICT
    marked = replace(faster, annotations={ROTATION_NAME_ANNOTATION: NAME})
    assert not isinstance(decide(shared(stored=stored(state()), target=marked)), Blocked)


def test_a_client_id_that_is_there_already_and_right_is_no_conflict() -> None:
    right = theirs(**{ID_KEY: CLIENT_ID})
    assert not isinstance(decide(shared(stored=None, target=right)), Blocked)


def test_a_person_can_let_us_have_the_key() -> None:
    given = replace(theirs(**{VALUE_KEY: "a person's"}), annotations=GIVEN)
    assert not isinstance(decide(shared(stored=None, target=given)), Blocked)


def test_what_we_published_before_is_ours_without_a_mark() -> None:
    """The owner may have made the Secret anew from a copy."""
    copied = theirs(**{VALUE_KEY: P.reveal(), ID_KEY: CLIENT_ID})
    assert not isinstance(decide(shared(stored=stored(state()), target=copied)), Blocked)


@pytest.mark.parametrize("kind", ["kubernetes.io/service-account-token", "okta-rotator.dev/state"])
def test_a_secret_of_a_reserved_type_is_not_shared(kind: str) -> None:
    trouble = blocked(shared(stored=None, target=replace(theirs(), type=kind)))
    assert trouble.reason is Reason.TARGET_CONFLICT
    assert kind in trouble.message


def test_any_other_type_is_as_good() -> None:
    typed = replace(theirs(), type="example.com/credentials")
    assert not isinstance(decide(shared(stored=None, target=typed)), Blocked)


def test_deletion_takes_our_keys_and_leaves_the_secret() -> None:
    for data in ({"theirs": "x"}, {}):
        held = replace(target(), data={**target().data, **data})
        decision = decide(
            snapshot(resource=resource(GOING, deleting=True), stored=stored(state()), target=held)
        )
        assert isinstance(decision, Publish)
        assert decision.change.data == {ID_KEY: None, VALUE_KEY: None}


def test_deletion_touches_nothing_that_we_have_not_written_to() -> None:
    going = resource(GOING, deleting=True)
    unwritten = theirs(**{VALUE_KEY: A.reveal()})
    decision = decide(snapshot(resource=going, stored=None, target=unwritten))
    assert isinstance(decision, LetGo)
