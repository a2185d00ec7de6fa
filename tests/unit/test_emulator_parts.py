"""The small pure parts: names, times, fault rules, the request log, error tables, old refusals."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from random import Random

import pytest
from pydantic import ValidationError

from okta_emulator.clock import http_date, wire_time
from okta_emulator.errors import API_ERRORS, OAUTH_ERRORS, OAuthError, error_named
from okta_emulator.faults import FaultRule, Faults, Match
from okta_emulator.names import Names
from okta_emulator.requestlog import RequestLog
from okta_emulator.store import recent

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)


@pytest.mark.parametrize(
    ("draw", "pattern"),
    [
        (Names.org_id, r"00o[A-Za-z0-9]{17}"),
        (Names.user_id, r"00u[A-Za-z0-9]{17}"),
        (Names.secret_id, r"ocs[A-Za-z0-9]{17}"),
        (Names.error_id, r"oae[A-Za-z0-9]{22}"),
        (Names.client_secret, r"[A-Za-z0-9_-]{64}"),
    ],
)
def test_names_have_okta_s_shapes(draw: Callable[[Names], str], pattern: str) -> None:
    assert re.fullmatch(pattern, draw(Names(Random(1))))


def test_a_time_is_written_in_utc_with_zero_milliseconds() -> None:
    berlin = NOW.astimezone(timezone(timedelta(hours=1)))

    assert wire_time(berlin) == "2026-01-02T03:04:05.000Z"
    assert http_date(berlin) == "Fri, 02 Jan 2026 03:04:05 GMT"


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        (Match(), True),
        (Match(method="POST"), True),
        (Match(method="GET"), False),
        (Match(path="secrets$"), True),
        (Match(path="^/oauth2"), False),
        (Match(method="GET", path="secrets$"), False),
    ],
)
def test_a_match_asks_for_method_and_path(match: Match, fits: bool) -> None:
    assert match.fits("POST", "/api/v1/apps/0oa1/credentials/secrets") is fits


def rule(**fields: object) -> FaultRule:
    return FaultRule.model_validate({"action": {"type": "drop-before"}, **fields})


@pytest.mark.parametrize(
    ("fields", "struck"),
    [
        ({}, [True, False, False, False]),
        ({"times": 2}, [True, True, False, False]),
        ({"skip": 2}, [False, False, True, False]),
        ({"times": None}, [True, True, True, True]),
        ({"times": None, "skip": 3}, [False, False, False, True]),
    ],
)
def test_a_rule_strikes_as_often_as_it_says(fields: dict[str, object], struck: list[bool]) -> None:
    faults = Faults()
    faults.add([rule(**fields)])

    assert [faults.take("GET", "/") is not None for _ in struck] == struck


def test_the_first_rule_that_is_not_used_up_decides() -> None:
    faults = Faults()
    faults.add([rule(), rule(action={"type": "late", "seconds": 1})])

    actions = [faults.take("GET", "/") for _ in range(3)]

    assert [action.type if action else None for action in actions] == ["drop-before", "late", None]


@pytest.mark.parametrize(
    ("fields", "clause"),
    [
        ({"action": {"type": "explode"}}, "does not match any of the expected tags"),
        ({"action": {"type": "status", "errorCode": "E1"}}, "unknown; known are"),
        ({"action": {"type": "delay", "seconds": -1}}, "greater than or equal to 0"),
        ({"match": {"path": "("}}, "not a regular expression"),
        ({"times": 0}, "greater than or equal to 1"),
    ],
)
def test_an_unfit_rule_is_refused(fields: dict[str, object], clause: str) -> None:
    with pytest.raises(ValidationError, match=clause):
        rule(**fields)


def test_every_error_of_the_tables_can_be_asked_for() -> None:
    for name in API_ERRORS | OAUTH_ERRORS:
        error = error_named(name)
        assert isinstance(error, OAuthError) == (name in OAUTH_ERRORS)
        assert 400 <= error.status < 600


def test_the_log_knows_the_app_of_a_path() -> None:
    log = RequestLog()
    log.begin(NOW, "GET", "/api/v1/apps/0oa1/credentials/secrets", None)
    log.begin(NOW, "GET", "/api/v1/org", "delay")

    assert [record["appId"] for record in log.as_json()] == ["0oa1", None]
    assert [record["fault"] for record in log.as_json()] == [None, "delay"]


def test_a_refusal_counts_for_a_day() -> None:
    refusals = [NOW - timedelta(hours=24), NOW - timedelta(hours=23, minutes=59), NOW]

    assert recent(refusals, NOW) == refusals[1:]
