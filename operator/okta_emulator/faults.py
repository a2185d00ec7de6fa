"""Faults on demand: which request meets which mishap, and how often.

The rules are tried in order; the first that matches and is not used up decides.
"""

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

from .errors import FAULT_CODES


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class Match(_Model):
    """Empty matches all; `path` is a regular expression that must be found in the path."""

    method: str | None = None
    path: str = ""

    @field_validator("path")
    @classmethod
    def _compiles(cls, path: str) -> str:
        try:
            re.compile(path)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return path

    def fits(self, method: str, path: str) -> bool:
        return self.method in (None, method) and re.search(self.path, path) is not None


class Status(_Model):
    """Answer with an error instead of the effect.

    `errorCode` is a name in a table of `errors` or `oauth_errors`; `status` overrides the table's;
    `resetAfter` sets x-rate-limit-remaining to 0 and x-rate-limit-reset so many seconds ahead.
    """

    type: Literal["status"]
    error_code: str
    status: int | None = Field(default=None, ge=400, le=599)
    reset_after: float | None = Field(default=None, ge=0)

    @field_validator("error_code")
    @classmethod
    def _known(cls, code: str) -> str:
        if code not in FAULT_CODES:
            raise ValueError(f"unknown; known are {', '.join(FAULT_CODES)}")
        return code


class Delay(_Model):
    """Wait before the effect."""

    type: Literal["delay"]
    seconds: float = Field(ge=0)


class DropBefore(_Model):
    """Close the connection; no effect, no answer."""

    type: Literal["drop-before"]


class DropAfter(_Model):
    """The effect happens, then the connection closes without an answer."""

    type: Literal["drop-after"]


class Late(_Model):
    """Close the connection at once; the effect happens `seconds` later."""

    type: Literal["late"]
    seconds: float = Field(ge=0)


Action = Annotated[Status | Delay | DropBefore | DropAfter | Late, Field(discriminator="type")]


class FaultRule(_Model):
    """`skip` requests that match pass unharmed, then `times` meet the action (null: all)."""

    match: Match = Match()
    skip: int = Field(default=0, ge=0)
    times: int | None = Field(default=1, ge=1)
    action: Action

    def meets(self, earlier: int) -> bool:
        return earlier >= self.skip and (self.times is None or earlier < self.skip + self.times)


class Faults:
    def __init__(self) -> None:
        self._rules: list[tuple[FaultRule, list[int]]] = []

    def replace(self, rules: list[FaultRule]) -> None:
        self._rules = []
        self.add(rules)

    def add(self, rules: list[FaultRule]) -> None:
        self._rules += [(rule, [0]) for rule in rules]

    def take(self, method: str, path: str) -> Action | None:
        for rule, seen in self._rules:
            if rule.match.fits(method, path):
                seen[0] += 1
                if rule.meets(seen[0] - 1):
                    return rule.action
        return None

    def report(self) -> list[dict[str, object]]:
        return [
            rule.model_dump(mode="json", by_alias=True) | {"matched": seen[0]}
            for rule, seen in self._rules
        ]


def delay_of(action: Action | None) -> timedelta:
    return timedelta(seconds=action.seconds if isinstance(action, Delay | Late) else 0)
