"""The kind OktaConnection: where the Okta org is, and how the operator signs in there."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StrictInt

from okta_rotator.api.base import ApiModel, ListMap, UtcTime
from okta_rotator.api.conditions import Condition
from okta_rotator.api.patterns import InstanceUrl, ObjectName, SecretKey
from okta_rotator.api.rules import unchangeable


class ConnectionMethod(StrEnum):
    """The ways to sign in at Okta."""

    API_TOKEN = "api-token"  # noqa: S105 - the name of a method


class SecretReference(ApiModel):
    """A key of a Secret in the namespace of the connection."""

    name: ObjectName
    """Name of the Secret, in the namespace of the connection."""
    key: SecretKey
    """Key of the Secret's data that holds the credential."""


class ApiToken(ApiModel):
    """An API token of Okta (SSWS)."""

    secret_ref: SecretReference
    """The Secret that holds the token."""


class ConnectionSpec(ApiModel):
    """Where the Okta org is, and how to sign in."""

    rules: ClassVar = (
        unchangeable(
            ".instanceUrl",
            "instanceUrl cannot be changed, since the rotations of this connection hold secrets "
            "of that org: make another OktaConnection",
            now="self.instanceUrl",
            before="oldSelf.instanceUrl",
        ),
    )

    description: Annotated[str, Field(max_length=256)] | None = None
    """Free text for people, at most 256 characters."""
    instance_url: InstanceUrl
    """Address of the Okta org: scheme, host and optionally a port, such as https://acme.okta.com.
    Not the admin console's. http only for 127.0.0.1, localhost and [::1]. Cannot be changed."""
    method: ConnectionMethod
    """How to sign in: api-token, with an API token of Okta."""
    api_token: ApiToken
    """The API token that is used with the method api-token."""


class ConnectionStatus(ApiModel):
    """What the operator found out about the connection."""

    observed_generation: Annotated[StrictInt, Field(ge=0)] | None = None
    """The metadata.generation that this status was made from."""
    conditions: Annotated[tuple[Condition, ...], Field(max_length=16), ListMap("type")] | None = (
        None
    )
    """Ready is True when Okta accepted the credentials at the last check."""
    org_id: Annotated[str, Field(max_length=64)] | None = None
    """Okta's id of the org, as the org itself states it."""
    org_host: Annotated[str, Field(max_length=255)] | None = None
    """Host (and port, where one is given) of the org."""
    method: ConnectionMethod | None = None
    """The method with which the operator last signed in."""
    last_checked_at: UtcTime | None = None
    """When the credentials were last tried, in UTC."""


class OktaConnection(ApiModel):
    """An Okta org and the credentials with which the operator signs in there.
    OktaClientSecretRotations of the same namespace name it in spec.connection."""

    spec: ConnectionSpec
    """Where the Okta org is, and how to sign in."""
    status: ConnectionStatus | None = None
    """What the operator found out about the connection; written by the operator alone."""
