"""The kind OktaConnection: where the Okta org is, and how the operator signs in there."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import Field, StrictInt

from okta_rotator.api.base import ApiModel, ListMap, UtcTime
from okta_rotator.api.conditions import Condition, ObservedGeneration
from okta_rotator.api.patterns import (
    ClientId,
    InstanceUrl,
    Instant,
    ObjectName,
    PemCertificates,
    SecretKey,
    parsed_instant,
)
from okta_rotator.api.rules import Rule, unchangeable

MAX_UTILIZATION_PERCENT: Final = 80
"""The share of each of Okta's rate limits that is used where a connection does not say."""


class ConnectionMethod(StrEnum):
    """The ways to sign in at Okta."""

    API_TOKEN = "api-token"  # noqa: S105 - the name of a method
    PRIVATE_KEY = "oauth-private-key"


class Dpop(StrEnum):
    """Whether access tokens are bound to a key of the operator's own (DPoP)."""

    AUTO = "Auto"
    REQUIRED = "Required"
    DISABLED = "Disabled"


class SecretReference(ApiModel):
    """A key of a Secret: of the connection's namespace, or for a ClusterOktaConnection of the
    operator's own."""

    name: ObjectName
    """Name of the Secret: in the namespace of the connection, or for a ClusterOktaConnection in
    the operator's own."""
    key: SecretKey
    """Key of the Secret's data that holds the credential."""


class ApiToken(ApiModel):
    """An API token of Okta (SSWS)."""

    secret_ref: SecretReference
    """The Secret that holds the token."""


class PrivateKey(ApiModel):
    """A private key, RSA or EC, as PEM or JWK."""

    secret_ref: SecretReference
    """The Secret that holds the key: PEM or a JWK, or several of them, of which the first that
    Okta accepts is used."""


class OAuth(ApiModel):
    """A service app of Okta that signs in with a private key (private_key_jwt)."""

    client_id: ClientId
    """Client id of the service app, which is of the kind "API Services" in Okta."""
    private_key: PrivateKey
    """The private key whose public half is registered at the service app."""
    dpop: Dpop = Dpop.AUTO
    """Whether access tokens are bound to a key of the operator's own (DPoP). Auto: where the
    service app demands it. Required: always. Disabled: never. Default: Auto."""


class RateLimit(ApiModel):
    """How much of Okta's rate limits may be used."""

    max_utilization_percent: Annotated[StrictInt, Field(ge=1, le=100)] = MAX_UTILIZATION_PERCENT
    """The share of each of Okta's rate limits that may be used, 1 to 100 percent. The rest is left
    to others. Default: 80."""


class Freeze(ApiModel):
    """A time in which no scheduled rotation runs."""

    until: Instant
    """When scheduled rotations go on, such as 2026-12-27T00:00:00Z. One that falls due before
    waits. The first rotation, manual ones and repairs run all the same."""
    reason: Annotated[str, Field(min_length=1, max_length=256)]
    """Why, for the people whose rotations wait, at most 256 characters."""

    @property
    def ends_at(self) -> datetime:
        """`until`, in UTC."""
        return parsed_instant(self.until).astimezone(UTC)


def _belongs_to(field: str, method: ConnectionMethod, attribute: str) -> Rule:
    """That the credentials of a method are there with this method and with no other."""
    return Rule(
        field=f".{field}",
        cel=f"(self.method == '{method}') == has(self.{field})",
        says=f"{field} is needed with method {method}, and belongs to no other method",
        holds=lambda own: (own.method is method) == (getattr(own, attribute) is not None),
    )


class ConnectionSpec(ApiModel):
    """Where the Okta org is, and how to sign in."""

    rules: ClassVar = (
        unchangeable(
            ".instanceUrl",
            "instanceUrl cannot be changed, since the rotations of this connection hold secrets "
            "of that org: make another connection",
            now="self.instanceUrl",
            before="oldSelf.instanceUrl",
        ),
        _belongs_to("apiToken", ConnectionMethod.API_TOKEN, "api_token"),
        _belongs_to("oauth", ConnectionMethod.PRIVATE_KEY, "oauth"),
    )

    description: Annotated[str, Field(max_length=256)] | None = None
    """Free text for people, at most 256 characters."""
    instance_url: InstanceUrl
    """Address of the Okta org: scheme, host and optionally a port, such as https://acme.okta.com.
    Not the admin console's. http only for 127.0.0.1, localhost and [::1]. Cannot be changed."""
    method: ConnectionMethod
    """How to sign in: api-token, with an API token of Okta, or oauth-private-key, as a service app
    with a private key, which Okta recommends."""
    api_token: ApiToken | None = None
    """The API token; with the method api-token alone."""
    oauth: OAuth | None = None
    """The service app; with the method oauth-private-key alone."""
    ca_bundle: PemCertificates | None = None
    """Certificates (PEM) of the authorities to trust at instanceUrl, instead of the usual ones:
    for a proxy that inspects what goes to Okta. At most 65536 characters."""
    rate_limit: RateLimit = RateLimit()
    """How much of Okta's rate limits may be used."""
    freeze: Freeze | None = None
    """No scheduled rotation by this connection until then, such as at the end of the year.
    Default: none."""


class ConnectionStatus(ApiModel):
    """What the operator found out about the connection."""

    observed_generation: ObservedGeneration = None
    """The metadata.generation that this status was made from; -1 before the first one."""
    conditions: Annotated[tuple[Condition, ...], Field(max_length=16), ListMap("type")] | None = (
        None
    )
    """Ready is True when Okta accepted the credentials at the last check. Where it is False,
    Reconciling says that it is tried again, Stalled that a person has to act."""
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
