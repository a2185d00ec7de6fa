"""The schema of a kind's spec, and values drawn from it: new fields are met as they come."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from okta_rotator.api.names import PREFIX
from tests.cluster.drawn_specs import METADATA_KEY
from tests.resources import Json

CRDS = Path(__file__).parents[2] / "crds"
ROTATIONS, CONNECTIONS = "oktaclientsecretrotations", "oktaconnections"
Place = tuple[str, ...]
"""The way to a field: `("target", "metadata", "labels", "team")`."""

POOL = 60
"""Texts that are drawn of a pattern; the sequences choose among them."""

SOUND: dict[str, list[Any]] = {
    "timeZone": ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"],
    "schedule": ["* * * * *", "0 2 * * *", "*/15 8-18 * * MON-FRI", "30 4 1,15 * 5", "0 0 29 2 *"],
    "template": [{"app.env": "A={{ clientId }}\nB={{ clientSecret | urlencode }}"}, {}],
}
"""By field: what no pattern would bring forth by chance."""
OFTEN = 0.8


@cache
def spec_schema(plural: str) -> Json:
    """The OpenAPI schema of `spec`, as the CRD holds it."""
    return dict(_kind(plural)["spec"])


@cache
def request_verbs() -> tuple[str, ...]:
    """What a resource can be asked for by an annotation: the fields of `handledRequests`."""
    handled = _kind(ROTATIONS)["status"]["properties"].get("handledRequests", {})
    return tuple(handled.get("properties", {}))


def annotation_of(verb: str) -> str:
    """The annotation by which a resource is asked: `revokePrevious` by `.../revoke-previous`."""
    return PREFIX + "".join("-" + c.lower() if c.isupper() else c for c in verb)


def _kind(plural: str) -> Json:
    (path,) = CRDS.glob(f"*_{plural}.yaml")
    (version,) = yaml.safe_load(path.read_text())["spec"]["versions"]
    return dict(version["schema"]["openAPIV3Schema"]["properties"])


def places(schema: Json, way: Place = ()) -> Iterator[tuple[Place, Json, bool]]:
    """Every field below: where it is, its schema, and whether it has to be there."""
    for name, field in schema.get("properties", {}).items():
        yield (*way, name), field, name in schema.get("required", ())
        yield from places(field, (*way, name))


def draw(schema: Json, random: Random, name: str = "") -> Any:
    """A value that the schema takes; its rules (CEL) may still refuse it. `name` is the field's."""
    if name in SOUND and random.random() < OFTEN:
        return random.choice(SOUND[name])
    if "enum" in schema:
        return random.choice(schema["enum"])
    match schema["type"]:
        case "boolean":
            return random.random() < 0.5
        case "integer":
            return _integer(schema, random)
        case "string":
            return _text(schema, random)
        case "array":
            return [draw(schema["items"], random) for _ in range(random.randint(0, 2))]
        case _:
            return _object(schema, random)


def _integer(schema: Json, random: Random) -> int:
    least, most = int(schema.get("minimum", 0)), int(schema.get("maximum", 2**31))
    return random.choice([least, most, random.randint(least, most)])


def _text(schema: Json, random: Random) -> str:
    most = int(schema.get("maxLength", 100))
    if "pattern" in schema:
        return random.choice([t for t in texts_of(schema["pattern"]) if len(t) <= most])
    return random.choice([*plain_texts(), "k" * most])[:most]


def _object(schema: Json, random: Random) -> Json:
    if "additionalProperties" in schema:
        keys = random.sample(metadata_keys(), random.randint(0, 3))
        return {key: draw(schema["additionalProperties"], random) for key in keys}
    needed = schema.get("required", ())
    fields = schema.get("properties", {}).items()
    chosen = {k: field for k, field in fields if k in needed or random.random() < 0.5}
    return {key: draw(field, random, key) for key, field in chosen.items()}


def oddities(schema: Json) -> list[Any]:
    """Values just beyond what the schema takes."""
    beyond: list[Any] = [{"a": 1}, [1], 1.5, None]
    if "minimum" in schema:
        beyond += [schema["minimum"] - 1, schema["maximum"] + 1, str(schema["minimum"])]
    if "enum" in schema:
        beyond += [str(schema["enum"][0]) + "x", str(schema["enum"][0]).swapcase()]
    if "maxLength" in schema:
        beyond.append("k" * (schema["maxLength"] + 1))
    if "pattern" in schema:
        beyond += [text + "\n" for text in texts_of(schema["pattern"])[:2]] + ["", "ä", "a b"]
    return beyond


@cache
def texts_of(pattern: str) -> list[str]:
    """Texts that match the pattern, the same in every run."""
    strategy = st.from_regex(pattern, fullmatch=True, alphabet=string.printable)
    return _drawn(strategy.filter(lambda text: "\n" not in text))


@cache
def plain_texts() -> list[str]:
    """Without control characters, which no YAML holds, and so no server-side apply."""
    texts = _drawn(st.text(max_size=30))
    return [text for text in texts if text.replace("\n", "").isprintable()]


@cache
def metadata_keys() -> list[str]:
    return sorted(set(_drawn(METADATA_KEY)))


def _drawn(strategy: st.SearchStrategy[str]) -> list[str]:
    found: list[str] = []

    @seed(1)
    @settings(
        max_examples=POOL,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(text: str) -> None:
        found.append(text)

    collect()
    return list(dict.fromkeys(found))


def at(node: Any, place: Place) -> Any:
    """The value at a place; None where there is none."""
    for step in place:
        node = node.get(step) if isinstance(node, Mapping) else None
    return node
