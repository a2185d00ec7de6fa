"""The README of the chart, and the table in it that is made from values.yaml's comments.

A value is described by the comment above it that begins with `# --`; a line `# @default -- ...`
after it says in words what is too long for a cell. helm-docs reads the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from tests.chart.helm import CHART
from tests.docs.markdown import code, table

README = CHART / "README.md"
_PLACE = re.compile(r"(<!-- made by `make docs` -->\n).*?(<!-- end -->)", re.DOTALL)
_KEY = re.compile(r"^( *)([A-Za-z]+):")


@dataclass(frozen=True)
class Row:
    """One value: its path, what it is where nothing is said, what it means."""

    path: str
    default: str
    meaning: str


def rows() -> Iterator[Row]:
    """Each described value of values.yaml, in its order."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    way: list[str] = []
    words: list[str] = []
    default: str | None = None
    for line in (CHART / "values.yaml").read_text().splitlines():
        text = line.strip()
        if text.startswith("# -- "):
            words = [text.removeprefix("# -- ")]
        elif text.startswith("# @default -- "):
            default = text.removeprefix("# @default -- ")
        elif text.startswith("#") and words:
            words.append(text.removeprefix("# "))
        elif found := _KEY.match(line):
            way = [*way[: len(found[1]) // 2], found[2]]
            if words:
                yield Row(".".join(way), default or _shown(values, way), " ".join(words))
            words, default = [], None


def filled(text: str) -> str:
    """The text with the table in its place, as values.yaml has it now."""
    made = table(
        ("value", "default", "meaning"),
        [(code(row.path), row.default, row.meaning) for row in rows()],
    )
    return _PLACE.sub(lambda match: f"{match[1]}{made}{match[2]}", text)


def _shown(values: object, way: list[str]) -> str:
    for step in way:
        assert isinstance(values, dict)
        values = values[step]
    return "" if values in ("", [], {}) else code(json.dumps(values).strip('"'))
