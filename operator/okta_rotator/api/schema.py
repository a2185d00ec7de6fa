"""From a pydantic model to the structural schema that a CRD wants of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from okta_rotator.api.base import ApiModel

Json = dict[str, Any]


def structural(model: type[ApiModel]) -> Json:
    """The OpenAPI v3 schema of the model: no references, no titles, no nulls."""
    schema = model.model_json_schema(by_alias=True)
    return _plain(schema, schema.get("$defs", {}))


def _plain(node: Json, defs: Mapping[str, Json]) -> Json:
    node = _resolved(_without_null(_resolved(node, defs)), defs)
    plain = {key: node[key] for key in node if key not in _REWRITTEN}
    if "description" in node:
        plain["description"] = " ".join(node["description"].split())
    if "const" in node:
        plain["enum"] = [node["const"]]
    for key in ("items", "additionalProperties"):
        if key in node:
            plain[key] = _plain(node[key], defs)
    if "properties" in node:
        plain["properties"] = {k: _plain(v, defs) for k, v in node["properties"].items()}
    return plain | _default(node, plain)


_REWRITTEN = {
    *("$defs", "title", "description", "const", "default"),
    *("items", "additionalProperties", "properties"),
}


def _resolved(node: Json, defs: Mapping[str, Json]) -> Json:
    if "$ref" not in node:
        return node
    beside = {key: value for key, value in node.items() if key != "$ref"}
    return {**defs[node["$ref"].removeprefix("#/$defs/")], **beside}


def _without_null(node: Json) -> Json:
    """`X | None` is a field that may be left out: to the API server null is no value."""
    if "anyOf" not in node:
        return node
    (only,) = (one for one in node["anyOf"] if one != {"type": "null"})
    beside = {key: value for key, value in node.items() if key != "anyOf"}
    return {**only, **beside}


def _default(node: Json, plain: Json) -> Json:
    """An object's default is made of the defaults within, so that none is stored empty.

    The API server judges an object's default by the rules before it fills in those within.
    """
    if node.get("default") is None:
        return {}
    if plain.get("type") == "object":
        fields = plain.get("properties", {})
        within = {k: field["default"] for k, field in fields.items() if "default" in field}
        return {"default": within} if within else {}
    return {"default": node["default"]}
