"""Canaries: no value of Okta's shows up anywhere but in Secrets, whatever went wrong meanwhile."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from tests.operator_process import OperatorProcess
from tests.scene import Scene

ROTATE = "okta-rotator.dev/rotate"
PLACES = "ocsr,oktaconn,events,configmaps,leases"


class Canaries:
    """Every value that there ever was: of Okta, of the Secrets, and the tokens."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.values: set[str] = set()

    def collect(self) -> None:
        scene = self._scene
        self.values |= scene.in_okta().keys()
        state = scene.data(scene.state_name)
        held = {state.get(key, "") for key in ("active", "previous", "candidate")}
        self.values |= (held | {scene.published()}) - {""}

    def forms(self) -> Iterator[str]:
        """Each value as itself, as a Secret holds it, as HTTP sends it."""
        for value in self.values:
            raw = value.encode()
            yield value
            yield quote(value, safe="")
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                yield encode(raw).decode().rstrip("=")
                yield encode(f"{self._scene.app_id}:{value}".encode()).decode().rstrip("=")


@pytest.fixture
def canaries(scene: Scene) -> Canaries:
    return Canaries(scene)


def test_no_value_shows_up_outside_of_secrets(scene: Scene, canaries: Canaries) -> None:
    """The operator logs at DEBUG, and meets an org in which everything fails once."""
    scene.okta.add_app({"id": scene.app_id, "secrets": [{}]})
    operator = scene.operator()
    canaries.values |= {scene.token, "00Qa-wrong-token-0123456789"}
    scene.connect(token="00Qa-wrong-token-0123456789")
    scene.rotate()
    scene.until_reason("Ready", "ConnectionNotReady")
    canaries.collect()
    scene.connect()
    scene.until_ready(30)
    canaries.collect()
    for fail in FAILURES:
        fail_once(scene, fail, canaries)
    spoil(scene, canaries)
    assert len(canaries.values) >= 8
    assert_secret(scene, operator, canaries)


def fail_once(scene: Scene, fail: Callable[[Scene], None], canaries: Canaries) -> None:
    """A rotation by hand that fails; then the cause is gone, and it succeeds."""
    token = fail.__name__
    fail(scene)
    scene.annotate(token)
    scene.until(lambda: "RotationFailing" in scene.conditions(), f"it fails: {token}")
    canaries.collect()
    scene.okta.clear_faults()
    again = {"spec.description": f"again after {token}", "metadata.annotations": {ROTATE: token}}
    scene.rotate(again)
    scene.until(lambda: scene.handled() == token, f"it succeeds after {token}", 30)
    canaries.collect()


def answers_503(scene: Scene) -> None:
    scene.okta.add_fault("status", path=scene.app_id, times=None, errorCode="E0000009", status=503)


def refuses_the_create(scene: Scene) -> None:
    scene.okta.add_fault(
        "status", method="POST", path="/secrets$", times=None, errorCode="E0000006"
    )


def drops_the_connection(scene: Scene) -> None:
    scene.okta.add_fault("drop-before", path=scene.app_id, times=None)


def refuses_introspection(scene: Scene) -> None:
    scene.okta.add_fault("status", path="introspect", times=None, errorCode="E0000006")


FAILURES: list[Callable[[Scene], None]] = [
    answers_503,
    refuses_the_create,
    drops_the_connection,
    refuses_introspection,
]


def spoil(scene: Scene, canaries: Canaries) -> None:
    """A state Secret that cannot be read, while its values are in it; and a foreign target."""
    scene.kubectl("patch", "secret", scene.state_name, "-p", '{"data": {"record": "e30="}}')
    scene.until_reason("Ready", "StateConflict")
    canaries.collect()
    scene.kubectl("delete", "secret", scene.state_name)
    scene.until_ready()
    canaries.collect()


def assert_secret(scene: Scene, operator: OperatorProcess, canaries: Canaries) -> None:
    places = {
        "log": operator.output(),
        "metrics": operator.get("/metrics").text,
        "resources": scene.kubectl("get", PLACES, "-o", "yaml", "--show-managed-fields"),
        "record": scene.data(scene.state_name)["record"],
        "table": scene.kubectl("get", "ocsr,oktaconn", "-o", "wide"),
        "described": scene.kubectl("describe", "ocsr,oktaconn"),
    }
    assert scene.app_id in places["log"]
    assert "Rotated" in places["resources"]
    for place, text in places.items():
        # Named by its first characters alone: a failing test must not print what it protects.
        found = {form[:6] for form in canaries.forms() if form in text}
        assert not found, f"{len(found)} values in {place}"
