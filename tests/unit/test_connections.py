"""Checks of connections: what is found, what is told, and what changes under a check."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.api.connection import Dpop
from okta_rotator.cluster.resources import rotation_resource
from okta_rotator.connections.book import DOUBT_AFTER
from okta_rotator.connections.entry import LONGEST_RETRY, PASSING, RECHECK
from okta_rotator.rotation.access import Access, ServiceAppCredentials
from okta_rotator.rotation.snapshot import Key
from okta_rotator.rotation.trouble import Next, PortError, Trouble
from okta_rotator.rotation.turns import Budget, Turn
from okta_rotator.rotation.values import SecretValue
from tests.resources import (
    CLIENT_ID,
    CREATED,
    Json,
    connection,
    rotation,
    service_app_connection,
)
from tests.unit.connection_bench import (
    DOWN,
    KEY,
    REFUSED,
    RESOURCE,
    Bench,
    Session,
    body,
    resource,
)
from tests.waiting import until


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    task = asyncio.create_task(made.book.queue.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_connection_that_works_is_ready(bench: Bench) -> None:
    bench.put_token("00Qgood")
    bench.book.saw(body())
    await bench.checked()
    found = bench.book.connection_of(RESOURCE)
    assert (found.uid, found.org_id, found.problem) == ("uid-1", "00o1", None)
    assert bench.token() == "00Qgood"
    assert bench.ready() == ("True", "Connected")
    status = bench.kube.patched[-1][1]["/status"]
    assert (status["orgId"], status["orgHost"]) == ("00o1", "acme.okta.com")
    assert bench.news == [KEY]
    assert bench.events == [("Connected", False)]


async def test_a_connection_that_is_not_there(bench: Bench) -> None:
    problem = bench.problem()
    assert problem is not None
    assert problem.reason is Reason.CONNECTION_NOT_FOUND
    assert not bench.book.is_known(RESOURCE)
    with pytest.raises(PortError):
        bench.book.okta_of(RESOURCE)


async def test_a_connection_that_was_not_checked_yet(bench: Bench) -> None:
    bench.sessions.gate.clear()
    bench.put_token("00Qgood")
    bench.book.saw(body())
    problem = bench.problem()
    assert problem is not None
    assert (problem.reason, problem.next) == (Reason.CONNECTION_NOT_READY, Next.RETRY)


async def test_a_resource_whose_spec_cannot_be_read_has_no_connection(bench: Bench) -> None:
    made = rotation()
    made["metadata"] |= {
        "namespace": "team-a",
        "uid": "u",
        "resourceVersion": "1",
        "creationTimestamp": CREATED,
    }
    made["spec"].pop("connection")
    assert bench.book.connection_of(rotation_resource(made)).problem is None


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({}, "SecretNotFound", "the Secret okta-api-token of spec.apiToken.secretRef"),
        ({"spec__instanceUrl": "https://evil.example"}, "HostNotAllowed", "--okta-domain"),
        ({"spec__method": "carrier-pigeon"}, "InvalidSpec", "method"),
    ],
)
async def test_what_needs_a_person(bench: Bench, changes: Json, reason: str, words: str) -> None:
    bench.book.saw(body(**changes))
    await bench.checked()
    assert bench.ready() == ("False", reason)
    problem = bench.problem()
    assert problem is not None
    assert (problem.reason, problem.next) == (Reason.CONNECTION_NOT_READY, Next.PERSON)
    assert words in problem.message
    assert bench.events == [(reason, True)]
    assert bench.others() == {"Stalled": "True"}


@pytest.mark.parametrize("text", ["", "  \n"])
async def test_an_empty_token_is_none(bench: Bench, text: str) -> None:
    bench.put_token(text)
    bench.book.saw(body())
    await bench.checked()
    assert bench.ready() == ("False", "SecretNotFound")
    problem = bench.problem()
    assert problem is not None
    assert "the key apiToken of the Secret" in problem.message


async def test_the_rest_of_a_line_is_no_part_of_the_token(bench: Bench) -> None:
    bench.put_token("00Qgood\n")
    bench.book.saw(body())
    await bench.checked()
    assert bench.sessions.checks == ["00Qgood"]


TOKEN = Key("team-a", "okta-api-token")


async def test_a_secret_that_comes_late_is_taken_up_at_once(bench: Bench) -> None:
    bench.book.saw(body())
    await bench.checked()
    assert set(bench.book.secrets) == {TOKEN}
    bench.put_token("good")
    bench.book.secret_is(TOKEN, "1")
    await bench.checked()
    assert bench.ready() == ("True", "Connected")


async def test_a_secret_that_changes_under_a_connection_that_works_is_tried(bench: Bench) -> None:
    bench.put_token("old")
    bench.book.saw(body())
    await bench.checked()
    bench.put_token("new", version=2)
    bench.book.secret_is(TOKEN, "2")
    await bench.checked()
    assert bench.sessions.checks == ["old", "new"]
    assert bench.token() == "new"
    assert bench.news == [KEY] * 2
    assert len(bench.kube.patched) == 1, "nothing in its status has changed"


async def test_the_version_that_was_tried_is_no_news(bench: Bench) -> None:
    """Such as the watch tells at its beginning, and whenever it is begun anew."""
    bench.put_token("good", version=3)
    bench.book.saw(body())
    await bench.checked()
    for version in ("3", "2", "3"):
        bench.book.secret_is(TOKEN, version)
        await bench.checked()
    assert bench.sessions.checks == ["good"]
    bench.book.secret_is(Key("team-a", "another"), "9")
    bench.book.secret_is(Key("team-b", "okta-api-token"), "9")
    await bench.checked()
    assert bench.sessions.checks == ["good"]


async def test_a_refused_version_is_not_tried_again_for_the_watch(bench: Bench) -> None:
    bench.sessions.refuses["bad"] = REFUSED
    bench.put_token("bad")
    bench.book.saw(body())
    await bench.checked()
    bench.book.secret_is(TOKEN, "1")
    await bench.checked()
    assert bench.sessions.checks == ["bad"]


async def test_a_secret_that_is_deleted_is_missed_at_once(bench: Bench) -> None:
    bench.put_token("good")
    bench.book.saw(body())
    await bench.checked()
    bench.kube.objects.clear()
    bench.book.secret_is(TOKEN, None)
    await bench.checked()
    assert bench.ready() == ("False", "SecretNotFound")
    patched = len(bench.kube.patched)
    bench.book.secret_is(TOKEN, None)
    await bench.checked()
    assert len(bench.kube.patched) == patched


async def test_a_secret_that_changes_under_the_check_is_checked_again(bench: Bench) -> None:
    bench.put_token("old")
    bench.sessions.gate.clear()
    bench.book.saw(body())
    for _ in range(50):
        await asyncio.sleep(0)
    bench.put_token("new", version=2)
    bench.book.secret_is(TOKEN, "2")
    bench.sessions.gate.set()
    await bench.checked()
    assert bench.sessions.checks == ["old", "new"]
    assert bench.token() == "new"


async def test_what_the_check_has_read_already_is_not_read_again(bench: Bench) -> None:
    """As at the start, when the watch lists while the connections are checked."""
    bench.put_token("good", version=2)
    bench.sessions.gate.clear()
    bench.book.saw(body())
    for _ in range(50):
        await asyncio.sleep(0)
    bench.book.secret_is(TOKEN, "2")
    bench.sessions.gate.set()
    await bench.checked()
    assert bench.sessions.checks == ["good"]


async def test_several_connections_may_have_one_secret(bench: Bench) -> None:
    bench.put_token("old")
    for name in ("one", "two"):
        made = body(uid=name)
        made["metadata"]["name"] = name
        bench.book.saw(made)
    await bench.checked()
    bench.put_token("new", version=2)
    bench.book.secret_is(TOKEN, "2")
    await bench.checked()
    assert bench.sessions.checks == ["old", "old", "new", "new"]
    for name in ("one", "two"):
        assert set(bench.book.secrets) == {TOKEN}
        made = body(uid=name)
        made["metadata"]["name"] = name
        bench.book.gone(made)
    assert set(bench.book.secrets) == set()


async def test_it_is_looked_at_again_with_back_off_and_recovers(bench: Bench) -> None:
    bench.book.saw(body())
    await bench.checked()
    for seconds in (5, 10, 20, 40, 80, 160, 300, 300):
        written = len(bench.kube.patched)
        await bench.advance(timedelta(seconds=seconds - 1))
        await bench.advance(timedelta(seconds=1))
        # The same news is not written again.
        assert len(bench.kube.patched) == written
    bench.put_token("00Qgood")
    await bench.advance(timedelta(seconds=299))
    assert bench.sessions.checks == []
    await bench.advance(timedelta(seconds=1))
    assert bench.ready() == ("True", "Connected")
    assert bench.news == [KEY, KEY]
    assert bench.events == [("SecretNotFound", True), ("Connected", False)]
    bench.kube.objects.clear()
    await bench.advance(RECHECK)
    await bench.advance(timedelta(seconds=5))
    assert bench.problem() is not None


async def test_a_connection_that_works_is_checked_once_a_day(bench: Bench) -> None:
    bench.put_token("00Qgood")
    bench.book.saw(body())
    await bench.checked()
    await bench.advance(RECHECK - timedelta(seconds=1))
    assert len(bench.sessions.checks) == 1
    await bench.advance(timedelta(seconds=1))
    assert len(bench.sessions.checks) == 2
    # The time of the check is told, once a day; that is no news for the rotations.
    assert len(bench.kube.patched) == 2
    assert bench.news == [KEY]


LIMITED = Trouble(Next.WAIT, Reason.RATE_LIMITED, "the limit is used up")


async def failing_at_its_daily_check(bench: Bench, trouble: Trouble) -> None:
    bench.put_token("00Qgood")
    bench.book.saw(body())
    await bench.checked()
    bench.sessions.refuses["00Qgood"] = trouble
    await bench.advance(RECHECK)


async def test_a_trouble_that_passes_takes_nothing_from_a_connection_that_has_worked(
    bench: Bench,
) -> None:
    await failing_at_its_daily_check(bench, DOWN)
    await bench.advance(PASSING - timedelta(seconds=1))
    assert bench.problem() is None
    assert bench.token() == "00Qgood"
    bench.sessions.refuses.clear()
    await bench.advance(LONGEST_RETRY)
    assert bench.news == [KEY]
    assert [one["/status"]["conditions"][0]["status"] for _, one in bench.kube.patched] == [
        "True",
        "True",
    ]


async def test_it_is_tried_again_soon_and_said_nothing_of(bench: Bench) -> None:
    await failing_at_its_daily_check(bench, DOWN)
    for seconds in (5, 10, 20):
        checks = len(bench.sessions.checks)
        await bench.advance(timedelta(seconds=seconds - 1))
        assert len(bench.sessions.checks) == checks
        await bench.advance(timedelta(seconds=1))
        assert len(bench.sessions.checks) == checks + 1
    assert len(bench.kube.patched) == 1, "that it was checked is told only if it was"


async def test_a_connection_that_goes_on_failing_is_not_used(bench: Bench) -> None:
    await failing_at_its_daily_check(bench, DOWN)
    await bench.advance(PASSING)
    problem = bench.problem()
    assert problem is not None
    assert (problem.reason, problem.next) == (Reason.CONNECTION_NOT_READY, Next.RETRY)
    assert bench.others() == {"Reconciling": "True"}
    assert bench.book.connection_of(RESOURCE).org_id == "00o1"


async def test_a_rate_limit_never_takes_anything_from_it(bench: Bench) -> None:
    await failing_at_its_daily_check(bench, LIMITED)
    await bench.advance(10 * PASSING)
    assert bench.problem() is None
    assert len(bench.kube.patched) == 1
    bench.sessions.refuses["00Qgood"] = REFUSED
    await bench.advance(LONGEST_RETRY)
    assert bench.ready() == ("False", "InvalidToken")


@pytest.mark.parametrize(
    ("told", "generation", "is_used"), [("True", 1, True), ("False", 1, False), ("True", 2, False)]
)
async def test_nor_does_it_at_the_start_of_a_process_if_it_worked_for_the_last_one(
    bench: Bench, told: str, generation: int, is_used: bool
) -> None:
    bench.put_token("00Qgood")
    bench.book.saw(body())
    await bench.checked()
    status = bench.kube.patched[-1][1]["/status"]
    status["conditions"][0]["status"] = told
    later = Bench()
    later.put_token("00Qgood")
    later.sessions.refuses["00Qgood"] = LIMITED
    later.book.saw(body(generation=generation) | {"status": status})
    task = asyncio.create_task(later.book.queue.run())
    await later.checked()
    assert (later.problem() is None) is is_used
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_change_of_status_alone_is_not_checked(bench: Bench) -> None:
    bench.put_token("00Qgood")
    bench.book.saw(body())
    await bench.checked()
    bench.book.saw(body() | {"status": {"orgId": "00o-forged"}})
    await bench.checked()
    assert len(bench.sessions.checks) == 1


async def test_doubt_takes_up_a_token_that_was_replaced(bench: Bench) -> None:
    """Else the rotations would be refused until the daily check."""
    bench.put_token("00Qold", version=1)
    bench.book.saw(body())
    await bench.checked()
    bench.put_token("00Qnew", version=2)
    bench.sessions.refuses["00Qold"] = REFUSED
    for _ in range(100):
        bench.book.doubt(RESOURCE)
    await bench.advance(DOUBT_AFTER - timedelta(seconds=1))
    assert bench.sessions.checks == ["00Qold"]
    await bench.advance(timedelta(seconds=1))
    assert bench.sessions.checks == ["00Qold", "00Qnew"]
    assert bench.token() == "00Qnew"
    # News, although it was ready before and is ready now.
    assert bench.news == [KEY, KEY]


async def test_doubt_without_cause_wakes_nobody(bench: Bench) -> None:
    bench.put_token("00Qgood")
    bench.book.saw(body())
    await bench.checked()
    bench.book.doubt(RESOURCE)
    await bench.advance(DOUBT_AFTER)
    assert len(bench.sessions.checks) == 2
    assert bench.news == [KEY]
    bench.book.doubt(resource("no-such"))


async def test_a_spec_that_changes_under_a_check_is_checked_itself(bench: Bench) -> None:
    bench.put_token("00Qgood")
    bench.sessions.gate.clear()
    bench.book.saw(body())
    await asyncio.sleep(0.01)
    bench.book.saw(body(generation=2, spec__apiToken__secretRef__name="no-such"))
    bench.sessions.gate.set()
    await until(lambda: bench.kube.patched)
    await bench.checked()
    assert bench.ready() == ("False", "SecretNotFound")
    assert bench.kube.patched[-1][1]["/status"]["observedGeneration"] == 2


async def test_a_spec_that_changes_while_the_status_is_written_is_not_lost(bench: Bench) -> None:
    bench.put_token("00Qgood")
    bench.kube.gate.clear()
    bench.book.saw(body())
    await asyncio.sleep(0.01)
    bench.book.saw(body(generation=2, spec__apiToken__secretRef__name="no-such"))
    bench.kube.gate.set()
    await bench.checked()
    assert bench.ready() == ("False", "SecretNotFound")
    assert bench.problem() is not None


async def test_a_connection_that_goes_under_a_check_stays_away(bench: Bench) -> None:
    bench.put_token("00Qgood")
    for gate in (bench.sessions.gate, bench.kube.gate):
        gate.clear()
        bench.book.saw(body())
        await asyncio.sleep(0.01)
        bench.book.gone(body())
        gate.set()
        await bench.checked()
        assert not bench.book.is_known(RESOURCE)
        assert bench.news == [KEY]
        bench.news.clear()


async def test_the_end_of_an_older_one_of_that_name_is_no_news(bench: Bench) -> None:
    bench.put_token("00Qgood")
    bench.book.saw(body("uid-2"))
    bench.book.gone(body("uid-1"))
    await bench.checked()
    assert bench.book.connection_of(RESOURCE).uid == "uid-2"


async def test_another_of_that_name_under_a_check_is_checked_itself(bench: Bench) -> None:
    bench.put_token("00Qgood")
    bench.sessions.gate.clear()
    bench.book.saw(body("uid-1"))
    await asyncio.sleep(0.01)
    bench.book.saw(body("uid-2"))
    bench.book.gone(body("uid-1"))
    bench.sessions.gate.set()
    await bench.checked()
    assert bench.book.connection_of(RESOURCE).uid == "uid-2"
    assert bench.kube.patched[-1][1]["/metadata/uid"] == "uid-2"
    bench.book.gone(body("uid-2"))
    assert bench.sessions.forgotten == ["uid-1", "uid-2"]


async def test_a_status_that_cannot_be_written_is_tried_again(bench: Bench) -> None:
    bench.put_token("00Qgood")
    bench.kube.gate.clear()
    bench.book.saw(body())
    await asyncio.sleep(0.01)
    bench.kube.fails = [503]
    bench.kube.gate.set()
    await bench.checked()
    assert bench.news == []
    await bench.advance(timedelta(seconds=1))
    assert bench.ready() == ("True", "Connected")
    assert bench.news == [KEY]


async def test_waiting_for_a_connection_that_comes(bench: Bench) -> None:
    bench.put_token("00Qgood")
    waiting = [asyncio.create_task(bench.book.settled(RESOURCE, 2)) for _ in range(3)]
    await asyncio.sleep(0)
    bench.book.saw(body())
    await asyncio.wait_for(asyncio.gather(*waiting), 1)
    assert bench.problem() is None


async def test_waiting_has_an_end(bench: Bench) -> None:
    await asyncio.wait_for(bench.book.settled(RESOURCE, 0.05), 1)
    bench.sessions.gate.clear()
    bench.put_token("00Qgood")
    await asyncio.wait_for(bench.book.load([body()], 0.05), 1)
    assert bench.book.is_known(RESOURCE)


async def test_loading_waits_for_the_checks(bench: Bench) -> None:
    bench.put_token("00Qgood")
    await bench.book.load([body()], 2)
    assert bench.problem() is None


KEY_TEXT = "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----"


def service_app(**changes: Any) -> Json:
    return body(make=service_app_connection, **changes)


async def test_a_service_app_signs_in_with_its_key(bench: Bench) -> None:
    bench.put_secret("okta-service-app", {"privateKey": KEY_TEXT + "\n"})
    bench.book.saw(service_app())
    await bench.checked()
    assert bench.ready() == ("True", "Connected")
    assert bench.kube.patched[-1][1]["/status"]["method"] == "oauth-private-key"
    session = cast(Session, bench.book.okta_of(RESOURCE))
    credentials = ServiceAppCredentials(CLIENT_ID, SecretValue(KEY_TEXT))
    assert session.access == Access("https://acme.okta.com", credentials)


async def test_all_that_the_spec_says_of_the_way_to_the_org_is_heeded(bench: Bench) -> None:
    bundle = "-----BEGIN CERTIFICATE-----"
    bench.put_secret("okta-service-app", {"privateKey": KEY_TEXT})
    share = {"maxUtilizationPercent": 5}
    changes = {"spec__oauth__dpop": "Required", "spec__caBundle": bundle, "spec__rateLimit": share}
    bench.book.saw(service_app(**changes))
    await bench.checked()
    access = cast(Session, bench.book.okta_of(RESOURCE)).access
    credentials = ServiceAppCredentials(CLIENT_ID, SecretValue(KEY_TEXT), Dpop.REQUIRED)
    assert access == Access("https://acme.okta.com", credentials, bundle, 5)


async def test_calls_wait_for_the_turn_of_their_resource(bench: Bench) -> None:
    bench.put_token("00Qgood")
    bench.book.saw(body())
    await bench.checked()
    session = cast(Session, bench.book.okta_of(RESOURCE))
    assert session.turn == Turn(RESOURCE.created_at, "rotation", "team-a")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "the Secret okta-service-app of spec.oauth.privateKey.secretRef"),
        (None, "create secret generic okta-service-app --from-file=privateKey=<file>"),
        ({"other": "kept"}, "the key privateKey of the Secret okta-service-app"),
        ({"privateKey": "\n"}, "kubectl -n team-a patch secret okta-service-app"),
    ],
)
async def test_a_key_that_is_missing_is_asked_for(
    bench: Bench, data: dict[str, str] | None, words: str
) -> None:
    if data is not None:
        bench.put_secret("okta-service-app", data)
    bench.book.saw(service_app())
    await bench.checked()
    assert bench.ready() == ("False", "SecretNotFound")
    problem = bench.problem()
    assert problem is not None
    assert words in problem.message
    assert set(bench.book.secrets) == {Key("team-a", "okta-service-app")}


async def test_the_secrets_of_all_credentials_are_told_to_the_rotations(bench: Bench) -> None:
    """So that none of them is anybody's target."""
    bench.book.saw(body())
    other = service_app()
    other["metadata"] |= {"name": "other", "uid": "uid-2"}
    bench.book.saw(other)
    secrets = bench.book.connection_of(RESOURCE).credential_secrets
    assert secrets == {"okta-api-token", "okta-service-app"}


@pytest.mark.parametrize(
    "spec", [{"spec__method": "api-token"}, {"spec__method": "oauth-private-key"}]
)
async def test_credentials_of_another_method_are_no_use(bench: Bench, spec: Json) -> None:
    make = connection if spec["spec__method"] == "oauth-private-key" else service_app_connection
    bench.book.saw(body(make=make, **spec))
    await bench.checked()
    assert bench.ready() == ("False", "InvalidSpec")


async def test_the_metrics_are_told_of_what_was_checked_and_is_there(bench: Bench) -> None:
    bench.book.saw(body())
    assert list(bench.book.figures()) == []
    await bench.checked()
    (waiting,) = bench.book.figures()
    assert (waiting.key, waiting.is_ready, waiting.reason) == (KEY, False, "SecretNotFound")
    assert waiting.last_check == bench.clock.now
    bench.put_token("00Qgood")
    bench.book.secret_is(TOKEN, "1")
    await bench.checked()
    (ready,) = bench.book.figures()
    assert (ready.is_ready, ready.reason) == (True, "Connected")
    assert ready.budgets == {"apps": Budget(most=80, left=3, waiting=2)}
    bench.book.gone(body())
    assert list(bench.book.figures()) == []
