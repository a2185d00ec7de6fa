"""CONTRIBUTING.md shows the way to what is there."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text()
OPERATOR = ROOT / "operator/okta_rotator"
FIRST_CELLS = [cell for row in re.findall(r"^\| (`.+?) \|", TEXT, re.M) for cell in row.split(", ")]
NAMED = [re.sub(r"^(\.\.\.|operator/okta_rotator)/(?=.)", "", c.strip("`")) for c in FIRST_CELLS]
PRIVATE = ("__init__.py", "__pycache__", "py.typed")


def test_what_it_names_is_there() -> None:
    assert NAMED
    for name in NAMED:
        places = (ROOT / name, OPERATOR / name, OPERATOR / "rotation" / name)
        assert any(place.exists() for place in places), name


def test_each_part_of_the_operator_is_named() -> None:
    parts = {path.name for path in OPERATOR.iterdir() if path.name not in PRIVATE}
    named = {name.split("/")[0] for name in NAMED}
    assert parts <= named


def test_each_folder_of_tests_is_named() -> None:
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/__init__.py")}
    assert {f"tests/{folder}/" for folder in folders} <= set(NAMED)
