"""Tables of the words that users meet: conditions, reasons, flags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.main

from okta_rotator.api.conditions import ConditionType, Reason
from okta_rotator.cli.main import app
from tests.docs.markdown import code, table


def conditions_table() -> str:
    rows = [(code(one), one.explanation) for one in ConditionType]
    return table(("condition", "meaning"), rows)


def reasons_table() -> str:
    """Each leads to its entry in docs/troubleshooting.md."""
    rows = [(f"[{code(one)}](#{one.lower()})", one.explanation) for one in Reason]
    return table(("reason", "when"), rows)


def settings_table() -> str:
    return table(("flag", "environment", "default", "meaning"), map(_setting, flags()))


def flags() -> Iterator[Any]:
    """The flags of `okta-rotator run`, as the parser knows them."""
    run = typer.main.get_command(app).commands["run"]  # type: ignore[attr-defined]
    yield from (flag for flag in run.params if flag.name != "help")


def _setting(flag: Any) -> tuple[str, str, str, str]:
    told = flag.show_default if isinstance(flag.show_default, str) else flag.default
    default = "" if told is None or told is False else str(told)
    return code(flag.opts[0]), code(flag.envvar), default, flag.help
