"""deploy/: what kubectl makes of it is what the chart renders, and what it shows is accepted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.chart.helm import NAMESPACE, ROOT, Helm, Values, key
from tests.chart.kustomize import build, normal
from tests.controlplane import ControlPlane

SAMPLES = sorted((ROOT / "deploy" / "samples").glob("*.yaml"))
OVERLAYS: dict[str, Values] = {"cluster-wide": {}, "namespaced": {"watchNamespaces": ["my-team"]}}

WITHOUT = {"CustomResourceDefinition", "Namespace"}
"""kubectl is given the CRDs by themselves, and makes the namespace, which helm makes by a flag."""


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_and_the_chart_are_the_same_objects(
    control_plane: ControlPlane, helm: Helm, overlay: str
) -> None:
    chart = {key(one): one for one in helm.render(OVERLAYS[overlay]).installed.all}
    built = {key(one): one for one in build(control_plane, overlay).all}
    same = {one for one in chart if one[0] not in WITHOUT}
    assert same == {one for one in built if one[0] not in WITHOUT}
    for one in same:
        assert normal(built[one]) == normal(chart[one]), one


def test_its_own_namespace_is_restricted(control_plane: ControlPlane) -> None:
    (namespace,) = build(control_plane, "cluster-wide").of_kind("Namespace")
    assert namespace["metadata"]["name"] == NAMESPACE
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("page", ["README.md", "docs/operations.md"])
def test_the_uninstall_takes_all_but_the_namespace_which_holds_credentials(
    control_plane: ControlPlane, page: str
) -> None:
    label = "pod-security.kubernetes.io/enforce"
    command = f"kubectl delete -k deploy/overlays/cluster-wide --selector '!{label}'"
    assert command in (ROOT / page).read_text()
    built = build(control_plane, "cluster-wide").all
    assert {one["kind"] for one in built if label in one["metadata"]["labels"]} == {"Namespace"}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_accepted(
    control_plane: ControlPlane, crds: None, namespace: str, sample: Path
) -> None:
    """By another name: one of the cluster may have been made by another test."""
    objects = list(yaml.safe_load_all(sample.read_text()))
    for one in objects:
        one["metadata"]["name"] += f"-{namespace}"
    body = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    strict = ("--dry-run=server", "--validate=strict")
    control_plane.kubectl("create", *strict, "-n", namespace, "-f", "-", input=body)
