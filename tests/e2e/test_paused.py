"""A resource that is paused: in mid-rotation, over drift, and while it is deleted."""

from __future__ import annotations

from tests.scene import Scene

AWHILE = 3.0


def test_a_paused_rotation_goes_on_when_it_is_resumed(ready: Scene) -> None:
    first = ready.published()
    ready.okta.add_fault("drop-before", method="POST", path=ready.app_id, times=None)
    ready.annotate("next")
    ready.until(lambda: "candidate" in ready.data(ready.state_name), "the intent")
    pause(ready, "true")
    ready.until_reason("RotationFailing", "Paused")
    ready.okta.clear_faults()
    heard = ready.listen()
    ready.kubectl("delete", "secret", ready.name)
    ready.until_reason("Ready", "Paused")
    ready.always(lambda: not heard() and not ready.exists("secret"), "nothing is done", AWHILE)
    assert "nextRotationAt" not in ready.status()

    pause(ready, "false")
    ready.until(lambda: ready.handled() == "next", "the token is handled")
    ready.until_ready()
    ready.until(lambda: ready.published() not in ("", first), "the new value is published")
    assert ready.accepts(ready.published())
    assert ready.event_reasons().count("Rotated") == 2


def test_a_paused_resource_can_be_deleted(ready: Scene) -> None:
    pause(ready, "true")
    ready.until_reason("RotationFailing", "Paused")
    ready.kubectl("delete", "ocsr", ready.name, "--timeout=30s")
    assert ready.accepts(ready.published())


def pause(scene: Scene, value: str) -> None:
    annotation = f"okta-rotator.dev/paused={value}"
    scene.kubectl("annotate", "ocsr", scene.name, annotation, "--overwrite")
