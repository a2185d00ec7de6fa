"""A Secret of the target's name that is not ours: never touched, unless a person says so on it."""

from __future__ import annotations

import pytest

from tests.scene import Scene

SOON = 5.0


@pytest.fixture
def foreign(running: Scene) -> Scene:
    """A stranger's Secret stands where the target should be."""
    running.apply(running.secret_manifest(running.name, {"THEIRS": "theirs"}))
    return running


def adopt(scene: Scene) -> None:
    annotation = f"okta-rotator.dev/adopt={scene.name}"
    scene.kubectl("annotate", "secret", scene.name, annotation, "--overwrite")


def test_a_foreign_secret_is_told_and_left_alone(foreign: Scene) -> None:
    version, heard = foreign.version("secret"), foreign.listen()
    foreign.rotate()
    ready = foreign.until_reason("Ready", "TargetConflict")
    assert foreign.conditions() == {"Ready": "False", "Stalled": "True"}
    command = f"kubectl annotate secret {foreign.name} okta-rotator.dev/adopt={foreign.name}"
    assert command in ready["message"]
    assert foreign.until_warning("TargetConflict") == ready["message"]
    assert foreign.version("secret") == version
    assert heard() == []


def test_a_foreign_secret_is_taken_once_a_person_says_so(foreign: Scene) -> None:
    foreign.rotate()
    foreign.until_reason("Ready", "TargetConflict")
    adopt(foreign)
    foreign.until_ready(SOON)
    assert foreign.data()["THEIRS"] == "theirs"
    assert foreign.accepts(foreign.published())


def test_a_foreign_secret_that_is_deleted_makes_room_at_once(foreign: Scene) -> None:
    foreign.rotate()
    foreign.until_reason("Ready", "TargetConflict")
    foreign.kubectl("delete", "secret", foreign.name)
    foreign.until_ready(SOON)
    assert "THEIRS" not in foreign.data()


def test_an_adoption_for_another_resource_is_none(foreign: Scene) -> None:
    foreign.kubectl("annotate", "secret", foreign.name, "okta-rotator.dev/adopt=another")
    foreign.rotate()
    foreign.until_reason("Ready", "TargetConflict")
    assert foreign.data() == {"THEIRS": "theirs"}


def test_a_secret_of_another_type_has_to_go_even_if_we_may_have_it(running: Scene) -> None:
    manifest = running.secret_manifest(running.name, {"THEIRS": "theirs"})
    running.apply(manifest | {"type": "example.com/other"})
    adopt(running)
    running.rotate()
    ready = running.until_reason("Ready", "TargetConflict")
    assert "Delete the Secret" in ready["message"]
    running.kubectl("delete", "secret", running.name)
    running.until_ready(SOON)


def test_a_target_whose_mark_was_taken_off_is_no_longer_touched(ready: Scene) -> None:
    ready.kubectl("annotate", "secret", ready.name, "okta-rotator.dev/rotation-name-")
    ready.until_reason("Ready", "TargetConflict")
    assert ready.conditions() == {"Ready": "False", "Stalled": "True"}
    ready.annotate("monday")
    value = ready.published()
    ready.always(lambda: ready.published() == value, "it is not touched", 1)
    adopt(ready)
    ready.until(lambda: ready.handled() == "monday", "the token is handled")
    ready.until_ready(SOON)
    assert ready.accepts(ready.published())
