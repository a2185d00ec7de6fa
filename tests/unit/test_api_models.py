"""The models: defaults, rules and their messages, times, and what a broken status costs.

That they agree with the API server is tested on one, in `tests/cluster/test_crd_property.py`.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from okta_rotator.api.base import spec_error_message
from okta_rotator.api.conditions import Condition, Reason
from okta_rotator.api.connection import ConnectionSpec
from okta_rotator.api.patterns import Duration, parsed_duration
from okta_rotator.api.rotation import (
    AdoptionPolicy,
    DeletionAction,
    OktaSecretsAction,
    Retention,
    RotationSpec,
)
from okta_rotator.api.rotation_status import Failures, RotationResult, RotationStatus
from tests.resources import (
    ABSENT,
    CLIENT_ID,
    Json,
    connection,
    rotation,
    service_app_connection,
)

SAMPLES = Path(__file__).parents[2] / "deploy" / "samples"


HOUR = timedelta(hours=1)


class Durations(BaseModel):
    length: Duration


def rotation_spec(changes: dict[str, Any]) -> RotationSpec:
    return RotationSpec.model_validate(rotation(changes)["spec"])


def refusal(changes: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        rotation_spec(changes)
    return spec_error_message(caught.value)


def connection_refusal(changes: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        ConnectionSpec.model_validate(connection(changes)["spec"])
    return spec_error_message(caught.value)


def test_defaults_of_a_rotation() -> None:
    spec = rotation_spec({})
    assert spec.is_auto_rotation_enabled
    assert spec.rotate_at_utc is None
    assert (spec.target.name, spec.target.type) == (None, "Opaque")
    assert (spec.target.metadata.labels, spec.target.metadata.annotations) == ({}, {})
    assert (spec.verification.enabled, spec.verification.timeout_seconds) == (True, 60)
    assert spec.deletion_policy.secret is DeletionAction.RETAIN
    assert spec.deletion_policy.okta_secrets is OktaSecretsAction.RETAIN
    assert spec.adoption_policy is AdoptionPolicy.ROTATE
    assert spec.verification.recheck == timedelta(hours=24)
    previous = spec.previous_secret
    assert previous.retention is Retention.UNTIL_NEXT_ROTATION
    assert (previous.kept_for, previous.hold) == (None, timedelta(0))


@pytest.mark.parametrize(
    ("given", "kept_for", "hold"),
    [
        ({"retention": "For", "duration": "24h"}, timedelta(days=1), timedelta(hours=1)),
        ({"retention": "For", "duration": "90m", "inactiveHold": "0s"}, 1.5 * HOUR, 0 * HOUR),
        ({"inactiveHold": "2h30m"}, None, 2.5 * HOUR),
        ({"retention": "UntilNextRotation"}, None, 0 * HOUR),
    ],
)
def test_how_long_the_previous_secret_is_kept(
    given: dict[str, Any], kept_for: timedelta | None, hold: timedelta
) -> None:
    previous = rotation_spec({"spec.previousSecret": given}).previous_secret
    assert (previous.kept_for, previous.hold) == (kept_for, hold)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("24h", timedelta(days=1)),
        ("1h30m", timedelta(minutes=90)),
        ("1h2m3s", timedelta(hours=1, minutes=2, seconds=3)),
        ("90s", timedelta(seconds=90)),
        ("5m1s", timedelta(seconds=301)),
        ("1h1s", timedelta(seconds=3601)),
        ("0s", timedelta(0)),
        ("00720h", timedelta(days=30)),
        ("999999m", timedelta(minutes=999999)),
    ],
)
def test_a_duration_is_read_as_kubernetes_writes_it(text: str, length: timedelta) -> None:
    assert parsed_duration(text) == length
    assert Durations.model_validate({"length": text}).length == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "24", "h", "1d", "1ms", "1h 30m", "30m1h", "1h1h", "-1h", "+1h", "1.5h", "1H"),
        *("24h\n", " 24h", "\u0661h", "100000h", "1000000m", "100000000s", "1h30", "1us"),
    ],
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValidationError):
        Durations.model_validate({"length": text})


def test_the_app_id_defaults_to_the_client_id() -> None:
    assert rotation_spec({}).parameters.effective_app_id == CLIENT_ID
    other = rotation_spec(
        {"spec.parameters": {"clientId": "my_client", "appId": "0oa000000000000000aa"}}
    )
    assert other.parameters.effective_app_id == "0oa000000000000000aa"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.rotationInterval", 1),
        ("spec.rotationInterval", 3650),
        ("spec.rotateAtUtc", {"hours": 23, "minutes": 59}),
        ("spec.verification.timeoutSeconds", 5),
        ("spec.verification.timeoutSeconds", 600),
        ("spec.description", "é" * 256),
        ("spec.secretsMapping.clientId", ".env"),
        ("spec.secretsMapping.clientId", "k" * 253),
        ("spec.target.type", "example.com/credentials"),
        ("spec.target.metadata.labels", {"app.kubernetes.io/part-of": "shop", "team": ""}),
        ("spec.target.metadata.annotations", {"notkubernetes.io/a": "any text\nat all"}),
        ("spec.adoptionPolicy", "Adopt"),
        ("spec.verification.recheckInterval", "1m"),
        ("spec.verification.recheckInterval", "720h"),
        ("spec.verification.recheckInterval", "60s"),
        ("spec.previousSecret", {"retention": "For", "duration": "719h59m59s"}),
        ("spec.previousSecret", {"retention": "For", "duration": "1m"}),
        ("spec.previousSecret", {"inactiveHold": "719h59m59s"}),
        ("spec.deletionPolicy", {"secret": "Delete", "oktaSecrets": "Revoke"}),
        ("spec.deletionPolicy", {"secret": "Delete", "oktaSecrets": "Retain"}),
        ("spec.unknown", "of a later version"),
    ],
)
def test_sound_specs(path: str, value: Any) -> None:
    rotation_spec({path: value})


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("spec.connection", ABSENT, "spec.connection: Field required"),
        ("spec.connection.kind", "Other", "spec.connection.kind: should be 'OktaConnection'"),
        ("spec.connection.name", "Upper", "spec.connection.name: must be the name of a"),
        ("spec.rotationInterval", 0, "spec.rotationInterval: should be greater than or equal to 1"),
        ("spec.rotationInterval", True, "spec.rotationInterval: should be a valid integer"),
        ("spec.rotationInterval", "30", "spec.rotationInterval: should be a valid integer"),
        ("spec.rotationInterval", 1.5, "spec.rotationInterval: should be a valid integer"),
        ("spec.isAutoRotationEnabled", "true", "spec.isAutoRotationEnabled: should be a valid"),
        ("spec.rotateAtUtc", {"hours": 24, "minutes": 0}, "spec.rotateAtUtc.hours: should be less"),
        ("spec.rotateAtUtc", {"hours": 1}, "spec.rotateAtUtc.minutes: Field required"),
        ("spec.description", "é" * 257, "spec.description: "),
        ("spec.parameters.clientId", "ALL_CLIENTS", "spec.parameters.clientId: must be the client"),
        ("spec.parameters.clientId", "short", "spec.parameters.clientId: must be an Okta client"),
        ("spec.parameters.clientId", CLIENT_ID + "\n", "spec.parameters.clientId: must be an Okta"),
        ("spec.parameters.clientId", "my_client", "spec.parameters.appId: appId is needed here"),
        ("spec.parameters.appId", "0oa/../../users", "spec.parameters.appId: must be an Okta app"),
        ("spec.parameters.appId", "0oa%2e%2e0000", "spec.parameters.appId: must be an Okta app id"),
        ("spec.parameters.appId", "٠oa1b2c3d4e5f6g7h8i9", "spec.parameters.appId: must be an Okta"),
        ("spec.secretsMapping.clientSecret", "OKTA_CLIENT_ID", ".clientSecret: clientSecret must"),
        ("spec.secretsMapping.clientId", "a/b", "spec.secretsMapping.clientId: must be a key"),
        ("spec.secretsMapping.clientId", "..a", "spec.secretsMapping.clientId: must be a key"),
        ("spec.secretsMapping.clientId", ".", "spec.secretsMapping.clientId: must be a key"),
        ("spec.target.name", "a-okta-rotator-state", "spec.target.name: name must not end in"),
        ("spec.target.type", "kubernetes.io/tls", "spec.target.type: must not be a type under"),
        ("spec.target.type", "bootstrap.kubernetes.io/token", "spec.target.type: must not be"),
        ("spec.target.type", "okta-rotator.dev/state", "spec.target.type: must not be a type"),
        ("spec.target.metadata.labels", {"x.k8s.io/a": ""}, ".metadata.labels: no key may be"),
        ("spec.target.metadata.labels", {"kubernetes.io/a": ""}, ".metadata.labels: no key may"),
        ("spec.target.metadata.labels", {"a": "-"}, "spec.target.metadata.labels.a: must be a"),
        ("spec.target.metadata.labels", {"a b": ""}, ".metadata.labels: every key must be"),
        ("spec.target.metadata.annotations", {"meta.helm.sh/a": ""}, ".annotations: no key may"),
        ("spec.target.metadata.annotations", {"okta-rotator.dev/adopt": "x"}, "annotations: no"),
        ("spec.verification.timeoutSeconds", 4, "spec.verification.timeoutSeconds: should be"),
        ("spec.deletionPolicy.secret", "retain", "spec.deletionPolicy.secret: should be 'Retain'"),
        ("spec.deletionPolicy.oktaSecrets", "Revoke", ".oktaSecrets: oktaSecrets can be Revoke"),
        ("spec.deletionPolicy.oktaSecrets", "Delete", ".oktaSecrets: should be 'Retain' or"),
        ("spec.adoptionPolicy", "adopt", "spec.adoptionPolicy: should be 'Rotate' or 'Adopt'"),
        ("spec.verification.recheckInterval", "59s", ".recheckInterval: must be a duration from"),
        ("spec.verification.recheckInterval", "720h1s", "must be a duration from 1m to 720h"),
        ("spec.verification.recheckInterval", "1d", "must be a duration in hours, minutes and"),
        ("spec.verification.recheckInterval", 86400, ".recheckInterval: should be a valid string"),
        (
            "spec.previousSecret.retention",
            "For",
            "spec.previousSecret.duration: duration is needed",
        ),
        ("spec.previousSecret.duration", "24h", "spec.previousSecret.duration: duration is needed"),
        ("spec.previousSecret.retention", "AfterRollout", "should be 'UntilNextRotation' or 'For'"),
        ("spec.previousSecret", {"retention": "For", "duration": "59s"}, "from 1m to 87600h"),
        (
            "spec.previousSecret",
            {"retention": "For", "duration": "720h"},
            "spec.previousSecret.duration: duration must be shorter than rotationInterval",
        ),
        ("spec.previousSecret.inactiveHold", "721h", "inactiveHold: must be a duration from 0s to"),
        (
            "spec.previousSecret.inactiveHold",
            "720h",
            "spec.previousSecret.inactiveHold: inactiveHold must be shorter than rotationInterval",
        ),
    ],
)
def test_a_refusal_names_the_field_and_what_would_be_right(
    path: str, value: Any, named: str
) -> None:
    assert named in refusal({path: value})


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.okta.com",
        "https://acme.oktapreview.com:8443",
        "https://login.admin.example.com",
        "https://localhost:65535",
        "http://127.0.0.1:8080",
        "http://localhost",
        "http://[::1]:1",
    ],
)
def test_sound_addresses(url: str) -> None:
    spec = ConnectionSpec.model_validate(connection({"spec.instanceUrl": url})["spec"])
    assert spec.instance_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.okta.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.2",
        "https://acme.okta.com/",
        "https://acme.okta.com/oauth2",
        "https://acme.okta.com?a=b",
        "https://acme.okta.com#a",
        "https://user@acme.okta.com",
        "https://acme.okta.com:0",
        "https://acme.okta.com:65536",
        "https://acme.okta.com:",
        "https://ACME.okta.com",
        "https://acme.okta.com\n",
        "https://acme..okta.com",
        "https://acme.okta.com.",
        "https://10.0.0.1",
        "https://-acme.okta.com",
        "https://acme",
        "HTTPS://acme.okta.com",
        "ftp://acme.okta.com",
        "acme.okta.com",
        "",
    ],
)
def test_addresses_that_are_refused(url: str) -> None:
    assert "spec.instanceUrl: must be https://<host>" in connection_refusal(
        {"spec.instanceUrl": url}
    )


def test_the_admin_console_is_refused() -> None:
    message = connection_refusal({"spec.instanceUrl": "https://acme-admin.okta.com"})
    assert "spec.instanceUrl: must not be the address of the admin console" in message


@pytest.mark.parametrize(
    ("make", "changes", "says"),
    [
        (connection, {"spec.apiToken": ABSENT}, "spec.apiToken: apiToken is needed with method"),
        (connection, {"spec.method": "oauth-private-key"}, "apiToken is needed with method api-t"),
        (service_app_connection, {"spec.oauth": ABSENT}, "spec.oauth: oauth is needed with"),
        (
            service_app_connection,
            {"spec.method": "api-token"},
            "apiToken is needed with method api-t",
        ),
        (connection, {"spec.caBundle": "MIIB"}, "spec.caBundle: must be one certificate or sev"),
        (connection, {"spec.rateLimit": {"maxUtilizationPercent": 0}}, "maxUtilizationPercent"),
    ],
)
def test_connections_that_are_refused(
    make: Callable[..., Json], changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        ConnectionSpec.model_validate(make(changes)["spec"])
    assert says in spec_error_message(caught.value)


def test_a_refusal_tells_all_faults_and_no_values() -> None:
    message = refusal(
        {"spec.parameters.clientId": "sesame, open!\x00", "spec.rotationInterval": "sesame"}
    )
    assert "spec.parameters.clientId" in message
    assert "spec.rotationInterval" in message
    assert "sesame" not in message


def test_models_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        rotation_spec({}).rotation_interval = 1  # type: ignore[misc]


def test_times_are_whole_seconds_in_utc() -> None:
    berlin = timezone(timedelta(hours=2))
    status = RotationStatus(last_rotated_at=datetime(2026, 7, 1, 1, 30, 15, 999999, berlin))
    assert status.to_api() == {"lastRotatedAt": "2026-06-30T23:30:15Z"}
    assert status.last_rotated_at == datetime(2026, 6, 30, 23, 30, 15, tzinfo=UTC)
    assert RotationStatus.model_validate(status.to_api()) == status


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        RotationStatus(last_rotated_at=datetime(2026, 7, 1))  # noqa: DTZ001


def test_a_status_is_read_as_far_as_it_can_be() -> None:
    status = RotationStatus.salvage(
        {
            "rotationStatus": "success",
            "nextRotationAt": "soon",
            "failures": {"count": -1},
            "handledRequests": {"rotate": "token"},
        }
    )
    assert status.rotation_status is RotationResult.SUCCESS
    assert status.next_rotation_at is None
    assert status.failures is None
    assert status.handled_requests is not None
    assert status.handled_requests.rotate == "token"


def test_what_is_none_is_not_sent() -> None:
    status = RotationStatus(failures=Failures(count=2))
    assert status.to_api() == {"failures": {"count": 2}}


def test_a_condition_keeps_a_reason_of_a_later_version() -> None:
    raw = {
        "type": "Ready",
        "status": "False",
        "reason": "NotYetInvented",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    assert Condition.model_validate(raw).to_api() == raw


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_a_word_with_a_sentence(reason: Reason) -> None:
    assert re.fullmatch("[A-Z][A-Za-z]+", reason)
    assert re.fullmatch(r"[A-Z][^\n]+\.", reason.explanation)
    assert Reason(str(reason)) is reason
    assert reason.name == re.sub("(?<!^)(?=[A-Z])", "_", reason).upper()


def test_the_samples_are_sound() -> None:
    rotation_sample = yaml.safe_load((SAMPLES / "rotation.yaml").read_text())
    connection_sample = yaml.safe_load((SAMPLES / "connection.yaml").read_text())
    service_app = yaml.safe_load((SAMPLES / "connection-service-app.yaml").read_text())
    spec = RotationSpec.model_validate(rotation_sample["spec"])
    for sample in (connection_sample, service_app):
        ConnectionSpec.model_validate(sample["spec"])
    assert spec.connection.name == connection_sample["metadata"]["name"]
