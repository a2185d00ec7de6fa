"""The kind OktaClientSecretRotation: its spec, as users write it, and the resource as a whole.

The status is in `rotation_status.py` and can be had from here as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import Field, StrictBool, StrictInt
from pydantic.alias_generators import to_snake

from okta_rotator.api.base import ApiModel
from okta_rotator.api.names import STATE_SUFFIX
from okta_rotator.api.patterns import (
    APP_ID,
    RESOURCE_NAME_MAX,
    SECRET_KEYS,
    UNRESERVED_KEYS,
    VALID_KEYS,
    AppId,
    ClientId,
    Duration,
    LabelValue,
    ObjectName,
    SecretKey,
    SecretType,
    Template,
    between,
    parsed_duration,
)
from okta_rotator.api.rotation_status import RotationStatus as RotationStatus
from okta_rotator.api.rules import Rule, cel_text, is_match, unchangeable
from okta_rotator.api.timing import LocalTimeOfDay, TimeOfDay, Windows


class ConnectionKind(StrEnum):
    """The kinds that `spec.connection` can name."""

    OKTA_CONNECTION = "OktaConnection"
    CLUSTER_OKTA_CONNECTION = "ClusterOktaConnection"


class DeletionAction(StrEnum):
    """What becomes of a thing when its resource is deleted."""

    RETAIN = "Retain"
    DELETE = "Delete"


class OktaSecretsAction(StrEnum):
    """What becomes of the app's client secrets when the resource is deleted."""

    RETAIN = "Retain"
    REVOKE = "Revoke"


class AdoptionPolicy(StrEnum):
    """What the first run does with a client secret that the app has already."""

    ROTATE = "Rotate"
    ADOPT = "Adopt"


class Retention(StrEnum):
    """How long the previous client secret stays ACTIVE after another was published."""

    UNTIL_NEXT_ROTATION = "UntilNextRotation"
    FOR = "For"


class CreationPolicy(StrEnum):
    """Whether the target Secret is made, or keys are added to one that somebody else made."""

    CREATE = "Create"
    MERGE = "Merge"


class ConnectionReference(ApiModel):
    """The connection by which Okta is reached."""

    kind: ConnectionKind = ConnectionKind.OKTA_CONNECTION
    """OktaConnection, one of the same namespace, or ClusterOktaConnection, one that serves the
    namespaces and apps that its spec.access names. Default: OktaConnection."""
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


class SecretsMapping(ApiModel):
    """Under which keys of the target Secret the values are published."""

    rules: ClassVar = (
        Rule(
            field=".clientSecret",
            cel="self.clientId != self.clientSecret",
            says="clientSecret must name another key of the Secret than clientId",
            holds=lambda own: own.client_id != own.client_secret,
        ),
        Rule(
            field=".previousClientSecret",
            cel="!has(self.previousClientSecret) || "
            "!(self.previousClientSecret in [self.clientId, self.clientSecret])",
            says="previousClientSecret must name another key of the Secret than clientId and "
            "clientSecret",
            holds=lambda own: own.previous_client_secret not in (own.client_id, own.client_secret),
        ),
    )

    client_id: SecretKey
    """Key of the target Secret for the client id, such as OKTA_CLIENT_ID."""
    client_secret: SecretKey
    """Key of the target Secret for the client secret, such as OKTA_CLIENT_SECRET."""
    previous_client_secret: SecretKey | None = None
    """Key of the target Secret for the previous client secret, for apps that accept both for a
    while. It is empty until there was one, and keeps its value until the next rotation, also when
    the previous client secret has been retired. Default: it is not published."""

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys that it names."""
        named = (self.client_id, self.client_secret, self.previous_client_secret)
        return tuple(key for key in named if key is not None)


OPAQUE: Final = "Opaque"


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
        unchangeable(
            ".creationPolicy",
            "creationPolicy cannot be changed: make another OktaClientSecretRotation",
            now="self.creationPolicy",
            before="oldSelf.creationPolicy",
        ),
        Rule(
            field=".creationPolicy",
            cel="self.creationPolicy != 'Merge' || (self.type == 'Opaque' && (!has(self.metadata) "
            "|| ((!has(self.metadata.labels) || self.metadata.labels.size() == 0) && "
            "(!has(self.metadata.annotations) || self.metadata.annotations.size() == 0))))",
            says="with creationPolicy Merge, leave out type and metadata: the Secret is somebody "
            "else's, and has its own",
            holds=lambda own: (
                own.creation_policy is not CreationPolicy.MERGE
                or (own.type, own.metadata) == (OPAQUE, TargetMetadata())
            ),
        ),
    )

    name: ObjectName | None = None
    """Name of the Secret, in the namespace of the rotation. Default: the rotation's own name.
    A Secret of that name that the operator did not make is not touched, unless creationPolicy is
    Merge. Cannot be changed."""
    creation_policy: CreationPolicy = CreationPolicy.CREATE
    """Create: the operator makes the Secret. Merge: it adds its keys to one that somebody else has
    made, changes no key that was there before, and takes only its own away again. One Secret can
    be the target of one rotation.
    Default: Create. Cannot be changed."""
    type: SecretType = OPAQUE
    """Type of the Secret. Default: Opaque. Not one under kubernetes.io. Cannot be changed."""
    metadata: TargetMetadata = TargetMetadata()
    """Labels and annotations for the Secret, beside the operator's own."""
    template: Annotated[Mapping[str, Template], Field(max_length=16), SECRET_KEYS] = {}
    """More keys of the Secret, at most 16, each with a text of at most 2048 characters in which
    {{ clientId }} and {{ clientSecret }} stand for the values, as they are or put through base64,
    json (with the quotation marks) or urlencode: {{ clientSecret | urlencode }}."""


class Verification(ApiModel):
    """How a new client secret is proven before it is published."""

    enabled: StrictBool = True
    """Whether a new client secret is published only after Okta was seen to accept it.
    Default: true."""
    timeout_seconds: Annotated[StrictInt, Field(ge=5, le=600)] = 60
    """How long a new client secret is tried before it counts as refused, in seconds, 5 to 600.
    Default: 60."""
    recheck_interval: Annotated[Duration, between("1m", "720h")] = "24h"
    """How often Okta is asked whether it still accepts the published client secret, 1m to 720h.
    Default: 24h."""

    @property
    def recheck(self) -> timedelta:
        """`recheck_interval` as a length of time."""
        return parsed_duration(self.recheck_interval)


class PreviousSecret(ApiModel):
    """How long the previous client secret still works after another was published."""

    rules: ClassVar = (
        Rule(
            field=".duration",
            cel="(self.retention == 'For') == has(self.duration)",
            says="duration is needed with retention For, and belongs to no other retention",
            holds=lambda own: (own.retention is Retention.FOR) == (own.duration is not None),
        ),
    )

    retention: Retention = Retention.UNTIL_NEXT_ROTATION
    """UntilNextRotation: the previous client secret works until the next rotation needs its
    place. For: until duration is over. Default: UntilNextRotation."""
    duration: Annotated[Duration, between("1m", "87600h")] | None = None
    """With retention For: how long the previous client secret works after another was published,
    such as 24h. Shorter than rotationInterval."""
    inactive_hold: Annotated[Duration, between("0s", "720h")] | None = None
    """How long the previous client secret is kept deactivated before it is deleted; until then
    one call at Okta brings it back. Default: 0s with UntilNextRotation, otherwise 1h."""

    @property
    def hold(self) -> timedelta:
        """`inactive_hold` as a length of time, with its default."""
        if self.inactive_hold is not None:
            return parsed_duration(self.inactive_hold)
        is_until_next = self.retention is Retention.UNTIL_NEXT_ROTATION
        return timedelta(0) if is_until_next else timedelta(hours=1)

    @property
    def kept_for(self) -> timedelta | None:
        """`duration` as a length of time; None with UntilNextRotation."""
        return None if self.duration is None else parsed_duration(self.duration)


class DeletionPolicy(ApiModel):
    """What becomes of things when the rotation is deleted."""

    rules: ClassVar = (
        Rule(
            field=".oktaSecrets",
            cel="self.oktaSecrets != 'Revoke' || self.secret == 'Delete'",
            says="oktaSecrets can be Revoke only where secret is Delete: a Secret that is retained "
            "would hold a client secret that no longer works",
            holds=lambda own: (
                own.okta_secrets is OktaSecretsAction.RETAIN or own.secret is DeletionAction.DELETE
            ),
        ),
    )

    secret: DeletionAction = DeletionAction.RETAIN
    """What becomes of the target Secret when the rotation is deleted: Retain or Delete.
    Default: Retain."""
    okta_secrets: OktaSecretsAction = OktaSecretsAction.RETAIN
    """What becomes of the client secrets in Okta when the rotation is deleted: Retain, or Revoke,
    which deactivates and deletes them, and needs secret to be Delete. Default: Retain."""


def _shorter_than_the_interval(field: str) -> Rule:
    name = field.rpartition(".")[2]
    return Rule(
        field=field,
        cel=f"!has(self{field}) || "
        # Whole hours, rounded down: to put the days into a text costs CEL more than it may.
        f"duration(self{field}).getHours() < self.rotationInterval * 24",
        says=f"{name} must be shorter than rotationInterval",
        holds=lambda own: _is_shorter(own, getattr(own.previous_secret, to_snake(name))),
    )


def _is_shorter(spec: RotationSpec, duration: str | None) -> bool:
    interval = timedelta(days=spec.rotation_interval)
    return duration is None or parsed_duration(duration) < interval


class RotationSpec(ApiModel):
    """Which client secret is rotated, how often, and where it is published."""

    rules: ClassVar = (
        Rule(
            field=".rotateAt",
            cel="!(has(self.rotateAtUtc) && has(self.rotateAt))",
            says="only one of rotateAtUtc and rotateAt can be given",
            holds=lambda own: own.rotate_at_utc is None or own.rotate_at is None,
        ),
        _shorter_than_the_interval(".previousSecret.duration"),
        _shorter_than_the_interval(".previousSecret.inactiveHold"),
        Rule(
            field=".target.template",
            cel="!has(self.target) || !has(self.target.template) || !("
            "self.secretsMapping.clientId in self.target.template || "
            "self.secretsMapping.clientSecret in self.target.template || "
            "(has(self.secretsMapping.previousClientSecret) && "
            "self.secretsMapping.previousClientSecret in self.target.template))",
            says="template must name other keys than secretsMapping does",
            holds=lambda own: not set(own.secrets_mapping.keys) & set(own.target.template),
        ),
    )

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
    rotate_at: LocalTimeOfDay | None = None
    """Time of day in a time zone at which scheduled rotations run, instead of rotateAtUtc."""
    spread: Annotated[Duration, between("1m", "24h")] | None = None
    """Scheduled rotations run later by a part of this that depends on the resource's uid and
    stays the same, so that many resources do not come at once: 1m to 24h."""
    windows: Windows | None = None
    """When scheduled rotations may run, at most 16 windows. One that is due waits for an opening;
    the first rotation, manual ones and repairs do not."""
    secrets_mapping: SecretsMapping
    """Under which keys of the target Secret the values are published."""
    target: Target = Target()
    """The Secret in which the values are published."""
    adoption_policy: AdoptionPolicy = AdoptionPolicy.ROTATE
    """What the first run does where the app has a client secret already: Rotate makes a new one,
    Adopt publishes the newest active one and rotates when that is due. Default: Rotate."""
    verification: Verification = Verification()
    """How a client secret is proven before it is published, and afterwards."""
    previous_secret: PreviousSecret = PreviousSecret()
    """How long the previous client secret still works after another was published."""
    deletion_policy: DeletionPolicy = DeletionPolicy()
    """What becomes of things when the rotation is deleted."""


NAME_RULE: Final = (
    f"must have at most {RESOURCE_NAME_MAX} characters and not end in "
    f"{STATE_SUFFIX}, since the operator makes a Secret of that name with this ending"
)
"""What a rotation's name must be like."""


class OktaClientSecretRotation(ApiModel):
    """Rotates the client secret of an Okta app and publishes it in a Secret of its namespace."""

    rules: ClassVar = (
        Rule(
            field=".metadata.name",
            cel=f"self.metadata.name.size() <= {RESOURCE_NAME_MAX} && "
            f"!self.metadata.name.endsWith('{STATE_SUFFIX}')",
            says=NAME_RULE,
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
