"""The operator lives under exactly the roles that the chart renders, and uses each of their rights.

What it asks of the API server is read from the audit log.
"""

from __future__ import annotations

import json

import pytest

from tests.chart.helm import NAMESPACE, RELEASE, ROOT, Helm
from tests.chart.release import CLUSTER, Release, rights_of
from tests.cluster.audit import AuditLog, Right, refused, rights_used, rights_used_by_namespace
from tests.cluster.deployed import kubeconfig_of
from tests.controlplane import ControlPlane
from tests.resources import Json, changed, cluster_connection
from tests.scene import Scene

SOON = {"heartbeat": 2, "logLevel": "DEBUG"}
ELSEWHERE = "default"


def live(release: Release, scene: Scene, connection: Json) -> None:
    """All that an operator does: a first rotation, one by hand, a repair, two deletions."""
    process = release.start(scene)
    scene.connect()
    scene.rotate({"spec.deletionPolicy.secret": "Delete", "spec.connection": connection})
    scene.until_ready()
    first = scene.published()
    scene.rotate_by_hand("monday")
    second = scene.published()
    assert second != first
    scene.kubectl("delete", "secret", scene.name)
    scene.until(lambda: scene.published() == second, "the Secret is put back")
    assert scene.accepts(second)
    scene.until_connected()
    scene.kubectl("delete", "ocsr", scene.name, "--timeout=30s")
    assert scene.get("secret") is None
    scene.until(lambda: "Rotated" in scene.event_reasons(), "it is told")
    process.stop()


def test_for_the_whole_cluster_each_right_is_used_and_none_is_missing(
    cluster: ControlPlane, helm: Helm, scene: Scene, audit: AuditLog
) -> None:
    release = Release.on(cluster, helm, SOON)
    release.install()
    name = share(scene)
    live(release, scene, {"kind": "ClusterOktaConnection", "name": name})
    release.remove()

    requests = audit.requests(release.user(RELEASE))
    given = rights_of(release.rendered.installed, RELEASE)
    assert refused(requests) == []
    assert given.keys() == {CLUSTER, NAMESPACE}
    assert rights_used(requests) == given[CLUSTER] | given[NAMESPACE]
    assert Right("", "secrets", "delete") in given[CLUSTER]


def share(scene: Scene) -> str:
    """A connection of the cluster for this namespace, by its label."""
    scene.control_plane.kubectl("label", "namespace", scene.namespace, "team=a")
    name = f"shared-by-{scene.namespace}"
    token = scene.secret_manifest("okta-api-token", {"apiToken": scene.token})
    selector = {"matchLabels": {"team": "a"}}
    address = {"spec.instanceUrl": scene.okta.base_url}
    manifests = [
        changed(token, {"metadata.namespace": NAMESPACE}),
        cluster_connection(address, name, namespaceSelector=selector, appIds=[scene.app_id]),
    ]
    body = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
    scene.control_plane.kubectl("apply", "-f", "-", input=body)
    return name


@pytest.fixture
def served(cluster: ControlPlane) -> ControlPlane:
    """Our kinds, by an administrator."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(ROOT / "crds"))
    cluster.kubectl("wait", "--for=condition=Established", "-f", str(ROOT / "crds"))
    return cluster


@pytest.fixture
def namespaced(served: ControlPlane, helm: Helm, scene: Scene) -> Release:
    """A release that looks after the scene's namespace alone, and has nothing of the cluster's."""
    of_cluster = {"crds": {"install": False}, "rbac": {"aggregateClusterRoles": False}}
    values = {**SOON, **of_cluster, "watchNamespaces": [scene.namespace]}
    release = Release.on(served, helm, values, namespace=f"{NAMESPACE}-{scene.namespace}")
    release.install()
    return release


def test_in_a_namespace_each_right_is_used_and_none_is_missing(
    namespaced: Release, scene: Scene, audit: AuditLog
) -> None:
    live(namespaced, scene, {"name": "my-connection"})
    requests = audit.requests(namespaced.user(RELEASE))
    assert refused(requests) == []
    given = rights_of(namespaced.rendered.installed, RELEASE)
    assert given.keys() == {namespaced.namespace, scene.namespace}
    assert rights_used_by_namespace(requests) == given


def test_a_namespace_that_is_gone_holds_up_no_other(namespaced: Release, scene: Scene) -> None:
    """With it goes the operator's Role in it; the next start must not wait for what is no more."""
    process = namespaced.start(scene, f"gone,{scene.namespace}")
    scene.connect()
    scene.rotate()
    scene.until_ready()
    scene.rotate_by_hand("monday")
    assert scene.accepts(scene.published())
    assert "nothing is done in the namespace gone until it is allowed" in process.output()


def rules(release: Release, scene: Scene, account: str, where: str) -> list[Json]:
    """What the API server says that the account may do in a namespace, and everywhere."""
    admitted = kubeconfig_of(release.control_plane, release.namespace, account, scene.folder / "as")
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview"}
    body = json.dumps({**review, "spec": {"namespace": where}})
    args = ("--kubeconfig", str(admitted), "create", "--validate=false", "-f", "-")
    told = release.control_plane.kubectl(*args, "-o", "json", input=body).stdout
    answer = json.loads(told)
    assert not answer["status"]["incomplete"]
    return sorted(answer["status"]["resourceRules"], key=json.dumps)


def test_elsewhere_an_operator_for_a_namespace_is_a_stranger(
    namespaced: Release, scene: Scene
) -> None:
    namespaced.control_plane.kubectl("create", "sa", "stranger", "-n", namespaced.namespace)

    def differ(where: str) -> list[Json]:
        strangers = rules(namespaced, scene, "stranger", where)
        return [one for one in rules(namespaced, scene, RELEASE, where) if one not in strangers]

    assert differ(ELSEWHERE) == []
    leases = [resource for rule in differ(namespaced.namespace) for resource in rule["resources"]]
    assert set(leases) == {"leases"}
    assert ["secrets"] in [rule["resources"] for rule in differ(scene.namespace)]


READS = [
    ("secrets", "-n", ELSEWHERE),
    ("secrets", "--all-namespaces"),
    ("ocsr", "-n", ELSEWHERE),
    ("oktaconn", "--all-namespaces"),
    ("clusteroktaconnections",),
    ("namespaces",),
]


def test_an_operator_for_a_namespace_can_read_nothing_else(
    namespaced: Release, scene: Scene
) -> None:
    where = namespaced.namespace
    own = kubeconfig_of(namespaced.control_plane, where, RELEASE, scene.folder / "own")
    for read in (*READS, ("secrets", "-n", where)):
        args = ("--kubeconfig", str(own), "get", *read)
        done = namespaced.control_plane.kubectl(*args, check=False)
        assert "Forbidden" in done.stderr, read
    args = ("--kubeconfig", str(own), "get", "secrets", "-n", scene.namespace)
    assert namespaced.control_plane.kubectl(*args).returncode == 0


def test_an_operator_for_a_namespace_serves_no_connection_of_the_cluster(
    namespaced: Release, scene: Scene
) -> None:
    name = share(scene)
    namespaced.start(scene)
    heard = scene.listen()
    scene.rotate({"spec.connection": {"kind": "ClusterOktaConnection", "name": name}})
    scene.until_reason("Ready", "ConnectionNotFound")
    assert heard() == []
    shared = scene.get("coktaconn", name) or {}
    assert "conditions" not in shared["status"]
