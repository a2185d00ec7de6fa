"""The CustomResourceDefinitions, made from the models. `okta-rotator crds` writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from okta_rotator.api.base import ApiModel
from okta_rotator.api.cluster_connection import ClusterOktaConnection
from okta_rotator.api.connection import OktaConnection
from okta_rotator.api.names import (
    CLUSTER_CONNECTION_KIND,
    CLUSTER_CONNECTION_PLURAL,
    CONNECTION_KIND,
    CONNECTION_PLURAL,
    GROUP,
    ROTATION_KIND,
    ROTATION_PLURAL,
    UNSEEN,
    VERSION,
)
from okta_rotator.api.rotation import OktaClientSecretRotation
from okta_rotator.api.schema import Json, structural

HEADER: Final = (
    "# Made from the models in okta_rotator/api by `okta-rotator crds`; not to be edited.\n"
)

# To kstatus an object without a status is finished; one whose generation is not observed is not.
_UNSEEN: Final = {"observedGeneration": UNSEEN}

_TOP: Final = {
    "apiVersion": {
        "description": f"Group and version of this kind: {GROUP}/{VERSION}.",
        "type": "string",
    },
    "kind": {"description": "The kind of this resource.", "type": "string"},
    # The name is there to be named by a rule's fieldPath; Kubernetes checks it by itself.
    "metadata": {"type": "object", "properties": {"name": {"type": "string"}}},
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `kubectl get`."""

    name: str
    path: str
    type: str = "string"
    wide: bool = False
    """Whether it is shown with `-o wide` alone."""

    def as_json(self) -> Json:
        priority = {"priority": 1} if self.wide else {}
        return {"name": self.name, "jsonPath": self.path, "type": self.type, **priority}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a CRD says of a kind beside its schema."""

    kind: str
    plural: str
    short_name: str
    model: type[ApiModel]
    columns: Sequence[Column]
    scope: Literal["Namespaced", "Cluster"] = "Namespaced"

    def as_json(self) -> Json:
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{self.plural}.{GROUP}"},
            "spec": {
                "group": GROUP,
                "names": self._names(),
                "scope": self.scope,
                "versions": [self._version()],
            },
        }

    def _names(self) -> Json:
        return {
            "kind": self.kind,
            "listKind": f"{self.kind}List",
            "plural": self.plural,
            "singular": self.kind.lower(),
            "shortNames": [self.short_name],
            "categories": ["okta"],
        }

    def _version(self) -> Json:
        return {
            "name": VERSION,
            "served": True,
            "storage": True,
            "subresources": {"status": {}},
            "additionalPrinterColumns": [column.as_json() for column in self.columns],
            "schema": {"openAPIV3Schema": self._schema()},
        }

    def _schema(self) -> Json:
        schema = structural(self.model)
        status = {**schema["properties"]["status"], "default": _UNSEEN}
        return {**schema, "properties": {**_TOP, **schema["properties"], "status": status}}


def _condition(kind: str, part: str) -> str:
    return f'.status.conditions[?(@.type=="{kind}")].{part}'


_READY: Final = Column("Ready", _condition("Ready", "status"))
_MESSAGE: Final = Column("Message", _condition("Ready", "message"), wide=True)
_AGE: Final = Column("Age", ".metadata.creationTimestamp", type="date")

_OF_A_CONNECTION: Final = (
    _READY,
    Column("Org", ".status.orgHost"),
    Column("Reason", _condition("Ready", "reason")),
    _AGE,
    _MESSAGE,
)

KINDS: Final = (
    Kind(
        kind=ROTATION_KIND,
        plural=ROTATION_PLURAL,
        short_name="ocsr",
        model=OktaClientSecretRotation,
        columns=(
            _READY,
            Column("Status", ".status.rotationStatus"),
            # Both as text: as a `date` a future instant is shown as <invalid>.
            Column("Last Rotated", ".status.lastRotatedAt"),
            Column("Next Rotation", ".status.nextRotationAt"),
            _AGE,
            _MESSAGE,
            Column("App", ".spec.parameters.clientId", wide=True),
            Column("Connection", ".spec.connection.name", wide=True),
            Column("Active", ".status.activeIndex", type="integer", wide=True),
        ),
    ),
    Kind(
        kind=CONNECTION_KIND,
        plural=CONNECTION_PLURAL,
        short_name="oktaconn",
        model=OktaConnection,
        columns=_OF_A_CONNECTION,
    ),
    Kind(
        kind=CLUSTER_CONNECTION_KIND,
        plural=CLUSTER_CONNECTION_PLURAL,
        short_name="coktaconn",
        model=ClusterOktaConnection,
        columns=_OF_A_CONNECTION,
        scope="Cluster",
    ),
)


def render_crds() -> dict[str, str]:
    """The text of each CRD by its file name, in the order of these; the same on every machine."""
    texts = {f"{GROUP}_{kind.plural}.yaml": HEADER + _yaml(kind.as_json()) for kind in KINDS}
    return dict(sorted(texts.items()))


def write_crds(directory: Path) -> list[Path]:
    """Write the CRDs into the directory, which is made if need be; the files, as written."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in render_crds().items():
        (directory / name).write_text(text, encoding="utf-8")
        written.append(directory / name)
    return written


class _NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _yaml(document: Json) -> str:
    return yaml.dump(document, Dumper=_NoAliases, sort_keys=True, width=100, allow_unicode=True)
