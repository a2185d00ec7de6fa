"""The state Secret: what is written comes back, and no value is where it must not be."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okta_rotator.rotation.okta_view import SecretState
from okta_rotator.rotation.state import (
    Candidate,
    Credential,
    Job,
    State,
    StateUnreadableError,
    Trigger,
    from_data,
    to_data,
)
from okta_rotator.rotation.values import SecretValue
from tests.unit.rotation.builders import A, C, P, credential, rotating, state

TEXTS = st.text(min_size=1, max_size=12)
INSTANTS = st.datetimes(timezones=st.just(UTC))
VALUES = st.builds(SecretValue, TEXTS)
INDICES = st.integers(0, 1)
STATES_OF_SECRETS = st.sampled_from(SecretState)
SOME_TIME = st.none() | INSTANTS
ENDS = (SOME_TIME, SOME_TIME)
MAYBE = st.none() | VALUES
OWN = st.builds(Credential, TEXTS, INDICES, INSTANTS, VALUES, STATES_OF_SECRETS, *ENDS)
FOUND = st.builds(Credential, TEXTS, INDICES, INSTANTS, MAYBE, STATES_OF_SECRETS, *ENDS)
JOBS = st.builds(Job, TEXTS, st.sampled_from(Trigger), INSTANTS, st.none() | TEXTS, SOME_TIME)
STATES = st.builds(
    State,
    uid=TEXTS,
    app_id=TEXTS,
    client_id=TEXTS,
    org_id=st.text(max_size=5),
    generation=st.integers(0, 2**40),
    auth_method=st.none() | TEXTS,
    active=st.none() | OWN,
    previous=st.none() | FOUND,
    candidate=st.none() | st.builds(Candidate, VALUES, INDICES, st.booleans()),
    job=st.none() | JOBS,
    last_job_id=st.none() | TEXTS,
    last_rotated_at=SOME_TIME,
    last_trigger=st.none() | st.sampled_from(Trigger),
    series_from=SOME_TIME,
    refused_tries=st.lists(INSTANTS, max_size=4).map(tuple),
    target_keys=st.lists(TEXTS, max_size=3).map(tuple),
    asked_at=SOME_TIME,
    handled_rotate=st.none() | TEXTS,
    handled_revoke_previous=st.none() | TEXTS,
    handled_rollback=st.none() | TEXTS,
    handled_replace_foreign=st.none() | TEXTS,
    bound_secret_id=st.none() | TEXTS,
)


@given(STATES)
def test_what_is_written_comes_back(content: State) -> None:
    assert from_data(to_data(content)) == content


@given(STATES)
def test_a_key_is_there_only_while_there_is_such_a_value(content: State) -> None:
    data = to_data(content)
    assert ("active" in data) == (content.active is not None)
    assert ("candidate" in data) == (content.candidate is not None)
    has_previous = content.previous is not None and content.previous.value is not None
    assert ("previous" in data) == has_previous
    assert set(data) <= {"active", "previous", "candidate", "record"}


def test_the_property_covers_every_field() -> None:
    """A field that is added to State has to be added to the strategy."""
    assert {one.name for one in fields(State)} == set(STATES.wrapped_strategy.kwargs)  # type: ignore[attr-defined]


def test_the_keys_hold_the_values_of_their_roles() -> None:
    data = to_data(rotating())
    assert data["active"] == A.reveal()
    assert data["previous"] == P.reveal()
    assert data["candidate"] == C.reveal()


def test_the_record_never_holds_a_value() -> None:
    content = rotating()
    record = to_data(content)["record"]
    assert len(content.values) == 3
    for value in content.values:
        assert value.reveal() not in record


def test_the_record_is_json_in_camel_case_with_a_format() -> None:
    record = json.loads(to_data(rotating())["record"])
    assert record["format"] == 1
    assert record["active"]["secretId"] == "a"
    assert record["job"]["jobId"] == "job-1"
    assert record["targetKeys"] == ["OKTA_CLIENT_ID", "OKTA_CLIENT_SECRET"]
    assert "refusedTries" in record


def test_a_state_does_not_show_its_values() -> None:
    text = repr(rotating())
    for value in rotating().values:
        assert value.reveal() not in text


def test_the_values_are_those_that_are_known() -> None:
    assert state(previous=credential("p", None, 1)).values == (A,)
    assert rotating().values == (A, P, C)
    assert state(active=None).values == ()


def test_a_write_counts_the_generation_up() -> None:
    assert state(generation=5).bumped() == state(generation=6)


CANARY = "canary-of-a-secret"


def broken(**changes: Any) -> dict[str, str]:
    """Data of which the record has other fields, and every value is the canary."""
    data = to_data(rotating())
    record = {**json.loads(data["record"]), **changes}
    return {**dict.fromkeys(data, CANARY), "record": json.dumps(record)}


def without(key: str) -> dict[str, str]:
    return {name: text for name, text in broken().items() if name != key}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param({}, "record", id="nothing"),
        pytest.param(without("record"), "record", id="no record"),
        pytest.param({**broken(), "record": CANARY}, "record", id="no json"),
        pytest.param({**broken(), "record": f'["{CANARY}"]'}, "record", id="no object"),
        pytest.param(broken(uid=[CANARY]), "uid", id="a wrong type"),
        pytest.param(broken(lastRotatedAt=CANARY), "lastRotatedAt", id="no time"),
        pytest.param(broken(lastRotatedAt="2026-01-01T00:00:00"), "lastRotatedAt", id="no zone"),
        pytest.param(broken(job={"jobId": CANARY}), "job.trigger", id="half a job"),
        pytest.param(broken(format=2), "format 2", id="a later format"),
        pytest.param(without("active"), "active", id="the active value is gone"),
        pytest.param(without("candidate"), "candidate", id="the candidate's value is gone"),
    ],
)
def test_data_that_cannot_be_read_is_refused_without_a_value_in_the_text(
    data: dict[str, str], says: str
) -> None:
    with pytest.raises(StateUnreadableError) as caught:
        from_data(data)
    assert says in str(caught.value)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_previous_value_may_be_missing() -> None:
    read = from_data(without("previous"))
    assert read.previous == replace(credential("p", None, 1))


def test_a_field_of_a_later_version_is_ignored() -> None:
    assert from_data(broken(ofTheFuture=1)).uid == state().uid
