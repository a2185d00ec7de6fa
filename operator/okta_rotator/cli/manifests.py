"""What `okta-rotator preview` reads and shows: manifests, and the rotations to come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

import yaml
from pydantic import ValidationError

from okta_rotator.api.base import spec_error_message
from okta_rotator.api.cluster_connection import ClusterConnectionSpec
from okta_rotator.api.connection import ConnectionSpec, Freeze
from okta_rotator.api.names import (
    API_VERSION,
    CLUSTER_CONNECTION_KIND,
    CONNECTION_KIND,
    GROUP,
    PAUSED_ANNOTATION,
    ROTATION_KIND,
    STATE_SUFFIX,
)
from okta_rotator.api.patterns import RESOURCE_NAME_MAX
from okta_rotator.api.rotation import NAME_RULE, RotationSpec, RotationStatus
from okta_rotator.api.zones import zone
from okta_rotator.rotation.facts import says_paused
from okta_rotator.rotation.forecast import Forecast, Outlook, forecast
from okta_rotator.rotation.news import retention_outlasts_the_interval
from okta_rotator.rotation.schedule import Schedule
from okta_rotator.rotation.snapshot import Key, Resource

CONNECTIONS: Final[Mapping[str, type[ConnectionSpec]]] = {
    CONNECTION_KIND: ConnectionSpec,
    CLUSTER_CONNECTION_KIND: ClusterConnectionSpec,
}

ConnectionKey = tuple[str, str, str]
"""Kind, namespace (empty for one of the cluster), name."""
Freezes = Mapping[ConnectionKey, Freeze | None]
"""Of each connection that is known."""


class ManifestError(Exception):
    """What is wrong with a file, for the person who wrote it."""


def previewed(text: str, now: datetime, count: int) -> tuple[str, bool]:
    """The forecasts of all rotations in the text of a file, and whether one can never rotate.

    Raises ManifestError.
    """
    rotations, freezes = read_manifests(text)
    told = [_foretold(one, freezes, now, count) for one in rotations]
    return "\n\n".join(text for text, _ in told), any(is_faulty for _, is_faulty in told)


def _foretold(one: Resource, freezes: Freezes, now: datetime, count: int) -> tuple[str, bool]:
    connection = one.sound_spec.connection
    of = _connection_key(connection.kind, one.key.namespace, connection.name)
    try:
        found = forecast(Outlook(one, freezes.get(of)), now, count)
        told = _of_the_connection(freezes, of)
        return describe(one, found, now, told), found.fault is not None
    except OverflowError:
        return f"{one.key}: its rotations would come after the year 9999", True


def read_manifests(text: str) -> tuple[list[Resource], Freezes]:
    """The rotations and the connections among the documents of a text. Raises ManifestError."""
    try:
        documents = list(yaml.safe_load_all(text))
        found = [one for document in documents for one in _ours_in(document)]
    except yaml.YAMLError as error:
        raise ManifestError(f"is no YAML: {error}") from None
    except RecursionError:
        raise ManifestError("is nested too deep") from None
    rotations = [one for one in found if one["kind"] == ROTATION_KIND]
    if not rotations:
        raise ManifestError(f"holds no {ROTATION_KIND} of {API_VERSION}")
    freezes = dict(_freeze(one) for one in found if one["kind"] in CONNECTIONS)
    return [_resource(one) for one in rotations], freezes


def _ours_in(document: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(document, Mapping):
        return
    items = document.get("items")
    for item in items if isinstance(items, list) else ():
        yield from _ours_in(item)
    kind, version = document.get("kind"), str(document.get("apiVersion"))
    if kind not in (ROTATION_KIND, *CONNECTIONS) or version.partition("/")[0] != GROUP:
        return
    if version != API_VERSION:
        raise ManifestError(f"{_name_in(document)}: apiVersion: is {version}, not {API_VERSION}")
    yield document


def _metadata_in(body: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = body.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def _name_in(body: Mapping[str, Any]) -> str:
    return str(_metadata_in(body).get("name", "(without a name)"))


def _connection_key(kind: str, namespace: str, name: str) -> ConnectionKey:
    return kind, "" if kind == CLUSTER_CONNECTION_KIND else namespace, name


def _freeze(body: Mapping[str, Any]) -> tuple[ConnectionKey, Freeze | None]:
    name, namespace = _name_in(body), str(_metadata_in(body).get("namespace", "default"))
    try:
        spec = CONNECTIONS[body["kind"]].model_validate(body.get("spec"))
    except ValidationError as error:
        raise ManifestError(f"{name}: {spec_error_message(error)}") from None
    return _connection_key(body["kind"], namespace, name), spec.freeze


def _resource(body: Mapping[str, Any]) -> Resource:
    metadata, status, name = _metadata_in(body), body.get("status"), _name_in(body)
    annotations = metadata.get("annotations")
    noted = annotations if isinstance(annotations, Mapping) else {}
    if len(name) > RESOURCE_NAME_MAX or name.endswith(STATE_SUFFIX):
        raise ManifestError(f"{name}: metadata.name: {NAME_RULE}")
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


def describe(
    resource: Resource, found: Forecast, now: datetime, of_the_connection: Iterator[str]
) -> str:
    """The forecast of a resource, for people, and what is to be said of its connection."""
    spec = resource.sound_spec
    name = spec.rotate_at.time_zone if spec.rotate_at is not None else "UTC"
    notes = [f"note: {note}" for note in _notes(resource, found, of_the_connection)]
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


def _notes(resource: Resource, found: Forecast, of_the_connection: Iterator[str]) -> Iterator[str]:
    spec, status = resource.sound_spec, resource.status
    if not spec.is_auto_rotation_enabled:
        yield "isAutoRotationEnabled is false: no rotation runs by schedule"
        return
    if found.fault is not None:
        yield f"no rotation runs: {found.fault}"
        return
    is_paused = says_paused(resource.annotations)
    if is_paused:
        yield f"{PAUSED_ANNOTATION} is set: nothing runs until it is taken away"
    yield from of_the_connection
    outlasts = retention_outlasts_the_interval(spec)
    if outlasts is not None:
        yield outlasts
    if spec.spread is not None and not resource.uid:
        yield (
            f"there is no metadata.uid, by which the spread is chosen: each rotation comes later "
            f"than shown, by the same part of {spec.spread}"
        )
    if status.last_rotated_at is None:
        yield "there is no status.lastRotatedAt: the first rotation is taken to run now"
    elif found.is_supposed and not is_paused:
        yield (
            "status.nextRotationAt does not go with this spec, so the last rotation is taken to "
            "have been a scheduled one: after one by hand the next can be a day later"
        )


def _of_the_connection(freezes: Freezes, of: ConnectionKey) -> Iterator[str]:
    kind, _, name = of
    if of not in freezes:
        yield f"{kind} {name} is not in the file: a freeze of it is not taken into account"
        return
    freeze = freezes[of]
    if freeze is not None:
        yield f"{kind} {name} is frozen until {_utc(freeze.ends_at)} UTC"


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
