"""The blocks of code in a page, and what is in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import yaml

_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.M | re.DOTALL)
_INDENTED = re.compile(r"(?:^    .*\n)+", re.M)
_INLINE = re.compile(r"`([^`\n]+)`")


def fenced(text: str, language: str) -> list[str]:
    """What stands between two fences with that language."""
    return [body for _, found, body in _FENCED.findall(text) if found == language]


def documents(text: str) -> Iterator[Any]:
    """Every YAML document of a page; an indented block is one if it says `spec:` or the like."""
    for block in (*fenced(text, "yaml"), *_indented(text)):
        if re.match(r"[\w-]+:(\n|$)|apiVersion:|tokens:", block):
            yield from yaml.safe_load_all(block)


def commands(text: str) -> Iterator[list[str]]:
    """Every command of a page, as words; what is inline counts as well."""
    inline = _INLINE.findall(_FENCED.sub("", text))
    for block in (*fenced(text, "sh"), *_indented(text), *inline):
        for line in block.replace("\\\n", " ").splitlines():
            yield from _split(line.strip())


def _split(line: str) -> Iterator[list[str]]:
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return
    command: list[str] = []
    for word in words:
        is_end = word in ("|", "&&")
        if not is_end:
            command.append(word.removesuffix(";"))
        if is_end or word.endswith(";"):
            yield command
            command = []
    yield command


def _indented(text: str) -> list[str]:
    without = _FENCED.sub("", text)
    return [re.sub("^    ", "", block, flags=re.M) for block in _INDENTED.findall(without)]
