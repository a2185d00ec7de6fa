"""From apply to Secret, with the manifests that we show to newcomers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from okta_rotator.rotation.schedule import next_rotation_at
from okta_rotator.rotation.values import owner_mark
from tests.resources import Json, changed
from tests.scene import Scene

SAMPLES = Path(__file__).parents[2] / "deploy" / "samples"


def sample(name: str, changes: Json) -> Json:
    return changed(yaml.safe_load((SAMPLES / f"{name}.yaml").read_text()), changes)


@pytest.fixture(scope="module")
def example(stage: Scene) -> Scene:
    """The seed's example, applied as one does: only host, app and token are this test's."""
    scene = stage.another()
    scene.name = "my-okta-rotation"
    scene.apply(
        scene.secret_manifest("okta-api-token", {"apiToken": scene.token}),
        sample("connection", {"spec.instanceUrl": scene.okta.base_url}),
        sample("rotation", {"spec.parameters.clientId": scene.app_id}),
    )
    scene.until_ready()
    return scene


def test_the_seeds_example_becomes_a_secret_that_okta_accepts(example: Scene) -> None:
    data = example.data()
    assert data.keys() == {"OKTA_CLIENT_ID", "OKTA_CLIENT_SECRET"}
    assert data["OKTA_CLIENT_ID"] == example.app_id
    assert example.accepts(data["OKTA_CLIENT_SECRET"])
    assert example.in_okta() == {data["OKTA_CLIENT_SECRET"]: "ACTIVE"}


def test_the_target_is_marked_and_owned_by_nobody(example: Scene) -> None:
    target = example.get("secret")
    assert target is not None
    (held,) = example.okta_secrets()
    resource = example.get("ocsr")
    assert resource is not None
    assert target["type"] == "Opaque"
    assert "ownerReferences" not in target["metadata"]
    assert target["metadata"]["labels"] == {
        "okta-rotator.dev/rotation": resource["metadata"]["uid"]
    }
    assert target["metadata"]["annotations"] == {
        "okta-rotator.dev/rotation-name": "my-okta-rotation",
        "okta-rotator.dev/app-id": example.app_id,
        "okta-rotator.dev/secret-id": held["id"],
    }


def test_the_state_secret_holds_the_value_and_what_is_known_of_it(example: Scene) -> None:
    state, resource = example.get("secret", example.state_name), example.get("ocsr")
    assert state is not None
    assert resource is not None
    uid = resource["metadata"]["uid"]
    assert state["type"] == "okta-rotator.dev/state"
    assert "ownerReferences" not in state["metadata"]
    assert state["metadata"]["labels"] == {"okta-rotator.dev/rotation": uid}
    assert state["data"].keys() == {"active", "record"}
    data, record = example.data(example.state_name), example.record()
    assert data["active"] == example.published()
    assert data["active"] not in data["record"]
    assert (record["uid"], record["appId"], record["clientId"]) == (
        uid,
        example.app_id,
        example.app_id,
    )
    assert record["lastTrigger"] == "creation"


def test_a_value_of_ours_is_recognisable_and_long(example: Scene) -> None:
    resource, value = example.get("ocsr"), example.published()
    assert resource is not None
    assert value.startswith(owner_mark(resource["metadata"]["uid"]))
    assert len(value) == 64


Look = Callable[[Scene, Any], object]

# A field of the seed's response, the field of ours, and what it has to be right after the example.
SEEDS_RESPONSE: list[tuple[str, str, Look]] = [
    ("type", "status.type", lambda s, v: v == "okta-client-secret"),
    ("name", "metadata.name", lambda s, v: v == "my-okta-rotation"),
    ("description", "spec.description", lambda s, v: v == "my client secret rotation"),
    ("isAutoRotationEnabled", "spec.isAutoRotationEnabled", lambda s, v: v is True),
    ("rotationInterval", "spec.rotationInterval", lambda s, v: v == 30),
    ("rotateAtUtc", "spec.rotateAtUtc", lambda s, v: v == {"hours": 0, "minutes": 0}),
    ("parameters.clientId", "spec.parameters.clientId", lambda s, v: v == s.app_id),
    ("secretsMapping.clientId", "spec.secretsMapping.clientId", lambda s, v: v in s.data()),
    ("secretsMapping.clientSecret", "spec.secretsMapping.clientSecret", lambda s, v: v in s.data()),
    ("activeIndex", "status.activeIndex", lambda s, v: v == 0),
    ("rotationStatus", "status.rotationStatus", lambda s, v: v == "success"),
    ("lastRotatedAt", "status.lastRotatedAt", lambda s, v: is_just_now(v)),
    ("lastRotationAttemptedAt", "status.lastRotationAttemptedAt", lambda s, v: is_just_now(v)),
    ("nextRotationAt", "status.nextRotationAt", lambda s, v: at(v) == next_by_the_rule(s)),
    ("lastRotationJobId", "status.lastRotationJobId", lambda s, v: UUID(v).version == 4),
    ("lastRotationMessage", "status.lastRotationMessage", lambda s, v: v is None),
    ("connection.app", "status.connection.app", lambda s, v: v == "okta"),
    ("connection.name", "status.connection.name", lambda s, v: v == "my-okta-connection"),
    ("connection.id", "status.connection.id", lambda s, v: v == uid_of_connection(s)),
    ("connectionId", "status.connection.id", lambda s, v: v == uid_of_connection(s)),
    ("createdAt", "metadata.creationTimestamp", lambda s, v: is_just_now(v)),
    ("generated-credentials", "status.credentials", lambda s, v: v == credentials(s)),
]


@pytest.mark.parametrize(
    ("field", "path", "is_right"), SEEDS_RESPONSE, ids=[row[0] for row in SEEDS_RESPONSE]
)
def test_the_seeds_response_is_there_field_by_field(
    example: Scene, field: str, path: str, is_right: Look
) -> None:
    value: Any = example.get("ocsr")
    for step in path.split("."):
        value = (value or {}).get(step)
    assert is_right(example, value), f"{field}: {path} is {value!r}"


def test_the_status_has_these_fields_and_no_others(example: Scene) -> None:
    assert example.status().keys() == {
        "type",
        "observedGeneration",
        "conditions",
        "rotationStatus",
        "activeIndex",
        "credentials",
        "lastRotationAttemptedAt",
        "lastRotatedAt",
        "nextRotationAt",
        "lastRotationJobId",
        "connection",
        "stateGeneration",
    }
    assert example.conditions() == {"Ready": "True"}


def test_the_connection_says_where_it_leads(example: Scene) -> None:
    connection = example.get("oktaconn", "my-okta-connection")
    assert connection is not None
    status = connection["status"]
    assert status["orgId"].startswith("00o")
    assert example.okta.base_url.endswith(status["orgHost"])
    assert status["method"] == "api-token"
    assert is_just_now(status["lastCheckedAt"])


def test_the_first_rotation_is_told_once(example: Scene) -> None:
    example.until(example.events, "an Event")
    (event,) = example.events()
    (held,) = example.okta_secrets()
    assert (event["type"], event["reason"]) == ("Normal", "Rotated")
    assert held["id"] in event["message"]
    assert example.status()["lastRotationJobId"] in event["message"]


def test_a_secret_that_the_app_had_before_stays_accepted(running: Scene) -> None:
    running.app_id = running.okta.make_app()["id"]
    (before,) = running.in_okta()
    running.rotate()
    running.until_ready()
    assert running.in_okta() == {before: "ACTIVE", running.published(): "ACTIVE"}
    assert running.published() != before


def test_a_first_rotation_asks_okta_no_more_than_it_must(running: Scene) -> None:
    heard = running.listen()
    running.rotate()
    running.until_ready()
    assert heard() == ["read app", "list", "create", "introspect"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def is_just_now(text: str) -> bool:
    return timedelta(0) <= datetime.now(UTC) - at(text) < timedelta(minutes=2)


def next_by_the_rule(scene: Scene) -> datetime:
    """At midnight UTC, and a day more than the interval, since the creation counts as manual."""
    last = at(scene.status()["lastRotatedAt"])
    due = last.replace(hour=0, minute=0, second=0) + timedelta(days=31)
    assert due == next_rotation_at(last, 30, 0, 0, manual=True)
    return due


def uid_of_connection(scene: Scene) -> str:
    connection = scene.get("oktaconn", "my-okta-connection")
    assert connection is not None
    return str(connection["metadata"]["uid"])


def credentials(scene: Scene) -> list[Json]:
    """As Okta has it, to the second; never a value, never a hash of one."""
    (held,) = scene.okta_secrets()
    created = f"{at(held['created']):%Y-%m-%dT%H:%M:%SZ}"
    return [{"index": 0, "secretId": held["id"], "state": "ACTIVE", "createdAt": created}]
