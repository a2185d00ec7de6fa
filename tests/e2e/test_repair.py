"""What another hand changes or takes away is put right, without a rotation."""

from __future__ import annotations

import json

import pytest

from tests.resources import Json
from tests.scene import Scene

SOON = 5.0
"""Seconds within which a hand's change of a Secret is put right."""


def edit(scene: Scene, patch: Json) -> None:
    scene.kubectl("patch", "secret", scene.name, "--type=merge", "-p", json.dumps(patch))


@pytest.mark.parametrize(
    "patch",
    [
        {"data": {"OKTA_CLIENT_SECRET": "d3Jvbmc="}},
        {"data": {"OKTA_CLIENT_SECRET": None}},
        {"data": {"OKTA_CLIENT_ID": "d3Jvbmc="}},
        {"data": None},
    ],
    ids=["another value", "no value", "another client id", "no data"],
)
def test_an_edited_target_is_restored_by_one_introspection(ready: Scene, patch: Json) -> None:
    before, heard = ready.data(), ready.listen()
    edit(ready, patch)
    ready.until(lambda: ready.data() == before, "the target is restored", SOON)
    ready.until(lambda: "TargetRepaired" in ready.event_reasons(), "the repair is told")
    assert heard() == ["introspect"]
    assert "Rotated" in ready.event_reasons()
    assert ready.event_reasons().count("Rotated") == 1


def test_a_deleted_target_is_restored_by_one_introspection(ready: Scene) -> None:
    before, status, heard = ready.data(), ready.status(), ready.listen()
    ready.kubectl("delete", "secret", ready.name)
    ready.until(lambda: ready.data() == before, "the target is restored", SOON)
    ready.until_ready()
    assert heard() == ["introspect"]
    assert ready.status()["lastRotatedAt"] == status["lastRotatedAt"]


def test_a_target_is_restored_again_and_again(ready: Scene) -> None:
    before = ready.data()
    for value in ("b25l", "dHdv", "dGhyZWU="):
        edit(ready, {"data": {"OKTA_CLIENT_SECRET": value}})
        ready.until(lambda: ready.data() == before, "the target is restored", SOON)


def test_a_target_that_lost_its_label_gets_it_back(ready: Scene) -> None:
    heard = ready.listen()
    label = {"okta-rotator.dev/rotation": None}
    edit(ready, {"metadata": {"labels": label}})
    ready.until(lambda: (ready.get("secret") or {})["metadata"].get("labels"), "the label", SOON)
    assert heard() == []


def test_keys_of_others_survive_repairs_and_rotations(ready: Scene) -> None:
    edit(ready, {"data": {"THEIRS": "dGhlaXJz", "OKTA_CLIENT_SECRET": "d3Jvbmc="}})
    ready.until(lambda: ready.accepts(ready.published()), "the value is restored", SOON)
    ready.rotate_by_hand("next")
    ready.until(lambda: ready.accepts(ready.published()), "the next value")
    assert ready.data()["THEIRS"] == "theirs"


def test_a_target_is_restored_while_okta_is_down(ready: Scene) -> None:
    before = ready.data()
    ready.okta.add_fault("drop-before", path="introspect", times=None)
    try:
        ready.kubectl("delete", "secret", ready.name)
        ready.until(lambda: ready.data() == before, "the target is restored", SOON + 5)
    finally:
        ready.okta.clear_faults()


def test_a_wiped_status_is_built_again_without_a_rotation(ready: Scene) -> None:
    ready.rotate_by_hand("second")
    before, heard, events = ready.status(), ready.listen(), ready.event_reasons()
    ready.patch_status(None)
    ready.until(lambda: ready.status().get("activeIndex") == 1, "the status is back", SOON)
    ready.until_ready()
    after = ready.status()
    for status in (before, after):
        for condition in status["conditions"]:
            condition.pop("lastTransitionTime")
    assert after == before
    assert heard() == []
    assert ready.event_reasons() == events


def test_a_status_with_lies_is_put_right(ready: Scene) -> None:
    truth, value = ready.status(), ready.published()
    lies = {"activeIndex": 1, "rotationStatus": "failed", "lastRotatedAt": "2001-01-01T00:00:00Z"}
    ready.patch_status({**truth, **lies})
    ready.until(lambda: ready.status() == truth, "the truth is back", SOON)
    assert ready.published() == value
    assert len(ready.okta_secrets()) == 1


def test_a_lost_state_secret_is_made_again_from_the_target_without_a_rotation(
    ready: Scene,
) -> None:
    ready.rotate_by_hand("second")
    values, target, status = ready.in_okta(), ready.data(), ready.status()
    ready.kubectl("delete", "secret", ready.state_name)
    ready.until(lambda: ready.exists("secret", ready.state_name), "the state is back", SOON)
    ready.until_ready()
    assert ready.in_okta() == values
    assert ready.data() == target
    assert ready.data(ready.state_name)["active"] == ready.published()
    assert ready.record()["generation"] > status["stateGeneration"]
    assert ready.event_reasons().count("Rotated") == 2
    ready.rotate_by_hand("third")
    assert ready.accepts(ready.published())
    assert len(ready.okta_secrets()) == 2


def test_status_and_state_lost_together_cost_no_rotation(ready: Scene) -> None:
    value = ready.published()
    ready.kubectl("delete", "secret", ready.state_name)
    ready.patch_status(None)
    ready.until(lambda: ready.exists("secret", ready.state_name), "the state is back", SOON)
    ready.until_ready()
    assert ready.in_okta() == {value: "ACTIVE"}
    assert ready.published() == value


def test_state_and_target_lost_together_publish_what_okta_holds_of_ours(ready: Scene) -> None:
    value = ready.published()
    ready.kubectl("delete", "secret", ready.state_name, ready.name)
    ready.until(lambda: ready.exists("secret", ready.state_name), "the state is back", SOON)
    ready.until(lambda: ready.accepts(ready.published()), "a value that Okta accepts", SOON)
    ready.until_ready()
    assert value in ready.in_okta()


def test_a_secret_that_a_person_deactivated_in_okta_is_replaced(ready: Scene) -> None:
    ready.rotate_by_hand("second")
    lost = ready.published()
    (secret_id,) = [one["id"] for one in ready.okta_secrets() if one["client_secret"] == lost]
    deactivate(ready, secret_id)
    ready.rotate_by_hand("third")
    ready.until_ready()
    assert ready.published() != lost
    assert ready.accepts(ready.published())


def deactivate(scene: Scene, secret_id: str) -> None:
    path = f"/api/v1/apps/{scene.app_id}/credentials/secrets/{secret_id}/lifecycle/deactivate"
    headers = {"Authorization": f"SSWS {scene.token}"}
    scene.okta.http.post(path, headers=headers).raise_for_status()
