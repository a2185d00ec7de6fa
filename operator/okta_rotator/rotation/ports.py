"""The sides of the world that a rotation acts on, as protocols.

`okta/client.py`, `cluster/` and `connections.py` implement them. A method that goes to the network
raises `PortError` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from okta_rotator.api.connection import ConnectionSpec
from okta_rotator.api.rotation import RotationStatus
from okta_rotator.rotation.access import Access
from okta_rotator.rotation.notices import Notice
from okta_rotator.rotation.okta_view import (
    AuthMethod,
    OktaApp,
    OktaSecret,
    Organization,
    Proof,
)
from okta_rotator.rotation.snapshot import Connection, Resource, SecretObject
from okta_rotator.rotation.target import TargetChange
from okta_rotator.rotation.turns import Budget, Turn
from okta_rotator.rotation.values import SecretValue


class OktaPort(Protocol):
    """Okta's API as one connection reaches it. Each call has one deadline over all of it."""

    async def read_app(self, app_id: str) -> OktaApp: ...

    async def list_secrets(self, app_id: str) -> tuple[OktaSecret, ...]: ...

    async def create_secret(self, app_id: str, value: SecretValue) -> OktaSecret: ...

    async def activate_secret(self, app_id: str, secret_id: str) -> OktaSecret: ...

    async def deactivate_secret(self, app_id: str, secret_id: str) -> OktaSecret: ...

    async def delete_secret(self, app_id: str, secret_id: str) -> None:
        """Returns also when the secret was gone already."""

    async def introspect(self, client_id: str, value: SecretValue, method: AuthMethod) -> Proof: ...


class OktaSession(OktaPort, Protocol):
    """Okta as one connection reaches it, with what the check of that connection needs."""

    def in_turn(self, turn: Turn) -> OktaPort:
        """The same, for calls that wait for the turn of a resource."""

    def budgets(self) -> Mapping[str, Budget]:
        """What is left of each rate limit that an answer has told of, by its name."""

    async def read_organization(self) -> Organization: ...

    async def check_sign_in(self) -> None:
        """One authenticated call."""


class OktaSessions(Protocol):
    """Opens sessions."""

    def connect(self, access: Access, connection: str) -> OktaSession:
        """The same session for an equal access, as long as somebody holds it.

        `connection` is the uid of the one that asks: whatever it signs in with, what was learnt of
        its rate limits counts. Nothing is sent yet. Raises PortError for credentials that are none.
        """

    def forget(self, connection: str) -> None:
        """The connection is gone."""

    def check_address(self, spec: ConnectionSpec) -> None:
        """Raises PortError for an address that this operator may not talk to."""


class ConnectionsPort(Protocol):
    """The connections, as their own checks last found them."""

    def connection_of(self, resource: Resource) -> Connection:
        """The connection that the resource names; with a problem if it cannot be used."""

    def okta_of(self, resource: Resource) -> OktaPort:
        """Okta through that connection. Asked only when the connection has no problem."""


class NeighboursPort(Protocol):
    """The other resources, as far as they may get in each other's way."""

    def neighbours_of(self, resource: Resource) -> tuple[tuple[Resource, bool], ...]:
        """Those of the same app and org, or the same target; the flag says that it is the target.

        Only what the operator may see: another operator's resources are found in Okta.
        """

    def claim_of(self, resource: Resource) -> int | None:
        """The how-manieth in this process to have reached its app by its connection; None: not."""

    def reached_its_app(self, resource: Resource) -> None:
        """Okta has answered a call about its app."""

    def was_kept_from_its_app(self, resource: Resource) -> None:
        """Okta has refused one, and will until a person acts."""


class ClusterPort(Protocol):
    """Secrets, status and Events. A lost race (a conflict) is a trouble of `Next.LOOK_AGAIN`."""

    async def read_secret(self, namespace: str, name: str) -> SecretObject | None: ...

    async def create_state(self, resource: Resource, data: Mapping[str, str]) -> SecretObject:
        """POST the state Secret; a lost race where there is one already."""

    async def replace_state(
        self, secret: SecretObject, resource: Resource, data: Mapping[str, str]
    ) -> SecretObject:
        """PUT the state Secret under its resourceVersion."""

    async def write_target(self, resource: Resource, change: TargetChange) -> SecretObject:
        """POST the target, or change it under its resourceVersion."""

    async def delete_secret(self, secret: SecretObject) -> None:
        """DELETE that very Secret (by uid and resourceVersion). Returns also when it is gone."""

    async def read_resource(self, resource: Resource) -> Resource | None:
        """The resource as it is now; None where that very object is gone."""

    async def write_status(self, resource: Resource, status: RotationStatus) -> Resource:
        """Write the whole status, and return the resource with it."""

    def tell(self, resource: Resource, notice: Notice) -> None:
        """Post an Event, some time, if it can be done."""
