"""Connections of the cluster: whom they serve, what those are told, and where the Secrets are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.connections.book import DOUBT_AFTER
from okta_rotator.rotation.snapshot import Connection, Key, Resource
from okta_rotator.rotation.trouble import Next, PortError, Trouble
from tests.resources import ABSENT, CLIENT_ID, Json, cluster_connection
from tests.unit.connection_bench import (
    HOME,
    REFUSED,
    Bench,
    resource,
)
from tests.unit.connection_bench import body as body_of

SHARED = Key("", "shared")
ALL_OF_TEAM_A: Json = {"namespaces": ["team-a"], "appIds": ["*"]}
BY_LABEL: Json = {"namespaceSelector": {"matchLabels": {"team": "a"}}, "appIds": ["*"]}
TENANT = resource("shared", "ClusterOktaConnection")


def body(*entries: Json, **changes: Any) -> Json:
    made = body_of(make=cluster_connection, spec__access=list(entries) or ABSENT, **changes)
    del made["metadata"]["namespace"]
    return made


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench(clusterwide=True)
    made.put_token("00Qgood", namespace=HOME)
    task = asyncio.create_task(made.book.queue.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def found(bench: Bench, tenant: Resource = TENANT) -> Connection:
    return bench.book.connection_of(tenant)


def trouble(bench: Bench, tenant: Resource = TENANT) -> Trouble:
    problem = found(bench, tenant).problem
    assert problem is not None
    return problem


async def test_whom_it_names_it_serves_with_a_secret_of_the_operators_namespace(
    bench: Bench,
) -> None:
    bench.book.saw(body(ALL_OF_TEAM_A))
    await bench.checked()
    assert found(bench) == Connection("shared", "uid-1", "00o1", None)
    assert bench.ready() == ("True", "Connected")
    (path, _) = bench.kube.patched[-1]
    assert path == "/apis/okta-rotator.dev/v1alpha1/clusteroktaconnections/shared/status"
    assert bench.events == [("Connected", False)]
    assert bench.news == [SHARED]
    bench.book.okta_of(TENANT)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([], "does not let this namespace (team-a) use it"),
        ([{"namespaces": ["team-b"], "appIds": ["*"]}], "does not let this namespace (team-a)"),
        ([{"namespaces": ["team-a"], "appIds": ["0oa000000000000000aa"]}], CLIENT_ID),
        ([BY_LABEL], "does not let this namespace"),
    ],
)
async def test_whom_it_does_not_name_it_does_not_serve(
    bench: Bench, entries: list[Json], words: str
) -> None:
    bench.labels.known = {"team-a": {}}
    bench.book.saw(body(*entries))
    await bench.checked()
    problem = trouble(bench)
    assert (problem.reason, problem.next) == (Reason.ACCESS_DENIED, Next.PERSON)
    assert words in problem.message
    assert "Ask whoever looks after it" in problem.message
    for secret in ("team-b", "0oa000000000000000aa", "okta-api-token", HOME):
        assert secret not in problem.message
    with pytest.raises(PortError, match="Ask whoever looks after it"):
        bench.book.okta_of(TENANT)


async def test_whom_it_does_not_serve_is_in_nobodys_way_and_makes_no_calls(bench: Bench) -> None:
    """Else a tenant could keep another from an app by a resource that names it first."""
    bench.book.saw(body())
    await bench.checked()
    assert found(bench).org_id is None
    assert bench.sessions.checks == ["00Qgood"]
    bench.book.doubt(TENANT)
    await bench.advance(DOUBT_AFTER)
    assert bench.sessions.checks == ["00Qgood"]


async def test_access_is_taken_and_given_without_waiting_for_okta(bench: Bench) -> None:
    bench.book.saw(body(ALL_OF_TEAM_A))
    await bench.checked()
    bench.sessions.gate.clear()
    bench.book.saw(body(generation=2))
    assert trouble(bench).reason is Reason.ACCESS_DENIED
    bench.book.saw(body(ALL_OF_TEAM_A, generation=3))
    assert found(bench).problem is None
    bench.book.okta_of(TENANT)
    assert bench.news == [SHARED] * 3
    bench.sessions.gate.set()
    await bench.checked()
    assert bench.kube.patched[-1][1]["/status"]["observedGeneration"] == 3
    # What was changed is told; that the org still answers is no news.
    assert bench.news == [SHARED] * 3


async def test_another_way_to_sign_in_is_checked_before_it_is_used(bench: Bench) -> None:
    bench.book.saw(body(ALL_OF_TEAM_A))
    await bench.checked()
    bench.sessions.gate.clear()
    bench.book.saw(body(ALL_OF_TEAM_A, generation=2, spec__apiToken__secretRef__name="other"))
    assert trouble(bench).reason is Reason.CONNECTION_NOT_READY
    assert trouble(bench).next is Next.RETRY


async def test_what_is_wrong_is_told_to_tenants_in_general_alone(bench: Bench) -> None:
    bench.kube.objects.clear()
    bench.book.saw(body(ALL_OF_TEAM_A))
    await bench.checked()
    condition, *_ = bench.kube.patched[-1][1]["/status"]["conditions"]
    assert f"kubectl -n {HOME} create secret generic okta-api-token" in condition["message"]
    problem = trouble(bench)
    assert problem.reason is Reason.CONNECTION_NOT_READY
    assert "SecretNotFound: The Secret or the key" in problem.message
    for message in (problem.message, *bench.messages):
        assert "ClusterOktaConnection shared" in message or "clusteroktaconnections" in message
        assert HOME not in message
        assert "okta-api-token" not in message
    assert set(bench.book.secrets) == {Key(HOME, "okta-api-token")}
    # It may come back, but not without a hand.
    assert found(bench).is_lost


async def test_a_tenant_is_told_of_a_refused_token_by_its_reason(bench: Bench) -> None:
    bench.sessions.refuses["00Qgood"] = REFUSED
    bench.book.saw(body(ALL_OF_TEAM_A))
    await bench.checked()
    assert "InvalidToken: Okta refuses the API token" in trouble(bench).message
    assert not found(bench).is_lost


async def test_one_that_is_not_there_is_named_by_its_kind(bench: Bench) -> None:
    problem = trouble(bench)
    assert problem.reason is Reason.CONNECTION_NOT_FOUND
    assert "no ClusterOktaConnection shared" in problem.message
    # One of the namespace that has this name is another.
    bench.put_token("00Qgood")
    bench.book.saw(body_of() | {"metadata": body_of()["metadata"] | {"name": "shared"}})
    await bench.checked()
    assert trouble(bench).reason is Reason.CONNECTION_NOT_FOUND
    assert found(bench, resource("shared")).problem is None


async def test_an_operator_of_single_namespaces_serves_none() -> None:
    bench = Bench()
    problem = trouble(bench)
    assert problem.reason is Reason.CONNECTION_NOT_FOUND
    assert "serves no ClusterOktaConnection" in problem.message
    assert not found(bench).is_lost


async def test_one_that_goes_is_missed(bench: Bench) -> None:
    bench.book.saw(body(ALL_OF_TEAM_A))
    await bench.checked()
    bench.book.gone(body())
    assert trouble(bench).reason is Reason.CONNECTION_NOT_FOUND
    assert bench.news == [SHARED] * 2


async def test_labels_are_wanted_once_an_entry_goes_by_them(bench: Bench) -> None:
    bench.book.saw(body(ALL_OF_TEAM_A))
    assert not bench.labels.are_needed
    bench.book.saw(body(BY_LABEL, generation=2))
    assert bench.labels.are_needed
    await bench.checked()
    problem = trouble(bench)
    assert (problem.reason, problem.next) == (Reason.CONNECTION_NOT_READY, Next.RETRY)
    assert "have not been read yet" in problem.message
    # Of two for one app it is still known that they are two.
    assert found(bench).org_id == "00o1"


async def test_a_new_rotation_waits_for_the_labels_of_its_namespace(bench: Bench) -> None:
    bench.book.saw(body(BY_LABEL))
    await bench.checked()
    waiting = asyncio.create_task(bench.book.settled(TENANT, 40))
    await asyncio.sleep(0.01)
    bench.book.labels_changed()
    await asyncio.sleep(0.01)
    assert not waiting.done()
    bench.labels.known["team-a"] = {"team": "a"}
    bench.book.labels_changed()
    await asyncio.wait_for(waiting, 40)
    assert found(bench).problem is None


async def test_its_secret_is_no_target_in_the_operators_namespace(bench: Bench) -> None:
    bench.book.saw(body(ALL_OF_TEAM_A))
    assert found(bench).credential_secrets == frozenset()
    there = resource("shared", "ClusterOktaConnection", namespace=HOME)
    assert found(bench, there).credential_secrets == {"okta-api-token"}
