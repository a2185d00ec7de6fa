"""Rotations by hand, and the two secrets of the overlap."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from okta_rotator.rotation.schedule import next_rotation_at
from tests.scene import Scene

LONG_ENOUGH = 1.0
"""Seconds in which an operator that is about to do something has done it."""


@pytest.fixture
def unscheduled(running: Scene) -> Scene:
    """Ready, and with auto-rotation off."""
    running.rotate({"spec.isAutoRotationEnabled": False})
    running.until_ready()
    return running


def test_without_auto_rotation_there_is_a_first_rotation_and_no_next(unscheduled: Scene) -> None:
    assert unscheduled.accepts(unscheduled.published())
    status = unscheduled.status()
    assert "lastRotatedAt" in status
    assert "nextRotationAt" not in status


def test_turning_auto_rotation_on_and_off_moves_the_schedule_alone(unscheduled: Scene) -> None:
    value = unscheduled.published()
    unscheduled.rotate({"spec.isAutoRotationEnabled": True, "spec.rotationInterval": 3})
    unscheduled.until_ready()
    status = unscheduled.status()
    last = datetime.fromisoformat(status["lastRotatedAt"])
    due = datetime.fromisoformat(status["nextRotationAt"])
    assert due == next_rotation_at(last, 3, 0, 0, manual=True)
    unscheduled.rotate({"spec.isAutoRotationEnabled": False, "spec.rotationInterval": 3})
    unscheduled.until_ready()
    assert "nextRotationAt" not in unscheduled.status()
    assert unscheduled.published() == value


def test_a_new_token_rotates_once(unscheduled: Scene) -> None:
    first, before = unscheduled.published(), unscheduled.status()
    heard = unscheduled.listen()
    unscheduled.rotate_by_hand("monday")
    unscheduled.until_ready()
    after = unscheduled.status()
    assert unscheduled.published() != first
    assert after["handledRequests"] == {"rotate": "monday"}
    assert after["lastRotationJobId"] != before["lastRotationJobId"]
    assert (before["activeIndex"], after["activeIndex"]) == (0, 1)
    assert unscheduled.record()["lastTrigger"] == "manual"
    assert heard() == ["read app", "create", "introspect"]


def test_a_token_that_was_handled_is_not_handled_again(unscheduled: Scene) -> None:
    unscheduled.rotate_by_hand("monday")
    value, heard = unscheduled.published(), unscheduled.listen()
    unscheduled.annotate("monday")
    unscheduled.kubectl("annotate", "ocsr", unscheduled.name, "okta-rotator.dev/rotate-")
    unscheduled.annotate("monday")
    unscheduled.always(lambda: not heard(), "Okta is asked nothing", LONG_ENOUGH)
    assert unscheduled.published() == value


def test_a_token_is_not_handled_again_where_the_status_is_lost_with_it(unscheduled: Scene) -> None:
    unscheduled.rotate_by_hand("monday")
    heard = unscheduled.listen()
    unscheduled.patch_status(None)
    unscheduled.until(lambda: unscheduled.handled() == "monday", "the token is shown again")
    assert heard() == []


def test_a_token_on_a_new_resource_is_noted_and_rotates_nothing_more(running: Scene) -> None:
    running.rotate({"metadata.annotations": {"okta-rotator.dev/rotate": "of-another-cluster"}})
    running.until_ready()
    assert running.handled() == "of-another-cluster"
    assert len(running.okta_secrets()) == 1


def test_the_second_rotation_keeps_the_first_secret_accepted(ready: Scene) -> None:
    first = ready.published()
    ready.rotate_by_hand("second")
    second = ready.published()
    assert ready.in_okta() == {first: "ACTIVE", second: "ACTIVE"}
    assert ready.accepts(first)
    assert ready.accepts(second)
    held = {one["client_secret"]: one["id"] for one in ready.okta_secrets()}
    shown = {one["index"]: one for one in ready.status()["credentials"]}
    assert shown[0]["secretId"] == held[first]
    assert shown[1]["secretId"] == held[second]
    assert shown[0]["revokeAt"] == ready.status()["nextRotationAt"]
    assert "revokeAt" not in shown[1]


def test_the_third_rotation_retires_the_first_secret(ready: Scene) -> None:
    first = ready.published()
    ready.rotate_by_hand("second")
    second, heard = ready.published(), ready.listen()
    ready.rotate_by_hand("third")
    third = ready.published()
    assert heard() == ["read app", "deactivate", "delete", "create", "introspect"]
    assert ready.in_okta() == {second: "ACTIVE", third: "ACTIVE"}
    assert not ready.accepts(first)
    assert ready.status()["activeIndex"] == 0
    assert ready.event_reasons().count("Retired") == 1
    assert sorted(ready.data(ready.state_name)) == ["active", "previous", "record"]


def test_at_every_instant_of_a_rotation_the_published_value_is_accepted(ready: Scene) -> None:
    ready.rotate_by_hand("second")
    ready.okta.add_fault("delay", path=ready.app_id, times=None, seconds=0.2)
    ready.annotate("third")
    seen = set()
    while ready.handled() != "third":
        value = ready.published()
        assert ready.accepts(value) or ready.published() != value
        seen.add(value)
    ready.okta.clear_faults()
    assert len(seen | {ready.published()}) == 2


def test_a_rotation_over_a_good_value_leaves_the_resource_ready(ready: Scene) -> None:
    ready.okta.add_fault("delay", method="POST", path=ready.app_id, seconds=2.1)
    ready.okta.add_fault("delay", path="introspect", seconds=1.5)
    ready.annotate("slow")
    ready.until(lambda: ready.condition("Rotating").get("status") == "True", "Rotating")
    assert ready.conditions() == {"Ready": "True", "Rotating": "True"}
    progress = ready.status()["rotation"]
    assert progress["trigger"] == "manual"
    assert progress["jobId"] == ready.status()["lastRotationJobId"]
    assert ready.status()["rotationStatus"] == "in-progress"
    ready.until(lambda: ready.handled() == "slow", "the token is handled")
    assert ready.conditions() == {"Ready": "True"}


def test_nothing_of_ours_but_the_finalizer_comes_to_be_on_the_resource(ready: Scene) -> None:
    ready.rotate_by_hand("second")
    ready.rotate_by_hand("third")
    resource = ready.get("ocsr")
    assert resource is not None
    ours = {"kubectl.kubernetes.io/last-applied-configuration", "okta-rotator.dev/rotate"}
    assert resource["metadata"]["annotations"].keys() == ours
    assert resource["metadata"]["finalizers"] == ["okta-rotator.dev/finalizer"]
    assert "labels" not in resource["metadata"]
    managers = {(m["manager"], m.get("subresource")) for m in resource["metadata"]["managedFields"]}
    assert ("okta-rotator", "status") in managers
    assert resource["metadata"]["generation"] == 1


def test_the_manifest_shows_no_drift_after_rotations(ready: Scene) -> None:
    ready.rotate_by_hand("second")
    path = ready.folder / "manifest.json"
    path.write_text(json.dumps(ready.manifest()))
    assert ready.kubectl("diff", "-f", str(path)) == ""
    version = ready.version("ocsr")
    ready.kubectl("apply", "-f", str(path))
    assert ready.version("ocsr") == version
