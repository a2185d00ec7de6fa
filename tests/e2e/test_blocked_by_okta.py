"""Apps that cannot be rotated, and an Okta that does not answer: said plainly, and recovered from.

Nobody restarts the operator here, and nobody touches the resource: putting the cause right is
enough where a person is waited for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.resources import Json
from tests.scene import Scene


@dataclass(frozen=True)
class Obstacle:
    reason: str
    advice: str
    app: Json
    mend: Callable[[Scene], object]


def replace_app(scene: Scene, **fields: Any) -> None:
    scene.okta.add_app({"id": scene.app_id, "secrets": [], **fields})


def remove_one_secret(scene: Scene) -> None:
    path = f"/api/v1/apps/{scene.app_id}/credentials/secrets/{scene.okta_secrets()[0]['id']}"
    headers = {"Authorization": f"SSWS {scene.token}"}
    http = scene.okta.http
    http.post(path + "/lifecycle/deactivate", headers=headers).raise_for_status()
    http.delete(path, headers=headers).raise_for_status()


OBSTACLES = {
    "unknown app": Obstacle("AppNotFound", "Check spec.parameters.appId", {}, replace_app),
    "another client id": Obstacle(
        "ClientIdMismatch",
        "make this resource anew",
        {"clientId": "0oaOfSomeoneElse0000"},
        replace_app,
    ),
    "two secrets": Obstacle(
        "TwoSecretsExist", "Delete in Okta", {"secrets": [{}, {}]}, remove_one_secret
    ),
    "private_key_jwt": Obstacle(
        "AppNotEligible",
        "client_secret_basic",
        {"tokenEndpointAuthMethod": "private_key_jwt", "secrets": []},
        replace_app,
    ),
    "SAML app": Obstacle(
        "AppNotEligible", "OPENID_CONNECT", {"signOnMode": "SAML_2_0", "secrets": []}, replace_app
    ),
    "inactive app": Obstacle(
        "AppInactive",
        "activate it in Okta",
        {"status": "INACTIVE", "secrets": []},
        lambda scene: scene.okta.set_app_status(scene.app_id, "ACTIVE"),
    ),
}


@pytest.fixture(params=OBSTACLES)
def obstacle(request: pytest.FixtureRequest, running: Scene) -> Obstacle:
    found = OBSTACLES[request.param]
    if found.app:
        replace_app(running, **found.app)
    else:
        running.okta.remove_app(running.app_id)
    return found


def test_an_obstacle_is_told_and_once_it_is_gone_the_rotation_goes_on(
    running: Scene, obstacle: Obstacle
) -> None:
    heard = running.listen()
    running.rotate()
    ready = running.until_reason("Ready", obstacle.reason)
    assert running.conditions() == {"Ready": "False", "Stalled": "True"}
    stalled = running.condition("Stalled")
    assert (stalled["reason"], stalled["message"]) == (obstacle.reason, ready["message"])
    assert obstacle.advice in ready["message"]
    assert obstacle.advice in running.until_warning(obstacle.reason)
    assert running.status()["lastRotationMessage"] == ready["message"]
    assert not {"create", "deactivate", "delete"} & set(heard())
    assert not running.exists("secret")

    obstacle.mend(running)
    running.until_ready()
    assert running.conditions() == {"Ready": "True"}
    assert running.accepts(running.published())
    assert running.event_reasons().count(obstacle.reason) == 1
    running.until(lambda: "Rotated" in running.event_reasons(), "the rotation is told")


def test_an_obstacle_over_a_good_value_leaves_the_resource_ready(ready: Scene) -> None:
    before = ready.data()
    ready.okta.set_app_status(ready.app_id, "INACTIVE")
    ready.annotate("monday")
    failing = ready.until_reason("RotationFailing", "AppInactive")
    assert ready.conditions() == {"Ready": "True", "RotationFailing": "True"}
    assert "activate it in Okta" in failing["message"]
    assert ready.status()["rotationStatus"] == "failed"
    assert ready.data() == before
    assert ready.until_warning("AppInactive")

    ready.okta.set_app_status(ready.app_id, "ACTIVE")
    ready.until(lambda: ready.handled() == "monday", "the token is handled after all")
    assert ready.conditions() == {"Ready": "True"}
    assert ready.status()["rotationStatus"] == "success"
    assert "lastRotationMessage" not in ready.status()
    ready.until(lambda: "Recovered" in ready.event_reasons(), "the recovery is told")


def test_a_token_that_is_taken_away_ends_the_attempts(ready: Scene) -> None:
    ready.okta.set_app_status(ready.app_id, "INACTIVE")
    ready.annotate("monday")
    ready.until_reason("RotationFailing", "AppInactive")
    ready.kubectl("annotate", "ocsr", ready.name, "okta-rotator.dev/rotate-")
    ready.until(lambda: ready.conditions() == {"Ready": "True"}, "no longer failing")
    assert len(ready.okta_secrets()) == 1
    assert "failures" not in ready.status()


def test_an_okta_that_cannot_answer_is_tried_again_by_back_off(running: Scene) -> None:
    running.okta.add_fault(
        "status", method="GET", path=running.app_id, times=None, errorCode="E0000009", status=503
    )
    running.rotate()
    ready = running.until_reason("Ready", "OktaUnavailable")
    assert "503" in ready["message"]
    running.until(lambda: "failures" in running.status(), "the failure is counted")
    assert running.conditions() == {"Ready": "False", "Reconciling": "True"}
    failures = running.status()["failures"]
    again = datetime.fromisoformat(failures["nextAttemptAt"]) - datetime.now(UTC)
    assert failures["count"] == 1
    assert timedelta(seconds=30) < again < timedelta(seconds=61)
    assert running.until_warning("OktaUnavailable") == ready["message"]

    heard = running.listen()
    running.always(lambda: not heard(), "the back-off holds over heartbeats", 3)
    running.okta.clear_faults()
    running.rotate({"spec.description": "a change of the spec tries again at once"})
    running.until_ready()
    assert "failures" not in running.status()


def test_a_rate_limit_is_waited_out_as_okta_says(running: Scene) -> None:
    running.okta.add_fault(
        "status", method="GET", path=running.app_id, errorCode="E0000047", resetAfter=2
    )
    running.rotate()
    ready = running.until_reason("Ready", "RateLimited")
    assert "rate limit is used up" in ready["message"]
    assert running.conditions() == {"Ready": "False", "Reconciling": "True"}
    running.until_ready()
