"""docs/troubleshooting.md has an entry for every reason, and quotes what the code says."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from okta_rotator.api.conditions import Reason
from tests.docs.pages import DOCS, ROOT

TEXT = (DOCS / "troubleshooting.md").read_text()
ENTRIES = dict(re.findall(r"^### (\w+)\n\n(.+?)(?=^##|\Z)", TEXT, re.M | re.DOTALL))

LEAST = 3
"""Words of a literal that are no accident."""


def test_the_entries_are_those_of_the_code() -> None:
    assert set(ENTRIES) == set(Reason)


@pytest.mark.parametrize("reason", Reason)
def test_an_entry_has_its_message_its_cause_a_command_and_a_fix(reason: Reason) -> None:
    assert re.fullmatch(
        r"(> [^\n]+\n\n)+\*\*Cause\.\*\* .+```sh\n(kubectl|curl) .+```\n\n\*\*Fix\.\*\* .+",
        ENTRIES[reason],
        re.DOTALL,
    )


@pytest.mark.parametrize("reason", Reason)
def test_a_message_is_one_that_the_code_has(reason: Reason) -> None:
    """An ellipsis stands for what differs from time to time."""
    for quote in re.findall(r"^> (.+)$", ENTRIES[reason], re.M):
        for piece in quote.split("…"):
            assert not unsaid(piece.strip(" .").split()), piece


def unsaid(words: list[str]) -> list[str]:
    """What is left of the words when literals of the code have been taken off their beginning."""
    least = min(LEAST, len(words))
    while words:
        longest = next((n for n in range(len(words), 0, -1) if is_literal(" ".join(words[:n]))), 0)
        if longest < least:
            return words
        words = words[longest:]
    return words


def is_literal(part: str) -> bool:
    return any(part in text for text in texts())


@cache
def texts() -> frozenset[str]:
    """The literals of the operator; of a text with names in it, the parts between these."""
    sources = (ROOT / "operator/okta_rotator").rglob("*.py")
    nodes = (node for path in sources for node in ast.walk(ast.parse(path.read_text())))
    return frozenset(
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
