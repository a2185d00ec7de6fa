"""Connections that do not work: said plainly on both resources, and recovered from."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.controlplane.ports import free_ports
from tests.emulator_client import EmulatorClient
from tests.okta_fixtures import emulator_process
from tests.resources import connection
from tests.scene import Scene

RETRIES = 30.0
"""Seconds within which a connection is looked at again, some times."""


def own_connection(scene: Scene) -> str:
    return f"{scene.name}-connection"


def rotate_through_own_connection(scene: Scene) -> None:
    scene.rotate({"spec.connection.name": own_connection(scene)})


def connect_without_a_token(scene: Scene) -> None:
    name = own_connection(scene)
    reference = {"spec.apiToken.secretRef.name": f"{name}-token"}
    scene.apply(connection({"spec.instanceUrl": scene.okta.base_url, **reference}, name=name))


def connect_with_a_wrong_token(scene: Scene) -> None:
    scene.connect(own_connection(scene), token="00Qa-token-that-okta-does-not-know")


def connect_with_an_empty_token(scene: Scene) -> None:
    scene.connect(own_connection(scene), token="\n")


def put_the_right_token(scene: Scene) -> None:
    scene.put_token(scene.token, f"{own_connection(scene)}-token")


@pytest.mark.parametrize(
    ("connect", "reason", "advice"),
    [
        (connect_with_a_wrong_token, "InvalidToken", "Put a new one into the Secret"),
        (connect_without_a_token, "SecretNotFound", "create secret generic"),
        (connect_with_an_empty_token, "SecretNotFound", "patch secret"),
    ],
)
def test_credentials_that_do_not_work_are_told_and_looked_at_again(
    running: Scene, connect: Callable[[Scene], None], reason: str, advice: str
) -> None:
    name, heard = own_connection(running), running.listen()
    connect(running)
    rotate_through_own_connection(running)
    ready = running.until_reason("Ready", "ConnectionNotReady")
    assert running.conditions() == {"Ready": "False", "Stalled": "True"}
    assert reason in ready["message"]
    assert advice in ready["message"]
    assert advice in running.until_warning("ConnectionNotReady")
    assert running.condition("Ready", "oktaconn", name)["reason"] == reason
    assert advice in running.until_warning(reason, name)
    assert heard() == []

    put_the_right_token(running)
    running.until_ready(RETRIES)
    assert running.condition("Ready", "oktaconn", name)["status"] == "True"
    running.until(lambda: "Connected" in running.event_reasons(name), "the recovery is told")


def test_a_connection_that_is_missing_is_told_and_used_once_it_is_there(running: Scene) -> None:
    rotate_through_own_connection(running)
    ready = running.until_reason("Ready", "ConnectionNotFound")
    assert running.conditions() == {"Ready": "False", "Stalled": "True"}
    assert own_connection(running) in ready["message"]
    assert "Make it" in ready["message"]
    assert running.until_warning("ConnectionNotFound") == ready["message"]
    running.connect(own_connection(running))
    running.until_ready()


def test_a_connection_applied_after_its_rotation_costs_no_warning(running: Scene) -> None:
    rotate_through_own_connection(running)
    running.connect(own_connection(running))
    running.until_ready()
    running.until(lambda: running.event_reasons() == ["Rotated"], "the rotation alone is told")


def test_an_okta_that_is_down_at_the_start_is_found_once_it_is_up(running: Scene) -> None:
    (port,) = free_ports(1)
    name = own_connection(running)
    running.connect(name, url=f"http://127.0.0.1:{port}")
    rotate_through_own_connection(running)
    ready = running.until_reason("Ready", "ConnectionNotReady")
    assert running.conditions() == {"Ready": "False", "Reconciling": "True"}
    assert "Unreachable" in ready["message"]
    assert running.condition("Ready", "oktaconn", name)["reason"] == "Unreachable"
    assert running.until_warning("Unreachable", name)

    seed = {"tokens": [{"value": running.token}], "apps": [{"id": running.app_id, "secrets": []}]}
    path = running.folder / f"{name}.yaml"
    path.write_text(json.dumps(seed))
    with emulator_process("--port", str(port), "--seed", str(path)) as okta:
        running.until_ready(RETRIES)
        (held,) = okta.app_state(running.app_id)["secrets"]
        assert held["client_secret"] == running.published()


def test_a_token_revoked_over_a_good_value_is_replaced_without_a_restart(
    running: Scene, okta_emulator: EmulatorClient
) -> None:
    token = okta_emulator.add_token()
    running.connect(own_connection(running), token=token)
    rotate_through_own_connection(running)
    running.until_ready()
    okta_emulator.disable_token(token)
    running.annotate("monday")
    failing = running.until_reason("RotationFailing", "InvalidToken")
    assert "Put a new one into the Secret" in failing["message"]
    assert running.conditions() == {"Ready": "True", "RotationFailing": "True"}
    put_the_right_token(running)
    running.until(lambda: running.handled() == "monday", "the token is handled", RETRIES)
    assert running.conditions() == {"Ready": "True"}


def test_a_role_that_may_only_read_is_told_and_a_better_one_is_used(running: Scene) -> None:
    token = running.okta.add_token(role="read-only")
    running.connect(own_connection(running), token=token)
    rotate_through_own_connection(running)
    ready = running.until_reason("Ready", "InsufficientPermission")
    assert running.conditions() == {"Ready": "False", "Stalled": "True"}
    assert "okta.apps.manage" in ready["message"]
    assert "okta.apps.manage" in running.until_warning("InsufficientPermission")
    running.okta.add_token(role="admin", value=token)
    running.until_ready()
    assert len(running.okta_secrets()) == 1


def test_a_connection_that_goes_leaves_what_is_published_ready(running: Scene) -> None:
    running.connect(own_connection(running))
    rotate_through_own_connection(running)
    running.until_ready()
    before = running.data()
    running.kubectl("delete", "oktaconn", own_connection(running))
    running.until_reason("RotationFailing", "ConnectionNotFound")
    assert running.conditions() == {"Ready": "True", "RotationFailing": "True"}
    running.kubectl("delete", "secret", running.name)
    running.until(lambda: running.data() == before, "it is restored even so", 5)
    running.connect(own_connection(running))
    running.until(lambda: running.conditions() == {"Ready": "True"}, "no longer failing")
