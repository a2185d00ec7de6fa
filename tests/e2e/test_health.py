"""What kstatus, Flux and Argo CD make of every status that is ever written.

One run of everything that happens to resources is recorded, version by version, and judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.controlplane import ControlPlane
from tests.e2e.recording import Recorder
from tests.emulator_client import EmulatorClient
from tests.kstatus.judging import Judges, Said
from tests.kstatus.rules import Verdict, kstatus
from tests.resources import Json
from tests.scene import Scene

NEW_KEY = "OKTA_SECRET_RENAMED"
HEALTH = {
    Verdict.CURRENT: "Healthy",
    Verdict.IN_PROGRESS: "Progressing",
    Verdict.FAILED: "Degraded",
}


class Run:
    """The versions of each resource, by the name of its story."""

    def __init__(self, recorder: Recorder, connections: Recorder) -> None:
        self.rotations, self.connections = recorder, connections
        self.names: dict[str, str] = {}
        self.facts: dict[str, Any] = {}

    def versions(self, story: str) -> Sequence[Json]:
        return self.rotations.versions(self.names[story])

    def everything(self) -> list[Json]:
        return [*self.rotations.everything(), *self.connections.everything()]


def rotated_in_each_way(scene: Scene, run: Run) -> None:
    """By hand, by schedule, at first without success, paused, with another mapping; deleted."""
    scene.rotate()
    scene.until_ready()
    # Slow enough that it is told while it goes on.
    scene.okta.add_fault("delay", method="POST", path=scene.app_id, seconds=2.1)
    scene.okta.add_fault("delay", path="introspect", seconds=1.5)
    scene.rotate_by_hand("second")
    values = scene.in_okta()
    then = (datetime.now(UTC) - timedelta(days=40)).strftime("%Y-%m-%dT%H:%M:%SZ")
    scene.rewrite_record({"lastRotatedAt": then, "seriesFrom": then, "lastTrigger": "schedule"})
    scene.until(lambda: scene.published() not in values, "the scheduled rotation")
    scene.until(lambda: scene.status()["lastRotatedAt"] > then, "its report")
    scene.okta.set_app_status(scene.app_id, "INACTIVE")
    scene.annotate("fails")
    scene.until_reason("RotationFailing", "AppInactive")
    scene.okta.set_app_status(scene.app_id, "ACTIVE")
    scene.until(lambda: scene.handled() == "fails", "the failed one is done after all")
    scene.kubectl("annotate", "ocsr", scene.name, "okta-rotator.dev/paused=true")
    scene.until(lambda: "nextRotationAt" not in scene.status(), "it is paused")
    scene.kubectl("annotate", "ocsr", scene.name, "okta-rotator.dev/paused-")
    scene.until(lambda: "nextRotationAt" in scene.status(), "it goes on")
    scene.rotate({"spec.secretsMapping.clientSecret": NEW_KEY})
    scene.until_ready()
    run.facts["renamed at"] = int(scene.version("secret"))
    scene.kubectl("delete", "ocsr", scene.name)


def without_its_connection_at_times(scene: Scene, run: Run) -> None:
    """Blocked at first, then good, then broken over a good value; the spec edited meanwhile."""
    own = f"{scene.name}-connection"
    scene.connect(own, token="00Qa-token-that-okta-does-not-know")
    scene.rotate({"spec.connection.name": own})
    scene.until_reason("Stalled", "ConnectionNotReady")
    scene.put_token(scene.token, f"{own}-token")
    scene.until_ready()
    scene.kubectl("delete", "oktaconn", own)
    scene.until_reason("RotationFailing", "ConnectionNotFound")
    scene.rotate({"spec.connection.name": own, "spec.rotationInterval": 7})
    scene.until(lambda: scene.status()["observedGeneration"] == 2, "the new spec is seen")


def blocked_by_its_app(scene: Scene, run: Run) -> None:
    """Blocked in its first generation and in its second; then a person acts."""
    scene.okta.set_app_status(scene.app_id, "INACTIVE")
    scene.rotate()
    scene.until_reason("Stalled", "AppInactive")
    scene.rotate({"spec.rotationInterval": 7})
    scene.until(lambda: scene.status()["observedGeneration"] == 2, "the new spec is seen")
    scene.until_reason("Stalled", "AppInactive")
    scene.okta.set_app_status(scene.app_id, "ACTIVE")
    scene.until_ready()


STORIES: Sequence[Callable[[Scene, Run], None]] = (
    rotated_in_each_way,
    without_its_connection_at_times,
    blocked_by_its_app,
)


@pytest.fixture(scope="module")
def run(
    control_plane: ControlPlane,
    crds: None,
    okta_emulator: EmulatorClient,
    tmp_path_factory: pytest.TempPathFactory,
) -> Run:
    folder, namespace = tmp_path_factory.mktemp("health"), control_plane.create_namespace()
    stage = Scene(control_plane, namespace, okta_emulator, folder)
    try:
        stage.connect()
        stage.operator()
        stage.until_connected()
        return recorded(stage)
    finally:
        stage.close()


def recorded(stage: Scene) -> Run:
    kinds = [Recorder(stage.control_plane, stage.namespace, kind) for kind in ("ocsr", "oktaconn")]
    run = Run(*kinds)
    try:
        for story in STORIES:
            scene = stage.another()
            run.names[story.__name__] = scene.name
            story(scene, run)
    finally:
        for recorder in kinds:
            recorder.stop()
    return run


@pytest.fixture(scope="module")
def said(run: Run, judges: Path) -> list[Said]:
    return Judges(judges).judge(run.everything())


def course(versions: Sequence[Json]) -> list[tuple[int, str]]:
    """The generation and the verdict, wherever one of them changes."""
    told = [(one["metadata"]["generation"], str(kstatus(one))) for one in versions]
    return [one for one, _ in groupby(told)]


def conditions(body: Json) -> dict[str, str]:
    return {c["type"]: c["status"] for c in (body.get("status") or {}).get("conditions", ())}


def test_the_run_shows_every_situation(run: Run) -> None:
    seen = [(str(kstatus(one)), *conditions(one)) for one in run.rotations.everything()]
    assert {
        ("InProgress",),
        ("InProgress", "Ready", "Reconciling"),
        ("Failed", "Ready", "Stalled"),
        ("Current", "Ready"),
        ("Current", "Ready", "Rotating"),
        ("Current", "Ready", "RotationFailing"),
    } <= set(seen)


def test_no_rotation_over_a_good_value_ever_looks_unfinished_or_failed(run: Run) -> None:
    *living, last = course(run.versions("rotated_in_each_way"))
    assert living == [(1, "InProgress"), (1, "Current"), (2, "InProgress"), (2, "Current")]
    assert last == (3, "Terminating")


def test_a_new_mapping_is_current_no_sooner_than_it_is_published(run: Run) -> None:
    versions = run.versions("rotated_in_each_way")
    done = next(
        one
        for one in versions
        if one["metadata"]["generation"] == 2 and kstatus(one) is Verdict.CURRENT
    )
    # The API server counts all its writes by one counter.
    assert int(done["metadata"]["resourceVersion"]) > run.facts["renamed at"]


def test_a_connection_that_breaks_over_a_good_value_fails_no_wait(run: Run) -> None:
    assert course(run.versions("without_its_connection_at_times")) == [
        (1, "InProgress"),
        (1, "Failed"),
        (1, "Current"),
        (2, "InProgress"),
        (2, "Current"),
    ]


def test_a_spec_that_cannot_be_done_is_failed_in_each_generation(run: Run) -> None:
    assert course(run.versions("blocked_by_its_app")) == [
        (1, "InProgress"),
        (1, "Failed"),
        (2, "InProgress"),
        (2, "Failed"),
        (2, "Current"),
    ]


def test_a_connection_whose_token_is_wrong_is_failed_until_there_is_a_right_one(run: Run) -> None:
    name = f"{run.names['without_its_connection_at_times']}-connection"
    versions = run.connections.versions(name)
    assert course(versions) == [(1, "InProgress"), (1, "Failed"), (1, "Current")]


@pytest.mark.parametrize("story", [story.__name__ for story in STORIES])
def test_the_observed_generation_is_right_at_every_moment(run: Run, story: str) -> None:
    versions = run.versions(story)
    assert [observed(one) for one in versions] == sorted(observed(one) for one in versions)
    for before, after in pairwise(versions):
        generation = after["metadata"]["generation"]
        assert observed(after) <= generation
        if before["status"] != after["status"]:
            assert observed(after) >= before["metadata"]["generation"] - 1
        told = after["status"].get("conditions", ())
        assert {c["observedGeneration"] for c in told} <= {observed(after)}


def observed(body: Mapping[str, Any]) -> int:
    return int(body["status"]["observedGeneration"])


def test_the_librarys_own_code_agrees_on_every_version(run: Run, said: list[Said]) -> None:
    assert [one.kstatus for one in said] == [kstatus(body) for body in run.everything()]


def test_flux_and_argo_make_the_same_of_every_version(run: Run, said: list[Said]) -> None:
    for body, one in zip(run.everything(), said, strict=True):
        verdict = kstatus(body)
        if verdict is not Verdict.TERMINATING:  # which they see for themselves
            assert (one.flux, one.argo) == (verdict, HEALTH[verdict])
            assert one.argo_message
