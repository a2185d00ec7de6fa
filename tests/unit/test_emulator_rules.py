"""The rules of client secrets, without HTTP."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okta_emulator import rules
from okta_emulator.errors import ApiError
from okta_emulator.model import (
    App,
    ApplicationType,
    AppStatus,
    AuthMethod,
    ClientSecret,
    SecretStatus,
)
from okta_emulator.unknowns import Unknowns

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
SECOND = NOW.replace(microsecond=0)
ACTIVE, INACTIVE = SecretStatus.ACTIVE, SecretStatus.INACTIVE
ASSUMED = Unknowns()


def secret(identifier: str, status: SecretStatus = ACTIVE) -> ClientSecret:
    return ClientSecret(identifier, f"value-of-{identifier}", status, SECOND, SECOND)


def app(*secrets: ClientSecret, method: AuthMethod = AuthMethod.BASIC) -> App:
    return App(
        id="0oa",
        client_id="0oa",
        label="Orders",
        status=AppStatus.ACTIVE,
        sign_on_mode="OPENID_CONNECT",
        application_type=ApplicationType.WEB,
        auth_method=method,
        created=SECOND,
        last_updated=SECOND,
        secrets=secrets,
    )


def draft(value: str = "a-value-of-my-own", *, unique: bool = True) -> rules.Draft:
    return rules.Draft("ocs-new", value, ACTIVE, unique)


def cause(app: App, draft: rules.Draft) -> str:
    with pytest.raises(ApiError) as refusal:
        rules.create(app, draft, ASSUMED, NOW)
    return refusal.value.causes[0]


def test_a_new_secret_is_dated_by_the_second() -> None:
    created = rules.create(app(secret("one")), draft(), ASSUMED, NOW)

    assert (created.created, created.last_updated) == (SECOND, SECOND)


@pytest.mark.parametrize("length", [14, 100])
def test_the_shortest_and_the_longest_value_pass(length: int) -> None:
    assert rules.create(app(), draft("x" * length), ASSUMED, NOW).value == "x" * length


def test_32_characters_are_enough_for_a_jwt() -> None:
    assert rules.create(app(method=AuthMethod.JWT), draft("x" * 32), ASSUMED, NOW)


@pytest.mark.parametrize("character", ["\x1f", "\x7f", "\n", "é", "😀"])
def test_a_character_outside_printable_ascii_is_refused(character: str) -> None:
    assert "printable ASCII" in cause(app(), draft("a-value-of-my-own" + character))


def test_the_space_and_the_tilde_are_printable() -> None:
    assert rules.create(app(), draft(" a value of my own ~"), ASSUMED, NOW)


def test_an_inactive_secret_takes_a_slot() -> None:
    full = app(secret("one"), secret("two", INACTIVE))

    assert "maximum number" in cause(full, draft())


def test_the_first_violated_check_is_reported() -> None:
    full = app(secret("one"), secret("two"), method=AuthMethod.PRIVATE_KEY_JWT)

    assert "private_key_jwt" in cause(full, draft("short"))
    assert "at least '14'" in cause(replace(full, auth_method=AuthMethod.BASIC), draft("short"))


def test_the_same_value_is_refused_only_where_values_are_unique() -> None:
    holder = app(replace(secret("one"), value="a-value-of-my-own"))

    assert "already exists" in cause(holder, draft())
    assert rules.create(holder, draft(unique=False), ASSUMED, NOW)


def test_a_change_of_status_moves_last_updated() -> None:
    later = NOW + timedelta(hours=1)
    both = app(secret("one"), secret("two"))

    inactive = rules.deactivate(both, both.secrets[0], ASSUMED, later)
    active = rules.activate(inactive, ASSUMED, later + timedelta(hours=1))

    assert (inactive.created, inactive.last_updated) == (SECOND, SECOND + timedelta(hours=1))
    assert (active.created, active.last_updated) == (SECOND, SECOND + timedelta(hours=2))


def test_a_repeated_change_of_status_changes_nothing() -> None:
    active, inactive = secret("one"), secret("two", INACTIVE)

    assert rules.activate(active, ASSUMED, NOW + timedelta(hours=1)) is active
    assert (
        rules.deactivate(app(active, inactive), inactive, ASSUMED, NOW + timedelta(hours=1))
        is inactive
    )


def test_the_only_active_secret_stays_active() -> None:
    alone = app(secret("one"), secret("two", INACTIVE))

    with pytest.raises(ApiError):
        rules.deactivate(alone, alone.secrets[0], ASSUMED, NOW)


def apply(state: App, verb: str, index: int, serial: int) -> App:
    if verb == "create":
        added = replace(draft(f"a-value-of-my-own-{serial}"), id=f"ocs-{serial}")
        return state.added(rules.create(state, added, ASSUMED, NOW))
    chosen = state.secrets[index % len(state.secrets)]
    if verb == "activate":
        return state.changed(rules.activate(chosen, ASSUMED, NOW))
    if verb == "deactivate":
        return state.changed(rules.deactivate(state, chosen, ASSUMED, NOW))
    rules.check_deletable(chosen)
    return state.removed(chosen)


VERBS = st.sampled_from(["create", "activate", "deactivate", "delete"])


@given(st.lists(st.tuples(VERBS, st.integers(0, 1)), max_size=30))
def test_no_order_of_calls_leads_past_two_secrets_or_below_one_active(
    calls: list[tuple[str, int]],
) -> None:
    state = app(secret("one"))

    for serial, (verb, index) in enumerate(calls):
        with suppress(ApiError):
            state = apply(state, verb, index, serial)
        assert 1 <= len(state.active_secrets) <= len(state.secrets) <= rules.MAX_SECRETS


def test_the_hash_is_that_of_a_sample_in_okta_s_documentation() -> None:
    sample = replace(secret("one"), value="3ZIqRCzmjcdNPK2Y29x1qSkI5NRHji_eGIm4aKtI")

    assert sample.hash == "jMur1qOhMw_MtC9aQo7YEg"


def test_no_representation_shows_a_value() -> None:
    assert "value-of-one" not in repr(app(secret("one")))
    assert "a-value-of-my-own" not in repr(draft())
