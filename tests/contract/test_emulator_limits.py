"""Rate limits and the concurrency limit as a client sees them."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from tests.contract.conftest import ServiceMaker
from tests.emulator_client import EmulatorClient
from tests.waiting import until

EmulatorMaker = Callable[..., EmulatorClient]


def ssws(emulator: EmulatorClient) -> dict[str, str]:
    return {"Authorization": f"SSWS {emulator.add_token()}"}


def limits_of(answer: httpx.Response) -> tuple[int, int, int]:
    """Status, limit and what is left of it."""
    limit, left = (int(answer.headers[f"x-rate-limit-{part}"]) for part in ("limit", "remaining"))
    return answer.status_code, limit, left


def test_each_part_of_the_api_has_its_bucket(own_emulator: EmulatorMaker) -> None:
    emulator = own_emulator(
        {"rateLimits": {"apps": 11, "appById": 12, "token": 13, "oauth2": 14, "other": 15}}
    )
    path = f"/api/v1/apps/{emulator.make_app()['id']}"
    paths = {
        f"{path}/credentials/secrets": 11,
        path: 12,
        "/oauth2/v1/token": 13,
        "/oauth2/v1/introspect": 14,
        "/api/v1/org": 15,
    }

    told = {url: limits_of(emulator.http.get(url))[1:] for url in paths}

    assert told == {url: (limit, limit - 1) for url, limit in paths.items()}
    assert [record["bucket"] for record in emulator.request_log()] == [
        "apps",
        "appById",
        "token",
        "oauth2",
        "other",
    ]


def test_a_window_ends_by_the_emulator_s_clock(own_emulator: EmulatorMaker) -> None:
    emulator = own_emulator({"rateLimits": {"other": 1}})
    headers = ssws(emulator)

    first, second = (emulator.http.get("/api/v1/org", headers=headers) for _ in range(2))
    emulator.set_clock(timedelta(seconds=61))
    third = emulator.http.get("/api/v1/org", headers=headers)

    assert [limits_of(answer) for answer in (first, second, third)] == [
        (200, 1, 0),
        (429, 1, 0),
        (200, 1, 0),
    ]
    date = parsedate_to_datetime(third.headers["date"]).timestamp()
    assert 60 <= date - time.time() <= 62
    assert 59 <= int(third.headers["x-rate-limit-reset"]) - date <= 61


def test_a_window_may_be_short(own_emulator: EmulatorMaker) -> None:
    emulator = own_emulator({})
    emulator.set_rate_limits(other=1, windowSeconds=5)
    headers = ssws(emulator)

    first = emulator.http.get("/api/v1/org", headers=headers)
    emulator.set_clock(timedelta(seconds=5))
    second = emulator.http.get("/api/v1/org", headers=headers)

    assert [first.status_code, second.status_code] == [200, 200]
    assert int(first.headers["x-rate-limit-reset"]) <= time.time() + 6


def test_each_token_and_app_has_its_share_of_the_org_s_limit(
    own_emulator: EmulatorMaker, make_service: ServiceMaker
) -> None:
    emulator = own_emulator({"rateLimits": {"other": 4, "principalPercent": 50}})
    one, other = ssws(emulator), ssws(emulator)
    service = make_service(emulator, grantedScopes=["okta.orgs.read"])
    tokens = [service.sign_in(scope="okta.orgs.read") for _ in range(2)]
    renewed = [{"Authorization": f"Bearer {token}"} for token in tokens]

    own = [limits_of(emulator.http.get("/api/v1/org", headers=one)) for _ in range(3)]
    app = [limits_of(emulator.http.get("/api/v1/org", headers=headers)) for headers in renewed]
    late = limits_of(emulator.http.get("/api/v1/org", headers=other))

    assert own == [(200, 2, 1), (200, 2, 0), (429, 2, 0)]
    assert app == [(200, 2, 1), (200, 2, 0)]
    assert late == (429, 4, 0)


async def test_too_many_requests_at_once_are_told_by_two_zeros(
    own_emulator: EmulatorMaker,
) -> None:
    emulator = own_emulator({"rateLimits": {"concurrency": 2}})
    url, headers = f"{emulator.base_url}/api/v1/org", ssws(emulator)
    emulator.add_fault("delay", path="org", seconds=3, times=2)

    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=30) as http:
        slow = [asyncio.create_task(http.get(url)) for _ in range(2)]
        await until(lambda: len(emulator.request_log()) == 2, seconds=10)
        crowded = await http.get(url)
        answers = await asyncio.gather(*slow)

    assert [answer.status_code for answer in answers] == [200, 200]
    assert limits_of(crowded) == (429, 0, 0)
    assert crowded.json()["errorCode"] == "E0000047"
    assert int(crowded.headers["x-rate-limit-reset"]) >= int(time.time()) - 2
    assert emulator.peak_concurrency() == 3
    assert [event["eventType"] for event in emulator.events()] == [
        "core.concurrency.org.limit.violation"
    ]


def test_a_refused_call_is_in_the_system_log(own_emulator: EmulatorMaker) -> None:
    emulator = own_emulator({"rateLimits": {"other": 1}})

    for _ in range(2):
        emulator.http.get("/api/v1/org")

    assert [event["eventType"] for event in emulator.events()] == [
        "system.org.rate_limit.violation"
    ]


@pytest.mark.parametrize(
    ("field", "value"), [("concurrency", 0), ("principalPercent", 101), ("token", 0)]
)
def test_a_limit_that_is_none_is_refused(
    own_emulator: EmulatorMaker, field: str, value: int
) -> None:
    emulator = own_emulator({})

    with pytest.raises(ValueError, match=field):
        emulator.set_rate_limits(**{field: value})
