"""Rules that the API server checks by CEL and the models check in Python, written once for both.

A `Rule` stands in the `rules` of a model, or beside a field's type in `Annotated`. A `Pattern` is
one for text: its regular expression is the schema's `pattern`, part of its CEL and checked here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

CEL: Final = "x-kubernetes-validations"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that has to hold, in CEL, in Python and in words."""

    cel: str
    says: str
    """For the user: which field, and what would be right."""
    holds: Callable[[Any], bool] | None = None
    """None where only the API server can tell: rules on a change, or on metadata."""
    field: str | None = None
    """Where a model's rule is reported, as in `.target.name`; None: at the value itself."""
    reason: Literal["FieldValueForbidden", "FieldValueRequired"] | None = None
    """What the API server puts before `says`: Forbidden, Required value, or Invalid value."""

    def check(self, value: Any) -> Any:
        """The value, if the rule holds for it; a pydantic error with `says` if not."""
        if self.holds is not None and not self.holds(value):
            raise PydanticCustomError("rule", "{says}", {"says": self.says, "field": self.field})
        return value

    def as_cel(self) -> dict[str, str]:
        """The rule as an entry of `x-kubernetes-validations`."""
        entry = {
            "rule": self.cel,
            "message": self.says,
            "fieldPath": self.field,
            "reason": self.reason,
        }
        return {key: value for key, value in entry.items() if value is not None}

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        json = handler(schema)
        json[CEL] = [*json.get(CEL, []), self.as_cel()]
        return json


def unchangeable(field: str, says: str, *, now: str, before: str) -> Rule:
    """A field that keeps its value: what CEL sees of it now must be what it saw before."""
    return Rule(f"{now} == {before}", says, field=field, reason="FieldValueForbidden")


@dataclass(frozen=True, slots=True)
class Pattern(Rule):
    """Text that a regular expression describes from its first to its last character."""

    pattern: str = ""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        # `pattern` is for tools that know no CEL, the rule for its message in plain words.
        json = Rule.__get_pydantic_json_schema__(self, schema, handler)
        return {**json, "pattern": self.pattern}


def matching(pattern: str, says: str) -> Pattern:
    """Text that matches the pattern, which Go, Rust and Python must read alike.

    So: ASCII classes written out, no look-around, no flags; anchored here.
    """
    anchored = f"^{pattern}$" if "|" not in pattern else f"^({pattern})$"
    return Pattern(
        cel=f"self.matches({cel_text(anchored)})",
        says=says,
        holds=lambda text: is_match(pattern, text),
        pattern=anchored,
    )


def is_match(pattern: str, text: str) -> bool:
    """Whether the pattern describes the whole text (a last line break included, unlike `$`)."""
    return re.fullmatch(pattern, text) is not None


def cel_text(text: str) -> str:
    """A CEL literal of the text, in which a backslash is a backslash."""
    if '"' in text:
        raise ValueError(f"a raw CEL text cannot hold a quotation mark: {text}")
    return f'r"{text}"'
