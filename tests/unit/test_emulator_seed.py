"""The seed file: what it accepts, how it fills gaps, and what it says of mistakes."""

import re
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from okta_emulator import Emulator, Seed, SeedError, load_seed
from okta_emulator import seed as seed_module
from okta_emulator.model import AuthMethod, SecretStatus
from okta_emulator.rules import MAX_LENGTH

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
APP = "apps:\n- id: 0oa1nkheCuDn82XVI0g4\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "apps.yaml"
    path.write_text(text)
    return path


def emulator(seed: Seed) -> Emulator:
    return Emulator(seed, clock=lambda: NOW, random=Random(1))


def test_the_documented_example_is_a_seed(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(.*?)```", seed_module.__doc__ or "", re.DOTALL)
    assert example is not None

    seed = load_seed(written(tmp_path, example[1]))

    assert seed.org.subdomain == "acme"
    assert seed.apps[0].secrets is not None
    assert seed.rate_limits.app_by_id == 250
    assert seed.apps[1].granted_scopes == ("okta.apps.read", "okta.apps.manage")
    assert not seed.unknowns.nonce_at_api


def test_an_empty_file_is_an_empty_org(tmp_path: Path) -> None:
    assert load_seed(written(tmp_path, "")) == Seed()


def test_an_app_needs_no_more_than_an_id(tmp_path: Path) -> None:
    held = emulator(load_seed(written(tmp_path, APP))).store.app("0oa1nkheCuDn82XVI0g4")

    assert held.client_id == held.label == held.id
    assert held.auth_method is AuthMethod.BASIC
    assert [secret.status for secret in held.secrets] == [SecretStatus.ACTIVE]
    assert len(held.secrets[0].value) == 64
    assert held.secrets[0].created == NOW.replace(microsecond=0)


@pytest.mark.parametrize(
    "line", ["tokenEndpointAuthMethod: none", "signOnMode: SAML_2_0", "secrets: []"]
)
def test_an_app_may_have_no_secret(tmp_path: Path, line: str) -> None:
    store = emulator(load_seed(written(tmp_path, f"{APP}  {line}\n"))).store

    assert store.app("0oa1nkheCuDn82XVI0g4").secrets == ()


def test_a_time_without_a_zone_is_utc(tmp_path: Path) -> None:
    text = f"{APP}  secrets: [{{created: 2023-02-21 20:08:24}}]\n"

    store = emulator(load_seed(written(tmp_path, text))).store

    created = store.app("0oa1nkheCuDn82XVI0g4").secrets[0].created
    assert created == datetime(2023, 2, 21, 20, 8, 24, tzinfo=UTC)


def test_the_same_randomness_draws_the_same_org() -> None:
    seed = Seed.model_validate({"apps": [{"id": "0oa1nkheCuDn82XVI0g4"}]})
    one, other = emulator(seed).store, emulator(seed).store

    assert one.app("0oa1nkheCuDn82XVI0g4") == other.app("0oa1nkheCuDn82XVI0g4")


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("apps: [{}]", "apps.0.id: Field required"),
        (APP + "  status: GONE\n", "apps.0.status: Input should be"),
        (APP + "  secrets: [{}, {}, {}]\n", "apps.0.secrets: Tuple should have at most 2 items"),
        (
            APP + "  tokenEndpointAuthMethod: private_key_jwt\n  secrets: [{}]\n",
            "apps.0: Value error, secrets: an app of this",
        ),
        (APP + "- id: 0oa1nkheCuDn82XVI0g4\n", "apps: two apps share an id or a clientId"),
        ("tokens: [{value: x, role: owner}]", "tokens.0.role: Input should be"),
        ("tokens: [{value: x, permissions: [okta.fly]}]", "tokens.0.permissions.0: Input should"),
        ("tokens: [{value: x, networks: [here]}]", "tokens.0.networks.0: Value error, 'here' does"),
        ("tokens: [{value: x, lastUsed: 2026-01-01T00:00:00}]", "tokens.0.lastUsed: Input should"),
        (APP + "  jwks: {keys: [{kty: oct}]}\n", "apps.0.jwks.keys: Value error, kty: must be"),
        ("unknowns: {refusedToken: shout}", "unknowns.refusedToken: Input should be"),
        ("rateLimits: {apps: 0}", "rateLimits.apps: Input should be greater than"),
        ("colour: red", "colour: Extra inputs are not permitted"),
        ("[1, 2]", "Input should be"),
        ("apps: [", "not YAML (line 1)"),
    ],
)
def test_a_mistake_is_named_by_its_field(tmp_path: Path, text: str, clause: str) -> None:
    with pytest.raises(SeedError, match=re.escape(clause)):
        load_seed(written(tmp_path, text))


def test_a_mistake_never_shows_a_value(tmp_path: Path) -> None:
    value = "s" * (MAX_LENGTH + 1)
    text = f"{APP}  secrets: [{{clientSecret: {value}}}]\n"

    with pytest.raises(SeedError, match="clientSecret") as mistake:
        load_seed(written(tmp_path, text))

    assert value not in str(mistake.value)
    assert mistake.value.__cause__ is None


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match=re.escape("none.yaml")):
        load_seed(tmp_path / "none.yaml")


def test_no_representation_shows_a_token_or_a_value() -> None:
    seed = Seed.model_validate(
        {
            "tokens": [{"value": "00Qa-token"}],
            "apps": [
                {"id": "0oa1nkheCuDn82XVI0g4", "secrets": [{"clientSecret": "a-value-of-my-own"}]}
            ],
        }
    )

    assert "00Qa-token" not in repr(seed)
    assert "a-value-of-my-own" not in repr(seed)
