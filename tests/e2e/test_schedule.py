"""Scheduled rotations. They are made due by an old state, as a restored backup would."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from okta_rotator.rotation.schedule import next_rotation_at
from tests.resources import Json
from tests.scene import CONNECTION, Scene

SOON = 5.0


def make_old(scene: Scene, days: int) -> str:
    """As if the last rotation had been that long ago; when that was."""
    then = (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    scene.rewrite_record({"lastRotatedAt": then, "seriesFrom": then, "lastTrigger": "schedule"})
    return then


def assert_rotated_by_schedule(scene: Scene, *, interval: int = 30) -> None:
    status, record = scene.status(), scene.record()
    last = datetime.fromisoformat(status["lastRotatedAt"])
    assert datetime.now(UTC) - last < timedelta(minutes=1)
    assert record["lastTrigger"] == "schedule"
    due = next_rotation_at(last, interval, 0, 0, manual=False)
    assert status["nextRotationAt"] == f"{due:%Y-%m-%dT%H:%M:%SZ}"
    assert scene.accepts(scene.published())


@pytest.fixture
def full(ready: Scene) -> Scene:
    """Both places of the app are taken, as before every routine rotation."""
    ready.rotate_by_hand("second")
    return ready


def test_an_overdue_rotation_runs_at_once_and_costs_okta_three_writes(full: Scene) -> None:
    values, heard = full.in_okta(), full.listen()
    retired = (values.keys() - {full.published()}).pop()
    make_old(full, 40)
    full.until(lambda: full.published() not in values, "a new value", SOON)
    full.until_ready()
    calls = heard()
    assert calls.count("list") <= 1
    calls = [call for call in calls if call != "list"]
    assert calls == ["read app", "deactivate", "delete", "create", "introspect"]
    full.until(lambda: full.status()["activeIndex"] == 0, "the report")
    assert_rotated_by_schedule(full)
    assert retired not in full.in_okta()
    full.until(lambda: full.event_reasons().count("Rotated") == 3, "the rotation is told")


def test_a_rotation_that_is_not_due_yet_does_not_run(ready: Scene) -> None:
    heard = ready.listen()
    then = make_old(ready, 29)
    ready.until(lambda: ready.status()["lastRotatedAt"] == then, "the report", SOON)
    due = next_rotation_at(datetime.fromisoformat(then), 30, 0, 0, manual=False)
    assert ready.status()["nextRotationAt"] == f"{due:%Y-%m-%dT%H:%M:%SZ}"
    assert heard() == []


def test_without_auto_rotation_an_old_secret_stays(ready: Scene) -> None:
    ready.rotate({"spec.isAutoRotationEnabled": False})
    ready.until_ready()
    heard = ready.listen()
    then = make_old(ready, 400)
    ready.until(lambda: ready.status()["lastRotatedAt"] == then, "the report", SOON)
    assert heard() == []
    ready.rotate({"spec.isAutoRotationEnabled": True})
    ready.until(lambda: ready.status()["lastRotatedAt"] != then, "turned on, it rotates", SOON)
    assert_rotated_by_schedule(ready)


def test_a_shorter_interval_that_makes_it_overdue_rotates_at_once(ready: Scene) -> None:
    then = make_old(ready, 5)
    ready.until(lambda: ready.status()["lastRotatedAt"] == then, "the report", SOON)
    ready.rotate({"spec.rotationInterval": 3})
    ready.until(lambda: ready.status()["lastRotatedAt"] != then, "it rotates", SOON)
    ready.until_ready()
    assert_rotated_by_schedule(ready, interval=3)


def test_a_status_alone_makes_nothing_due(ready: Scene) -> None:
    before, heard = ready.status(), ready.listen()
    old = {"lastRotatedAt": "2001-01-01T00:00:00Z", "nextRotationAt": "2001-01-31T00:00:00Z"}
    ready.patch_status(before | old)
    ready.until(lambda: ready.status() == before, "the status is put right", SOON)
    assert heard() == []


def test_what_fell_due_while_no_operator_ran_runs_at_the_start(scene: Scene) -> None:
    operator = scene.operator()
    scene.connect()
    scene.rotate()
    scene.until_ready()
    scene.rotate_by_hand("second")
    values = scene.in_okta()
    operator.stop()
    make_old(scene, 40)
    heard = scene.listen()
    operator.start()
    # What the process before may have sent last is waited out first: 10 s.
    scene.until(lambda: scene.published() not in values, "a new value", 10 + SOON)
    scene.until(lambda: scene.record()["lastTrigger"] == "schedule", "the report")
    scene.until(lambda: scene.status()["activeIndex"] == 0, "the report")
    assert_rotated_by_schedule(scene)
    writes = [call for call in heard() if call in ("create", "deactivate", "delete")]
    assert writes == ["deactivate", "delete", "create"]


def test_a_freeze_of_the_connection_holds_a_due_rotation_back(ready: Scene) -> None:
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    freeze = {"until": f"{end:%Y-%m-%dT%H:%M:%SZ}", "reason": "year's end"}
    published, patch = ready.published(), ("patch", "oktaconn", CONNECTION, "--type=merge", "-p")
    ready.kubectl(*patch, json.dumps({"spec": {"freeze": freeze}}))
    make_old(ready, 40)
    ready.until(lambda: "waits" in ready.condition("Ready")["message"], "it is said to wait")
    assert ready.condition("Ready")["message"].endswith("(year's end)")
    assert ready.status()["nextRotationAt"] == freeze["until"]
    assert ready.published() == published
    ready.kubectl(*patch, json.dumps({"spec": {"freeze": None}}))
    ready.until(lambda: ready.published() != published, "it rotates")
    ready.until(lambda: ready.status()["rotationStatus"] == "success", "the report")
    assert_rotated_by_schedule(ready)


def shut_but_on(day: datetime) -> Json:
    """A window that denies every weekday but that of the day, in UTC."""
    others = [str(number) for number in range(7) if number != day.isoweekday() % 7]
    return {"policy": "Deny", "schedule": f"0 0 * * {','.join(others)}", "duration": "24h"}


def test_a_due_rotation_waits_for_its_window_and_runs_when_nothing_denies_it(ready: Scene) -> None:
    opening = datetime.now(UTC) + timedelta(days=3)
    ready.rotate({"spec.windows": [shut_but_on(opening)]})
    ready.until_ready()
    published, heard = ready.published(), ready.listen()
    then = make_old(ready, 40)
    ready.until(lambda: "waits" in ready.condition("Ready")["message"], "it is said to wait")
    assert ready.condition("Ready")["status"] == "True"
    until = f"next opening of spec.windows, {opening:%Y-%m-%d} 00:00 UTC"
    assert ready.condition("Ready")["message"].endswith(until)
    status = ready.status()
    assert status["nextRotationAt"] == f"{opening:%Y-%m-%d}T00:00:00Z"
    assert status["rotationStatus"] == "pending"
    assert (status["lastRotatedAt"], ready.published(), heard()) == (then, published, [])
    ready.rotate({})
    ready.until(lambda: ready.published() != published, "it rotates", SOON)
    ready.until(lambda: ready.status()["rotationStatus"] == "success", "the report")
    assert "waits" not in ready.condition("Ready")["message"]
    assert_rotated_by_schedule(ready)
