"""`okta-rotator release`: what an operator left is set free, and nothing else changes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from okta_rotator.api.names import FINALIZER
from tests.chaos.proxy import Proxies
from tests.controlplane import ControlPlane
from tests.e2e.contest import Contender, holder
from tests.operator_process import SOURCES
from tests.resources import Json
from tests.scene import Scene

THEIRS = "example.com/theirs"
RIGHTS = (
    ("okta-rotator.dev", "oktaclientsecretrotations", "list,patch"),
    ("coordination.k8s.io", "leases", "get,create,update"),
)
"""What it needs."""


class Command:
    """`okta-rotator release` for the namespace of a scene, as a process of its own."""

    def __init__(self, scene: Scene, kubeconfig: Path | None = None) -> None:
        self._flags = ("--namespace", scene.namespace, "--lease-namespace", scene.namespace)
        self._kubeconfig = kubeconfig or scene.control_plane.kubeconfig
        self._process: subprocess.Popen[str] | None = None

    def start(self, *flags: str) -> None:
        command = [sys.executable, "-m", "okta_rotator.cli", "release", *self._flags, *flags]
        paths = {"KUBECONFIG": str(self._kubeconfig), "PYTHONPATH": str(SOURCES)}
        self._process = subprocess.Popen(
            command,
            env=os.environ | paths,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def signal(self, which: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(which)

    def end(self) -> tuple[int, list[str], str]:
        """Its exit code, the lines of stdout, and stderr."""
        assert self._process is not None
        out, told = self._process.communicate(timeout=90)
        assert "Traceback" not in told
        return self._process.returncode, out.splitlines(), told

    def run(self, *flags: str) -> tuple[int, list[str], str]:
        self.start(*flags)
        return self.end()


@pytest.fixture(scope="module")
def proxies() -> Iterator[Proxies]:
    with Proxies() as running:
        yield running


@pytest.fixture
def operator(scene: Scene, proxies: Proxies) -> Contender:
    """It runs and leads, and one resource is ready."""
    contender = Contender(scene, proxies, "operator")
    contender.process.start()
    scene.connect()
    scene.rotate()
    scene.until_ready()
    return contender


@pytest.fixture
def left(scene: Scene, operator: Contender) -> Scene:
    """The operator was taken away."""
    operator.process.stop()
    return scene


def finalizers(scene: Scene) -> list[str]:
    return list((scene.get("ocsr") or {})["metadata"].get("finalizers", ()))


def everything(scene: Scene) -> tuple[object, ...]:
    secrets = [scene.version("secret", name) for name in (scene.name, scene.state_name)]
    return (scene.status(), (scene.get("ocsr") or {})["spec"], secrets, scene.in_okta())


def patch(scene: Scene, body: Json) -> None:
    scene.kubectl("patch", "ocsr", scene.name, "--type=merge", "-p", json.dumps(body))


def test_what_was_left_can_be_deleted_afterwards_and_all_else_stays(left: Scene) -> None:
    before = everything(left)
    assert finalizers(left) == [FINALIZER]
    code, lines, _ = Command(left).run()
    assert (code, lines) == (0, [f"{left.namespace}/{left.name}: released"])
    assert finalizers(left) == []
    assert everything(left) == before
    assert holder(left) == ""
    published = left.published()
    left.kubectl("delete", "ocsr", left.name, "--timeout=20s")
    assert left.published() == published
    assert left.accepts(published)


def test_again_there_is_nothing_to_do(left: Scene) -> None:
    assert Command(left).run()[0] == 0
    version = left.version("ocsr")
    code, (line,), _ = Command(left).run()
    assert code == 0
    assert line.startswith("nothing to release")
    assert left.version("ocsr") == version


def test_the_finalizers_of_others_and_other_namespaces_are_left_alone(
    left: Scene, control_plane: ControlPlane
) -> None:
    patch(left, {"metadata": {"finalizers": [THEIRS, FINALIZER]}})
    other = control_plane.create_namespace()
    body = left.manifest({"metadata.finalizers": [FINALIZER]})
    control_plane.kubectl("-n", other, "create", "-f", "-", input=json.dumps(body))
    code, lines, _ = Command(left).run()
    assert (code, lines) == (0, [f"{left.namespace}/{left.name}: released"])
    assert finalizers(left) == [THEIRS]
    text = control_plane.kubectl("-n", other, "get", "ocsr", "-o", "json").stdout
    (untouched,) = json.loads(text)["items"]
    assert untouched["metadata"]["finalizers"] == [FINALIZER]
    patch(left, {"metadata": {"finalizers": None}})


def test_a_deletion_that_waited_for_the_operator_ends(left: Scene) -> None:
    left.kubectl("delete", "ocsr", left.name, "--wait=false")
    code, lines, _ = Command(left).run()
    assert (code, lines) == (0, [f"{left.namespace}/{left.name}: released, and so deleted"])
    assert not left.exists("ocsr")
    assert left.accepts(left.published())


def test_a_new_operator_takes_up_what_was_released_without_a_rotation(
    left: Scene, operator: Contender
) -> None:
    Command(left).run()
    in_okta, secrets = (
        left.in_okta(),
        [left.version("secret"), left.version("secret", left.state_name)],
    )
    operator.process.start()
    left.until(lambda: finalizers(left) == [FINALIZER], "it is looked after again")
    left.until_ready()
    assert left.in_okta() == in_okta
    assert [left.version("secret"), left.version("secret", left.state_name)] == secrets


def test_an_operator_that_stays_makes_it_fail_and_nothing_is_touched(
    scene: Scene, operator: Contender
) -> None:
    version, held_by = scene.version("ocsr"), holder(scene)
    code, lines, told = Command(scene).run("--timeout", "4")
    assert (code, lines) == (1, [])
    assert "nothing was released within 4 s" in told
    assert f"is held by {held_by}, which still renews it" in told
    assert "scale its Deployment to 0" in told
    assert (scene.version("ocsr"), holder(scene)) == (version, held_by)
    assert operator.is_leader


def test_an_operator_that_drains_is_waited_for(scene: Scene, operator: Contender) -> None:
    scene.okta.add_fault("delay", method="POST", path=scene.app_id, seconds=4)
    heard = scene.listen()
    scene.annotate("monday")
    scene.until(lambda: "create" in heard(), "the create is under way")
    command = Command(scene)
    command.start()
    operator.signal(signal.SIGTERM)
    code, lines, told = command.end()
    assert (code, len(lines)) == (0, 1)
    assert "standing by" in told
    # The rotation came to its end before, and its finalizer went after.
    assert scene.handled() == "monday"
    assert finalizers(scene) == []
    operator.process.await_end()
    assert operator.process.exit_code == 0


def test_a_signal_ends_the_waiting(scene: Scene, operator: Contender) -> None:
    command = Command(scene)
    command.start()
    scene.until(lambda: operator.renewals > 1, "the operator renews")
    command.signal(signal.SIGTERM)
    code, _, told = command.end()
    assert code == 1
    assert operator.is_leader
    assert "ended before it was done" in told


def test_a_cluster_without_our_kinds(new_control_plane: ControlPlane, scene: Scene) -> None:
    new_control_plane.start()
    code, (line,), _ = Command(scene, new_control_plane.kubeconfig).run()
    assert code == 0
    assert "there is nothing to release" in line


def test_without_a_cluster_it_says_so(scene: Scene) -> None:
    code, _, told = Command(scene, Path("/no/such/file")).run()
    assert code == 1
    assert told.startswith("no Kubernetes cluster to work in: ")


@pytest.fixture
def account(left: Scene) -> Path:
    """A kubeconfig of a service account that has no rights yet."""
    left.kubectl("create", "serviceaccount", "releaser")
    admin: dict[str, Any] = json.loads(left.control_plane.kubeconfig.read_text())
    token = left.kubectl("create", "token", "releaser").strip()
    users = [{"name": admin["users"][0]["name"], "user": {"token": token}}]
    kubeconfig = left.folder / "kubeconfig-releaser"
    kubeconfig.write_text(json.dumps({**admin, "users": users}))
    return kubeconfig


def grant(scene: Scene, number: int, verbs: str | None = None) -> None:
    group, resource, needed = RIGHTS[number]
    name = f"right-{number}"
    kind = f"--resource={resource}.{group}"
    scene.kubectl("create", "role", name, f"--verb={verbs or needed}", kind)
    subject = f"--serviceaccount={scene.namespace}:releaser"
    scene.kubectl("create", "rolebinding", name, f"--role={name}", subject)


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        ({}, 'cannot list resource "oktaclientsecretrotations"'),
        ({0: "list,patch"}, 'cannot get resource "leases"'),
        ({0: "list,patch", 1: "get"}, 'cannot update resource "leases"'),
        ({0: "list", 1: "get,create,update"}, 'cannot patch resource "oktaclientsecretrotations"'),
    ],
    ids=["list", "leases", "update leases", "patch"],
)
def test_a_right_that_is_missing_is_named(
    left: Scene, account: Path, granted: Mapping[int, str], missing: str
) -> None:
    for number, verbs in granted.items():
        grant(left, number, verbs)
    code, _, told = Command(left, account).run("--timeout", "5")
    assert code == 1
    assert missing in told
    assert finalizers(left) == [FINALIZER]


def test_those_rights_are_enough(left: Scene, account: Path) -> None:
    left.kubectl("delete", "lease", "okta-rotator")
    grant(left, 0)
    grant(left, 1)
    code, lines, _ = Command(left, account).run("--timeout", "5")
    assert (code, len(lines)) == (0, 1)
    assert finalizers(left) == []
