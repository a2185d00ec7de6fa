"""The status of an OktaClientSecretRotation. It tells, and decides nothing."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StrictInt

from okta_rotator.api.base import ApiModel, ListMap, UtcTime
from okta_rotator.api.conditions import Condition, ObservedGeneration

Index = Annotated[StrictInt, Field(ge=0, le=1)]
Count = Annotated[StrictInt, Field(ge=0)]
Word = Annotated[str, Field(max_length=253)]


class RotationResult(StrEnum):
    """What `status.rotationStatus` can be."""

    SUCCESS = "success"
    FAILED = "failed"
    IN_PROGRESS = "in-progress"
    PENDING = "pending"


class CredentialState(StrEnum):
    """Okta's states of a client secret."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class CredentialStatus(ApiModel):
    """One of the two client secrets that the app can have. Never its value."""

    index: Index
    """Which of the two: 0 or 1."""
    secret_id: Word
    """Okta's id of the client secret."""
    state: CredentialState
    """Okta's state of the client secret: ACTIVE or INACTIVE."""
    created_at: UtcTime | None = None
    """When Okta made the client secret, in UTC."""
    revoke_at: UtcTime | None = None
    """When the operator will deactivate the client secret, in UTC; only for one that is no longer
    published and has a known end."""


class ConnectionSummary(ApiModel):
    """The connection that was last used."""

    app: Word | None = None
    """What the connection leads to: okta."""
    name: Word | None = None
    """Name of the connection."""
    id: Word | None = None
    """Id of the connection: its metadata.uid."""


class RotationProgress(ApiModel):
    """A rotation that is under way."""

    job_id: Word | None = None
    """Id of this rotation, as in the Events and the log."""
    trigger: Word | None = None
    """Why it was begun: creation, schedule, manual or repair."""
    step: Word | None = None
    """What it does now."""
    started_at: UtcTime | None = None
    """When it was begun, in UTC."""


class Failures(ApiModel):
    """Failed attempts since the last success."""

    count: Count | None = None
    """Number of failed attempts in a row."""
    last_at: UtcTime | None = None
    """When the last of them failed, in UTC."""
    next_attempt_at: UtcTime | None = None
    """When it is tried again, in UTC."""


class HandledRequests(ApiModel):
    """The last token of each manual request that was acted on."""

    rotate: Annotated[str, Field(max_length=1024)] | None = None
    """Last value of the annotation okta-rotator.dev/rotate that was acted on."""
    revoke_previous: Annotated[str, Field(max_length=1024)] | None = None
    """Last value of the annotation okta-rotator.dev/revoke-previous that was acted on."""
    rollback: Annotated[str, Field(max_length=1024)] | None = None
    """Last value of the annotation okta-rotator.dev/rollback that was acted on."""
    replace_foreign: Annotated[str, Field(max_length=1024)] | None = None
    """Last value of the annotation okta-rotator.dev/replace-foreign that was acted on."""


class RotationStatus(ApiModel):
    """What the operator did and saw."""

    type: Literal["okta-client-secret"] | None = None
    """Always okta-client-secret."""
    observed_generation: ObservedGeneration = None
    """The metadata.generation that this status was made from; -1 before the first one."""
    conditions: Annotated[tuple[Condition, ...], Field(max_length=16), ListMap("type")] | None = (
        None
    )
    """Ready, Reconciling and Stalled speak of the published value and the spec, Rotating and
    RotationFailing of the rotation."""
    rotation_status: RotationResult | None = None
    """Outcome of the last rotation: success, failed, in-progress or pending."""
    active_index: Index | None = None
    """Which of the credentials is published: 0 or 1."""
    credentials: (
        Annotated[tuple[CredentialStatus, ...], Field(max_length=2), ListMap("index")] | None
    ) = None
    """The client secrets of the app that the operator goes by: those that it made and that still
    exist in Okta, and at first the one that it found there."""
    last_rotation_attempted_at: UtcTime | None = None
    """When a rotation was last attempted, in UTC."""
    last_rotated_at: UtcTime | None = None
    """When a rotation last succeeded, in UTC."""
    next_rotation_at: UtcTime | None = None
    """When the next scheduled rotation will be tried, in UTC: when it is due, or when windows open
    next. Absent before the first success and while
    isAutoRotationEnabled is false. A failure does not move it: see failures.nextAttemptAt."""
    last_rotation_job_id: Word | None = None
    """Id of the last rotation that was attempted."""
    last_rotation_message: Annotated[str, Field(max_length=32768)] | None = None
    """Why the last rotation failed; absent where it did not."""
    connection: ConnectionSummary | None = None
    """The connection that was last used."""
    rotation: RotationProgress | None = None
    """The rotation that is under way; absent where none is."""
    failures: Failures | None = None
    """Failed attempts since the last success; absent where there are none."""
    state_generation: Count | None = None
    """Generation of the state Secret that this status was made from."""
    handled_requests: HandledRequests | None = None
    """The last manual requests that were acted on."""
