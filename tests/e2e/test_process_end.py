"""The end of the process: soon, whatever it still watches and whoever is still connected."""

from __future__ import annotations

import httpx

from tests.scene import Scene

END = 25.0
"""Seconds: a Pod has thirty. kopf itself, under load, may wait five for a task of its own."""


def test_watches_and_idle_clients_do_not_hold_up_the_end(scene: Scene) -> None:
    operator = scene.operator()
    scene.connect()
    scene.kubectl("create", "secret", "generic", "my-rotation", "--from-literal=a=theirs")
    scene.rotate()
    # There is a watch now over the Secret that is in the way, begun after kopf.
    scene.until_reason("Stalled", "TargetConflict")
    with httpx.Client(trust_env=False) as client:
        assert client.get(f"{operator.url}/metrics").status_code == httpx.codes.OK
        assert operator.stop() < END
    assert "Traceback" not in scene.logs()
    assert "never retrieved" not in scene.logs()
