"""Conditions of a status: their types, their reasons, and the entry itself.

Users meet the reasons in `kubectl get` and `kubectl describe`. The sentence beside each says when
it occurs, and is its documentation.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StrictInt

from okta_rotator.api.base import ApiModel, UtcTime
from okta_rotator.api.names import UNSEEN


class _Explained(StrEnum):
    """A word for machines, and beside it the sentence for people."""

    explanation: str

    def __new__(cls, word: str, explanation: str = "") -> Self:
        member = str.__new__(cls, word)
        member._value_ = word
        member.explanation = explanation
        return member


class ConditionType(_Explained):
    """`Ready`, `Reconciling` and `Stalled` speak of the published value and the spec (kstatus),
    `Rotating` and `RotationFailing` of the rotation."""

    READY = (
        "Ready",
        "Always there. True: the target Secret holds the active client secret as the spec wants "
        "it. Of a connection: Okta accepted the credentials at the last check.",
    )
    RECONCILING = "Reconciling", "Ready is False, and the operator is at work on it or tries again."
    STALLED = "Stalled", "Ready is False, and stays so until a person acts; the reason says how."
    ROTATING = "Rotating", "A rotation is under way while the published value is good."
    ROTATION_FAILING = (
        "RotationFailing",
        "A rotation fails, or is kept from happening, while the published value is good.",
    )


class Reason(_Explained):
    """Why a condition is what it is: one word for machines, and when it occurs."""

    # A rotation that is well, or under way.
    PUBLISHED = "Published", "The target Secret holds the active client secret."
    PROGRESSING = "Progressing", "A change of the spec is being carried out."
    ROTATION_IN_PROGRESS = "RotationInProgress", "A scheduled or manual rotation is under way."

    # What Okta says of the app.
    APP_NOT_FOUND = "AppNotFound", "Okta knows no app with this app id."
    APP_INACTIVE = "AppInactive", "The Okta app is not ACTIVE."
    APP_NOT_ELIGIBLE = (
        "AppNotEligible",
        "The Okta app is no OIDC app that authenticates with a client secret.",
    )
    CLIENT_ID_MISMATCH = (
        "ClientIdMismatch",
        "The Okta app has another client id than spec.parameters.clientId.",
    )
    TWO_SECRETS_EXIST = (
        "TwoSecretsExist",
        "The Okta app already has two client secrets, its most, and none of them is ours.",
    )
    FOREIGN_SECRET = (
        "ForeignSecret",
        "A client secret that we did not make takes the place that a rotation needs.",
    )

    # What the cluster says.
    TARGET_CONFLICT = (
        "TargetConflict",
        "A Secret of the target's name exists and is not ours, or was taken over.",
    )
    TARGET_NOT_FOUND = (
        "TargetNotFound",
        "Keys are to be added to a Secret (creationPolicy Merge) that does not exist.",
    )
    STATE_CONFLICT = (
        "StateConflict",
        "The state Secret belongs to another app, was made by somebody else or cannot be read.",
    )
    CONFLICT = (
        "Conflict",
        "Another resource rotates the same app or has the same target, or somebody else keeps "
        "changing the same objects.",
    )
    INVALID_SPEC = "InvalidSpec", "The spec holds what the schema could not refuse."
    CONNECTION_NOT_FOUND = (
        "ConnectionNotFound",
        "The connection that spec.connection names does not exist, or is a ClusterOktaConnection "
        "and the operator looks after single namespaces.",
    )
    CONNECTION_NOT_READY = (
        "ConnectionNotReady",
        "The connection exists, and its own Ready condition is not True.",
    )

    # What a call to Okta came to.
    ACCESS_DENIED = (
        "AccessDenied",
        "Okta or the cluster refuses the operator this call, or the spec.access of a "
        "ClusterOktaConnection does not allow it to the namespace or for the app.",
    )
    INSUFFICIENT_PERMISSION = (
        "InsufficientPermission",
        "The token is valid, but its admin role lacks the permission for this call.",
    )
    FEATURE_DISABLED = (
        "FeatureDisabled",
        'The Okta org has the feature "OAuth secrets and key management" turned off.',
    )
    INSUFFICIENT_SCOPE = (
        "InsufficientScope",
        "The service app was not granted okta.apps.read and okta.apps.manage.",
    )
    RATE_LIMITED = "RateLimited", "Okta's rate limit is used up until its reset."
    OKTA_UNAVAILABLE = "OktaUnavailable", "Okta cannot be reached or answers with an error."
    VERIFICATION_FAILED = "VerificationFailed", "Okta refuses the client secret that was proved."
    PAUSED = "Paused", "The annotation okta-rotator.dev/paused stops everything but the deletion."
    RETENTION_PENDING = (
        "RetentionPending",
        "A rotation waits until the previous client secret has had the time that was promised.",
    )
    WINDOW_CLOSED = (
        "WindowClosed",
        "A scheduled rotation was not finished before its window closed, or a freeze began.",
    )
    CANNOT_VERIFY = (
        "CannotVerify",
        "Okta does not say whether it accepts the new client secret, so it is not published.",
    )

    CLUSTER_UNAVAILABLE = (
        "ClusterUnavailable",
        "The Kubernetes API cannot be reached or answers with an error.",
    )

    # Of a connection.
    CONNECTED = "Connected", "Okta answers at instanceUrl and accepts the credentials."
    INVALID_TOKEN = (
        "InvalidToken",
        "Okta refuses the API token, or the key of the service app: unknown, expired or revoked.",
    )
    NOT_AN_OKTA_ORG = "NotAnOktaOrg", "What answers at instanceUrl is no Okta org."
    HOST_NOT_ALLOWED = (
        "HostNotAllowed",
        "The host of instanceUrl is under none of the domains that this operator may talk to.",
    )
    UNREACHABLE = "Unreachable", "Nothing answers at instanceUrl."
    SECRET_NOT_FOUND = (
        "SecretNotFound",
        "The Secret or the key that holds the credentials does not exist.",
    )


def _if_seen(value: Any) -> Any:
    return None if value == UNSEEN else value


ObservedGeneration = Annotated[
    Annotated[StrictInt, Field(ge=UNSEEN)] | None, BeforeValidator(_if_seen)
]
"""The `metadata.generation` that a status was made from; None before the first status."""


class Condition(ApiModel):
    """One observation on the resource."""

    type: Annotated[str, Field(max_length=316)]
    """What the condition is about, such as Ready."""
    status: Literal["True", "False", "Unknown"]
    """Whether it holds: True, False or Unknown."""
    reason: Annotated[str, Field(max_length=1024)]
    """Why, in one word for machines."""
    message: Annotated[str, Field(max_length=32768)]
    """Why, in a sentence for people. Never holds a secret value."""
    last_transition_time: UtcTime
    """When the status of this condition last changed, in UTC."""
    observed_generation: Annotated[StrictInt, Field(ge=0)] | None = None
    """The metadata.generation that this condition was made from."""
