"""What /metrics says of a rotation, of a failure, of what is deleted, and after a restart."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics import parser as openmetrics

from tests.monitoring.everything import Series, series_of
from tests.monitoring.promtool import Promtool
from tests.operator_process import OperatorProcess
from tests.scene import CONNECTION, Scene

OPENMETRICS = "application/openmetrics-text;version=1.0.0"


class Figures:
    """The metrics of an operator as they are now, by short name and labels."""

    def __init__(self, scene: Scene, operator: OperatorProcess) -> None:
        self._scene = scene
        self.operator = operator

    def all(self) -> Series:
        return series_of(self.operator.get("/metrics").text)

    def value(self, name: str, **labels: str) -> float | None:
        return self.all().get((f"okta_rotator_{name}", frozenset(labels.items())))

    def of(self, name: str) -> dict[str, float]:
        """The series of one resource; its conditions with their reasons."""
        mine = {("namespace", self._scene.namespace), ("name", name)}
        told = {}
        for (metric, labels), value in self.all().items():
            if mine <= labels:
                rest = "/".join(v for _, v in sorted(labels - mine))
                told[f"{metric.removeprefix('okta_rotator_')} {rest}".strip()] = value
        return told

    def rotations(self, result: str, reason: str, trigger: str) -> float | None:
        return self.value("rotations_total", result=result, reason=reason, trigger=trigger)


@pytest.fixture
def figures(scene: Scene) -> Figures:
    scene.connect()
    operator = scene.operator()
    scene.until_connected()
    return Figures(scene, operator)


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def expected(scene: Scene) -> dict[str, float]:
    """What a resource that is well has, by its own status."""
    status = scene.status()
    told = {
        "rotation_last_success_timestamp_seconds": at(status["lastRotatedAt"]),
        "rotation_next_timestamp_seconds": at(status["nextRotationAt"]),
        "rotation_failures": 0,
        "rotation_condition Ready/Published": 1,
    }
    for ending in (one for one in status["credentials"] if "revokeAt" in one):
        told["rotation_previous_revoke_timestamp_seconds"] = at(ending["revokeAt"])
    return told


def test_a_rotation_moves_what_tells_of_it_and_its_series_go_with_it(
    scene: Scene, figures: Figures
) -> None:
    assert figures.of(scene.name) == {}
    assert figures.rotations("success", "Published", "creation") == 0
    scene.rotate()
    scene.until_ready()
    scene.until(lambda: figures.of(scene.name) == expected(scene), "the first rotation's figures")
    assert figures.rotations("success", "Published", "creation") == 1
    scene.rotate({"spec.previousSecret": {"retention": "For", "duration": "24h"}})
    scene.rotate_by_hand("one")
    scene.until(lambda: figures.of(scene.name) == expected(scene), "the second one's")
    assert "rotation_previous_revoke_timestamp_seconds" in figures.of(scene.name)
    assert figures.rotations("success", "Published", "manual") == 1
    assert figures.value("okta_calls_total", endpoint="secrets.create", status="201") == 2
    scene.kubectl("delete", "secret", scene.name)
    scene.until(lambda: figures.value("target_repairs_total") == 1, "the repair is counted")
    scene.kubectl("delete", "ocsr", scene.name)
    scene.until(lambda: figures.of(scene.name) == {}, "the series are gone")
    assert figures.rotations("success", "Published", "manual") == 1


def test_a_failure_is_counted_and_shown_until_it_is_over(scene: Scene, figures: Figures) -> None:
    scene.rotate()
    scene.until_ready()
    scene.okta.add_fault(
        "status", path=f"{scene.app_id}$", times=None, errorCode="E0000009", status=503
    )
    scene.annotate("fails")
    failing = "rotation_condition RotationFailing/OktaUnavailable"
    scene.until(lambda: failing in figures.of(scene.name), "it is failing")
    told = figures.of(scene.name)
    assert (told[failing], told["rotation_condition Ready/Published"]) == (1, 1)
    assert told["rotation_failures"] == 1
    assert figures.rotations("failure", "OktaUnavailable", "manual") == 1
    scene.okta.clear_faults()
    again = {"spec.description": "x", "metadata.annotations": {"okta-rotator.dev/rotate": "fails"}}
    scene.rotate(again)
    scene.until(lambda: figures.of(scene.name) == expected(scene), "all is well again")
    assert figures.rotations("success", "Published", "manual") == 1


def test_a_connection_is_shown_with_what_is_left_of_its_limits(
    scene: Scene, figures: Figures
) -> None:
    scene.rotate()
    scene.until_ready()
    told = figures.of(CONNECTION)
    assert told["connection_ready Connected"] == 1
    checked = at((scene.get("oktaconn", CONNECTION) or {})["status"]["lastCheckedAt"])
    assert abs(told["connection_last_check_timestamp_seconds"] - checked) <= 1
    most = told["connection_budget_limit_calls apps"]
    assert 0 < told["connection_budget_calls apps"] < most
    assert told["connection_waiting_calls apps"] == 0
    scene.put_token("00Qtoken-that-okta-does-not-know")
    edited = '{"spec": {"description": "edited, so that it is checked now"}}'
    scene.kubectl("patch", "oktaconn", CONNECTION, "--type=merge", "-p", edited)
    scene.until(lambda: "connection_ready InvalidToken" in figures.of(CONNECTION), "it is refused")
    assert figures.of(CONNECTION)["connection_ready InvalidToken"] == 0
    scene.kubectl("delete", "oktaconn", CONNECTION)
    scene.until(lambda: figures.of(CONNECTION) == {}, "it is gone")


def test_after_a_restart_the_same_is_said_without_a_write(scene: Scene, figures: Figures) -> None:
    scene.rotate()
    scene.until_ready()
    scene.rotate_by_hand("one")
    scene.until(lambda: figures.of(scene.name) == expected(scene), "the figures")
    before, versions = figures.of(scene.name), scene.versions()
    figures.operator.stop()
    figures.operator.start()
    scene.until(lambda: figures.of(scene.name) == before, "the same figures")
    assert figures.value("leader") == 1
    assert figures.rotations("success", "Published", "manual") == 0
    assert scene.versions() == versions


def test_prometheus_is_content_with_either_format(
    scene: Scene, figures: Figures, promtool: Path
) -> None:
    scene.rotate()
    scene.until_ready()
    tool = Promtool(promtool, scene.folder)
    assert tool.check_metrics(figures.operator.get("/metrics").content) == ""
    url = f"{figures.operator.url}/metrics"
    answer = httpx.get(url, headers={"Accept": OPENMETRICS}, trust_env=False)
    assert answer.headers["content-type"].startswith(OPENMETRICS.replace(";", "; "))
    families = openmetrics.text_string_to_metric_families(answer.text)  # type: ignore[no-untyped-call]
    assert "okta_rotator_rotation_condition" in {family.name for family in families}
