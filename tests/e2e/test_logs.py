"""What the operator logs at INFO: one line a transition, and nothing for what is as it was."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from tests.operator_process import OperatorProcess
from tests.resources import Json
from tests.scene import Scene

SETTLED = 'okta_rotator_passes_total{verdict="settled"}'
ROTATE = "okta-rotator.dev/rotate"


class Log:
    """The lines since the last look that are about one resource."""

    def __init__(self, scene: Scene, operator: OperatorProcess) -> None:
        self.operator = operator
        self._reference = f"{scene.namespace}/{scene.name}"
        self._scene = scene
        self._read = 0

    def lines(self) -> list[Json]:
        whole, _, _rest = self.operator.output().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def new(self, *reasons: str | None) -> Sequence[Json]:
        """Wait for these reasons in this order, and return their lines; there are no others."""

        def told() -> list[Json]:
            mine = [one for one in self.lines() if one.get("resource") == self._reference]
            return mine[self._read :]

        self._scene.until(lambda: len(told()) >= len(reasons), f"the lines {reasons}")
        lines = told()
        assert [one.get("reason") for one in lines] == list(reasons)
        self._read += len(lines)
        return lines


@pytest.fixture
def log(scene: Scene) -> Log:
    scene.connect()
    operator = scene.operator(start=False)
    operator.log_as_json("INFO")
    operator.start()
    scene.until_connected()
    return Log(scene, operator)


def test_each_transition_of_a_rotation_is_one_line_with_its_job(scene: Scene, log: Log) -> None:
    scene.rotate()
    scene.until_ready()
    begun, rotated = log.new("Begun", "Rotated")
    assert begun["trigger"] == "creation"
    assert begun["jobId"] == rotated["jobId"] == scene.status()["lastRotationJobId"]
    for line in (begun, rotated):
        assert line["kind"] == "OktaClientSecretRotation"
        assert line["level"] == "info"
        assert f"{scene.namespace}/{scene.name}: {line['reason']}: " in line["message"]
    for token in ("one", "two"):
        scene.rotate_by_hand(token)
    _, second, *third = log.new("Begun", "Rotated", "Begun", "Retired", "Rotated")
    assert {line["jobId"] for line in third} == {scene.status()["lastRotationJobId"]}
    assert second["jobId"] not in (rotated["jobId"], third[0]["jobId"])
    assert third[0]["trigger"] == "manual"


def test_nothing_is_told_of_a_pass_in_which_nothing_happened(scene: Scene, log: Log) -> None:
    scene.rotate()
    scene.until_ready()
    log.new("Begun", "Rotated")
    before, passes = log.lines(), log.operator.metric(SETTLED)
    scene.kubectl("annotate", "ocsr", scene.name, "okta-rotator.dev/x=1")
    scene.until(lambda: log.operator.metric(SETTLED) > passes, "another pass")
    assert log.lines() == before


def test_a_failure_is_one_line_and_its_end_another(scene: Scene, log: Log) -> None:
    scene.rotate()
    scene.until_ready()
    log.new("Begun", "Rotated")
    scene.okta.set_app_status(scene.app_id, "INACTIVE")
    scene.annotate("fails")
    (failed,) = log.new("AppInactive")
    assert failed["level"] == "warning"
    assert "jobId" not in failed
    scene.always(lambda: not log.new(), "nothing more is told", seconds=5)
    scene.okta.set_app_status(scene.app_id, "ACTIVE")
    scene.until(lambda: scene.handled() == "fails", "it is done after all")
    *_, rotated, recovered = log.new("Begun", "Rotated", "Recovered")
    assert rotated["jobId"] == recovered["jobId"] == scene.status()["lastRotationJobId"]


def test_a_failure_in_a_job_is_told_with_that_job(scene: Scene, log: Log) -> None:
    scene.rotate()
    scene.until_ready()
    log.new("Begun", "Rotated")
    path = f"{scene.app_id}/credentials/secrets$"
    scene.okta.add_fault("status", method="POST", path=path, times=None, errorCode="E0000006")
    scene.annotate("fails")
    begun, answer, failed = log.new("Begun", None, "InsufficientPermission")
    assert begun["jobId"] == failed["jobId"] == scene.status()["rotation"]["jobId"]
    assert answer["message"].startswith("Okta's answer to secrets.create: HTTP 403, request id ")


def test_a_repair_and_a_deletion_are_one_line_each(scene: Scene, log: Log) -> None:
    scene.rotate()
    scene.until_ready()
    log.new("Begun", "Rotated")
    scene.kubectl("delete", "secret", scene.name)
    (repaired,) = log.new("TargetRepaired")
    assert "jobId" not in repaired
    scene.kubectl("delete", "ocsr", scene.name)
    (released,) = log.new("Released")
    assert released["kind"] == "OktaClientSecretRotation"
    scene.until(lambda: not scene.exists("ocsr"), "it is gone")
    assert log.new() == []


def test_a_connection_is_told_of_by_its_own_reference(scene: Scene, log: Log) -> None:
    told = [one for one in log.lines() if one.get("kind") == "OktaConnection"]
    reasons = [(one["resource"], one["reason"]) for one in told]
    assert reasons == [(f"{scene.namespace}/my-connection", "Connected")]
