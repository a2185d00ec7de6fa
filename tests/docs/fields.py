"""A table of the fields of a model, from the schema that the API server gets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from okta_rotator.api.base import ApiModel
from okta_rotator.api.rules import CEL
from okta_rotator.api.schema import Json, structural
from tests.docs.markdown import code, table

# "Default: true." or "Default: the rotation's own name." within a description.
_DEFAULT = re.compile(r" ?Default: (.+?)\.(?= |$)")

# What a column of its own says.
_FIXED = " Cannot be changed."


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
    def is_fixed(self) -> bool:
        return _FIXED in self.node["description"]

    @property
    def allowed(self) -> str:
        """Which values the schema takes, as far as it is a list, a range or a length."""
        choices = self.node.get("enum")
        if choices is not None:
            return ", ".join(map(str, choices))
        least, most = self.node.get("minimum"), self.node.get("maximum")
        if most is not None:
            return f"{least} to {most}"
        limits = (
            f"at most {self.node[key]} {what}" for key, what in _LIMITS.items() if key in self.node
        )
        return next(limits, "")

    @property
    def meaning(self) -> str:
        return _DEFAULT.sub("", self.node["description"]).replace(_FIXED, "")


_NAMES = {"array": "list", **{n: n for n in ("string", "integer", "boolean", "object")}}
_LIMITS = {"maxLength": "characters", "maxItems": "entries", "maxProperties": "entries"}


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
    head = ("field of `spec`", "type", "default", "allowed", "fixed", "meaning")
    cells = [
        (code(f.path), f.type, f.default, f.allowed, "yes" if f.is_fixed else "", f.meaning)
        for f in rows
    ]
    return table(head, cells)


def status_table(model: type[ApiModel]) -> str:
    rows = [(code(f.path), f.type, f.meaning) for f in fields(model)]
    return table(("field of `status`", "type", "meaning"), rows)


def rules_table(kind: type[ApiModel], beside: type[ApiModel] | None = None) -> str:
    """What is refused when it is applied, in the words of the API server."""
    known = rules(beside) if beside is not None else []
    rows = [(code(one.path), one.says) for one in rules(kind) if one not in known]
    return table(("field of `spec`", "the API server says"), rows)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule of a kind's schema: the field below `spec` that it is about, and its words."""

    path: str
    says: str
    is_of_change: bool


def rules(kind: type[ApiModel]) -> list[Refusal]:
    """The rules of a kind, each once."""
    found = (
        Refusal(
            (path + rule.get("fieldPath", "")).removeprefix(".spec."),
            rule["message"],
            "oldSelf" in rule["rule"],
        )
        for path, node in _nodes(structural(kind), "")
        for rule in node.get(CEL, ())
    )
    return list(dict.fromkeys(found))


def _fields(node: Json, prefix: str) -> Iterator[Field]:
    for name, child in node.get("properties", {}).items():
        path = prefix + name
        yield Field(path, child, name in node.get("required", ()))
        yield from _fields(child, f"{path}.")
        yield from _fields(child.get("items", {}), f"{path}[].")


def _nodes(node: Json, path: str) -> Iterator[tuple[str, Json]]:
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from _nodes(child, f"{path}.{name}")
    if "items" in node:
        yield from _nodes(node["items"], f"{path}[]")
