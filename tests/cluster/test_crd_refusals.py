"""`kubectl apply` of manifests with a fault: refused, with a message that names the field."""

import json
from typing import Any

import pytest

from tests.controlplane.cluster import ControlPlane
from tests.resources import (
    ABSENT,
    Json,
    cluster_connection,
    connection,
    rotation,
    service_app_connection,
)

APP, OTHER_APP = "0oa1b2c3d4e5f6g7h8i9", "0oa000000000000000aa"

pytestmark = pytest.mark.usefixtures("crds")


def apply(control_plane: ControlPlane, namespace: str, resource: Json) -> str:
    """Apply the resource; what kubectl says where that fails, else nothing."""
    done = control_plane.kubectl(
        "apply", "-n", namespace, "-f", "-", input=json.dumps(resource), check=False
    )
    assert (done.returncode != 0) == bool(done.stderr), done.stderr
    return done.stderr


# Ids that would lead elsewhere in a path, or to more than one app.
JUNK = [
    *("../users/00u1", "0oa1b2c3d4e5f6g7h8i9/../0oa000000000000000aa", "0oa1b2c3d4/secrets"),
    *("0oa1b2c3d4%2f..%2f0oa2", "0oa1b2c3d4?x=1", "0oa1b2c3d4#x", "0oa1b2c3d4\n", "*", "0oa1"),
    *("", " 0oa1b2c3d4", "0oa1b2c3d4\\0oa2", "0oa1b2c3d4,0oa2", "0oa1b2c3d\u0661"),
]
EVERY_DAY = {"spec.rotationInterval": 1}


def local_time(zone: str) -> Json:
    return {"hours": 3, "minutes": 0, "timeZone": zone}


def window(**fields: Any) -> Json:
    return {"policy": "Allow", "schedule": "0 22 * * MON-FRI", "duration": "4h", **fields}


BOTH_TIMES = rotation(
    {"spec.rotateAtUtc": {"hours": 3, "minutes": 0}, "spec.rotateAt": local_time("Europe/Berlin")}
)["spec"]

# Each: the path of the fault, the value there, and what the message says beside that path.
ROTATION_FAULTS = [
    ("spec.connection", ABSENT, "Required value"),
    ("spec.connection.kind", "Okta", '"OktaConnection", "ClusterOktaConnection"'),
    ("spec.connection.name", "my_okta", "must be the name of a Kubernetes object: lower-case"),
    ("spec.parameters.clientId", ABSENT, "Required value"),
    ("spec.parameters.clientId", "a b c d", "must be an Okta client id: 6 to 100 letters"),
    ("spec.parameters.clientId", "ALL_CLIENTS", "must be the client id of one app"),
    ("spec.parameters", {"clientId": "my_client"}, "spec.parameters.appId: Required value: appId"),
    *(("spec.parameters.appId", junk, "must be an Okta app id: 10 to 64 letters") for junk in JUNK),
    ("spec.rotationInterval", ABSENT, "Required value"),
    ("spec.rotationInterval", 0, "should be greater than or equal to 1"),
    ("spec.rotationInterval", 3651, "should be less than or equal to 3650"),
    ("spec.rotationInterval", 1.5, "must be of type integer"),
    ("spec.rotationInterval", "30d", "must be of type integer"),
    ("spec.rotateAtUtc", {"hours": 24, "minutes": 0}, "spec.rotateAtUtc.hours in body should be"),
    ("spec.rotateAtUtc", {"hours": 3}, "spec.rotateAtUtc.minutes: Required value"),
    ("spec.rotateAt", {"hours": 3, "minutes": 0}, "spec.rotateAt.timeZone: Required value"),
    ("spec.rotateAt", local_time("Europe/Berlim"), "spec.rotateAt.timeZone: Invalid value"),
    ("spec.rotateAt", local_time("Local"), "is no IANA time zone that this operator knows"),
    ("spec.rotateAt", local_time("02:00"), "must be the name of an IANA time zone"),
    ("spec.rotateAt", local_time(""), "must be the name of an IANA time zone"),
    ("spec.rotateAt", local_time("../../etc/passwd"), "must be the name of an IANA time zone"),
    ("spec", BOTH_TIMES, "spec.rotateAt: Invalid value"),
    ("spec.spread", "24h1s", "must be a duration from 1m to 24h"),
    ("spec.windows", [window()] * 17, "must have at most 16 items"),
    ("spec.windows", [window(policy="Forbid")], 'supported values: "Allow", "Deny"'),
    ("spec.windows", [window(schedule="0 22 * *")], "must be five cron fields"),
    ("spec.windows", [window(schedule="@daily")], "must be five cron fields"),
    ("spec.windows", [window(schedule="0 24 * * *")], "the hour (field 2) must be"),
    ("spec.windows", [window(schedule="0 2 * * MO")], "the weekday (field 5) must be"),
    ("spec.windows", [window(schedule="0 2 L * *")], "the day of the month (field 3) must be"),
    ("spec.windows", [window(duration="721h")], "must be a duration from 1m to 720h"),
    ("spec.windows", [window(duration="90s")], "must be whole minutes"),
    ("spec.windows", [window(timeZone="Local")], "spec.windows[0].timeZone: Invalid value"),
    ("spec.secretsMapping.clientSecret", ABSENT, "Required value"),
    ("spec.secretsMapping.clientSecret", "a/b", "must be a key that a Secret can have"),
    ("spec.secretsMapping.clientSecret", "OKTA_CLIENT_ID", "must name another key of the Secret"),
    (
        "spec.secretsMapping.previousClientSecret",
        "OKTA_CLIENT_SECRET",
        "previousClientSecret must name another key of the Secret than clientId and clientSecret",
    ),
    ("spec.target.template", {"a": "{{ password }}"}, "may hold no other expression than {{ name"),
    ("spec.target.template", {"a": "{{ clientId | upper }}"}, "filter is one of base64, json, url"),
    ("spec.target.template", {"a": "{{ clientId"}, "may hold no other expression than {{ name }}"),
    ("spec.target.template", {"a/b": "x"}, "every key must be one that a Secret can have"),
    ("spec.target.template", {"OKTA_CLIENT_ID": "x"}, "must name other keys than secretsMapping"),
    ("spec.target.creationPolicy", "Orphan", 'supported values: "Create", "Merge"'),
    ("spec.target", {"creationPolicy": "Merge", "type": "a.b/c"}, "leave out type and metadata"),
    (
        "spec.target",
        {"creationPolicy": "Merge", "metadata": {"labels": {"a": "b"}}},
        "leave out type and metadata: the Secret is somebody else's",
    ),
    ("spec.target.name", "a-okta-rotator-state", "name must not end in -okta-rotator-state"),
    ("spec.target.type", "kubernetes.io/tls", "must not be a type under kubernetes.io"),
    ("spec.target.metadata.labels", {"a.k8s.io/b": "c"}, "no key may be under kubernetes.io"),
    ("spec.target.metadata.labels", {"a b": "c"}, "every key must be a name of at most 63"),
    ("spec.target.metadata.labels", {"a": "b c"}, "must be a label's value: at most 63"),
    ("spec.target.metadata.annotations", {"okta-rotator.dev/adopt": "x"}, "no key may be under"),
    ("spec.verification.timeoutSeconds", 0, "should be greater than or equal to 5"),
    ("spec.verification.recheckInterval", "59s", "must be a duration from 1m to 720h"),
    ("spec.verification.recheckInterval", "721h", "must be a duration from 1m to 720h"),
    ("spec.verification.recheckInterval", "1d", "must be a duration in hours, minutes and seconds"),
    ("spec.verification.recheckInterval", "1h\n", "must be a duration in hours, minutes and"),
    ("spec.adoptionPolicy", "Take", 'supported values: "Rotate", "Adopt"'),
    ("spec.previousSecret.retention", "Forever", 'supported values: "UntilNextRotation", "For"'),
    ("spec.previousSecret", {"retention": "For"}, "duration is needed with retention For"),
    ("spec.previousSecret", {"duration": "24h"}, "belongs to no other retention"),
    ("spec.previousSecret", {"retention": "For", "duration": "30s"}, "from 1m to 87600h"),
    ("spec.previousSecret", {"retention": "For", "duration": "720h"}, "duration must be shorter"),
    ("spec.previousSecret.inactiveHold", "-1h", "must be a duration in hours, minutes and seconds"),
    ("spec.previousSecret.inactiveHold", "720h1s", "must be a duration from 0s to 720h"),
    ("spec.previousSecret.inactiveHold", "720h", "inactiveHold must be shorter than rotationInt"),
    ("spec.deletionPolicy.secret", "Keep", '"Retain"'),
    ("spec.deletionPolicy.oktaSecrets", "Delete", 'supported values: "Retain", "Revoke"'),
    ("spec.deletionPolicy.oktaSecrets", "Revoke", "oktaSecrets can be Revoke only where secret"),
    ("spec.description", "k" * 257, "Too long: may not be"),
    ("metadata.name", "k" * 235, "must have at most 234 characters"),
    ("metadata.name", "a-okta-rotator-state", "not end in -okta-rotator-state"),
    ("spec.rotationIntervall", 30, "unknown field"),
]
API_TOKEN = connection()["spec"]["apiToken"]
OAUTH = service_app_connection()["spec"]["oauth"]
CERTIFICATE = "-----BEGIN CERTIFICATE-----"
CONNECTION_FAULTS = [
    ("spec.instanceUrl", "https://acme.okta.com/app", "must be https://<host> or https://<host>:"),
    ("spec.instanceUrl", "http://acme.okta.com", "http only for 127.0.0.1, localhost and [::1]"),
    ("spec.instanceUrl", "https://acme-admin.okta.com", "leave out -admin"),
    ("spec.instanceUrl", "https://" + "a" * 260 + ".com", "Too long"),
    ("spec.method", ABSENT, "Required value"),
    ("spec.method", "password", 'supported values: "api-token", "oauth-private-key"'),
    ("spec.apiToken", ABSENT, "apiToken is needed with method api-token, and belongs to no other"),
    ("spec.apiToken", "00token", "must be of type object"),
    ("spec.apiToken.secretRef.key", ABSENT, "Required value"),
    ("spec.apiToken.secretRef.name", "a/b", "must be the name of a Kubernetes object"),
    ("spec.oauth", OAUTH, "oauth is needed with method oauth-private-key, and belongs to no other"),
    ("spec.caBundle", "MIIB", "must be one certificate or several in PEM"),
    ("spec.caBundle", CERTIFICATE + "A" * 65536, "Too long"),
    ("spec.rateLimit.maxUtilizationPercent", 0, "should be greater than or equal to 1"),
    ("spec.rateLimit.maxUtilizationPercent", 101, "should be less than or equal to 100"),
    ("spec.rateLimit.maxUtilizationPercent", "80%", "must be of type integer"),
    ("spec.freeze", {"until": "2026-12-27T00:00:00Z"}, "spec.freeze.reason: Required value"),
    ("spec.freeze", {"until": "2026-12-27", "reason": "x"}, "must be an instant with its offset"),
    ("spec.freeze", {"until": "2026-02-30T00:00:00Z", "reason": "x"}, "a day and a time that the"),
    ("spec.freeze", {"until": "1999-12-31T00:00:00Z", "reason": "x"}, "from the year 2000 on"),
    ("spec.freeze", {"until": "2026-12-27T24:00:00Z", "reason": "x"}, "a day and a time that the"),
]
SERVICE_APP_FAULTS = [
    ("spec.oauth", ABSENT, "oauth is needed with method oauth-private-key, and belongs to no"),
    ("spec.apiToken", API_TOKEN, "apiToken is needed with method api-token, and belongs to no"),
    ("spec.oauth.clientId", ABSENT, "Required value"),
    ("spec.oauth.clientId", "my client", "must be an Okta client id: 6 to 100 letters"),
    ("spec.oauth.privateKey", ABSENT, "Required value"),
    ("spec.oauth.privateKey", "-----BEGIN PRIVATE KEY-----", "must be of type object"),
    ("spec.oauth.privateKey.secretRef.key", "a/b", "must be a key that a Secret can have"),
    ("spec.oauth.dpop", "auto", 'supported values: "Auto", "Required", "Disabled"'),
]


@pytest.mark.parametrize(("path", "value", "phrase"), ROTATION_FAULTS)
def test_a_rotation_is_refused(
    control_plane: ControlPlane, namespace: str, path: str, value: Any, phrase: str
) -> None:
    error = apply(control_plane, namespace, rotation({path: value}))
    assert path in error
    assert phrase in error


@pytest.mark.parametrize(("path", "value", "phrase"), CONNECTION_FAULTS)
def test_a_connection_is_refused(
    control_plane: ControlPlane, namespace: str, path: str, value: Any, phrase: str
) -> None:
    error = apply(control_plane, namespace, connection({path: value}))
    assert path in error
    assert phrase in error


@pytest.mark.parametrize(("path", "value", "phrase"), SERVICE_APP_FAULTS)
def test_a_connection_of_a_service_app_is_refused(
    control_plane: ControlPlane, namespace: str, path: str, value: Any, phrase: str
) -> None:
    error = apply(control_plane, namespace, service_app_connection({path: value}))
    assert path in error
    assert phrase in error


def entry(**fields: Any) -> Json:
    """A sound entry of spec.access with other fields; None leaves one out."""
    given = {"namespaces": ["team-a"], "appIds": [APP], **fields}
    return {key: value for key, value in given.items() if value is not None}


def expression(operator: str, *values: str, key: str = "team") -> Json:
    wanted = {"key": key, "operator": operator, **({"values": list(values)} if values else {})}
    return {"matchExpressions": [wanted]}


ACCESS_FAULTS: list[tuple[str, Json, str]] = [
    ("namespaces", entry(namespaces=None), "Required value: namespaces (a list of names) or names"),
    ("namespaces", entry(namespaces=[]), "should have at least 1 items"),
    ("namespaces[0]", entry(namespaces=["Team"]), "must be the name of a namespace: lower-case"),
    ("namespaces[0]", entry(namespaces=["*"]), "must be the name of a namespace: lower-case"),
    ("namespaces[0]", entry(namespaces=["a.b"]), "must be the name of a namespace: lower-case"),
    ("namespaces", entry(namespaces=["a"] * 129), "must have at most 128 items"),
    ("appIds", entry(appIds=None), "Required value"),
    ("appIds", entry(appIds=[]), "should have at least 1 items"),
    ("appIds", entry(appIds=["*", APP]), "* means every app, so it stands alone"),
    *(
        ("appIds[0]", entry(appIds=[junk]), "must be an Okta app id")
        for junk in JUNK
        if junk != "*"
    ),
    ("appIds", entry(appIds=[APP] * 257), "must have at most 256 items"),
    ("appIds[0]", entry(appIds=["0oa*"]), "must be an Okta app id: 10 to 64 letters and digits"),
    (
        "namespaceSelector.matchExpressions[0].values",
        entry(namespaceSelector=expression("In")),
        "values are needed with operator In or NotIn",
    ),
    (
        "namespaceSelector.matchExpressions[0].values",
        entry(namespaceSelector=expression("Exists", "a")),
        "and belong to no other operator",
    ),
    (
        "namespaceSelector.matchExpressions[0].operator",
        entry(namespaceSelector=expression("Is", "a")),
        'supported values: "In", "NotIn", "Exists", "DoesNotExist"',
    ),
    (
        "namespaceSelector.matchExpressions[0].key",
        entry(namespaceSelector=expression("Exists", key="a b")),
        "must be the key of a label",
    ),
    (
        "namespaceSelector.matchExpressions[0].values[0]",
        entry(namespaceSelector=expression("In", "a b")),
        "must be a label's value",
    ),
    (
        "namespaceSelector.matchLabels",
        entry(namespaceSelector={"matchLabels": {"a b": "c"}}),
        "every key must be a name of at most 63",
    ),
]


@pytest.mark.parametrize(("path", "access", "phrase"), ACCESS_FAULTS)
def test_an_entry_of_access_is_refused(
    control_plane: ControlPlane, namespace: str, path: str, access: Json, phrase: str
) -> None:
    manifest = cluster_connection(name=namespace, **access)
    error = apply(control_plane, namespace, manifest)
    assert f"spec.access[0].{path}" in error
    assert phrase in error


@pytest.mark.parametrize(
    "access",
    [
        entry(),
        entry(appIds=["*"]),
        entry(namespaces=None, namespaceSelector={}),
        entry(namespaceSelector={"matchLabels": {"a.example/team": ""}}),
        entry(namespaceSelector=expression("NotIn", "a", "b")),
        entry(namespaceSelector=expression("DoesNotExist")),
        entry(appIds=[APP] * 256, namespaces=["a" * 63] * 128),
    ],
)
def test_an_entry_of_access_is_accepted(
    control_plane: ControlPlane, namespace: str, access: Json
) -> None:
    assert apply(control_plane, namespace, cluster_connection(name=namespace, **access)) == ""


def test_access_has_an_end(control_plane: ControlPlane, namespace: str) -> None:
    entries = {"spec.access": [entry()] * 65}
    error = apply(control_plane, namespace, cluster_connection(entries, namespace))
    assert "spec.access: Too many: 65: must have at most 64 items" in error


@pytest.mark.parametrize(("path", "value", "phrase"), CONNECTION_FAULTS)
def test_a_connection_of_the_cluster_is_refused_what_any_connection_is(
    control_plane: ControlPlane, namespace: str, path: str, value: Any, phrase: str
) -> None:
    error = apply(control_plane, namespace, cluster_connection({path: value}, namespace))
    assert path in error
    assert phrase in error


def test_of_a_connection_of_the_cluster_all_but_the_address_can_be_changed(
    control_plane: ControlPlane, namespace: str
) -> None:
    for access in ({}, entry(), entry(appIds=["*"]), {}):
        manifest = cluster_connection({"spec.description": "a"}, name=namespace, **access)
        assert apply(control_plane, namespace, manifest) == ""
    other = {"spec.instanceUrl": "https://other.okta.com"}
    error = apply(control_plane, namespace, cluster_connection(other, namespace))
    assert "spec.instanceUrl: Forbidden: instanceUrl cannot be changed" in error


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        (
            {"spec.previousSecret": {"retention": "For", "duration": "48h"}},
            {"spec.previousSecret": {"retention": "For", "duration": "48h"}, **EVERY_DAY},
            "spec.previousSecret.duration: Invalid value",
        ),
        (
            {"spec.previousSecret.inactiveHold": "24h"},
            {"spec.previousSecret.inactiveHold": "24h", **EVERY_DAY},
            "spec.previousSecret.inactiveHold: Invalid value",
        ),
        (
            {"spec.deletionPolicy": {"secret": "Delete", "oktaSecrets": "Revoke"}},
            {"spec.deletionPolicy": {"secret": "Retain", "oktaSecrets": "Revoke"}},
            "spec.deletionPolicy.oktaSecrets: Invalid value",
        ),
    ],
)
def test_a_change_is_held_against_what_it_is_combined_with(
    control_plane: ControlPlane,
    namespace: str,
    before: dict[str, Any],
    after: dict[str, Any],
    named: str,
) -> None:
    assert apply(control_plane, namespace, rotation(before)) == ""
    assert named in apply(control_plane, namespace, rotation(after))


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ({}, {"spec.parameters.clientId": OTHER_APP}, "clientId: Forbidden: clientId cannot be"),
        ({}, {"spec.parameters.appId": OTHER_APP}, "spec.parameters.appId: Forbidden: appId can"),
        ({"spec.parameters.appId": OTHER_APP}, {}, "spec.parameters.appId: Forbidden: appId can"),
        ({"spec.parameters.appId": OTHER_APP}, {"spec.parameters.appId": APP}, "appId: Forbidden"),
        ({}, {"spec.target.name": "other"}, "spec.target.name: Forbidden: name cannot be changed"),
        ({"spec.target.name": "other"}, {}, "spec.target.name: Forbidden: name cannot be changed"),
        ({"spec.target.name": "a"}, {"spec.target": {}}, "spec.target.name: Forbidden: name can"),
        ({}, {"spec.target.type": "a.example/b"}, "spec.target.type: Forbidden: type cannot be"),
        ({"spec.target.type": "a.example/b"}, {}, "spec.target.type: Forbidden: type cannot be"),
    ],
)
def test_what_cannot_be_changed(
    control_plane: ControlPlane,
    namespace: str,
    before: dict[str, Any],
    after: dict[str, Any],
    named: str,
) -> None:
    assert apply(control_plane, namespace, rotation(before)) == ""
    assert named in apply(control_plane, namespace, rotation(after))


def test_the_address_of_a_connection_cannot_be_changed(
    control_plane: ControlPlane, namespace: str
) -> None:
    assert apply(control_plane, namespace, connection()) == ""
    error = apply(
        control_plane, namespace, connection({"spec.instanceUrl": "https://other.okta.com"})
    )
    assert "spec.instanceUrl: Forbidden: instanceUrl cannot be changed" in error


def test_the_sign_in_of_a_connection_can_be_changed(
    control_plane: ControlPlane, namespace: str
) -> None:
    more = {"spec.caBundle": CERTIFICATE, "spec.rateLimit.maxUtilizationPercent": 1}
    for resource in (connection(), service_app_connection(more), connection()):
        assert apply(control_plane, namespace, resource) == ""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"spec.parameters.appId": APP}),
        ({"spec.parameters.appId": APP}, {}),
        ({}, {"spec.target.name": "my-rotation"}),
        ({"spec.target.name": "my-rotation"}, {}),
        ({}, {"spec.target.type": "Opaque"}),
        ({"spec.target.metadata.labels": {"team": "a"}}, {}),
        (
            {"spec.rotateAtUtc": {"hours": 3, "minutes": 30}},
            {"spec.rotationInterval": 7, "spec.connection.name": "other"},
        ),
        (
            {},
            {"spec.connection": {"kind": "ClusterOktaConnection", "name": "other"}},
        ),
        ({}, {"spec.secretsMapping": {"clientId": "id", "clientSecret": "secret"}}),
        ({}, {"spec.previousSecret": {"retention": "For", "duration": "719h59m59s"}}),
        (
            {"spec.previousSecret": {"retention": "For", "duration": "48h"}},
            {"spec.rotationInterval": 3, "spec.previousSecret.inactiveHold": "1h30m"},
        ),
        ({}, {"spec.deletionPolicy": {"secret": "Delete", "oktaSecrets": "Revoke"}}),
        ({"spec.adoptionPolicy": "Adopt"}, {"spec.verification.recheckInterval": "90m"}),
        ({"spec.rotateAt": local_time("Europe/Berlin")}, {"spec.windows": [window()] * 16}),
        ({"spec.windows": [window(schedule="*/5,7-9/2 22-2 1,31 JAN,3 fri-mon")]}, {}),
    ],
)
def test_what_can_be_changed(
    control_plane: ControlPlane, namespace: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert apply(control_plane, namespace, rotation(before)) == ""
    assert apply(control_plane, namespace, rotation(after)) == ""
