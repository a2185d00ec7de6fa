"""What was stored under the first CRDs is read, updated and applied again under today's."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from okta_rotator.api.connection import ConnectionSpec, ConnectionStatus
from okta_rotator.api.rotation import RotationSpec, RotationStatus
from tests.controlplane import ControlPlane
from tests.controlplane.errors import KubectlError
from tests.docs.fields import fields
from tests.resources import Json

FIRST = Path(__file__).parent / "first"
TODAY = Path(__file__).parents[2] / "crds"
RESOURCES = list(yaml.safe_load_all((FIRST / "resources.yaml").read_text()))
MODELS: dict[str, Any] = {
    "OktaConnection": (ConnectionSpec, ConnectionStatus),
    "OktaClientSecretRotation": (RotationSpec, RotationStatus),
}
LIST = {"apiVersion": "v1", "kind": "List"}
PLURALS = ("oktaconnections", "oktaclientsecretrotations")
NEWER = {"OktaConnection": "rateLimit", "OktaClientSecretRotation": "adoptionPolicy"}
"""A field with a default that the first CRDs did not have."""
PATIENCE = 60.0


@pytest.fixture(scope="module")
def upgraded() -> Iterator[ControlPlane]:
    """Resources were made under the first CRDs, and then today's were applied."""
    with ControlPlane() as running:
        serve(running, FIRST / "crds")
        kubectl(running, "apply")
        for one in RESOURCES:
            if "status" in one:
                write_status(running, one, one["status"])
        serve(running, TODAY)
        until_today(running)
        yield running


def serve(running: ControlPlane, crds: Path) -> None:
    running.kubectl("apply", "-f", str(crds))
    running.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(crds))


def until_today(running: ControlPlane) -> None:
    """The API server takes up another schema a moment later: then newer fields have defaults."""
    deadline = time.monotonic() + PATIENCE
    while not all(NEWER[one["kind"]] in one["spec"] for one in stored(running)):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def kubectl(running: ControlPlane, verb: str, *args: str) -> str:
    """For all the resources at once."""
    items = [{key: value for key, value in one.items() if key != "status"} for one in RESOURCES]
    body = json.dumps({**LIST, "items": items})
    return running.kubectl(verb, "-f", "-", *args, input=body).stdout


def stored(running: ControlPlane) -> list[Json]:
    return list(json.loads(kubectl(running, "get", "-o", "json"))["items"])


def write_status(running: ControlPlane, one: Json, status: Json) -> None:
    """As the operator does."""
    name = f"{one['kind']}/{one['metadata']['name']}"
    patch = json.dumps([{"op": "add", "path": "/status", "value": status}])
    running.kubectl("patch", name, "--subresource=status", "--type=json", "-p", patch)


def test_the_sample_has_every_field_of_the_first_crds() -> None:
    whole = {one["kind"]: one for one in RESOURCES if one["metadata"]["name"] == "whole"}
    for crd in (FIRST / "crds").iterdir():
        spec = yaml.safe_load(crd.read_text())["spec"]
        schema = spec["versions"][0]["schema"]["openAPIV3Schema"]
        assert_has(whole[spec["names"]["kind"]], schema)


def assert_has(value: Any, schema: Json) -> None:
    """Every property of the schema is there, in some entry where it is a list's."""
    for name, below in schema.get("properties", {}).items():
        assert name in value, name
        entries = value[name] if "items" in below else [value[name]]
        union: Json = {}
        for entry in entries:
            union |= entry if isinstance(entry, dict) else {}
        assert_has(union, below.get("items", below))


def test_what_was_stored_is_read_with_nothing_lost(upgraded: ControlPlane) -> None:
    for one, found in zip(RESOURCES, stored(upgraded), strict=True):
        spec, status = MODELS[one["kind"]]
        assert_within(one["spec"], found["spec"])
        assert spec.model_validate(found["spec"]) == spec.model_validate(one["spec"])
        if "status" in one:
            assert found["status"] == one["status"]
            assert status.model_validate(found["status"]).to_api() == one["status"]


def assert_within(part: Any, whole: Any) -> None:
    if isinstance(part, dict):
        for key, value in part.items():
            assert_within(value, whole[key])
    else:
        assert part == whole


def test_it_can_be_applied_annotated_edited_and_told_of(upgraded: ControlPlane) -> None:
    assert kubectl(upgraded, "diff") == ""
    assert kubectl(upgraded, "apply").count("unchanged") == len(RESOURCES)
    kubectl(upgraded, "annotate", "okta-rotator.dev/rotate=tuesday", "--overwrite")
    metadata = {"finalizers": ["okta-rotator.dev/finalizer"]}
    edit = json.dumps({"metadata": metadata, "spec": {"description": "edited"}})
    kubectl(upgraded, "patch", "--type=merge", "-p", edit)
    expected = []
    for one in RESOURCES:
        _, status = MODELS[one["kind"]]
        told = status.model_validate({**one.get("status", {}), "observedGeneration": 2}).to_api()
        write_status(upgraded, one, told)
        expected.append((told, "edited"))
    assert [(one["status"], one["spec"]["description"]) for one in stored(upgraded)] == expected


def test_no_field_was_taken_away() -> None:
    for crd in (FIRST / "crds").iterdir():
        spec = yaml.safe_load(crd.read_text())["spec"]
        schema = spec["versions"][0]["schema"]["openAPIV3Schema"]
        for part, model in zip(("spec", "status"), MODELS[spec["names"]["kind"]], strict=True):
            assert set(paths_of(schema["properties"][part])) <= {f.path for f in fields(model)}


def paths_of(node: Json, prefix: str = "") -> Iterator[str]:
    for name, below in node.get("properties", {}).items():
        yield prefix + name
        yield from paths_of(below, f"{prefix}{name}.")
        yield from paths_of(below.get("items", {}), f"{prefix}{name}[].")


def test_a_next_version_of_the_same_schema_needs_no_conversion(upgraded: ControlPlane) -> None:
    """The plan of docs/upgrades.md, release by release."""
    before = specs(stored(upgraded))
    apply_versions(upgraded, {"v1alpha1": False, "v1beta1": True})
    found = until_served(upgraded)
    assert {one["apiVersion"] for one in found} == {"okta-rotator.dev/v1beta1"}
    assert specs(found) == specs(stored(upgraded)) == before

    with pytest.raises(KubectlError, match="storedVersions"):
        apply_versions(upgraded, {"v1beta1": True})
    upgraded.kubectl("replace", "-f", "-", input=json.dumps({**LIST, "items": found}))
    for path in TODAY.iterdir():
        migrated = json.dumps({"status": {"storedVersions": ["v1beta1"]}})
        how = ("--subresource=status", "--type=merge", "-p", migrated)
        upgraded.kubectl("patch", "-f", str(path), *how)
    apply_versions(upgraded, {"v1beta1": True})
    assert specs(until_served(upgraded)) == before


def apply_versions(running: ControlPlane, stores: Mapping[str, bool]) -> None:
    """Today's CRDs with versions that are v1alpha1 under these names; one of them is stored."""
    crds = [yaml.safe_load(path.read_text()) for path in TODAY.iterdir()]
    for crd in crds:
        (now,) = crd["spec"]["versions"]
        named = [{**now, "name": name, "storage": is_it} for name, is_it in stores.items()]
        crd["spec"]["versions"] = named
    running.kubectl("apply", "-f", "-", input=json.dumps({**LIST, "items": crds}))


def until_served(running: ControlPlane) -> list[Json]:
    """What is stored, as v1beta1."""
    kinds = ",".join(f"{name}.v1beta1.okta-rotator.dev" for name in PLURALS)
    deadline = time.monotonic() + PATIENCE
    while (shown := running.kubectl("get", kinds, "-o", "json", check=False)).returncode:
        assert time.monotonic() < deadline, shown.stderr
        time.sleep(0.1)
    return list(json.loads(shown.stdout)["items"])


def specs(found: list[Json]) -> dict[tuple[str, str], Json]:
    return {(one["kind"], one["metadata"]["name"]): one["spec"] for one in found}
