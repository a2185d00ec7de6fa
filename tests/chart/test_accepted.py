"""A real API server accepts every object of the chart and of deploy/, strictly, as `restricted`."""

from __future__ import annotations

import json

import pytest

from tests.chart.helm import NAMESPACE, Helm, Objects
from tests.chart.kustomize import build
from tests.chart.settings import EVERYTHING, MATRIX
from tests.controlplane import ControlPlane
from tests.controlplane.errors import KubectlError
from tests.resources import Json, changed

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@pytest.fixture(scope="module")
def cluster(control_plane: ControlPlane, prometheus_kinds: None) -> ControlPlane:
    """One with the namespaces that the values name, each as strict as can be."""
    apply(control_plane, [namespace(name) for name in (NAMESPACE, "team-a", "123", "my-team")])
    return control_plane


def namespace(name: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": RESTRICTED},
    }


def apply(control_plane: ControlPlane, objects: list[Json], *flags: str) -> None:
    """By server-side apply, which refuses unknown fields where it validates strictly."""
    body = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    how = ("--server-side", "--force-conflicts", "--validate=strict")
    control_plane.kubectl("apply", *how, *flags, "-f", "-", input=body)


def check(control_plane: ControlPlane, objects: list[Json]) -> None:
    apply(control_plane, objects, "--dry-run=server")


@pytest.mark.parametrize("name", MATRIX)
def test_every_object_is_accepted(cluster: ControlPlane, helm: Helm, name: str) -> None:
    check(cluster, helm.render(MATRIX[name]).all)


@pytest.mark.parametrize("release", ["my.release", "r" * 53, "r" * 20 + "." + "r" * 32])
def test_every_name_that_helm_lets_a_release_have_will_do(
    cluster: ControlPlane, helm: Helm, release: str
) -> None:
    check(cluster, helm.render(release=release).all)


@pytest.mark.parametrize("overlay", ["cluster-wide", "namespaced"])
def test_every_object_of_an_overlay_is_accepted(cluster: ControlPlane, overlay: str) -> None:
    check(cluster, build(cluster, overlay).all)


@pytest.mark.parametrize("name", MATRIX)
def test_every_pod_is_accepted_where_only_restricted_ones_are(
    cluster: ControlPlane, helm: Helm, name: str
) -> None:
    check(cluster, pods(helm.render(MATRIX[name])))


def pods(objects: Objects) -> list[Json]:
    return [changed(pod, {"metadata.namespace": NAMESPACE}) for pod in objects.pods()]


@pytest.fixture
def everything(helm: Helm) -> Objects:
    return helm.render(EVERYTHING)


BREAKS = [
    ("Deployment", "spec.template.spec.securityContexts", {}, "unknown field"),
    ("ServiceMonitor", "spec.endpoint", [], "not defined in the schema|unknown field"),
    ("NetworkPolicy", "spec.egress.0.ports.0.port", 99999, "must be between 1 and 65535"),
]


@pytest.mark.parametrize(("kind", "path", "value", "words"), BREAKS, ids=[b[0] for b in BREAKS])
def test_what_is_wrong_would_be_refused(
    cluster: ControlPlane, everything: Objects, kind: str, path: str, value: object, words: str
) -> None:
    (one,) = everything.of_kind(kind)
    with pytest.raises(KubectlError, match=words):
        check(cluster, [changed(one, {path: value})])


def test_a_pod_with_more_rights_would_be_refused(
    cluster: ControlPlane, everything: Objects
) -> None:
    pod = pods(everything)[0]
    with pytest.raises(KubectlError, match="violates PodSecurity"):
        check(cluster, [changed(pod, {"spec.securityContext": {}})])
