"""A table of the fields of a model, from the schema that the API server gets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from okta_rotator.api.base import ApiModel
from okta_rotator.api.schema import Json, structural
from tests.docs.markdown import code, table

# "Default: true." or "Default: the rotation's own name." within a description.
_DEFAULT = re.compile(r" ?Default: (.+?)\.(?= |$)")


@dataclass(frozen=True, slots=True)
class Field:
    """One field, with its whole path below `spec` or `status`."""

    path: str
    node: Json
    is_required: bool

    @property
    def type(self) -> str:
        if self.node.get("format") == "date-time":
            return "time"
        return "map" if "additionalProperties" in self.node else _NAMES[self.node["type"]]

    @property
    def default(self) -> str:
        told = _DEFAULT.search(self.node["description"])
        return "required" if self.is_required else told[1] if told else ""

    @property
    def meaning(self) -> str:
        return _DEFAULT.sub("", self.node["description"])


_NAMES = {"array": "list", **{n: n for n in ("string", "integer", "boolean", "object")}}


def fields(model: type[ApiModel], prefix: str = "") -> list[Field]:
    """Every field of the model, those of its parts included, in the order of the code."""
    return list(_fields(structural(model), prefix))


def spec_table(model: type[ApiModel]) -> str:
    return _spec_table(fields(model))


def added_table(model: type[ApiModel], to: type[ApiModel]) -> str:
    """Of the fields that a model has beside those of the one that it is made from."""
    known = {field.path for field in fields(to)}
    return _spec_table(field for field in fields(model) if field.path not in known)


def _spec_table(rows: Iterable[Field]) -> str:
    cells = [(code(f.path), f.type, f.default, f.meaning) for f in rows]
    return table(("field of `spec`", "type", "default", "meaning"), cells)


def status_table(model: type[ApiModel]) -> str:
    rows = [(code(f.path), f.type, f.meaning) for f in fields(model)]
    return table(("field of `status`", "type", "meaning"), rows)


def _fields(node: Json, prefix: str) -> Iterator[Field]:
    for name, child in node.get("properties", {}).items():
        path = prefix + name
        yield Field(path, child, name in node.get("required", ()))
        yield from _fields(child, f"{path}.")
        yield from _fields(child.get("items", {}), f"{path}[].")
