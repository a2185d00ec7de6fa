"""Changes of the mapping and of the target's metadata: they reach the Secret without a rotation."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest

from tests.resources import Json
from tests.scene import Scene

RENAMED = {"spec.secretsMapping": {"clientId": "ID", "clientSecret": "SECRET"}}


def patch_target(scene: Scene, patch: Json) -> None:
    scene.kubectl("patch", "secret", scene.name, "--type=merge", "-p", json.dumps(patch))


def touch_old_key(scene: Scene) -> None:
    """kubectl becomes the manager of the old key; its value stays."""
    data = {"OKTA_CLIENT_SECRET": base64.b64encode(scene.published().encode()).decode()}
    body = scene.secret_manifest(scene.name, {}) | {"data": data}
    args = ("apply", "--server-side", "--force-conflicts", "--field-manager=someone", "-f", "-")
    scene.kubectl(*args, input=json.dumps(body))


def spoil_old_key(scene: Scene) -> None:
    patch_target(scene, {"data": {"OKTA_CLIENT_SECRET": "c3BvaWx0"}})


@pytest.mark.parametrize(
    "beforehand",
    [lambda scene: None, touch_old_key, spoil_old_key],
    ids=["ours", "shared", "spoilt"],
)
def test_a_change_of_mapping_renames_the_keys_without_a_rotation(
    ready: Scene, beforehand: Callable[[Scene], None]
) -> None:
    value = ready.published()
    beforehand(ready)
    heard = ready.listen()
    ready.rotate(RENAMED)
    ready.until_ready()
    assert ready.data() == {"ID": ready.app_id, "SECRET": value}
    assert set(heard()) <= {"introspect"}
    assert ready.event_reasons().count("Rotated") == 1


def test_keys_that_change_places_keep_their_values_right(ready: Scene) -> None:
    value = ready.published()
    swapped = {"clientId": "OKTA_CLIENT_SECRET", "clientSecret": "OKTA_CLIENT_ID"}
    ready.rotate({"spec.secretsMapping": swapped})
    ready.until_ready()
    assert ready.data() == {"OKTA_CLIENT_SECRET": ready.app_id, "OKTA_CLIENT_ID": value}


def test_a_mapping_back_and_forth_leaves_no_key_behind(ready: Scene) -> None:
    before = ready.data()
    ready.rotate(RENAMED)
    ready.rotate()
    ready.until_ready()
    ready.until(lambda: ready.data() == before, "the first keys and no others")
    ready.rotate_by_hand("next")
    assert ready.data().keys() == before.keys()


def test_labels_and_annotations_of_the_spec_come_change_and_go(running: Scene) -> None:
    running.rotate(metadata(labels={"team": "a", "tier": "1"}, annotations={"note": "first"}))
    running.until_ready()
    assert theirs(running) == ({"team": "a", "tier": "1"}, {"note": "first"})
    heard = running.listen()
    running.rotate(metadata(labels={"team": "b"}, annotations={"reloader": "yes"}))
    running.until_ready()
    assert theirs(running) == ({"team": "b"}, {"reloader": "yes"})
    running.rotate()
    running.until_ready()
    assert theirs(running) == ({}, {})
    assert heard() == []


def test_labels_and_annotations_of_others_stay(ready: Scene) -> None:
    patch_target(ready, {"metadata": {"labels": {"x": "y"}, "annotations": {"z": "w"}}})
    ready.rotate(metadata(labels={"team": "a"}, annotations={}))
    ready.until_ready()
    ready.rotate_by_hand("next")
    assert theirs(ready) == ({"x": "y", "team": "a"}, {"z": "w"})


def test_a_label_that_another_hand_changed_is_put_right_and_still_goes_with_the_spec(
    running: Scene,
) -> None:
    running.rotate(metadata(labels={"team": "a"}, annotations={}))
    running.until_ready()
    patch_target(running, {"metadata": {"labels": {"team": "stolen"}}})
    running.until(lambda: theirs(running)[0] == {"team": "a"}, "the label is put right", 5)
    running.rotate()
    running.until_ready()
    assert theirs(running)[0] == {}


def metadata(labels: dict[str, str], annotations: dict[str, str]) -> Json:
    return {"spec.target.metadata": {"labels": labels, "annotations": annotations}}


def theirs(scene: Scene) -> tuple[Json, Json]:
    """The labels and annotations of the target that are not the operator's own."""
    target = (scene.get("secret") or {})["metadata"]
    parts = (target.get("labels") or {}, target.get("annotations") or {})
    labels, annotations = (
        {key: value for key, value in part.items() if not key.startswith("okta-rotator.dev/")}
        for part in parts
    )
    return labels, annotations
