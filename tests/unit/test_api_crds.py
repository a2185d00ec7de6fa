"""The CRDs: in step with the models, every field described, and in the form that tools expect."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from okta_rotator.api.crds import KINDS, Kind, render_crds, write_crds
from okta_rotator.api.rules import cel_text
from tests.resources import Json

CRDS = Path(__file__).parents[2] / "crds"


def schema(kind: Kind) -> Json:
    (version,) = kind.as_json()["spec"]["versions"]
    found: Json = version["schema"]["openAPIV3Schema"]
    return found


def nodes(node: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Every schema within a schema, with its path."""
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    for name in ("items", "additionalProperties"):
        if name in node:
            yield from nodes(node[name], f"{path}[]")


ALL = [(f"{kind.kind}{path}", node) for kind in KINDS for path, node in nodes(schema(kind))]
FIELDS = [(path, node) for path, node in ALL if re.match(r"\w+[.](spec|status)\b", path)]


def test_the_committed_crds_are_in_step_with_the_models() -> None:
    committed = {path.name: path.read_text() for path in CRDS.iterdir()}
    assert committed == render_crds(), "run `okta-rotator crds` and commit what it writes"


def test_writing_makes_the_folder_and_the_files(tmp_path: Path) -> None:
    written = write_crds(tmp_path / "new" / "crds")
    assert {path.name: path.read_text() for path in written} == render_crds()


def test_every_field_is_described() -> None:
    named = [(path, node) for path, node in FIELDS if not path.endswith("[]")]
    assert [path for path, node in named if not is_sentence(node.get("description", ""))] == []


def is_sentence(text: str) -> bool:
    return re.fullmatch(r"[A-Z].*\.", text) is not None


def test_every_default_is_told() -> None:
    assert [path for path, node in FIELDS if not tells_its_default(node)] == []


def tells_its_default(node: Json) -> bool:
    if node["type"] == "object" or "default" not in node:
        return True
    return f"default: {node['default']}".lower() in node["description"].lower()


def test_the_schemas_are_structural() -> None:
    refused = {"$ref", "anyOf", "allOf", "oneOf", "const", "title", "$defs"}
    assert [path for path, node in ALL if "type" not in node or node.keys() & refused] == []


def test_everything_is_bounded() -> None:
    assert [path for path, node in FIELDS if not is_bounded(node)] == []


def is_bounded(node: Json) -> bool:
    if node["type"] == "string":
        return bool(node.keys() & {"maxLength", "enum", "format"})
    if node["type"] == "array":
        return {"maxItems", "x-kubernetes-list-type"} <= node.keys()
    return "additionalProperties" not in node or "maxProperties" in node


def test_every_field_that_a_rule_names_exists() -> None:
    for path, node in ALL:
        known = {inner for inner, _ in nodes(node)}
        rules = node.get("x-kubernetes-validations", [])
        assert {rule.get("fieldPath", "") for rule in rules} <= known, path


def test_a_text_with_a_quotation_mark_is_no_raw_text() -> None:
    with pytest.raises(ValueError, match="quotation mark"):
        cel_text('a"b')


def test_the_yaml_holds_what_it_was_made_from() -> None:
    read: dict[str, Any] = {
        document["spec"]["names"]["kind"]: document
        for document in map(yaml.safe_load, render_crds().values())
    }
    assert read == {kind.kind: kind.as_json() for kind in KINDS}
