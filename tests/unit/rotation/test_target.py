"""What has to be written to the target Secret, and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from okta_rotator.api.names import (
    ADOPT_ANNOTATION,
    APP_ID_ANNOTATION,
    ROTATION_LABEL,
    ROTATION_NAME_ANNOTATION,
    SECRET_ID_ANNOTATION,
)
from okta_rotator.rotation.snapshot import SecretObject
from okta_rotator.rotation.target import (
    TargetChange,
    is_marked_ours,
    mapped_keys,
    needed_change,
    published_value,
    target_name,
)
from tests.resources import CLIENT_ID
from tests.unit.rotation.builders import (
    ID_KEY,
    NAME,
    UID,
    VALUE_KEY,
    A,
    P,
    credential,
    resource,
    state,
    strangers_secret,
    target,
)

RENAMED = {"spec.secretsMapping": {"clientId": ID_KEY, "clientSecret": "NEW"}}
METADATA = {"spec.target.metadata": {"labels": {"team": "a"}, "annotations": {"note": "x"}}}


def test_a_target_as_we_publish_it_needs_no_change() -> None:
    assert needed_change(target(), resource(), state()) is None


def test_a_target_that_does_not_exist_is_created_whole() -> None:
    change = needed_change(None, resource(METADATA), state())
    assert change is not None
    assert change.existing is None
    assert (change.name, change.type) == (NAME, "Opaque")
    assert change.data == {ID_KEY: CLIENT_ID, VALUE_KEY: A.reveal()}
    assert change.labels == {"team": "a", ROTATION_LABEL: UID}
    assert change.annotations == {
        "note": "x",
        ROTATION_NAME_ANNOTATION: NAME,
        APP_ID_ANNOTATION: CLIENT_ID,
        SECRET_ID_ANNOTATION: "a",
    }


def test_name_and_type_are_those_of_the_spec() -> None:
    spec = {"spec.target": {"name": "other", "type": "example.com/x"}}
    change = needed_change(None, resource(spec), state())
    assert change is not None
    assert (change.name, change.type) == ("other", "example.com/x")
    assert target_name(resource(spec)) == "other"
    assert target_name(resource()) == NAME


def test_a_change_does_not_show_the_value() -> None:
    change = needed_change(None, resource(), state())
    assert A.reveal() not in repr(change)


@pytest.mark.parametrize("key", [ID_KEY, VALUE_KEY])
def test_drift_of_a_key_is_put_right_and_only_that_key(key: str) -> None:
    good = target()
    drifted = replace(good, data={**good.data, key: "changed"})
    change = needed_change(drifted, resource(), state())
    assert change is not None
    assert change.data == {key: good.data[key]}
    assert not change.labels
    assert not change.annotations
    assert change.existing is drifted


def test_a_missing_key_is_put_back() -> None:
    change = needed_change(target(data={ID_KEY: CLIENT_ID}), resource(), state())
    assert change is not None
    assert change.data == {VALUE_KEY: A.reveal()}


def test_a_new_mapping_takes_the_old_keys_away_also_where_another_manager_touched_them() -> None:
    good = target()
    touched = replace(good, data={**good.data, VALUE_KEY: "changed by another manager"})
    content = state(target_keys=(ID_KEY, "NEW", VALUE_KEY))
    change = needed_change(touched, resource(RENAMED), content)
    assert change is not None
    assert change.data == {"NEW": A.reveal(), VALUE_KEY: None}


def test_an_old_key_that_is_gone_already_is_not_taken_away_again() -> None:
    renamed = target(data={ID_KEY: CLIENT_ID, "NEW": A.reveal()})
    content = state(target_keys=(ID_KEY, "NEW", VALUE_KEY))
    assert needed_change(renamed, resource(RENAMED), content) is None


def test_two_keys_that_change_places_are_both_written() -> None:
    swapped = {"spec.secretsMapping": {"clientId": VALUE_KEY, "clientSecret": ID_KEY}}
    change = needed_change(target(), resource(swapped), state())
    assert change is not None
    assert change.data == {VALUE_KEY: CLIENT_ID, ID_KEY: A.reveal()}


def test_keys_labels_and_annotations_of_others_are_left_alone() -> None:
    good = target()
    shared = replace(
        good,
        data={**good.data, "theirs": "x"},
        labels={**good.labels, "theirs": "x"},
        annotations={**good.annotations, "theirs": "x"},
    )
    assert needed_change(shared, resource(), state()) is None


def replace_part(part: str, content: Any, owned: str) -> SecretObject:
    fields: dict[str, Any] = {part: content, "our_metadata": frozenset({owned})}
    return replace(target(), **fields)


@pytest.mark.parametrize("part", ["labels", "annotations"])
def test_metadata_of_ours_that_the_spec_has_dropped_is_taken_away(part: str) -> None:
    good = target()
    left: Any = {**getattr(good, part), "dropped": "x", "theirs": "y"}
    changed = replace_part(part, left, f"{part}/dropped")
    change = needed_change(changed, resource(), state())
    assert change is not None
    assert getattr(change, part) == {"dropped": None}


@pytest.mark.parametrize("part", ["labels", "annotations"])
def test_ownership_of_one_part_says_nothing_of_the_other(part: str) -> None:
    other = {"labels": "annotations", "annotations": "labels"}[part]
    good = target()
    mixed: Any = {**getattr(good, part), "x": "y"}
    changed = replace_part(part, mixed, f"{other}/x")
    assert needed_change(changed, resource(), state()) is None


def test_drift_of_our_metadata_is_put_right() -> None:
    good = target()
    changed = replace(good, labels={ROTATION_LABEL: "another", "team": "b"})
    change = needed_change(changed, resource(METADATA), state())
    assert change is not None
    assert change.labels == {"team": "a", ROTATION_LABEL: UID}
    assert change.annotations == {"note": "x"}
    assert not change.data


def test_the_annotation_follows_the_active_secret() -> None:
    change = needed_change(target(), resource(), state(active=credential("b", P, 1)))
    assert change is not None
    assert change.annotations == {SECRET_ID_ANNOTATION: "b"}
    assert change.data == {VALUE_KEY: P.reveal()}


def test_a_secret_that_a_person_gave_us_is_marked_and_filled() -> None:
    given = strangers_secret(annotations={ADOPT_ANNOTATION: NAME})
    change = needed_change(given, resource(), state())
    assert change is not None
    assert change.existing is given
    assert change.data == {ID_KEY: CLIENT_ID, VALUE_KEY: A.reveal()}
    assert ROTATION_NAME_ANNOTATION in change.annotations


def test_without_an_active_secret_there_is_nothing_to_publish() -> None:
    with pytest.raises(ValueError, match="no active secret"):
        needed_change(None, resource(), state(active=None))


@pytest.mark.parametrize(
    ("annotations", "ours"),
    [
        ({}, False),
        ({ROTATION_NAME_ANNOTATION: NAME}, True),
        ({ADOPT_ANNOTATION: NAME}, True),
        ({ROTATION_NAME_ANNOTATION: "another"}, False),
        ({ADOPT_ANNOTATION: "another"}, False),
        ({ADOPT_ANNOTATION: "true"}, False),
    ],
)
def test_a_secret_is_ours_by_our_mark_or_by_a_persons_word(
    annotations: dict[str, str], ours: bool
) -> None:
    assert is_marked_ours(strangers_secret(annotations=annotations), resource()) is ours


def test_the_published_value_is_the_one_under_the_mapped_key() -> None:
    assert published_value(target(), resource()) == A
    assert published_value(target(), resource(RENAMED)) is None
    assert published_value(None, resource()) is None
    assert mapped_keys(resource(RENAMED)) == (ID_KEY, "NEW")


PREVIOUS_KEY = "OKTA_PREVIOUS"
WITH_PREVIOUS = {
    "spec.secretsMapping": {
        "clientId": ID_KEY,
        "clientSecret": VALUE_KEY,
        "previousClientSecret": PREVIOUS_KEY,
    }
}


def previous_key_of(change: TargetChange | None) -> str | None:
    assert change is not None
    return change.data[PREVIOUS_KEY]


def test_the_previous_secret_is_published_where_the_spec_names_a_key_for_it() -> None:
    content = state(previous=credential("p", P, 1))
    assert previous_key_of(needed_change(target(), resource(WITH_PREVIOUS), content)) == P.reveal()
    assert previous_key_of(needed_change(None, resource(WITH_PREVIOUS), content)) == P.reveal()


def test_its_key_is_there_and_empty_before_there_was_one() -> None:
    """A Pod that refers to a key that is missing does not start."""
    assert previous_key_of(needed_change(target(), resource(WITH_PREVIOUS), state())) == ""


def test_its_key_keeps_its_value_when_the_secret_has_been_retired() -> None:
    """So that nothing that watches the Secret restarts for that."""
    good = target()
    held = replace(good, data={**good.data, PREVIOUS_KEY: P.reveal()})
    assert needed_change(held, resource(WITH_PREVIOUS), state()) is None


def test_a_previous_secret_that_leaked_is_not_published_once_more() -> None:
    leaked = state(previous=credential("p", P, 1), bound_secret_id="p")
    assert previous_key_of(needed_change(target(), resource(WITH_PREVIOUS), leaked)) == ""


def test_the_extra_keys_follow_the_active_secret_and_go_with_the_spec() -> None:
    spec = {"spec.target.template": {"app.env": "SECRET={{ clientSecret }}"}}
    assert mapped_keys(resource(spec)) == (ID_KEY, VALUE_KEY, "app.env")
    change = needed_change(target(), resource(spec), state())
    assert change is not None
    assert change.data == {"app.env": f"SECRET={A.reveal()}"}
    rendered = replace(target(), data={**target().data, "app.env": f"SECRET={A.reveal()}"})
    assert needed_change(rendered, resource(spec), state()) is None
    taken = needed_change(rendered, resource(), state(target_keys=mapped_keys(resource(spec))))
    assert taken is not None
    assert taken.data == {"app.env": None}
