"""The kind ClusterOktaConnection: an OktaConnection for many namespaces, and who may use it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import Field

from okta_rotator.api.base import ApiModel, Atomic
from okta_rotator.api.connection import ConnectionSpec, ConnectionStatus
from okta_rotator.api.patterns import (
    VALID_KEYS,
    GrantedAppId,
    LabelKey,
    LabelValue,
    NamespaceName,
)
from okta_rotator.api.rules import Rule

ALL_APPS: Final = "*"


class SelectorOperator(StrEnum):
    """How a label is held against values."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"

    @property
    def takes_values(self) -> bool:
        return self in (SelectorOperator.IN, SelectorOperator.NOT_IN)


class SelectorRequirement(ApiModel):
    """What one label of a namespace has to be."""

    rules: ClassVar = (
        Rule(
            field=".values",
            cel="(self.operator == 'In' || self.operator == 'NotIn') == "
            "(has(self.values) && self.values.size() > 0)",
            says="values are needed with operator In or NotIn, and belong to no other operator",
            holds=lambda own: own.operator.takes_values == bool(own.values),
        ),
    )

    key: LabelKey
    """Key of the label."""
    operator: SelectorOperator
    """In or NotIn (the label has, or has not, one of the values; NotIn also where it is absent),
    Exists or DoesNotExist (the label is there, or is not)."""
    values: Annotated[tuple[LabelValue, ...], Field(max_length=16), Atomic()] | None = None
    """The values, with In and NotIn alone, at most 16."""


class LabelSelector(ApiModel):
    """Picks namespaces by their labels, as Kubernetes does elsewhere: all that is said must hold,
    and where nothing is said ({}) every namespace is picked."""

    match_labels: Annotated[dict[str, LabelValue], Field(max_length=32), VALID_KEYS] | None = None
    """Labels that the namespace must have, with these values, at most 32."""
    match_expressions: (
        Annotated[tuple[SelectorRequirement, ...], Field(max_length=16), Atomic()] | None
    ) = None
    """What else must hold of its labels, at most 16."""


class Grant(ApiModel):
    """Namespaces, and the Okta apps whose client secrets their rotations may rotate."""

    rules: ClassVar = (
        Rule(
            field=".namespaces",
            cel="has(self.namespaces) || has(self.namespaceSelector)",
            says="namespaces (a list of names) or namespaceSelector is needed, or both: they say "
            "who may use the connection",
            holds=lambda own: own.namespaces is not None or own.namespace_selector is not None,
            reason="FieldValueRequired",
        ),
    )

    namespaces: (
        Annotated[tuple[NamespaceName, ...], Field(min_length=1, max_length=128), Atomic()] | None
    ) = None
    """Names of namespaces, 1 to 128; one of these, or one that namespaceSelector picks."""
    namespace_selector: LabelSelector | None = None
    """Picks namespaces by their labels; {} picks every namespace. Whoever may change the labels of
    a namespace decides with it who may use the connection."""
    app_ids: Annotated[
        tuple[GrantedAppId, ...],
        Field(min_length=1, max_length=256),
        Atomic(),
        Rule(
            cel=f"self.size() == 1 || !self.exists(id, id == '{ALL_APPS}')",
            says=f'{ALL_APPS} means every app, so it stands alone: ["{ALL_APPS}"]',
            holds=lambda ids: len(ids) == 1 or ALL_APPS not in ids,
        ),
    ]
    """Ids of the Okta apps, 1 to 256, or ["*"] for every app that the credentials reach."""


class ClusterConnectionSpec(ConnectionSpec):
    """Where the Okta org is, how to sign in, and who may use it."""

    access: Annotated[tuple[Grant, ...], Field(max_length=64), Atomic()] | None = None
    """Who may use the connection, and for which apps, at most 64 entries; one that allows it is
    enough. Default: nobody."""

    @property
    def grants(self) -> Sequence[Grant]:
        return self.access or ()


class ClusterOktaConnection(ApiModel):
    """An Okta org and the credentials with which the operator signs in there, for the namespaces
    that spec.access names. The Secret with the credentials is in the operator's own namespace."""

    spec: ClusterConnectionSpec
    """Where the Okta org is, how to sign in, and who may use it."""
    status: ConnectionStatus | None = None
    """What the operator found out about the connection; written by the operator alone."""
