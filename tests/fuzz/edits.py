"""The edits that people make, as data, so that a failing sequence can be told."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.fuzz.schema import Place
from tests.resources import Json

Changes = tuple[tuple[Place, Any], ...]
"""New values by place; None takes a field away."""


class How(StrEnum):
    """The ways to change an object that Kubernetes' users know."""

    MERGE = "patch --type=merge"
    JSON = "patch --type=json"
    APPLY = "apply --server-side --force-conflicts"
    REPLACE = "replace"


class Kind(StrEnum):
    ROTATION = "ocsr"
    CONNECTION = "oktaconn"


@dataclass(frozen=True)
class EditSpec:
    """Change fields of the spec of the rotation, or of its connection."""

    how: How
    changes: Changes
    is_sound: bool
    kind: Kind = Kind.ROTATION

    def __str__(self) -> str:
        mark = "" if self.is_sound else " (unsound)"
        return f"{self.kind} {self.how}{mark}: {told(self.changes)}"


@dataclass(frozen=True)
class NameConnection:
    """Name another connection in `spec.connection`: `main`, `spare`, or one that is not there."""

    role: str

    def __str__(self) -> str:
        return f"spec.connection.name: {self.role}"


@dataclass(frozen=True)
class Annotate:
    """Set an annotation of the resource; None takes it away."""

    key: str
    value: str | None

    def __str__(self) -> str:
        value = self.value if self.value is None or len(self.value) < 60 else len(self.value)
        return f"annotate {self.key}={value!r}"


@dataclass(frozen=True)
class EditTarget:
    """A hand in the target Secret: text by key of data, labels and annotations; None takes away."""

    data: Mapping[str, str | None] = field(default_factory=dict)
    labels: Mapping[str, str | None] = field(default_factory=dict)
    annotations: Mapping[str, str | None] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"edit the target: {self.data or ''} {self.labels or ''} {self.annotations or ''}"


class Act(StrEnum):
    """What needs no words but its name."""

    DELETE_TARGET = "delete the target"
    MAKE_IMMUTABLE = "make the target immutable"
    REMAKE = "delete the resource, and apply it again"
    WIPE_STATUS = "wipe the status"
    DROP_FINALIZERS = "take the finalizers off"
    WRONG_KEY = "name a wrong key of the token's Secret"
    RIGHT_KEY = "name the right key of the token's Secret"
    WRONG_TOKEN = "put a wrong token, and have the connection looked at"
    RIGHT_TOKEN = "put the right token"
    DELETE_TOKEN = "delete the token's Secret, and have the connection looked at"
    DELETE_CONNECTION = "delete the connection"
    MAKE_CONNECTION = "make the connection again"


Edit = EditSpec | NameConnection | Annotate | EditTarget | Act


def told(changes: Changes) -> str:
    """The changes as a line of a story."""
    return json.dumps({".".join(place): value for place, value in changes})[:600]


def with_changes(spec: Json, changes: Changes) -> Json:
    """The spec after these changes, as a person would type it."""
    spec = copy.deepcopy(spec)
    for place, value in changes:
        node = spec
        for step in place[:-1]:
            node = node.setdefault(step, {})
        if value is None:
            node.pop(place[-1], None)
        else:
            node[place[-1]] = copy.deepcopy(value)
    return spec


def nested(changes: Changes) -> Json:
    """The changes as a merge patch of `spec`."""
    patch: Json = {}
    for place, value in changes:
        node = patch
        for step in place[:-1]:
            node = node.setdefault(step, {})
        node[place[-1]] = value
    return patch
