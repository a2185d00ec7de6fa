"""Small builders of what the domain looks at, each with sound defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from okta_rotator.api.names import (
    APP_ID_ANNOTATION,
    ROTATION_LABEL,
    ROTATION_NAME_ANNOTATION,
    SECRET_ID_ANNOTATION,
    STATE_SECRET_TYPE,
    STATE_SUFFIX,
)
from okta_rotator.api.rotation import RotationSpec, RotationStatus
from okta_rotator.rotation.okta_view import AuthMethod, OktaApp, OktaSecret, Proof, SecretState
from okta_rotator.rotation.seen import Seen
from okta_rotator.rotation.snapshot import (
    Connection,
    Draw,
    Key,
    Neighbour,
    Resource,
    SecretObject,
    Snapshot,
    StoredState,
)
from okta_rotator.rotation.state import Candidate, Credential, Job, Standing, State, Trigger
from okta_rotator.rotation.values import RANDOM_BYTES, SecretValue, make_value, secret_hash
from tests import resources
from tests.resources import CLIENT_ID
from tests.unit.rotation.fake_okta import APP
from tests.unit.rotation.faults import START

UID = "6e1c1f0e-0000-4000-8000-000000000001"
EARLIER_UID = "6e1c1f0e-0000-4000-8000-000000000002"
NAME = "my-rotation"
NAMESPACE = "team-a"
ORG = "00o1"
ID_KEY, VALUE_KEY = "OKTA_CLIENT_ID", "OKTA_CLIENT_SECRET"
TARGET_KEYS = (ID_KEY, VALUE_KEY)

ON, OFF = SecretState.ACTIVE, SecretState.INACTIVE
CONNECTION = Connection("my-connection", "conn-uid", ORG, None)
DRAW = Draw("job-new", bytes(RANDOM_BYTES))


def ours(number: int, uid: str = UID) -> SecretValue:
    """A value made for the resource with this uid."""
    return make_value(uid, bytes([number]) * RANDOM_BYTES)


A, P, C, N = ours(1), ours(2), ours(3), ours(4)
"""Values of the active, the previous, the candidate, and one that no state knows."""
F, G = SecretValue("made-by-a-person"), SecretValue("made-by-another-person")


def secret(
    secret_id: str,
    value: SecretValue,
    state: SecretState = ON,
    created: datetime = START,
    shown: bool = True,
) -> OktaSecret:
    """A client secret in Okta."""
    return OktaSecret(secret_id, state, created, secret_hash(value), value if shown else None)


def credential(
    secret_id: str,
    value: SecretValue | None,
    index: int = 0,
    state: SecretState = ON,
) -> Credential:
    return Credential(secret_id, index, START, value, state)


def superseded(
    secret_id: str, value: SecretValue | None, at: datetime, **fields: Any
) -> Credential:
    """A previous secret at index 1, in whose place another became active at that time."""
    return replace(credential(secret_id, value, 1), superseded_at=at, **fields)


def job(trigger: Trigger = Trigger.SCHEDULE, **fields: Any) -> Job:
    return Job(**{"job_id": "job-1", "trigger": trigger, "started_at": START, **fields})


def state(**fields: Any) -> State:
    """A state that rotated at `START`, with A active at index 0 and no previous secret."""
    sound: dict[str, Any] = {
        "uid": UID,
        "app_id": CLIENT_ID,
        "client_id": CLIENT_ID,
        "org_id": ORG,
        "generation": 5,
        "auth_method": "client_secret_basic",
        "active": credential("a", A, 0),
        "last_job_id": "job-0",
        "last_rotated_at": START,
        "last_trigger": Trigger.CREATION,
        "series_from": START,
        "target_keys": TARGET_KEYS,
    }
    return State(**{**sound, **fields})


def rotating(trigger: Trigger = Trigger.SCHEDULE, **fields: Any) -> State:
    """A state with a job under way: A at 0, P at 1, candidate C."""
    under_way = {
        "previous": credential("p", P, 1),
        "candidate": Candidate(C, 1),
        "asked_at": START,
        "job": job(trigger),
    }
    return state(**{**under_way, **fields})


def resource(
    changes: Mapping[str, Any] | None = None,
    *,
    annotations: Mapping[str, str] | None = None,
    status: RotationStatus | None = None,
    **fields: Any,
) -> Resource:
    """The resource, with changes of its manifest by path (`spec.rotationInterval`)."""
    manifest = resources.rotation(changes, NAME)
    sound: dict[str, Any] = {
        "key": Key(NAMESPACE, NAME),
        "uid": UID,
        "generation": 1,
        "resource_version": "1",
        "deleting": False,
        "annotations": annotations or {},
        "created_at": START,
        "spec": RotationSpec.model_validate(manifest["spec"]),
        "spec_error": None,
        "status": status or RotationStatus(),
    }
    return Resource(**{**sound, **fields})


def invalid_resource(**fields: Any) -> Resource:
    return replace(resource(**fields), spec=None, spec_error="spec.target: cannot be read")


def target(
    value: SecretValue = A, secret_id: str = "a", uid: str = UID, **fields: Any
) -> SecretObject:
    """The target Secret as we publish it."""
    annotations = {
        ROTATION_NAME_ANNOTATION: NAME,
        APP_ID_ANNOTATION: CLIENT_ID,
        SECRET_ID_ANNOTATION: secret_id,
    }
    sound: dict[str, Any] = {
        "namespace": NAMESPACE,
        "name": NAME,
        "uid": "target-uid",
        "resource_version": "7",
        "type": "Opaque",
        "labels": {ROTATION_LABEL: uid},
        "annotations": annotations,
        "data": {ID_KEY: CLIENT_ID, VALUE_KEY: value.reveal()},
    }
    return SecretObject(**{**sound, **fields})


def strangers_secret(**fields: Any) -> SecretObject:
    """A Secret of the target's name that is not ours."""
    return target(**{"labels": {}, "annotations": {}, "data": {"theirs": "x"}, **fields})


def neighbour(name: str = "other", **fields: Any) -> Neighbour:
    """Another resource of the same namespace that has reached the same app.

    A day younger, with no state.
    """
    sound: dict[str, Any] = {
        "key": Key(NAMESPACE, name),
        "uid": "uid-of-" + name,
        "created_at": START + timedelta(days=1),
        "standing": Standing.NEW,
        "shares_target": False,
        "claim": 0,
    }
    return Neighbour(**{**sound, **fields})


def stored(content: State | None, error: str | None = None) -> StoredState:
    held = SecretObject(
        NAMESPACE, NAME + STATE_SUFFIX, "state-uid", "8", STATE_SECRET_TYPE, {}, {}, {}
    )
    return StoredState(held, content, error)


def seen(*secrets: OktaSecret, app: OktaApp | None = APP, **fields: Any) -> Seen:
    """Okta holds these secrets, as listed in this pass."""
    return Seen(**{"app": app, "secrets": secrets, "listed_in_this_pass": True, **fields})


def proof(
    value: SecretValue, said: Proof = Proof.ACCEPTED, at: datetime = START
) -> dict[tuple[SecretValue, AuthMethod], tuple[Proof, datetime]]:
    return {(value, AuthMethod.BASIC): (said, at)}


def snapshot(**fields: Any) -> Snapshot:
    """A settled resource: A is active and published, and nothing has been asked of Okta."""
    content = fields.pop("state", state())
    error = fields.pop("state_error", None)
    is_stored = content is not None or error is not None
    sound: dict[str, Any] = {
        "now": START,
        "resource": resource(),
        "connection": CONNECTION,
        "stored": stored(content, error) if is_stored else None,
        "target": target(),
        "seen": Seen(),
        "draw": DRAW,
        "claim": 1,
    }
    return Snapshot(**{**sound, **fields})
