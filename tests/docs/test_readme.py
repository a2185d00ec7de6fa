"""README.md says what the code says."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
import yaml

from okta_rotator.api.cluster_connection import ClusterConnectionSpec
from okta_rotator.api.conditions import ConditionType, Reason
from okta_rotator.api.connection import ConnectionSpec, ConnectionStatus
from okta_rotator.api.crds import KINDS
from okta_rotator.api.rotation import RotationSpec, RotationStatus
from tests.docs.fields import fields
from tests.docs.readme import README, ROOT, TABLES, filled, places
from tests.docs.words import flags
from tests.resources import changed, paths

TEXT = README.read_text()
ROWS = set(re.findall(r"^\| `([^`]+)` \|", TEXT, re.M))


def test_its_tables_are_in_step_with_the_code() -> None:
    assert filled(TEXT) == TEXT, "run `make docs` and commit what it writes"


def test_every_table_has_one_place() -> None:
    assert sorted(places(TEXT)) == sorted(TABLES)


@pytest.mark.parametrize(
    "model", [RotationSpec, RotationStatus, ConnectionSpec, ClusterConnectionSpec, ConnectionStatus]
)
def test_every_field_has_a_row(model: type[RotationSpec]) -> None:
    found = fields(model)
    assert found
    assert {field.path for field in found} <= ROWS


def test_every_condition_and_every_reason_has_a_row_with_a_sentence() -> None:
    assert {*ConditionType, *Reason} <= ROWS
    for one in (*ConditionType, *Reason):
        assert re.fullmatch(r"[A-Z].+[.]", one.explanation), one


def test_every_flag_that_help_shows_has_a_row() -> None:
    command = [sys.executable, "-m", "okta_rotator.cli", "run", "--help"]
    wide = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run(command, env=wide, capture_output=True, text=True, check=True)
    # Of a switch and its opposite, the switch.
    shown = set(re.findall(r"--(?!no-|help)[a-z][a-z-]+", done.stdout))
    assert shown == {flag.opts[0] for flag in flags()}
    assert shown <= ROWS


def test_the_short_names_are_those_of_the_crds() -> None:
    for kind in KINDS:
        assert f"### {kind.kind} (`{kind.short_name}`)" in TEXT


def test_the_mapping_names_fields_that_exist() -> None:
    here = TEXT.partition("## Coming from Infisical")[2].partition("\n## ")[0]
    known = {
        *(
            f"spec.{field.path}"
            for model in (RotationSpec, ConnectionSpec)
            for field in fields(model)
        ),
        *(f"status.{field.path}" for field in fields(RotationStatus)),
    }
    named = set(re.findall(r"`((?:spec|status)\.[\w.]+)`", here))
    assert named
    assert named <= known


def test_every_field_of_the_sample_has_a_row_in_the_mapping() -> None:
    here = TEXT.partition("## Coming from Infisical")[2].partition("\n## ")[0]
    sample = yaml.safe_load((ROOT / "deploy/samples/rotation.yaml").read_text())
    for path in paths(changed(sample, {})["spec"]):
        parent, _, last = path.rpartition(".")
        assert path in here or (parent in here and f".{last}`" in here), path
