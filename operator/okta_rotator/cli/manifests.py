"""What `okta-rotator preview` reads and shows: manifests, and the rotations to come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

import yaml
from pydantic import ValidationError

from okta_rotator.api.base import spec_error_message
from okta_rotator.api.names import GROUP, PAUSED_ANNOTATION, ROTATION_KIND
from okta_rotator.api.rotation import RotationSpec, RotationStatus
from okta_rotator.api.zones import zone
from okta_rotator.rotation.facts import says_paused
from okta_rotator.rotation.forecast import Forecast, forecast
from okta_rotator.rotation.schedule import Schedule
from okta_rotator.rotation.snapshot import Key, Resource


class ManifestError(Exception):
    """What is wrong with a file, for the person who wrote it."""


def previewed(text: str, now: datetime, count: int) -> str:
    """The forecasts of all rotations in the text of a file. Raises ManifestError."""
    shown = []
    for one in read_rotations(text):
        found = forecast(one, now, count)
        if found.fault is not None:
            raise ManifestError(f"{one.key.name}: {found.fault}")
        shown.append(describe(one, found, now))
    return "\n\n".join(shown)


def read_rotations(text: str) -> Iterator[Resource]:
    """The rotations among the documents of a text. Raises ManifestError."""
    try:
        documents = list(yaml.safe_load_all(text))
        found = [one for document in documents for one in _rotations_in(document)]
    except yaml.YAMLError as error:
        raise ManifestError(f"is no YAML: {error}") from None
    except RecursionError:
        raise ManifestError("is nested too deep") from None
    if not found:
        raise ManifestError(f"holds no {ROTATION_KIND} of {GROUP}")
    for one in found:
        yield _resource(one)


def _rotations_in(document: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(document, Mapping):
        return
    items = document.get("items")
    for item in items if isinstance(items, list) else ():
        yield from _rotations_in(item)
    group = str(document.get("apiVersion")).partition("/")[0]
    if document.get("kind") == ROTATION_KIND and group == GROUP:
        yield document


def _resource(body: Mapping[str, Any]) -> Resource:
    metadata, status = body.get("metadata"), body.get("status")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    name = str(metadata.get("name", "(without a name)"))
    annotations = metadata.get("annotations")
    noted = annotations if isinstance(annotations, Mapping) else {}
    try:
        spec = RotationSpec.model_validate(body.get("spec"))
    except ValidationError as error:
        raise ManifestError(f"{name}: {spec_error_message(error)}") from None
    return Resource(
        key=Key(str(metadata.get("namespace", "default")), name),
        uid=str(metadata.get("uid") or ""),
        generation=1,
        resource_version="",
        deleting=False,
        annotations={PAUSED_ANNOTATION: str(noted.get(PAUSED_ANNOTATION, ""))},
        created_at=datetime.min.replace(tzinfo=UTC),
        spec=spec,
        spec_error=None,
        status=RotationStatus.salvage(status if isinstance(status, Mapping) else {}),
    )


def describe(resource: Resource, found: Forecast, now: datetime) -> str:
    """The forecast of a resource, for people."""
    spec = resource.sound_spec
    name = spec.rotate_at.time_zone if spec.rotate_at is not None else "UTC"
    notes = [f"note: {note}" for note in _notes(resource, found)]
    table = _table(found, name, now) if found.rotations else ()
    return "\n".join([f"{resource.key}: {_rule(resource, name)}", *notes, *table])


def _rule(resource: Resource, zone_name: str) -> str:
    spec = resource.sound_spec
    schedule = Schedule.of(spec, resource.uid)
    days = "day" if spec.rotation_interval == 1 else f"{spec.rotation_interval} days"
    parts = [f"every {days} at {schedule.time:%H:%M} {zone_name}"]
    if schedule.spread:
        parts.append(f"{schedule.spread} later by its spread")
    if spec.windows:
        parts.append(f"within {len(spec.windows)} window" + "s" * (len(spec.windows) > 1))
    return ", ".join(parts)


def _notes(resource: Resource, found: Forecast) -> Iterator[str]:
    spec, status = resource.sound_spec, resource.status
    if not spec.is_auto_rotation_enabled:
        yield "isAutoRotationEnabled is false: no rotation runs by schedule"
        return
    if says_paused(resource.annotations):
        yield f"{PAUSED_ANNOTATION} is set: nothing runs until it is taken away"
    if spec.spread is not None and not resource.uid:
        yield (
            f"there is no metadata.uid, by which the spread is chosen: each rotation comes later "
            f"than shown, by the same part of {spec.spread}"
        )
    if status.last_rotated_at is None:
        yield "there is no status.lastRotatedAt: the first rotation is taken to run now"
    elif found.is_supposed:
        yield (
            "status.nextRotationAt does not go with this spec, so the last rotation is taken to "
            "have been a scheduled one: after one by hand the next can be a day later"
        )


def _table(found: Forecast, zone_name: str, now: datetime) -> Iterator[str]:
    place, is_utc = zone(zone_name), zone_name == "UTC"
    rows = [("#", "UTC", "" if is_utc else zone_name, "previous secret off", "deleted", "")]
    for number, one in enumerate(found.rotations, 1):
        why = "" if one.due is not None else "the first one; previous is what the app has now"
        if one.due is not None and one.at > one.due:
            late = "overdue since" if one.at <= now else "waits since"
            why = f"{late} {_utc(one.due)}"
        local = "" if is_utc else _local(one.at, place)
        rows.append(
            (str(number), _utc(one.at), local, _utc(one.deactivated_at), _utc(one.deleted_at), why)
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width)
        yield "  ".join(cells).rstrip()


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _local(at: datetime, place: tzinfo) -> str:
    return f"{at.astimezone(place):%a %Y-%m-%d %H:%M:%S %z}"
