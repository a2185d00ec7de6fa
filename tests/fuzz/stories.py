"""Sequences that something went wrong in once, or that draws come to too seldom."""

from __future__ import annotations

from okta_rotator.api.names import (
    REVOKE_PREVIOUS_ANNOTATION,
    ROLLBACK_ANNOTATION,
    ROTATE_ANNOTATION,
    ROTATION_NAME_ANNOTATION,
)
from tests.fuzz.edits import Act, Annotate, Edit, EditSpec, EditTarget, How, NameConnection


def _spec(**fields: object) -> EditSpec:
    """A merge patch; `a_b` is the field `b` within `a`."""
    changes = tuple((tuple(way.split("_")), value) for way, value in fields.items())
    return EditSpec(How.MERGE, changes, is_sound=True)


_HAND = EditTarget(data={"HAND_A": "x"})

STORIES: dict[str, list[Edit]] = {
    "a connection is broken in one way after another": [
        *(Act.WRONG_TOKEN, Act.DELETE_TOKEN, Act.RIGHT_TOKEN, Act.WRONG_KEY, Act.DELETE_TOKEN),
        *(Act.RIGHT_KEY, Act.RIGHT_TOKEN),
    ],
    "the mapping names a person's key, which goes": [
        *(_HAND, _spec(secretsMapping_clientSecret="HAND_A"), EditTarget(data={"HAND_A": None})),
    ],
    "the mapping names a person's key when the resource is deleted": [
        *(_HAND, _spec(secretsMapping_clientId="HAND_A", deletionPolicy_secret="Delete")),
    ],
    "the mapping names a person's key when the resource is made again": [
        *(_HAND, _spec(secretsMapping_clientSecret="HAND_A", deletionPolicy_secret="Delete")),
        Act.REMAKE,
    ],
    "the target is immutable while a rotation is asked for": [
        *(Act.MAKE_IMMUTABLE, Annotate(ROTATE_ANNOTATION, "a")),
        *(_spec(secretsMapping_clientId="B"), Annotate(ROTATE_ANNOTATION, "b")),
        *(Act.DELETE_TARGET, Annotate(ROLLBACK_ANNOTATION, "c")),
    ],
    "the target is immutable and shared when the resource is deleted": [
        *(_HAND, Act.MAKE_IMMUTABLE, _spec(deletionPolicy_secret="Delete")),
    ],
    "the target was taken when the resource is deleted with its secrets": [
        EditTarget(annotations={ROTATION_NAME_ANNOTATION: None}),
        _spec(deletionPolicy_secret="Delete", deletionPolicy_oktaSecrets="Revoke"),
    ],
    "requests wait for a connection": [
        *(NameConnection("nobody"), Annotate(ROTATE_ANNOTATION, "a")),
        *(Annotate(REVOKE_PREVIOUS_ANNOTATION, "a"), Act.DELETE_TARGET, NameConnection("spare")),
    ],
    "requests wait for a retention": [
        *(Annotate(ROTATE_ANNOTATION, "a"), _spec(previousSecret={"inactiveHold": "1h"})),
        *(Annotate(ROTATE_ANNOTATION, "b"), Annotate(ROLLBACK_ANNOTATION, "b")),
        Annotate(REVOKE_PREVIOUS_ANNOTATION, "b"),
    ],
}
