"""Under GitOps: no drift, no conflict, nothing copied, and requests that stay."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.resources import Json
from tests.scene import Scene

PAGE = Path(__file__).parents[2] / "docs" / "gitops.md"
TRACKING = {
    "metadata.labels": {
        "app.kubernetes.io/instance": "web",
        "kustomize.toolkit.fluxcd.io/name": "w",
    },
    "metadata.annotations": {
        "argocd.argoproj.io/tracking-id": "web:okta-rotator.dev/OktaClientSecretRotation:ns/web"
    },
}
CLIENT_SIDE: Sequence[str] = ()
SERVER_SIDE: Sequence[str] = ("--server-side", "--field-manager=argocd-controller")
ROTATE = "okta-rotator.dev/rotate"


def apply(scene: Scene, how: Sequence[str], changes: Mapping[str, Any] | None = None) -> None:
    body = json.dumps(scene.manifest({**TRACKING, **(changes or {})}))
    scene.kubectl("apply", *how, "-f", "-", input=body)


def diff(scene: Scene, how: Sequence[str]) -> str:
    """Empty where nothing differs; kubectl fails where something does."""
    return scene.kubectl("diff", *how, "-f", "-", input=json.dumps(scene.manifest(TRACKING)))


@pytest.mark.parametrize("how", [CLIENT_SIDE, SERVER_SIDE], ids=["client-side", "server-side"])
def test_rotations_leave_no_drift_no_conflict_and_no_trace(
    running: Scene, how: Sequence[str]
) -> None:
    apply(running, how)
    running.until_ready()
    for token in ("second", "third"):
        running.rotate_by_hand(token)

    assert diff(running, how) == ""
    version = running.version("ocsr")
    apply(running, how)
    assert running.version("ocsr") == version

    for name in (running.name, running.state_name):
        metadata = (running.get("secret", name) or {})["metadata"]
        keys = {**metadata.get("labels", {}), **metadata.get("annotations", {})}.keys()
        assert keys
        assert all(key.startswith("okta-rotator.dev/") for key in keys)
        assert "ownerReferences" not in metadata

    assert written_by_us(running) <= {"f:status", "f:metadata.f:finalizers"}
    apply(running, ("--server-side", "--field-manager=another"))
    apply(running, how, {"spec.description": "changed in Git"})
    running.until_ready()
    assert (running.get("ocsr") or {})["metadata"]["generation"] == 2


def written_by_us(scene: Scene) -> set[str]:
    """The fields that are owned by any manager but those of this test."""
    managers = (scene.get("ocsr") or {})["metadata"]["managedFields"]
    theirs = ("kubectl", "argocd")
    ours = [one for one in managers if not one["manager"].startswith(theirs)]
    assert {one["manager"] for one in ours} >= {"okta-rotator"}
    return {path for one in ours for path in owned(one["fieldsV1"])}


def owned(fields: Json) -> set[str]:
    """`f:status`, or the fields of another part."""
    parts = {part: within for part, within in fields.items() if part != "f:status"}
    named = {f"{part}.{key}" for part, within in parts.items() for key in within if key != "."}
    return named | (fields.keys() & {"f:status"})


def test_a_restore_that_loses_the_status_costs_nothing(ready: Scene) -> None:
    ready.rotate_by_hand("second")
    values, heard, before = ready.in_okta(), ready.listen(), told(ready)
    ready.patch_status(None)
    ready.until_ready()
    assert told(ready) == before
    assert not {"create", "deactivate", "delete"} & set(heard())
    assert ready.in_okta() == values
    assert values[ready.published()] == "ACTIVE"


def told(scene: Scene) -> Json:
    """The status without its conditions, which begin anew."""
    return {key: value for key, value in scene.status().items() if key != "conditions"}


def flux_reconciles(scene: Scene, changes: Mapping[str, Any] | None = None) -> None:
    """As kustomize-controller applies (fluxcd/pkg/ssa): the fields of kubectl are its own first."""
    metadata = (scene.get("ocsr") or {})["metadata"]
    manager = {"manager": "kustomize-controller", "operation": "Apply"}
    fields = [{**one, **manager} if is_kubectls(one) else one for one in metadata["managedFields"]]
    patch: list[Json] = [{"op": "replace", "path": "/metadata/managedFields", "value": fields}]
    last_applied = "kubectl.kubernetes.io/last-applied-configuration"
    if last_applied in metadata.get("annotations", {}):
        path = "/metadata/annotations/" + last_applied.replace("/", "~1")
        patch.append({"op": "remove", "path": path})
    by = "--field-manager=kustomize-controller"
    scene.kubectl("patch", "ocsr", scene.name, "--type=json", by, "-p", json.dumps(patch))
    body = json.dumps(scene.manifest(changes))
    scene.kubectl("apply", "--server-side", "--force-conflicts", by, "-f", "-", input=body)


def is_kubectls(entry: Json) -> bool:
    return entry["manager"].startswith("kubectl") and "subresource" not in entry


def documented_command(scene: Scene, token: str) -> list[str]:
    """The command that docs/gitops.md gives, for this resource, without `kubectl`."""
    (line,) = re.findall(r"^kubectl annotate (.+)$", PAGE.read_text(), re.M)
    words = shlex.split(line.replace('"$(date +%s)"', token))
    return ["annotate", *(scene.name if w == "my-okta-rotation" else w for w in words)]


def annotated(scene: Scene) -> Json:
    return dict((scene.get("ocsr") or {})["metadata"].get("annotations", {}))


def test_flux_takes_away_what_kubectl_set_but_not_by_the_documented_command(
    ready: Scene,
) -> None:
    flux_reconciles(ready)
    ready.kubectl("annotate", "ocsr", ready.name, "okta-rotator.dev/rollback=none")
    flux_reconciles(ready)
    assert "okta-rotator.dev/rollback" not in annotated(ready)

    ready.kubectl(*documented_command(ready, "by-command"))
    flux_reconciles(ready)
    assert annotated(ready)[ROTATE] == "by-command"
    ready.until(lambda: ready.handled() == "by-command", "the rotation is done")
    flux_reconciles(ready)
    assert annotated(ready)[ROTATE] == "by-command"


def test_a_token_from_git_rotates_once_however_often_it_is_applied(ready: Scene) -> None:
    in_git = {"metadata.annotations": {ROTATE: "from-git"}}
    flux_reconciles(ready, in_git)
    ready.until(lambda: ready.handled() == "from-git", "the rotation is done")
    values, heard = ready.in_okta(), ready.listen()
    flux_reconciles(ready, in_git)
    flux_reconciles(ready)
    flux_reconciles(ready, in_git)
    ready.rotate({**in_git, "spec.rotationInterval": 7})
    ready.until_ready()
    assert ready.in_okta() == values
    assert "create" not in heard()
