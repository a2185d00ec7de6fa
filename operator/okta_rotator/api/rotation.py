"""The kind OktaClientSecretRotation: its spec, as users write it, and the resource as a whole.

The status is in `rotation_status.py` and can be had from here as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StrictBool, StrictInt

from okta_rotator.api.base import ApiModel
from okta_rotator.api.names import STATE_SUFFIX
from okta_rotator.api.patterns import (
    APP_ID,
    RESOURCE_NAME_MAX,
    UNRESERVED_KEYS,
    VALID_KEYS,
    AppId,
    ClientId,
    LabelValue,
    ObjectName,
    SecretKey,
    SecretType,
)
from okta_rotator.api.rotation_status import RotationStatus as RotationStatus
from okta_rotator.api.rules import Rule, cel_text, is_match, unchangeable


class ConnectionKind(StrEnum):
    """The kinds that `spec.connection` can name."""

    OKTA_CONNECTION = "OktaConnection"


class DeletionAction(StrEnum):
    """What becomes of a thing when its resource is deleted."""

    RETAIN = "Retain"
    DELETE = "Delete"


class ConnectionReference(ApiModel):
    """The connection by which Okta is reached."""

    kind: ConnectionKind = ConnectionKind.OKTA_CONNECTION
    """Kind of the connection. Default: OktaConnection, one of the same namespace."""
    name: ObjectName
    """Name of the connection."""


class RotationParameters(ApiModel):
    """The Okta app whose client secret is rotated."""

    rules: ClassVar = (
        Rule(
            field=".appId",
            cel=f"has(self.appId) || self.clientId.matches({cel_text(f'^{APP_ID}$')})",
            says="appId is needed here, since clientId does not look like an app id (10 to 64 "
            "letters and digits): give the app's id, which begins with 0oa",
            holds=lambda own: own.app_id is not None or is_match(APP_ID, own.client_id),
            reason="FieldValueRequired",
        ),
        unchangeable(
            ".clientId",
            "clientId cannot be changed: make another OktaClientSecretRotation for that app",
            now="self.clientId",
            before="oldSelf.clientId",
        ),
        unchangeable(
            ".appId",
            "appId cannot be changed (left out, it is the same as clientId): make another "
            "OktaClientSecretRotation for that app",
            now="(has(self.appId) ? self.appId : self.clientId)",
            before="(has(oldSelf.appId) ? oldSelf.appId : oldSelf.clientId)",
        ),
    )

    client_id: ClientId
    """Client id of the Okta app, 6 to 100 characters. The app must be an active OIDC app that
    authenticates with a client secret. Cannot be changed."""
    app_id: AppId | None = None
    """Id of the Okta app, which begins with 0oa. Default: the same as clientId, which is right
    unless the app was given a client id of its own. Cannot be changed."""

    @property
    def effective_app_id(self) -> str:
        """The id of the Okta app for the paths of Okta's API."""
        return self.app_id if self.app_id is not None else self.client_id


class TimeOfDay(ApiModel):
    """A time of day in UTC."""

    hours: Annotated[StrictInt, Field(ge=0, le=23)]
    """Hour of the day in UTC, 0 to 23."""
    minutes: Annotated[StrictInt, Field(ge=0, le=59)]
    """Minute of the hour, 0 to 59."""


class SecretsMapping(ApiModel):
    """Under which keys of the target Secret the values are published."""

    rules: ClassVar = (
        Rule(
            field=".clientSecret",
            cel="self.clientId != self.clientSecret",
            says="clientSecret must name another key of the Secret than clientId",
            holds=lambda own: own.client_id != own.client_secret,
        ),
    )

    client_id: SecretKey
    """Key of the target Secret for the client id, such as OKTA_CLIENT_ID."""
    client_secret: SecretKey
    """Key of the target Secret for the client secret, such as OKTA_CLIENT_SECRET."""


class TargetMetadata(ApiModel):
    """Labels and annotations of the target Secret."""

    labels: Annotated[
        Mapping[str, LabelValue], Field(max_length=32), VALID_KEYS, UNRESERVED_KEYS
    ] = {}
    """Labels to set on the target Secret, at most 32. Keys under kubernetes.io (but for
    app.kubernetes.io), k8s.io, helm.sh and okta-rotator.dev are not allowed."""
    annotations: Annotated[
        Mapping[str, Annotated[str, Field(max_length=1024)]],
        Field(max_length=32),
        VALID_KEYS,
        UNRESERVED_KEYS,
    ] = {}
    """Annotations to set on the target Secret, at most 32 of at most 1024 characters. The keys
    are limited as those of labels."""


class Target(ApiModel):
    """The Secret in which the values are published."""

    rules: ClassVar = (
        Rule(
            field=".name",
            cel=f"!has(self.name) || !self.name.endsWith('{STATE_SUFFIX}')",
            says=f"name must not end in {STATE_SUFFIX}, which marks the operator's own Secrets",
            holds=lambda own: own.name is None or not own.name.endswith(STATE_SUFFIX),
        ),
        unchangeable(
            ".type",
            "type cannot be changed, since Kubernetes lets nobody change a Secret's type: make "
            "another OktaClientSecretRotation",
            now="self.type",
            before="oldSelf.type",
        ),
    )

    name: ObjectName | None = None
    """Name of the Secret, in the namespace of the rotation. Default: the rotation's own name.
    A Secret of that name that the operator did not make is not touched. Cannot be changed."""
    type: SecretType = "Opaque"
    """Type of the Secret. Default: Opaque. Not one under kubernetes.io. Cannot be changed."""
    metadata: TargetMetadata = TargetMetadata()
    """Labels and annotations for the Secret, beside the operator's own."""


class Verification(ApiModel):
    """How a new client secret is proven before it is published."""

    enabled: StrictBool = True
    """Whether a new client secret is published only after Okta was seen to accept it.
    Default: true."""
    timeout_seconds: Annotated[StrictInt, Field(ge=5, le=600)] = 60
    """How long a new client secret is tried before it counts as refused, in seconds, 5 to 600.
    Default: 60."""


class DeletionPolicy(ApiModel):
    """What becomes of things when the rotation is deleted."""

    secret: DeletionAction = DeletionAction.RETAIN
    """What becomes of the target Secret when the rotation is deleted: Retain or Delete.
    Default: Retain."""


class RotationSpec(ApiModel):
    """Which client secret is rotated, how often, and where it is published."""

    description: Annotated[str, Field(max_length=256)] | None = None
    """Free text for people, at most 256 characters."""
    connection: ConnectionReference
    """The connection by which Okta is reached."""
    parameters: RotationParameters
    """The Okta app whose client secret is rotated."""
    is_auto_rotation_enabled: StrictBool = True
    """Whether the client secret is rotated by schedule. Where it is not, the first rotation,
    manual ones and repairs still run. Default: true."""
    rotation_interval: Annotated[StrictInt, Field(ge=1, le=3650)]
    """Days from one scheduled rotation to the next, 1 to 3650."""
    rotate_at_utc: TimeOfDay | None = None
    """Time of day in UTC at which scheduled rotations run. Default: 00:00 UTC."""
    secrets_mapping: SecretsMapping
    """Under which keys of the target Secret the values are published."""
    target: Target = Target()
    """The Secret in which the values are published."""
    verification: Verification = Verification()
    """How a new client secret is proven before it is published."""
    deletion_policy: DeletionPolicy = DeletionPolicy()
    """What becomes of things when the rotation is deleted."""


class OktaClientSecretRotation(ApiModel):
    """Rotates the client secret of an Okta app and publishes it in a Secret of its namespace."""

    rules: ClassVar = (
        Rule(
            field=".metadata.name",
            cel=f"self.metadata.name.size() <= {RESOURCE_NAME_MAX} && "
            f"!self.metadata.name.endsWith('{STATE_SUFFIX}')",
            says=f"must have at most {RESOURCE_NAME_MAX} characters and not end in "
            f"{STATE_SUFFIX}, since the operator makes a Secret of that name with this ending",
        ),
        unchangeable(
            ".spec.target.name",
            "name cannot be changed (left out, it is the rotation's own name): make another "
            "OktaClientSecretRotation for that Secret",
            now="(has(self.spec.target.name) ? self.spec.target.name : self.metadata.name)",
            before="(has(oldSelf.spec.target.name) ? oldSelf.spec.target.name"
            " : oldSelf.metadata.name)",
        ),
    )

    spec: RotationSpec
    """Which client secret is rotated, how often, and where it is published."""
    status: RotationStatus | None = None
    """What the operator did and saw; written by the operator alone, and rebuilt if lost."""
