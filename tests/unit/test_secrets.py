"""Secrets between Kubernetes' JSON and the domain: the parts that ask nobody."""

from __future__ import annotations

import base64
from typing import Any

from okta_rotator.cluster.resources import rotation_resource
from okta_rotator.cluster.secrets import _state_body, _target_body, secret_object
from okta_rotator.rotation.target import TargetChange
from tests.resources import CREATED, Json, rotation


def body(**changes: Any) -> Json:
    metadata = {
        "namespace": "team-a",
        "name": "my-rotation",
        "uid": "uid-1",
        "resourceVersion": "7",
    }
    return {"metadata": metadata | changes.pop("metadata", {}), "type": "Opaque", **changes}


def encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def managed(manager: str, labels: tuple[str, ...] = (), annotations: tuple[str, ...] = ()) -> Json:
    fields: Json = {
        "f:labels": {".": {}, **{f"f:{name}": {} for name in labels}},
        "f:annotations": {f"f:{name}": {} for name in annotations},
    }
    return {"manager": manager, "operation": "Update", "fieldsV1": {"f:metadata": fields}}


def test_the_smallest_secret() -> None:
    secret = secret_object(body())
    assert (secret.namespace, secret.name) == ("team-a", "my-rotation")
    assert (secret.uid, secret.resource_version) == ("uid-1", "7")
    assert (secret.type, dict(secret.labels), dict(secret.annotations)) == ("Opaque", {}, {})
    assert dict(secret.data) == {}
    assert not secret.deleting
    assert secret.our_metadata == frozenset()


def test_null_in_place_of_an_object_is_nothing() -> None:
    secret = secret_object(body(data=None, metadata={"labels": None, "annotations": None}))
    assert (dict(secret.data), dict(secret.labels), dict(secret.annotations)) == ({}, {}, {})


def test_data_is_decoded() -> None:
    secret = secret_object(body(data={"a": encoded("grün".encode()), "b": ""}))
    assert secret.data == {"a": "grün", "b": ""}


def test_bytes_that_are_no_text_differ_from_every_text_of_ours() -> None:
    secret = secret_object(body(data={"a": encoded(b"\xff\xfe\x00okr_"), "b": "a"}))
    assert "\N{REPLACEMENT CHARACTER}" in secret.data["a"]
    assert secret.data["b"] == ""


def test_data_is_not_in_the_repr() -> None:
    assert "hidden-value" not in repr(secret_object(body(data={"a": encoded(b"hidden-value")})))


def test_a_secret_that_is_being_deleted() -> None:
    assert secret_object(body(metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"})).deleting


def test_our_metadata_is_what_our_manager_owns() -> None:
    fields = [
        managed("kubectl", labels=("theirs", "shared")),
        managed("okta-rotator", labels=("team", "shared", "example.com/a"), annotations=("note",)),
        {"manager": "okta-rotator", "fieldsV1": {"f:data": {"f:a": {}}}},
        {"manager": "okta-rotator"},
    ]
    secret = secret_object(body(metadata={"managedFields": fields}))
    assert secret.our_metadata == {
        "labels/team",
        "labels/shared",
        "labels/example.com/a",
        "annotations/note",
    }


def test_the_state_secret_carries_our_mark_and_no_owner() -> None:
    made = rotation()
    made["metadata"] |= {
        "namespace": "team-a",
        "uid": "uid-9",
        "resourceVersion": "1",
        "creationTimestamp": CREATED,
    }
    state = _state_body(rotation_resource(made), {"record": "{}"})
    assert state == {
        "kind": "Secret",
        "apiVersion": "v1",
        "type": "okta-rotator.dev/state",
        "metadata": {
            "name": "my-rotation-okta-rotator-state",
            "namespace": "team-a",
            "labels": {"okta-rotator.dev/rotation": "uid-9"},
            "annotations": {"okta-rotator.dev/rotation-name": "my-rotation"},
        },
        "data": {"record": encoded(b"{}")},
    }


def test_what_a_change_takes_away_is_null_in_the_patch() -> None:
    change = TargetChange(
        name="target",
        type="Opaque",
        labels={"team": None},
        annotations={"note": "new"},
        data={"OLD": None, "NEW": "grün"},
        existing=secret_object(body()),
    )
    assert _target_body(change) == {
        "metadata": {"name": "target", "labels": {"team": None}, "annotations": {"note": "new"}},
        "data": {"OLD": None, "NEW": encoded("grün".encode())},
    }
