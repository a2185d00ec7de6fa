"""Faults as a client sees them: errors, delays, and connections that end without an answer."""

import socket
import time
from collections.abc import Callable

import httpx
import pytest

from tests.contract.conftest import AppUnderTest
from tests.emulator_client import EmulatorClient

DROPPED = (httpx.RemoteProtocolError, httpx.ReadError)


def path_of(app: AppUnderTest) -> str:
    return f"{app.id}/credentials"


def secret_count(app: AppUnderTest) -> int:
    return len(app.state()["secrets"])


def until_there_are_two(app: AppUnderTest) -> None:
    deadline = time.monotonic() + 20
    while secret_count(app) != 2:
        assert time.monotonic() < deadline, "the effect never came"
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("code", "status"), [("E0000009", 500), ("E0000010", 503), ("E0000047", 429)]
)
def test_a_status_takes_the_place_of_the_effect(app: AppUnderTest, code: str, status: int) -> None:
    app.emulator.add_fault("status", method="POST", path=path_of(app), errorCode=code)

    refused, accepted = app.call("POST"), app.call("POST")

    assert (refused.status_code, refused.json()["errorCode"]) == (status, code)
    assert {"date", "x-rate-limit-reset"} <= set(refused.headers)
    assert accepted.status_code == 201
    assert secret_count(app) == 2


def test_a_status_may_speak_as_the_oauth_endpoints_do(app: AppUnderTest) -> None:
    app.emulator.add_fault("status", path="introspect", errorCode="disallowed_network_zone")

    answer = app.emulator.http.post(
        "/oauth2/v1/introspect", auth=(app.client_id, app.secrets[0]["client_secret"])
    )

    assert (answer.status_code, answer.json()["error"]) == (403, "access_denied")


def test_a_status_may_have_another_code_than_the_catalogue_says(app: AppUnderTest) -> None:
    app.emulator.add_fault("status", path=path_of(app), errorCode="E0000009", status=504)

    assert app.call("GET").status_code == 504


def test_a_limit_may_be_told_to_end_soon(app: AppUnderTest) -> None:
    app.emulator.add_fault("status", path=path_of(app), errorCode="E0000047", resetAfter=2)

    answer = app.call("GET")

    assert answer.headers["x-rate-limit-remaining"] == "0"
    assert 0 < int(answer.headers["x-rate-limit-reset"]) - time.time() < 3


def test_a_delay_comes_before_the_effect(app: AppUnderTest) -> None:
    app.emulator.add_fault("delay", path=path_of(app), seconds=0.4)
    started = time.monotonic()

    answer = app.call("POST")

    assert answer.status_code == 201
    assert time.monotonic() - started >= 0.4


def test_a_client_that_gives_up_does_not_undo_a_delayed_effect(app: AppUnderTest) -> None:
    app.emulator.add_fault("delay", path=path_of(app), seconds=2)

    with pytest.raises(httpx.ReadTimeout):
        app.call("POST", timeout=0.1)

    assert secret_count(app) == 1
    until_there_are_two(app)


def test_a_connection_dropped_before_has_no_effect(app: AppUnderTest) -> None:
    app.emulator.add_fault("drop-before", method="POST", path=path_of(app))

    with pytest.raises(DROPPED):
        app.call("POST")

    assert secret_count(app) == 1
    assert app.call("POST").status_code == 201


def test_a_connection_dropped_after_has_had_its_effect(app: AppUnderTest) -> None:
    app.emulator.add_fault("drop-after", method="POST", path=path_of(app))

    with pytest.raises(DROPPED):
        app.call("POST", json={"client_secret": "a-value-of-my-own"})

    assert app.state()["secrets"][1]["client_secret"] == "a-value-of-my-own"


@pytest.mark.parametrize("action", ["drop-before", "drop-after"])
def test_a_dropped_connection_is_no_failure_of_the_emulator(
    own_emulator: Callable[..., EmulatorClient], action: str, caplog: pytest.LogCaptureFixture
) -> None:
    emulator = own_emulator({})
    emulator.add_fault(action)

    with pytest.raises(DROPPED):
        emulator.http.get("/.well-known/okta-organization")
    emulator.request_log()

    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []


def test_a_late_effect_comes_after_the_connection_is_gone(app: AppUnderTest) -> None:
    app.emulator.add_fault("late", method="POST", path=path_of(app), seconds=2)

    with pytest.raises(DROPPED):
        app.call("POST")

    assert secret_count(app) == 1
    until_there_are_two(app)


def test_half_a_request_has_no_effect(app: AppUnderTest) -> None:
    url = httpx.URL(app.emulator.base_url)
    with socket.create_connection((url.host, url.port)) as connection:
        connection.sendall(
            f"POST {app.path}/credentials/secrets HTTP/1.1\r\nHost: okta\r\n"
            f"Authorization: SSWS {app.token}\r\nContent-Length: 2\r\n\r\n".encode()
        )

    time.sleep(0.2)
    assert [record["status"] for record in app.emulator.request_log(app.id)] == [None]
    assert secret_count(app) == 1


def test_a_rule_skips_and_then_strikes_as_often_as_it_says(app: AppUnderTest) -> None:
    app.emulator.add_fault("status", path=path_of(app), errorCode="E0000009", skip=1, times=2)

    assert [app.call("GET").status_code for _ in range(4)] == [200, 500, 500, 200]


def test_the_log_tells_what_was_asked_and_never_a_value(app: AppUnderTest) -> None:
    app.emulator.add_fault("drop-before", method="GET", path=path_of(app))
    app.call("POST", json={"client_secret": "a-value-of-my-own"})
    with pytest.raises(DROPPED):
        app.call("GET")

    log = app.emulator.request_log(app.id)

    assert [(record["method"], record["status"], record["fault"]) for record in log] == [
        ("POST", 201, None),
        ("GET", None, "drop-before"),
    ]
    assert all(record["path"] == f"{app.path}/credentials/secrets" for record in log)
    assert "a-value-of-my-own" not in str(log)
    assert app.token not in str(log)


def test_latency_is_added_to_every_answer(
    own_emulator: Callable[..., EmulatorClient],
) -> None:
    emulator = own_emulator({})
    emulator.set_latency(200)
    started = time.monotonic()

    emulator.http.get("/.well-known/okta-organization")

    assert time.monotonic() - started >= 0.2
