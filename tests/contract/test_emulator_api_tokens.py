"""API tokens (SSWS): they die of idleness by the org's clock, and may be bound to a network."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from tests.emulator_client import EmulatorClient

FORBIDDEN = (403, "E0000006")
INVALID_TOKEN = (401, "E0000011")
INVALID_SESSION = (403, "E0000005")

EmulatorMaker = Callable[..., EmulatorClient]


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errorCode"]


def me(emulator: EmulatorClient, token: str) -> httpx.Response:
    return emulator.http.get("/api/v1/users/me", headers={"Authorization": f"SSWS {token}"})


def test_an_api_token_dies_after_30_days_without_use(own_emulator: EmulatorMaker) -> None:
    emulator = own_emulator({})
    token = emulator.add_token()

    emulator.set_clock(timedelta(days=29))
    assert me(emulator, token).status_code == 200
    emulator.set_clock(timedelta(days=58))
    assert me(emulator, token).status_code == 200
    emulator.set_clock(timedelta(days=88))

    assert code_of(me(emulator, token)) == INVALID_TOKEN


def test_a_token_s_last_use_may_be_long_ago(own_emulator: EmulatorMaker) -> None:
    seeded = {"value": "00Qold", "lastUsed": "2020-01-01T00:00:00Z"}
    emulator = own_emulator({"tokens": [seeded, {"value": "00Qnew"}]})

    assert code_of(me(emulator, "00Qold")) == INVALID_TOKEN
    assert me(emulator, "00Qnew").status_code == 200


def test_a_call_that_is_refused_is_a_use(own_emulator: EmulatorMaker) -> None:
    emulator = own_emulator({})
    token = emulator.add_token(role="none")
    headers = {"Authorization": f"SSWS {token}"}
    path = f"/api/v1/apps/{emulator.make_app()['id']}"

    emulator.set_clock(timedelta(days=20))
    assert emulator.http.get(path, headers=headers).status_code == 403
    emulator.set_clock(timedelta(days=40))

    assert me(emulator, token).status_code == 200


def test_the_clock_is_told(own_emulator: EmulatorMaker) -> None:
    emulator = own_emulator({})

    emulator.set_clock(timedelta(days=1000))

    told = emulator.http.get("/_emulator/clock").json()
    year = emulator.http.get("/.well-known/okta-organization").headers["date"].split()[3]
    assert told["offsetSeconds"] == 1000 * 86400
    assert told["now"].startswith(year)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("E0000006", FORBIDDEN), ("E0000011", INVALID_TOKEN), ("E0000005", INVALID_SESSION)],
)
def test_an_api_token_outside_its_zone_is_refused_in_one_of_three_ways(
    own_emulator: EmulatorMaker, answer: str, expected: tuple[int, str]
) -> None:
    emulator = own_emulator({"unknowns": {"outsideZone": answer}})
    near, far = (
        emulator.add_token(networks=[network]) for network in ("127.0.0.0/8", "192.0.2.0/24")
    )

    assert me(emulator, near).status_code == 200
    assert code_of(me(emulator, far)) == expected
    kinds = [event["eventType"] for event in emulator.events()]
    assert kinds == ["system.api_token.request_outside_allowed_range"]
