"""What all models of the API have in common: immutability, camelCase, rules, times in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    PlainSerializer,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, ErrorDetails

from okta_rotator.api.rules import CEL, Rule


class ApiModel(BaseModel):
    """A part of a resource. The text below each field is what `kubectl explain` shows of it."""

    # Unknown fields are ignored: after a rollback the cluster may hold what a later version knew.
    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        use_attribute_docstrings=True,
    )
    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _obey_rules(self) -> Self:
        for rule in self.rules:
            rule.check(self)
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        json = handler(schema)
        if cls.rules:
            handler.resolve_ref_schema(json)[CEL] = [rule.as_cel() for rule in cls.rules]
        return json

    @classmethod
    def salvage(cls, raw: Mapping[str, Any]) -> Self:
        """Read what can be read, field by field of the top level.

        For a status, which decides nothing: a hand's edit of one field must not cost the others.
        """
        try:
            return cls.model_validate(raw)
        except ValidationError as error:
            broken = {str(one["loc"][0]) for one in error.errors() if one["loc"]}
            return cls.model_validate({key: raw[key] for key in raw if key not in broken})

    def to_api(self) -> dict[str, Any]:
        """The JSON that the API server stores: camelCase, RFC 3339 times, nothing that is None."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


@dataclass(frozen=True, slots=True)
class ListMap:
    """Marks a list whose entries are told apart by one of their fields, for the API server."""

    key: str

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        kind = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [self.key]}
        return {**handler(schema), **kind}


@dataclass(frozen=True, slots=True)
class Atomic:
    """Marks a list that the API server replaces as a whole, whoever wrote which entry."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "x-kubernetes-list-type": "atomic"}


def _in_utc_seconds(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)


def rfc3339(at: datetime) -> str:
    """The instant as Kubernetes writes it: `2026-01-01T00:00:00Z`, whole seconds, rounded down."""
    return _in_utc_seconds(at).strftime("%Y-%m-%dT%H:%M:%SZ")


# Cut to seconds on the way in, so that a status equals itself after a round trip.
UtcTime = Annotated[
    AwareDatetime, AfterValidator(_in_utc_seconds), PlainSerializer(rfc3339, when_used="json")
]
"""An instant in UTC of whole seconds."""


def spec_error_message(error: ValidationError, root: str = "spec") -> str:
    """What is wrong with a spec, field by field, for a user. Never echoes a value."""
    found = error.errors(include_input=False, include_url=False)
    return "; ".join(f"{_path(root, one)}: {_words(one)}" for one in found)


def _path(root: str, one: ErrorDetails) -> str:
    # A model's rule is reported at the model; the field that it speaks of is in its context.
    return ".".join(map(str, (root, *one["loc"]))) + (one.get("ctx", {}).get("field") or "")


def _words(one: ErrorDetails) -> str:
    return one["msg"].replace("Input should", "should")
