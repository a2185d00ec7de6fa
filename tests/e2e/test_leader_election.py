"""Two operators over one set of resources: one works, and what becomes of it the other takes over.

Each has a proxy of its own to the API server, which tells who of them wrote what.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator

import pytest

from okta_rotator.cluster.lease import DURATION
from tests.chaos.proxy import Proxies
from tests.e2e.contest import LEASE, Contender, holder
from tests.scene import Scene

pytestmark = pytest.mark.timeout(300)

RUNS_OUT = DURATION + 30
"""Seconds in which a lease has surely run out, and another operator has begun."""


@pytest.fixture(scope="module")
def proxies() -> Iterator[Proxies]:
    with Proxies() as running:
        yield running


@pytest.fixture
def module() -> str:
    """What the first is run by."""
    return "okta_rotator.cli"


@pytest.fixture
def first(scene: Scene, proxies: Proxies, module: str) -> Contender:
    """It leads, and has published a first secret."""
    contender = Contender(scene, proxies, "first", [module])
    contender.process.start()
    scene.connect()
    scene.rotate()
    scene.until_ready()
    scene.until(lambda: scene.event_reasons() == ["Rotated"], "its Event")
    return contender


@pytest.fixture
def second(scene: Scene, proxies: Proxies, first: Contender) -> Contender:
    """It stands by."""
    contender = Contender(scene, proxies, "second")
    contender.process.start()
    scene.until(lambda: contender.is_standing_by, "the second stands by")
    return contender


def takes_over(scene: Scene, contender: Contender, patience: float = 20) -> None:
    """It leads and works: something new is done, and nothing that was done already."""
    published = scene.published()
    scene.until(lambda: contender.is_leader, "the second leads", patience)
    scene.rotate_by_hand("by the second")
    scene.until_ready()
    assert scene.in_okta() == {published: "ACTIVE", scene.published(): "ACTIVE"}
    assert contender.writes


def test_the_second_stands_by_and_does_nothing(
    scene: Scene, first: Contender, second: Contender
) -> None:
    assert first.is_leader
    scene.rotate_by_hand("monday")
    scene.always(lambda: second.is_standing_by, "the second stands by", 6)
    assert second.writes == []
    assert second.renewals == 0
    assert "standing by" in second.process.output()


def test_after_a_sigterm_the_second_goes_on_at_once(
    scene: Scene, first: Contender, second: Contender
) -> None:
    """Much sooner than the lease would run out."""
    published = scene.published()
    first.signal(signal.SIGTERM)
    first.process.await_end()
    assert first.process.exit_code == 0
    assert "is given up" in first.process.output()
    scene.until(lambda: second.is_leader, "the second leads", DURATION / 2)
    assert scene.published() == published
    takes_over(scene, second)
    spec = (scene.get("lease", LEASE) or {})["spec"]
    assert spec["leaseTransitions"] == 1


def test_a_sigterm_ends_who_stands_by_at_once_and_leaves_the_lease(
    scene: Scene, first: Contender, second: Contender
) -> None:
    held_by = holder(scene)
    second.signal(signal.SIGTERM)
    second.process.await_end()
    assert second.process.exit_code == 0
    assert holder(scene) == held_by
    assert first.is_leader


def test_after_a_sigkill_another_of_the_same_machine_goes_on_without_waiting(
    scene: Scene, first: Contender, second: Contender
) -> None:
    scene.okta.add_fault("delay", method="POST", path=scene.app_id, seconds=2)
    heard = scene.listen()
    scene.annotate("monday")
    scene.until(lambda: "create" in heard(), "the create is under way")
    first.process.kill()
    scene.until(lambda: scene.handled() == "monday", "the second finishes it", RUNS_OUT)
    assert heard().count("create") == 1
    assert second.is_leader
    assert "was held by a process that has ended" in second.process.output()


@pytest.mark.parametrize(
    "module",
    ["okta_rotator.cli", pytest.param("tests.e2e.slow_to_die", marks=pytest.mark.slow)],
)
def test_who_was_stopped_for_longer_than_its_lease_writes_nothing_when_it_wakes(
    scene: Scene, first: Contender, second: Contender
) -> None:
    scene.okta.add_fault("delay", method="POST", path=scene.app_id, seconds=2)
    heard = scene.listen()
    scene.annotate("monday")
    scene.until(lambda: "create" in heard(), "the create is under way")
    # Its answer comes while the first is stopped: the next write is what it wakes up to.
    first.signal(signal.SIGSTOP)
    written = len(first.writes)
    scene.until(lambda: scene.handled() == "monday", "the second finishes it", RUNS_OUT)
    scene.until_ready()
    # And so is this, of which its watch told it: kopf would put a finalizer on it.
    lure = scene.another()
    lure.rotate()
    lure.until_ready()
    calls, versions, renewals = heard(), scene.versions(), first.renewals
    first.signal(signal.SIGCONT)
    first.process.await_end()
    assert first.process.exit_code == 1
    assert "is lost" in first.process.output()
    assert (first.writes[written:], first.renewals) == ([], renewals)
    assert heard() == calls
    assert scene.versions() == versions
    assert calls.count("create") == 1
    assert second.is_leader


def test_who_finds_another_holder_ends(scene: Scene, first: Contender, second: Contender) -> None:
    patch = json.dumps({"spec": {"holderIdentity": "somebody-else"}})
    scene.kubectl("patch", "lease", LEASE, "--type=merge", "-p", patch)
    first.process.await_end()
    assert first.process.exit_code == 1
    assert "somebody-else holds it now" in first.process.output()
    scene.always(lambda: second.is_standing_by, "it is waited out", 5)


def test_who_loses_the_api_server_for_20_seconds_goes_on_leading(
    scene: Scene, first: Contender, second: Contender
) -> None:
    first.lose_kubernetes()
    scene.always(lambda: first.is_leader and second.is_standing_by, "nothing changes", 20)
    first.find_kubernetes()
    scene.rotate_by_hand("afterwards")
    assert first.is_leader
    assert second.writes == []
    assert "could not be renewed yet" in first.process.output()


def test_who_loses_the_api_server_for_longer_ends_before_the_second_begins(
    scene: Scene, first: Contender, second: Contender
) -> None:
    held_by = holder(scene)
    first.lose_kubernetes()
    first.process.await_end()
    assert first.process.exit_code == 1
    assert "could not be renewed in time" in first.process.output()
    assert holder(scene) == held_by
    takes_over(scene, second)


def test_a_lease_that_somebody_deletes_is_made_anew(
    scene: Scene, first: Contender, second: Contender
) -> None:
    held_by = holder(scene)
    scene.kubectl("delete", "lease", LEASE)
    scene.until(lambda: holder(scene) == held_by, "the first makes it anew")
    assert second.is_standing_by
    assert first.is_leader
