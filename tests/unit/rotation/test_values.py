"""Secret values: that they cannot be printed by accident, and how ours are recognised."""

from __future__ import annotations

import copy
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okta_rotator.rotation.values import (
    RANDOM_BYTES,
    SecretValue,
    is_made_by_a_rotator,
    is_made_for,
    make_value,
    owner_mark,
    secret_hash,
)

CANARY = "canary-of-a-secret"
RANDOMNESS = bytes(range(RANDOM_BYTES))


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{:>40}".format, "%s".__mod__])
def test_no_way_of_printing_shows_a_value(show: object) -> None:
    assert callable(show)
    assert CANARY not in show(SecretValue(CANARY))


def test_a_value_inside_a_collection_is_not_shown_either() -> None:
    assert CANARY not in f"{[SecretValue(CANARY)]} { ({SecretValue(CANARY): 1}) }"


def test_reveal_gives_the_value_itself() -> None:
    assert SecretValue(CANARY).reveal() == CANARY


@pytest.mark.parametrize("serialise", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_value_is_not_serialised(serialise: object) -> None:
    assert callable(serialise)
    with pytest.raises(TypeError) as caught:
        serialise(SecretValue(CANARY))
    assert CANARY not in str(caught.value)


def test_values_are_equal_by_their_text_and_to_nothing_else() -> None:
    assert SecretValue("a") == SecretValue("a")
    assert hash(SecretValue("a")) == hash(SecretValue("a"))
    assert SecretValue("a") != SecretValue("b")
    assert SecretValue("a") != "a"
    assert SecretValue("ä") != SecretValue("a")


def test_the_hash_is_the_one_of_oktas_own_sample() -> None:
    """The pair is of Okta's documentation of client secrets."""
    value = SecretValue("DRUFXGF9XbLnS9k-Sla3x3POBiIxDreBCdZuFs5B")
    assert secret_hash(value) == "FpCwXwSjTRQNtEI11I00-g"


def test_a_value_has_64_characters_that_need_no_escaping() -> None:
    value = make_value("uid", RANDOMNESS).reveal()
    assert re.fullmatch(r"okr_[A-Za-z0-9_-]{60}", value)


def test_a_value_carries_the_mark_of_its_resource() -> None:
    value = make_value("uid", RANDOMNESS)
    assert value.reveal().startswith(owner_mark("uid"))
    assert len(owner_mark("uid")) == 12
    assert is_made_for(value, "uid")
    assert is_made_by_a_rotator(value)


def test_a_value_of_another_resource_is_a_rotators_but_not_made_for_this_one() -> None:
    value = make_value("another", RANDOMNESS)
    assert not is_made_for(value, "uid")
    assert not is_made_for(value, None)
    assert is_made_by_a_rotator(value)
    assert not is_made_by_a_rotator(SecretValue(CANARY))


@given(st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES))
def test_all_of_the_randomness_is_in_the_value(randomness: bytes) -> None:
    assert len(make_value("uid", randomness).reveal()) == 64
    other = bytes([randomness[0] ^ 1, *randomness[1:-1], randomness[-1] ^ 1])
    assert make_value("uid", randomness) != make_value("uid", other)


@pytest.mark.parametrize("length", [0, RANDOM_BYTES - 1, RANDOM_BYTES + 1])
def test_another_amount_of_randomness_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="random bytes"):
        make_value("uid", bytes(length))
