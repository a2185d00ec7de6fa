"""Everything that one decision looks at, read before it and frozen.

`engine.py` gathers a `Snapshot`; `decide.py` judges it; `report.py` tells it in `status`. What Okta
holds is here as it was last seen (`Seen`): reading it anew is itself a decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from okta_rotator.api.connection import Freeze
from okta_rotator.api.rotation import (
    ConnectionKind,
    DeletionAction,
    OktaSecretsAction,
    RotationSpec,
    RotationStatus,
)
from okta_rotator.rotation.seen import Seen
from okta_rotator.rotation.state import Standing, State, standing_of
from okta_rotator.rotation.trouble import Trouble
from okta_rotator.rotation.values import SecretValue


@dataclass(frozen=True, slots=True)
class Key:
    """Names one resource in the cluster."""

    namespace: str
    """Empty for what is in none."""
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


@dataclass(frozen=True, slots=True)
class Resource:
    """An OktaClientSecretRotation as the API server last showed it."""

    key: Key
    uid: str
    generation: int
    resource_version: str
    deleting: bool
    annotations: Mapping[str, str]
    created_at: datetime
    spec: RotationSpec | None
    """None where the models cannot read it; then `spec_error` says why."""
    spec_error: str | None
    status: RotationStatus

    @property
    def connection_key(self) -> Key | None:
        """The connection that it names: of its own namespace, or in none."""
        if self.spec is None:
            return None
        is_near = self.spec.connection.kind is ConnectionKind.OKTA_CONNECTION
        return Key(self.key.namespace if is_near else "", self.spec.connection.name)

    @property
    def sound_spec(self) -> RotationSpec:
        """The spec, for those who come after the check that there is one."""
        if self.spec is None:
            raise ValueError(self.spec_error)
        return self.spec

    @property
    def takes_target_along(self) -> bool:
        """Whether its deletion takes the target Secret along."""
        spec = self.spec
        return spec is not None and spec.deletion_policy.secret is DeletionAction.DELETE

    @property
    def revokes_secrets(self) -> bool:
        """Whether its deletion ends its client secrets in Okta, which takes the target along."""
        spec = self.spec
        return spec is not None and spec.deletion_policy.okta_secrets is OktaSecretsAction.REVOKE


@dataclass(frozen=True, slots=True)
class Connection:
    """The connection that the resource names, as its own check last found it."""

    name: str
    uid: str | None
    org_id: str | None
    """None as long as it has never been reached."""
    problem: Trouble | None
    is_lost: bool = False
    """Whether the connection or its credentials are gone, so that it will not do without a hand."""
    credential_secrets: frozenset[str] = frozenset()
    """The Secrets of this namespace that hold the credentials of connections."""
    freeze: Freeze | None = None
    """Within which no scheduled rotation is begun."""


@dataclass(frozen=True, slots=True)
class SecretObject:
    """A Kubernetes Secret, read live. `data` is decoded; `repr` leaves it out."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    type: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    data: Mapping[str, str] = field(repr=False)
    our_metadata: frozenset[str] = frozenset()
    """Paths like `labels/team` that only our field manager owns, by `managedFields`."""
    deleting: bool = False
    immutable: bool = False


@dataclass(frozen=True, slots=True)
class StoredState:
    """The state Secret: the object, and the state in it or why it cannot be read."""

    secret: SecretObject
    state: State | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another resource that rotates the same app, or has the same target."""

    key: Key
    uid: str
    created_at: datetime
    standing: Standing
    """By its state Secret, which whoever may write Secrets there can forge."""
    shares_target: bool
    """That of one namespace; else it is the app, which can be anywhere."""
    claim: int | None = None
    """The how-manieth in this process to have reached its app by its own connection; None: not."""
    values: tuple[SecretValue, ...] = field(default=(), repr=False)
    """Those of its state by which it claims the app."""


@dataclass(frozen=True, slots=True)
class Draw:
    """Fresh randomness for this decision."""

    job_id: str
    randomness: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that `decide` may look at."""

    now: datetime
    resource: Resource
    connection: Connection
    stored: StoredState | None
    target: SecretObject | None
    seen: Seen
    draw: Draw
    target_is_live: bool = False
    """Whether the target was read after all that was done in this pass."""
    neighbours: tuple[Neighbour, ...] = ()
    claim: int | None = None
    """As that of a neighbour."""

    @property
    def state(self) -> State | None:
        return self.stored.state if self.stored is not None else None

    @property
    def standing(self) -> Standing:
        return standing_of(self.state)

    @property
    def spec(self) -> RotationSpec:
        return self.resource.sound_spec
