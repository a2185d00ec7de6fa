"""deploy/base: accepted by the API server, restricted, with the rights it needs and no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from okta_rotator.cli.options import LEASE_NAME
from tests.cluster import deployed
from tests.cluster.audit import AuditLog, Right, refused, rights_given, rights_used
from tests.controlplane import ControlPlane
from tests.controlplane.errors import KubectlError
from tests.docs.words import flags
from tests.emulator_client import EmulatorClient
from tests.resources import Json, changed, cluster_connection
from tests.scene import Scene


@pytest.fixture(scope="module")
def base(control_plane: ControlPlane) -> list[Json]:
    return deployed.objects(control_plane)


@pytest.fixture
def restricted(control_plane: ControlPlane) -> str:
    """A namespace that takes only pods that keep to the Pod Security Standard `restricted`."""
    name = control_plane.create_namespace()
    label = "pod-security.kubernetes.io/enforce=restricted"
    control_plane.kubectl("label", "namespace", name, label)
    return name


@pytest.fixture
def audit(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path)


@pytest.fixture
def cluster(audit: AuditLog) -> Iterator[ControlPlane]:
    """A cluster of its own, for an operator that looks after all namespaces."""
    with ControlPlane(*audit.flags) as running:
        deployed.install(running)
        yield running


@pytest.fixture
def scene(cluster: ControlPlane, okta_emulator: EmulatorClient, tmp_path: Path) -> Iterator[Scene]:
    stage = Scene(cluster, cluster.create_namespace(), okta_emulator, tmp_path)
    yield stage
    stage.close()


def dry_run(control_plane: ControlPlane, namespace: str, *manifests: Json) -> None:
    items = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
    flags = ("--dry-run=server", "--validate=strict", "-n", namespace)
    control_plane.kubectl("create", *flags, "-f", "-", input=json.dumps(items))


def test_every_object_is_accepted(
    control_plane: ControlPlane, base: list[Json], restricted: str
) -> None:
    # The real namespace does not exist here, and a dry run does not make it.
    moved = [changed(one, {"metadata.namespace": restricted}) for one in base if is_within(one)]
    others = [one for one in base if not is_within(one)]
    dry_run(control_plane, restricted, *moved)
    dry_run(control_plane, "default", *others)
    within = {"Deployment", "ServiceAccount", "Role", "RoleBinding"}
    without = {"Namespace", "ClusterRole", "ClusterRoleBinding"}
    assert {one["kind"] for one in moved} == within
    assert {one["kind"] for one in others} == without


def is_within(one: Json) -> bool:
    return "namespace" in one["metadata"]


def test_its_pod_is_accepted_where_only_restricted_ones_are(
    control_plane: ControlPlane, base: list[Json], restricted: str
) -> None:
    pod = deployed.pod(deployed.of_kind(base, "Deployment"))
    dry_run(control_plane, restricted, pod)
    with pytest.raises(KubectlError, match="violates PodSecurity"):
        dry_run(control_plane, restricted, changed(pod, {"spec.securityContext": {}}))


def test_its_own_namespace_is_restricted(base: list[Json]) -> None:
    namespace = deployed.of_kind(base, "Namespace")["metadata"]
    assert namespace["name"] == deployed.NAMESPACE
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_an_upgrade_starts_one_that_stands_by_before_it_ends_another(base: list[Json]) -> None:
    spec = deployed.of_kind(base, "Deployment")["spec"]
    one_more_first = {"maxSurge": 1, "maxUnavailable": 0}
    assert spec["replicas"] == 2
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": one_more_first}


def test_the_right_to_change_a_lease_is_for_its_own_alone(base: list[Json]) -> None:
    (creates, changes) = deployed.of_kind(base, "Role")["rules"]
    assert (creates["verbs"], creates.keys()) == (["create"], {"apiGroups", "resources", "verbs"})
    assert (changes["verbs"], changes["resourceNames"]) == (["get", "update"], [LEASE_NAME])


def test_its_settings_exist(base: list[Json]) -> None:
    arguments, environment = deployed.settings(deployed.of_kind(base, "Deployment"))
    assert arguments == ["run"]
    assert environment.keys() <= {flag.envvar for flag in flags()} | {"POD_NAMESPACE"}


def test_it_is_told_its_own_namespace(base: list[Json]) -> None:
    (container,) = deployed.of_kind(base, "Deployment")["spec"]["template"]["spec"]["containers"]
    (given,) = (one for one in container["env"] if one["name"] == "POD_NAMESPACE")
    assert given["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.namespace"}}


def test_its_rights_are_those_that_it_uses(
    cluster: ControlPlane, scene: Scene, audit: AuditLog
) -> None:
    process = deployed.operator(cluster, scene.folder, "--heartbeat", "5")
    process.start()
    try:
        live_a_life(scene)
    finally:
        process.stop()
    requests = audit.requests(deployed.USER)
    objects = deployed.objects(cluster)
    given = [rights_given(deployed.of_kind(objects, kind)) for kind in ("ClusterRole", "Role")]
    assert refused(requests) == []
    assert rights_used(requests) == set.union(*given)
    assert Right("", "secrets", "delete") in given[0]


def live_a_life(scene: Scene) -> None:
    """All that an operator does: a first rotation, one by hand, a repair, a deletion."""
    scene.connect()
    share(scene)
    reference = {"kind": "ClusterOktaConnection", "name": "shared"}
    scene.rotate({"spec.deletionPolicy.secret": "Delete", "spec.connection": reference})
    scene.until_ready()
    first = scene.published()
    scene.annotate("by hand")
    scene.until(lambda: scene.published() not in ("", first), "it has been rotated by hand")
    second = scene.published()
    scene.kubectl("delete", "secret", "my-rotation")
    scene.until(lambda: scene.published() == second, "the Secret is put back")
    assert scene.accepts(second)
    scene.kubectl("delete", "ocsr", "my-rotation", "--timeout=30s")
    assert scene.get("secret", "my-rotation") is None


def share(scene: Scene) -> None:
    """A connection of the cluster for this namespace, by its label."""
    scene.control_plane.kubectl("label", "namespace", scene.namespace, "team=a")
    token = scene.secret_manifest("okta-api-token", {"apiToken": scene.token})
    selector = {"matchLabels": {"team": "a"}}
    address = {"spec.instanceUrl": scene.okta.base_url}
    manifests = [
        changed(token, {"metadata.namespace": deployed.NAMESPACE}),
        cluster_connection(address, namespaceSelector=selector, appIds=[scene.app_id]),
    ]
    body = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
    scene.control_plane.kubectl("apply", "-f", "-", input=body)
