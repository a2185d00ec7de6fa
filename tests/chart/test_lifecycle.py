"""Installed, upgraded, uninstalled and installed again by real helm: no value is lost or made."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.chart.helm import CHART, RELEASE, Helm, HelmError
from tests.chart.release import Release, rights_of
from tests.cluster.audit import AuditLog, Right, refused, rights_used
from tests.controlplane import ControlPlane
from tests.resources import Json
from tests.scene import Scene

HOOK = f"{RELEASE}-release"
CRD = "oktaclientsecretrotations.okta-rotator.dev"


@pytest.fixture
def release(cluster: ControlPlane, helm: Helm) -> Release:
    return Release.on(cluster, helm, {"heartbeat": 2})


def older_chart(folder: Path) -> Path:
    """The chart as it may have been before: without a field, and with one replica."""
    chart = shutil.copytree(CHART, folder / "older")
    path = chart / "files" / "crds" / f"okta-rotator.dev_{CRD.partition('.')[0]}.yaml"
    crd = yaml.safe_load(path.read_text())
    del fields_of(crd)["spread"]
    path.write_text(yaml.dump(crd))
    about = yaml.safe_load((chart / "Chart.yaml").read_text())
    (chart / "Chart.yaml").write_text(yaml.dump({**about, "version": "0.0.9"}))
    return chart


def fields_of(crd: Json) -> Json:
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    fields: Json = schema["properties"]["spec"]["properties"]
    return fields


def ask(release: Release, url: str) -> int:
    """What `helm test` runs, told another address: its exit code."""
    (pod,) = release.rendered.hooks("test")
    (container,) = pod["spec"]["containers"]
    interpreter, *options = container["command"]
    assert interpreter == "python"
    command = [sys.executable, *options, *container["args"][:-1], url]
    return subprocess.run(command, capture_output=True, check=False).returncode


def test_a_life(release: Release, scene: Scene, audit: AuditLog) -> None:
    release.install(older_chart(scene.folder))
    scene.connect()
    guest = scene.another()
    release.start(scene)
    for one in (scene, guest):
        one.rotate()
        one.until_ready()
    address = scene._operators[-1].url
    assert ask(release, f"{address}/readyz") == 0
    assert ask(release, f"{address}/nothing") != 0
    values, heard = [one.data() for one in (scene, guest)], scene.listen()

    upgrade(release, scene)
    uninstall(release, scene)
    for one in (scene, guest):
        resource = one.get("ocsr") or {}
        assert "finalizers" not in resource["metadata"]
        assert one.status()["rotationStatus"] == "success"
    guest.kubectl("delete", "ocsr", guest.name, "--timeout=20s")
    assert [one.data() for one in (scene, guest)] == values

    release.install()
    release.start(scene)
    guest.rotate()
    for one in (scene, guest):
        one.until_ready()
        one.until(partial(has_finalizer, one), "it is looked after")
    assert [one.data() for one in (scene, guest)] == values
    assert not {"create", "deactivate", "delete"} & set(heard())
    scene.rotate_by_hand("now")
    assert scene.published() not in [one["OKTA_CLIENT_SECRET"] for one in values]

    requests = audit.requests(release.user(HOOK))
    given = rights_of(release.rendered, HOOK)
    assert refused(requests) == []
    # Used where the Lease was deleted, too.
    anew = {Right("coordination.k8s.io", "leases", "create")}
    assert rights_used(requests) == set().union(*given.values()) - anew


def has_finalizer(scene: Scene) -> bool:
    return "finalizers" in (scene.get("ocsr") or {})["metadata"]


def upgrade(release: Release, scene: Scene) -> None:
    """What is stored stays as it is; the CRDs are the new ones."""
    crd, version = release.get("crd", CRD), scene.version("ocsr")
    assert crd is not None
    assert "spread" not in fields_of(crd)
    selector = deployment(release)["spec"]["selector"]
    replace(release, values={**release.values, "replicas": 3}).install()
    crd = release.get("crd", CRD)
    assert crd is not None
    assert "spread" in fields_of(crd)
    assert scene.version("ocsr") == version
    assert deployment(release)["spec"]["replicas"] == 3
    assert deployment(release)["spec"]["selector"] == selector


def deployment(release: Release) -> Json:
    found = release.get("deployment", RELEASE)
    assert found is not None
    return found


def uninstall(release: Release, scene: Scene) -> None:
    """What helm leaves behind, and the Job that it waits for."""
    # Before its rights go: else the Lease, which it could not give up, would be waited out.
    scene._operators[-1].stop()
    with release.uninstalling():
        scene.until(lambda: release.get("job", HOOK), "helm has made the Job of the hook")
        assert release.get("deployment", RELEASE) is None
        assert has_finalizer(scene)
        job = release.get("job", HOOK)
        assert job is not None
        done = release.run_job(job, scene.folder)
        assert done.returncode == 0, done.stderr
        complete(release)
    for kind in ("job", "serviceaccount", "clusterrole", "clusterrolebinding"):
        assert release.get(kind, HOOK) is None, kind
    assert release.get("crd", CRD) is not None


def complete(release: Release) -> None:
    """What the controller of Jobs would say of it."""
    at = "2026-01-01T00:00:00Z"
    how = {"status": "True", "lastTransitionTime": at, "lastProbeTime": at}
    conditions = [{"type": kind, **how} for kind in ("SuccessCriteriaMet", "Complete")]
    times = {"startTime": at, "completionTime": at, "succeeded": 1}
    patch = json.dumps({"status": {**times, "conditions": conditions}})
    where = ("job", HOOK, "-n", release.namespace, "--subresource=status", "--type=merge")
    release.control_plane.kubectl("patch", *where, "-p", patch)


def test_where_a_namespace_is_gone_an_uninstall_says_so_before_it_deletes_anything(
    cluster: ControlPlane, helm: Helm
) -> None:
    """Else the Job would never be made, and the resources of the others not be released."""
    there, gone = cluster.create_namespace(), "gone-since"
    cluster.kubectl("create", "namespace", gone)
    # What is the cluster's belongs to the release of the other test.
    apart = {"crds": {"install": False}, "rbac": {"aggregateClusterRoles": False}}
    values = {"watchNamespaces": [there, gone], **apart}
    release = Release.on(cluster, helm, values, namespace=there)
    release.install()
    cluster.kubectl("delete", "namespace", gone, "--wait=false")
    with pytest.raises(HelmError, match=gone), release.uninstalling():
        pass
    assert release.get("deployment", RELEASE) is not None
    release.remove()
