"""From apply to Secret."""

from __future__ import annotations

from tests.scene import Scene


def test_a_new_resource_gets_a_secret_that_okta_accepts(scene: Scene) -> None:
    scene.operator()
    scene.connect()
    scene.rotate()
    scene.until_ready()
    data = scene.data()
    assert data["OKTA_CLIENT_ID"] == scene.app_id
    assert scene.accepts(data["OKTA_CLIENT_SECRET"])
