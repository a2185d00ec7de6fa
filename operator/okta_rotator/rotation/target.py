"""What the target Secret has to hold, and how it differs from that.

Publication is a rule and not a step: the target holds what the state calls active.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from okta_rotator.api.names import (
    ADOPT_ANNOTATION,
    APP_ID_ANNOTATION,
    ROTATION_LABEL,
    ROTATION_NAME_ANNOTATION,
    SECRET_ID_ANNOTATION,
)
from okta_rotator.api.patterns import TemplateName
from okta_rotator.api.rotation import CreationPolicy
from okta_rotator.rotation.snapshot import Resource, SecretObject
from okta_rotator.rotation.state import State
from okta_rotator.rotation.templates import render
from okta_rotator.rotation.values import SecretValue


@dataclass(frozen=True, slots=True)
class TargetChange:
    """What to write to the target; a value of None takes the key away."""

    name: str
    type: str
    labels: Mapping[str, str | None]
    annotations: Mapping[str, str | None]
    data: Mapping[str, str | None] = field(repr=False)
    existing: SecretObject | None
    """The Secret to change, under its resourceVersion; None: to be created."""


def target_name(resource: Resource) -> str:
    """The name of the target Secret: `spec.target.name`, or the resource's own."""
    return resource.sound_spec.target.name or resource.key.name


def is_marked_ours(target: SecretObject, resource: Resource) -> bool:
    """Whether the Secret carries our mark, or a person let us have it."""
    name = resource.key.name
    marks = (ROTATION_NAME_ANNOTATION, ADOPT_ANNOTATION)
    return any(target.annotations.get(mark) == name for mark in marks)


def published_value(target: SecretObject | None, resource: Resource) -> SecretValue | None:
    """The client secret that the target holds under the mapped key."""
    if target is None:
        return None
    text = target.data.get(resource.sound_spec.secrets_mapping.client_secret)
    return None if text is None else SecretValue(text)


def mapped_keys(resource: Resource) -> tuple[str, ...]:
    """The keys of the target that are ours under this spec."""
    spec = resource.sound_spec
    return (*spec.secrets_mapping.keys, *spec.target.template)


def is_shared(resource: Resource) -> bool:
    """Whether the target is a Secret that somebody else makes, and ours are some of its keys."""
    return resource.sound_spec.target.creation_policy is CreationPolicy.MERGE


def needed_change(
    target: SecretObject | None, resource: Resource, state: State
) -> TargetChange | None:
    """What has to be written so that the target holds the active secret; None if it does."""
    wanted = _wanted(target, resource, state)
    if target is None:
        return wanted
    change = TargetChange(
        name=target.name,
        type=target.type,
        labels=_difference(target.labels, wanted.labels, _ours(target, "labels")),
        annotations=_difference(
            target.annotations, wanted.annotations, _ours(target, "annotations")
        ),
        data=_difference(target.data, wanted.data, frozenset(state.target_keys)),
        existing=target,
    )
    return change if change.labels or change.annotations or change.data else None


def withdrawal(target: SecretObject, keys: Iterable[str]) -> TargetChange:
    """What has to be written so that nothing of ours is left in a Secret that others use too."""
    marks = (ADOPT_ANNOTATION, APP_ID_ANNOTATION, ROTATION_NAME_ANNOTATION, SECRET_ID_ANNOTATION)
    return TargetChange(
        name=target.name,
        type=target.type,
        labels={ROTATION_LABEL: None},
        annotations=dict.fromkeys(marks),
        data={key: None for key in keys if key in target.data},
        existing=target,
    )


def _wanted(target: SecretObject | None, resource: Resource, state: State) -> TargetChange:
    spec, active = resource.sound_spec, state.active
    if active is None or active.value is None:
        raise ValueError("there is no active secret to publish")
    metadata = spec.target.metadata
    return TargetChange(
        name=target_name(resource),
        type=spec.target.type,
        labels={**metadata.labels, ROTATION_LABEL: resource.uid},
        annotations={
            **metadata.annotations,
            ROTATION_NAME_ANNOTATION: resource.key.name,
            APP_ID_ANNOTATION: state.app_id,
            SECRET_ID_ANNOTATION: active.secret_id,
        },
        data=_wanted_data(target, resource, state, active.value.reveal()),
        existing=None,
    )


def _wanted_data(
    target: SecretObject | None, resource: Resource, state: State, value: str
) -> dict[str, str | None]:
    spec = resource.sound_spec
    mapping = spec.secrets_mapping
    values = {TemplateName.CLIENT_ID: state.client_id, TemplateName.CLIENT_SECRET: value}
    rendered = {key: render(text, values) for key, text in spec.target.template.items()}
    data: dict[str, str | None] = {
        mapping.client_id: state.client_id,
        mapping.client_secret: value,
        **rendered,
    }
    if mapping.previous_client_secret is not None:
        held = target.data.get(mapping.previous_client_secret) if target is not None else None
        data[mapping.previous_client_secret] = _previous_value(state) or held or ""
    return data


def _previous_value(state: State) -> str | None:
    """None where there is none, or where it is about to be revoked, which is no time to spread it.

    What the target holds then stays, so that nothing that watches it restarts for that.
    """
    previous = state.previous
    if previous is None or previous.value is None or previous.secret_id == state.bound_secret_id:
        return None
    return previous.value.reveal()


def _difference(
    live: Mapping[str, str], wanted: Mapping[str, str | None], ours: frozenset[str]
) -> dict[str, str | None]:
    changed = {key: value for key, value in wanted.items() if live.get(key) != value}
    stale = {key: None for key in ours if key in live and key not in wanted}
    return {**changed, **stale}


def _ours(target: SecretObject, part: str) -> frozenset[str]:
    prefix = part + "/"
    return frozenset(
        path.removeprefix(prefix) for path in target.our_metadata if path.startswith(prefix)
    )
