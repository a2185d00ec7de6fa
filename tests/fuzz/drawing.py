"""The next edit of a sequence, drawn from the schema and from what the resource holds now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from pydantic import ValidationError

from okta_rotator.api.base import ApiModel
from okta_rotator.api.connection import ConnectionSpec
from okta_rotator.api.names import (
    ADOPT_ANNOTATION,
    APP_ID_ANNOTATION,
    PREFIX,
    ROTATION_LABEL,
    ROTATION_NAME_ANNOTATION,
    SECRET_ID_ANNOTATION,
)
from okta_rotator.api.rotation import RotationSpec
from tests.cluster.drawn_specs import ODD
from tests.fuzz.edits import (
    Act,
    Annotate,
    Changes,
    Edit,
    EditSpec,
    EditTarget,
    How,
    Kind,
    NameConnection,
    with_changes,
)
from tests.fuzz.schema import (
    CONNECTIONS,
    ROTATIONS,
    Place,
    annotation_of,
    at,
    draw,
    metadata_keys,
    oddities,
    places,
    plain_texts,
    request_verbs,
    spec_schema,
)
from tests.fuzz.subject import TOKEN_KEY
from tests.resources import ABSENT, Json

FIXED: tuple[Place, ...] = (
    ("parameters",),
    ("target", "name"),
    ("target", "type"),
    ("target", "creationPolicy"),
)
"""What cannot be changed in a rotation; the connection has edits of its own."""
CONNECTION_FIXED: tuple[Place, ...] = (("instanceUrl",),)
TRIES = 300
Field = tuple[Place, Json, bool]
"""Where a field is, its schema, and whether it has to be there."""
MODELS: dict[Kind, type[ApiModel]] = {
    Kind.ROTATION: RotationSpec,
    Kind.CONNECTION: ConnectionSpec,
}
HAND_KEYS = ("HAND_A", "HAND_B", "hand.c")
"""Keys of the target that people use for themselves; now and then a mapping names one."""


@dataclass(frozen=True)
class View:
    """What a person sees before the next edit."""

    spec: Json
    connection: Json | None
    """The spec of the connection that the resource began with; None while it is deleted."""
    target: Json | None
    needs_mending: bool
    """Whether the target, or a key that is mapped, is a person's, or it is immutable."""
    may_use_hands: bool
    """Whether the operator still takes a hand in the target for an accident."""
    annotations: dict[str, str]
    connection_is_broken: bool
    """Of the connection that the resource began with."""
    can_be_remade: bool
    """Whether it is well: a new resource cannot be Ready before Okta was asked."""


def next_edit(view: View, random: Random) -> Edit:
    """One edit. Whoever broke something is likely to mend it next."""
    mending = _mending(view, random)
    if mending is not None and random.random() < 0.5:
        return mending
    kinds, weights = zip(*_KINDS, strict=True)
    edit: Edit = random.choices(kinds, weights)[0](view, random)
    return edit


def first_changes(spec: Json, random: Random) -> Changes:
    """What makes a sequence's resource another than the smallest one."""
    sound = _sound_changes(Kind.ROTATION, spec, random, count=random.randint(1, 6))
    name = ((("target", "name"), "NAME-target"),) if random.random() < 0.3 else ()
    return (*sound, *name)


def is_sound(kind: Kind, spec: Any) -> bool:
    """Whether the models accept the spec; the API server accepts no more (a property test)."""
    try:
        MODELS[kind].model_validate(spec)
    except ValidationError:
        return False
    return True


def _mending(view: View, random: Random) -> Edit | None:
    if view.needs_mending:
        adopted = EditTarget(annotations={ADOPT_ANNOTATION: "NAME"})
        marked = EditTarget(annotations={ROTATION_NAME_ANNOTATION: "NAME"})
        mended: list[Edit] = [Act.DELETE_TARGET, adopted, marked]
        return random.choice(mended)
    if view.connection is None:
        return Act.MAKE_CONNECTION
    if view.connection_is_broken:
        key = at(view.connection, ("apiToken", "secretRef", "key"))
        return Act.RIGHT_TOKEN if key == TOKEN_KEY else Act.RIGHT_KEY
    return None


def _sound_spec(view: View, random: Random) -> Edit:
    changes = _sound_changes(Kind.ROTATION, view.spec, random, count=random.randint(1, 3))
    return EditSpec(random.choice(list(How)), changes, is_sound=True)


def _sound_changes(kind: Kind, spec: Json, random: Random, count: int) -> Changes:
    """Changes that the models accept together, drawn until they do."""
    schema = spec_schema(ROTATIONS if kind is Kind.ROTATION else CONNECTIONS)
    able = [p for p in places(schema) if not _is_fixed(kind, p[0])]
    for _ in range(TRIES):
        chosen = [_place(able, random) for _ in range(count)]
        changes = tuple(_change(spec, *one, random) for one in chosen)
        if _fits(spec, changes) and is_sound(kind, with_changes(spec, changes)):
            return changes
    raise AssertionError(f"no sound change of {spec} was found")


def _place(able: list[Field], random: Random) -> Field:
    """Any field, or, as often, one of those that are seen in the target."""
    seen = [one for one in able if one[0][0] in ("secretsMapping", "target")]
    return random.choice(seen if seen and random.random() < 0.5 else able)


def _is_fixed(kind: Kind, place: Place) -> bool:
    if kind is Kind.CONNECTION:
        return place[0] != "description"
    return place[0] == "connection" or any(place[: len(one)] == one for one in FIXED)


def _change(
    spec: Json, place: Place, schema: Json, is_needed: bool, random: Random
) -> tuple[Place, Any]:
    there = at(spec, place)
    if there is not None and not is_needed and random.random() < 0.3:
        return place, None
    if "additionalProperties" in schema and random.random() < 0.7:
        return _entry_change(place, schema, there or {}, random)
    return place, _drawn(schema, place, random)


def _entry_change(place: Place, schema: Json, there: Json, random: Random) -> tuple[Place, Any]:
    """One label or annotation: another value, none, or a new one."""
    key = random.choice([*there, random.choice(metadata_keys())])
    is_removed = key in there and random.random() < 0.5
    return (*place, key), None if is_removed else draw(schema["additionalProperties"], random)


def _drawn(schema: Json, place: Place, random: Random) -> Any:
    value = draw(schema, random, place[-1])
    if place == ("target",):  # What cannot be changed of it is left to the server's defaults.
        return {k: v for k, v in value.items() if k in ("metadata", "template")}
    if place[:-1] == ("secretsMapping",) and random.random() < 0.2:
        return random.choice(HAND_KEYS)
    return value


def _fits(spec: Json, changes: Changes) -> bool:
    """No change lies within what another replaces, nor within what is not an object."""
    ways = [place for place, _ in changes]
    inside = any(a != b and b[: len(a)] == a for a in ways for b in ways)
    return not inside and len(set(ways)) == len(ways) and spec_keeps_name(spec, changes)


def spec_keeps_name(spec: Json, changes: Changes) -> bool:
    """Whether `target.name` is as before, for it cannot be changed."""
    return bool(at(with_changes(spec, changes), ("target", "name")) == at(spec, ("target", "name")))


def _unsound_spec(view: View, random: Random) -> Edit:
    return _unsound(Kind.ROTATION, view.spec, random)


def _unsound_connection(view: View, random: Random) -> Edit:
    if view.connection is None:
        return _unsound_spec(view, random)
    if random.random() < 0.3:
        moved = ((("instanceUrl",), "https://other.okta.com"),)
        return EditSpec(How.MERGE, moved, is_sound=False, kind=Kind.CONNECTION)
    return _unsound(Kind.CONNECTION, view.connection, random)


def _unsound(kind: Kind, spec: Json, random: Random) -> EditSpec:
    """One field that is wrong, missing, unknown, or not to be changed."""
    schema = spec_schema(ROTATIONS if kind is Kind.ROTATION else CONNECTIONS)
    fixed = FIXED if kind is Kind.ROTATION else CONNECTION_FIXED
    able = list(places(schema))
    for _ in range(TRIES):
        place, field, _needed = random.choice(able)
        odd = random.choice([random.choice(ODD), random.choice(oddities(field))])
        value = None if odd is ABSENT else odd
        if random.random() < 0.1:
            place, value = (*place[:-1], "unheardOf"), True
        changes = ((place, value),)
        if not _can_be_set(spec, place) or (value is None and at(spec, place) is None):
            continue
        after = with_changes(spec, changes)
        is_moved = place in fixed and value is not None and at(spec, place) != value
        if place[-1] == "unheardOf" or is_moved or not is_sound(kind, after):
            return EditSpec(random.choice(list(How)), changes, is_sound=False, kind=kind)
    raise AssertionError(f"no unsound change of {spec} was found")


def _can_be_set(spec: Json, place: Place) -> bool:
    return all(isinstance(at(spec, place[:n]), dict | None) for n in range(1, len(place)))


def _other_connection(view: View, random: Random) -> Edit:
    return NameConnection(random.choice(["main", "main", "spare", "nobody"]))


def _annotation(view: View, random: Random) -> Edit:
    """A request, new, old or junk, by any verb; or what is none of our business."""
    if random.random() < 0.3:
        own = [key for key in view.annotations if not key.startswith(PREFIX)]
        unknown = [PREFIX + "unheard-of", PREFIX + "adopt", "example.com/note"]
        return Annotate(random.choice([*unknown, *own]), random.choice([None, "note", ""]))
    key = annotation_of(random.choice([*request_verbs(), "rotate", "rotate"]))
    there = view.annotations.get(key)
    tokens = [f"token-{random.randrange(10**6)}"] * 3 + sorted(set(view.annotations.values()))
    if there is not None and random.random() < 0.3:
        return Annotate(key, random.choice([None, there]))
    return Annotate(key, random.choice(tokens) if random.random() < 0.7 else _junk(random))


def _junk(random: Random) -> str:
    texts = [*("", " ", "{}", "null", "é🙂\n"), random.choice(plain_texts())]
    return random.choice([*texts, "k" * 1024, "k" * 1025])


def _hand_in_target(view: View, random: Random) -> Edit:
    if view.target is None or not view.may_use_hands:
        return _sound_spec(view, random)
    return random.choice(_HANDS)(view, random)


def _ours_overwritten(view: View, random: Random) -> Edit:
    mapping = view.spec["secretsMapping"]
    key = mapping[random.choice(sorted(mapping))]
    return EditTarget(data={key: random.choice([None, "junk", ""])})


def _foreign_data(view: View, random: Random) -> Edit:
    return EditTarget(data={random.choice(HAND_KEYS): random.choice([None, "x", "y"])})


def _foreign_metadata(view: View, random: Random) -> Edit:
    key = random.choice(["hand/a", "hand", random.choice(metadata_keys())])
    value = random.choice([None, "x", "y"])
    both = [EditTarget(labels={key: value}), EditTarget(annotations={key: value})]
    return random.choice(both)


def _our_marks_overwritten(view: View, random: Random) -> Edit:
    label = EditTarget(labels={ROTATION_LABEL: random.choice([None, "x"])})
    key = random.choice([APP_ID_ANNOTATION, SECRET_ID_ANNOTATION])
    return random.choice([label, EditTarget(annotations={key: random.choice([None, "x"])})])


def _taken(view: View, random: Random) -> Edit:
    label = random.choice([{}, {ROTATION_LABEL: None}])
    owner = random.choice([None, "somebody-else"])
    return EditTarget(labels=label, annotations={ROTATION_NAME_ANNOTATION: owner})


def _whole_target(view: View, random: Random) -> Edit:
    return random.choice([Act.DELETE_TARGET, Act.DELETE_TARGET, Act.MAKE_IMMUTABLE])


_HANDS: list[Callable[[View, Random], Edit]] = [
    *(_ours_overwritten, _foreign_data, _foreign_metadata, _our_marks_overwritten),
    *(_taken, _whole_target),
]


def _act_on_connection(view: View, random: Random) -> Edit:
    if view.connection is None:
        return Act.MAKE_CONNECTION
    acts = [Act.WRONG_KEY, Act.RIGHT_KEY, Act.WRONG_TOKEN, Act.RIGHT_TOKEN, Act.DELETE_TOKEN]
    changes = _sound_changes(Kind.CONNECTION, view.connection, random, count=1)
    described = EditSpec(random.choice(list(How)), changes, is_sound=True, kind=Kind.CONNECTION)
    edits: list[Edit] = [*acts, Act.DELETE_CONNECTION, described]
    return random.choice(edits)


def _whole_resource(view: View, random: Random) -> Edit:
    acts = [Act.WIPE_STATUS, Act.DROP_FINALIZERS]
    return random.choice([*acts, Act.REMAKE, Act.REMAKE] if view.can_be_remade else acts)


_KINDS: list[tuple[Callable[[View, Random], Edit], int]] = [
    (_sound_spec, 38),
    (_unsound_spec, 10),
    (_unsound_connection, 3),
    (_other_connection, 7),
    (_annotation, 14),
    (_hand_in_target, 16),
    (_act_on_connection, 10),
    (_whole_resource, 5),
]
