"""README.md and docs/ say what the code says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from okta_rotator.api import names
from okta_rotator.api.base import ApiModel
from okta_rotator.api.cluster_connection import ClusterConnectionSpec
from okta_rotator.api.conditions import ConditionType, Reason
from okta_rotator.api.connection import ConnectionSpec, ConnectionStatus
from okta_rotator.api.crds import KINDS
from okta_rotator.api.rotation import RotationSpec, RotationStatus
from tests.docs.fields import fields, rules
from tests.docs.pages import DOCS, PAGES, ROOT, TABLES, filled, places
from tests.docs.words import flags
from tests.resources import changed, paths

REFERENCE = (DOCS / "reference.md").read_text()
MAPPING = (DOCS / "infisical.md").read_text()


def rows(text: str) -> set[str]:
    """The first cells of the tables."""
    return set(re.findall(r"^\| \[?`([^`]+)`", text, re.M))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_its_tables_are_in_step_with_the_code(page: Path) -> None:
    text = page.read_text()
    assert filled(text) == text, "run `make docs` and commit what it writes"


def test_every_table_has_one_place() -> None:
    found = [name for page in PAGES for name in places(page.read_text())]
    assert sorted(found) == sorted(TABLES)


@pytest.mark.parametrize(
    "model", [RotationSpec, RotationStatus, ConnectionSpec, ClusterConnectionSpec, ConnectionStatus]
)
def test_every_field_has_a_row(model: type[ApiModel]) -> None:
    found = fields(model)
    assert found
    assert {field.path for field in found} <= rows(REFERENCE)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_a_field_is_said_to_be_fixed_where_the_api_server_holds_it_so(kind: object) -> None:
    model = kind.model  # type: ignore[attr-defined]
    held = {rule.path for rule in rules(model) if rule.is_of_change}
    told = {field.path.removeprefix("spec.") for field in fields(model) if field.is_fixed}
    assert held
    assert told == held


def test_every_condition_and_every_reason_has_a_row_with_a_sentence() -> None:
    everywhere = set().union(*(rows(page.read_text()) for page in PAGES))
    assert {*ConditionType, *Reason} <= everywhere
    for one in (*ConditionType, *Reason):
        assert re.fullmatch(r"[A-Z].+[.]", one.explanation), one


def test_every_flag_that_help_shows_has_a_row() -> None:
    command = [sys.executable, "-m", "okta_rotator.cli", "run", "--help"]
    wide = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run(command, env=wide, capture_output=True, text=True, check=True)
    shown = set(re.findall(r"--(?!help)[a-z][a-z-]+", done.stdout))
    assert shown == {flag.opts[0] for flag in flags()}
    assert shown <= rows(REFERENCE)


def test_the_short_names_are_those_of_the_crds() -> None:
    for kind in KINDS:
        assert f"## {kind.kind} (`{kind.short_name}`)" in REFERENCE


def test_every_name_of_the_interface_is_told_of() -> None:
    ours = {one for key, one in vars(names).items() if key.endswith(("_ANNOTATION", "_LABEL"))}
    assert len(ours) > 5
    for name in (*ours, names.FINALIZER, names.STATE_SECRET_TYPE, names.STATE_SUFFIX):
        assert name in REFERENCE, name


def test_the_mapping_names_fields_that_exist() -> None:
    known = {
        *(
            f"spec.{field.path}"
            for model in (RotationSpec, ConnectionSpec)
            for field in fields(model)
        ),
        *(f"status.{field.path}" for field in fields(RotationStatus)),
    }
    named = set(re.findall(r"`((?:spec|status)\.[\w.]+)`", MAPPING))
    assert named
    assert named <= known


def test_every_field_of_the_sample_has_a_row_in_the_mapping() -> None:
    sample = yaml.safe_load((ROOT / "deploy/samples/rotation.yaml").read_text())
    for path in paths(changed(sample, {})["spec"]):
        parent, _, last = path.rpartition(".")
        assert path in MAPPING or (parent in MAPPING and f".{last}`" in MAPPING), path
