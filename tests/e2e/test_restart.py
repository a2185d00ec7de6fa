"""The process: its probes, its end, its restart, and a death in mid-rotation."""

from __future__ import annotations

import pytest

from tests.operator_process import OperatorProcess
from tests.scene import Scene

END = 25.0
"""Seconds to end in; Kubernetes gives 30."""

ROTATE = "okta-rotator.dev/rotate"
CREATED = 'okta_rotator_okta_calls_total{endpoint="secrets.create",status="201"}'
SETTLED = 'okta_rotator_passes_total{verdict="settled"}'


@pytest.fixture
def operator(scene: Scene) -> OperatorProcess:
    process = scene.operator()
    scene.connect()
    scene.rotate()
    scene.until_ready()
    return process


def test_a_restart_writes_nothing_and_asks_okta_for_the_connection_alone(
    scene: Scene, operator: OperatorProcess
) -> None:
    scene.rotate_by_hand("second")
    scene.until(lambda: scene.event_reasons().count("Rotated") == 2, "the Events of before")
    operator.stop()
    versions, events = scene.versions(), scene.every_event()
    before = len(scene.okta.request_log())
    operator.start()
    scene.until(lambda: operator.metric(SETTLED) >= 1, "the resource was looked at")
    scene.always(lambda: scene.versions() == versions, "nothing is written over a heartbeat", 3)
    asked = [call["path"] for call in scene.okta.request_log()[before:]]
    assert asked == ["/.well-known/okta-organization", "/api/v1/users/me"]
    assert scene.every_event() == events


def test_heartbeats_over_a_settled_resource_cost_nothing(
    scene: Scene, operator: OperatorProcess
) -> None:
    scene.until(lambda: scene.event_reasons() == ["Rotated"], "the first rotation is told")
    versions, before = scene.versions(), len(scene.okta.request_log())
    passes = operator.metric(SETTLED)
    scene.always(lambda: scene.versions() == versions, "nothing is written", 3)
    assert len(scene.okta.request_log()) == before
    assert operator.metric(SETTLED) <= passes + 1


def test_a_death_in_mid_rotation_ends_in_exactly_one_new_secret(
    scene: Scene, operator: OperatorProcess
) -> None:
    first, heard = scene.published(), scene.listen()
    scene.okta.add_fault("delay", method="POST", path=scene.app_id, seconds=2)
    scene.annotate("monday")
    scene.until(lambda: "create" in heard(), "the create is under way")
    operator.kill()
    assert scene.published() == first
    operator.start()
    scene.until(lambda: scene.handled() == "monday", "the rotation is finished", 30)
    scene.until_ready()
    assert heard().count("create") == 1
    assert scene.in_okta() == {first: "ACTIVE", scene.published(): "ACTIVE"}
    assert scene.published() != first
    assert sorted(scene.data(scene.state_name)) == ["active", "previous", "record"]


def test_a_death_before_okta_heard_of_the_candidate_ends_in_exactly_one_new_secret(
    scene: Scene, operator: OperatorProcess
) -> None:
    first = scene.published()
    scene.okta.add_fault("drop-before", method="POST", path=scene.app_id, times=None)
    scene.annotate("monday")
    scene.until(lambda: "candidate" in scene.data(scene.state_name), "the intent")
    operator.kill()
    scene.okta.clear_faults()
    candidate = scene.data(scene.state_name)["candidate"]
    operator.start()
    # Where it told of its failure before it died, the back-off ends with a change of the spec.
    scene.rotate({"spec.description": "another", "metadata.annotations": {ROTATE: "monday"}})
    scene.until(lambda: scene.handled() == "monday", "the rotation is finished", 30)
    assert scene.in_okta() == {first: "ACTIVE", candidate: "ACTIVE"}
    scene.until(lambda: scene.published() == candidate, "the candidate is published")


def test_a_sigterm_ends_an_idle_process_soon(scene: Scene, operator: OperatorProcess) -> None:
    assert operator.stop() < END
    assert operator.exit_code == 0
    assert "Traceback" not in operator.output()


def test_a_sigterm_lets_a_rotation_under_way_come_to_its_end(
    scene: Scene, operator: OperatorProcess
) -> None:
    first, heard = scene.published(), scene.listen()
    scene.okta.add_fault("delay", method="POST", path=scene.app_id, seconds=6)
    scene.annotate("monday")
    scene.until(lambda: "create" in heard(), "the create is under way")
    assert operator.stop() < END
    assert operator.exit_code == 0
    assert scene.handled() == "monday"
    assert scene.in_okta() == {first: "ACTIVE", scene.published(): "ACTIVE"}
    assert scene.conditions() == {"Ready": "True"}
    assert "Rotated" in scene.event_reasons()


def test_a_sigterm_does_not_wait_for_an_okta_that_never_answers(
    scene: Scene, operator: OperatorProcess
) -> None:
    first, heard = scene.published(), scene.listen()
    scene.okta.add_fault("delay", path=scene.app_id, times=None, seconds=60)
    scene.annotate("monday")
    scene.until(lambda: "read app" in heard(), "Okta is being asked")
    assert operator.stop() < END
    assert operator.exit_code == 0
    assert scene.published() == first
    scene.okta.clear_faults()


def test_the_probes_and_the_metrics_answer(scene: Scene, operator: OperatorProcess) -> None:
    for path in ("/livez", "/readyz"):
        assert (operator.get(path).status_code, operator.get(path).text) == (200, "ok\n")
    answer = operator.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert operator.metric(CREATED) == 1
    assert operator.metric(SETTLED) >= 1
    assert f'name="{scene.name}"' in answer.text
    assert scene.app_id not in answer.text
    assert operator.get("/nothing").status_code == 404
