"""The CRDs on a real API server: established, samples, defaults, columns, explain, list types."""

import json
from pathlib import Path
from typing import Any

import pytest

from okta_rotator.api.crds import KINDS, Kind
from tests.controlplane.cluster import ControlPlane
from tests.resources import Json, cluster_connection, connection, rotation, service_app_connection

pytestmark = pytest.mark.usefixtures("crds")

SAMPLES = Path(__file__).parents[2] / "deploy" / "samples"
EACH_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)

READY = {
    "type": "Ready",
    "status": "True",
    "reason": "Published",
    "message": "all is well",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}


def create(control_plane: ControlPlane, namespace: str, resource: Json) -> Json:
    done = control_plane.kubectl(
        "create", "-n", namespace, "-o", "json", "-f", "-", input=json.dumps(resource)
    )
    stored: Json = json.loads(done.stdout)
    return stored


def set_status(control_plane: ControlPlane, namespace: str, name: str, status: Any) -> str:
    patch = json.dumps({"status": status})
    options = ["--subresource=status", "--type=merge", "-p", patch]
    return control_plane.kubectl("patch", "-n", namespace, *options, name, check=False).stderr


def rows(control_plane: ControlPlane, *arguments: str) -> list[str]:
    return control_plane.kubectl("get", *arguments).stdout.splitlines()


@EACH_KIND
def test_the_kind_is_served_under_its_names(control_plane: ControlPlane, kind: Kind) -> None:
    lines = rows(control_plane, "crd", f"{kind.plural}.okta-rotator.dev", "-o", "json")
    conditions = {
        c["type"]: c["status"] for c in json.loads("\n".join(lines))["status"]["conditions"]
    }
    assert conditions["Established"] == "True"
    assert conditions["NamesAccepted"] == "True"
    assert "NonStructuralSchema" not in conditions
    resources = control_plane.kubectl("api-resources", "--categories=okta").stdout
    assert f"{kind.plural} " in resources
    assert f" {kind.short_name} " in resources


def test_the_samples_are_accepted(control_plane: ControlPlane, namespace: str) -> None:
    options = ("-n", namespace, "-o", "name")
    applied = control_plane.kubectl("apply", *options, "-f", str(SAMPLES)).stdout.splitlines()
    assert sorted(applied) == [
        "clusteroktaconnection.okta-rotator.dev/shared-okta-connection",
        "oktaclientsecretrotation.okta-rotator.dev/my-okta-rotation",
        "oktaconnection.okta-rotator.dev/my-okta-connection",
        "oktaconnection.okta-rotator.dev/my-okta-service-app",
    ]


def test_defaults_of_a_rotation_are_stored(control_plane: ControlPlane, namespace: str) -> None:
    given = rotation()
    stored = create(control_plane, namespace, given)
    assert stored["spec"] == {
        **given["spec"],
        "connection": {"kind": "OktaConnection", "name": "my-connection"},
        "isAutoRotationEnabled": True,
        "target": {"creationPolicy": "Create", "type": "Opaque"},
        "adoptionPolicy": "Rotate",
        "verification": {"enabled": True, "timeoutSeconds": 60, "recheckInterval": "24h"},
        "previousSecret": {"retention": "UntilNextRotation"},
        "deletionPolicy": {"secret": "Retain", "oktaSecrets": "Retain"},
    }


def test_defaults_fill_what_is_half_given(control_plane: ControlPlane, namespace: str) -> None:
    changes = {"spec.target.name": "other", "spec.verification.enabled": False}
    stored = create(control_plane, namespace, rotation(changes))
    assert stored["spec"]["target"] == {
        "name": "other",
        "creationPolicy": "Create",
        "type": "Opaque",
    }
    filled = {"enabled": False, "timeoutSeconds": 60, "recheckInterval": "24h"}
    assert stored["spec"]["verification"] == filled


def test_defaults_of_a_connection_are_stored(control_plane: ControlPlane, namespace: str) -> None:
    given, share = connection(), {"maxUtilizationPercent": 80}
    assert create(control_plane, namespace, given)["spec"] == {**given["spec"], "rateLimit": share}
    other = service_app_connection(name="other")
    oauth = {**other["spec"]["oauth"], "dpop": "Auto"}
    stored = create(control_plane, namespace, other)["spec"]
    assert stored == {**other["spec"], "oauth": oauth, "rateLimit": share}


def test_defaults_of_a_connection_of_the_cluster_are_stored(
    control_plane: ControlPlane, namespace: str
) -> None:
    given = cluster_connection(name=namespace, namespaces=["team-a"], appIds=["*"])
    stored = create(control_plane, namespace, given)
    assert "namespace" not in stored["metadata"]
    assert stored["spec"] == {**given["spec"], "rateLimit": {"maxUtilizationPercent": 80}}


def test_the_status_is_no_part_of_what_users_write(
    control_plane: ControlPlane, namespace: str
) -> None:
    stored = create(control_plane, namespace, {**rotation(), "status": {"activeIndex": 1}})
    assert stored["status"] == {"observedGeneration": -1}


def test_columns_of_a_rotation(control_plane: ControlPlane, namespace: str) -> None:
    create(control_plane, namespace, rotation())
    status = {
        "conditions": [READY],
        "rotationStatus": "success",
        "activeIndex": 1,
        "lastRotatedAt": "2026-01-01T00:00:00Z",
        "nextRotationAt": "2999-01-31T00:00:00Z",
    }
    assert set_status(control_plane, namespace, "ocsr/my-rotation", status) == ""
    head, row = rows(control_plane, "ocsr", "-n", namespace)
    assert head.split("  ")[0] == "NAME"
    assert words(head) == ["NAME", "READY", "STATUS", "LAST ROTATED", "NEXT ROTATION", "AGE"]
    assert words(row)[:-1] == [
        *("my-rotation", "True", "success"),
        *("2026-01-01T00:00:00Z", "2999-01-31T00:00:00Z"),
    ]
    head, row = rows(control_plane, "ocsr", "-n", namespace, "-o", "wide")
    assert words(head)[-4:] == ["MESSAGE", "APP", "CONNECTION", "ACTIVE"]
    assert words(row)[-4:] == ["all is well", "0oa1b2c3d4e5f6g7h8i9", "my-connection", "1"]


def test_columns_of_a_connection(control_plane: ControlPlane, namespace: str) -> None:
    create(control_plane, namespace, connection())
    status = {"conditions": [READY], "orgHost": "acme.okta.com"}
    assert set_status(control_plane, namespace, "oktaconn/my-connection", status) == ""
    head, row = rows(control_plane, "oktaconn", "-n", namespace, "-o", "wide")
    assert words(head) == ["NAME", "READY", "ORG", "REASON", "AGE", "MESSAGE"]
    assert words(row)[:4] == ["my-connection", "True", "acme.okta.com", "Published"]
    assert words(row)[-1] == "all is well"


def test_columns_of_a_connection_of_the_cluster(
    control_plane: ControlPlane, namespace: str
) -> None:
    create(control_plane, namespace, cluster_connection(name=namespace))
    status = {"conditions": [READY], "orgHost": "acme.okta.com"}
    assert set_status(control_plane, namespace, f"coktaconn/{namespace}", status) == ""
    head, row = rows(control_plane, "coktaconn", namespace, "-o", "wide")
    assert words(head) == ["NAME", "READY", "ORG", "REASON", "AGE", "MESSAGE"]
    assert words(row)[:4] == [namespace, "True", "acme.okta.com", "Published"]


def words(line: str) -> list[str]:
    """The cells of a line of `kubectl get`, whose columns are at least three spaces apart."""
    return [cell.strip() for cell in line.split("   ") if cell.strip()]


@pytest.mark.parametrize(
    ("path", "phrase"),
    [
        ("ocsr.spec.rotationInterval", "Days from one scheduled rotation to the next"),
        ("ocsr.spec.rotateAtUtc", "Default: 00:00 UTC"),
        ("ocsr.spec.verification.timeoutSeconds", "in seconds, 5 to 600"),
        ("ocsr.status.nextRotationAt", "in UTC"),
        ("oktaconn.spec.instanceUrl", "such as https://acme.okta.com"),
        ("oktaconn.status.orgId", "Okta's id of the org"),
        ("coktaconn.spec.access.namespaceSelector", "{} picks every namespace"),
    ],
)
def test_kubectl_explain(control_plane: ControlPlane, path: str, phrase: str) -> None:
    explained = " ".join(control_plane.kubectl("explain", path).stdout.split())
    assert phrase in explained


def test_conditions_are_a_map_by_type(control_plane: ControlPlane, namespace: str) -> None:
    create(control_plane, namespace, rotation())
    status = {"conditions": [READY, READY]}
    error = set_status(control_plane, namespace, "ocsr/my-rotation", status)
    assert "status.conditions[1]: Duplicate value" in error


def test_credentials_are_a_map_by_index(control_plane: ControlPlane, namespace: str) -> None:
    create(control_plane, namespace, rotation())
    credential = {"index": 0, "secretId": "ocs1", "state": "ACTIVE"}
    error = set_status(
        control_plane, namespace, "ocsr/my-rotation", {"credentials": [credential, credential]}
    )
    assert "status.credentials[1]: Duplicate value" in error


def test_a_time_in_the_status_is_a_time(control_plane: ControlPlane, namespace: str) -> None:
    create(control_plane, namespace, rotation())
    status = {"nextRotationAt": "tomorrow"}
    error = set_status(control_plane, namespace, "ocsr/my-rotation", status)
    assert "nextRotationAt in body must be of type date-time" in error
