"""The control plane itself: it starts, it takes a stop of its parts, it leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.controlplane import ControlPlane
from tests.controlplane.errors import KubectlError, ProgramError

# A shell starts what it runs in the background with SIGINT ignored, and that is inherited.
PARENT = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from tests.controlplane import ControlPlane
control_plane = ControlPlane()
control_plane.etcd.start()
print(control_plane.etcd.pid, control_plane.folder, flush=True)
{then}
"""


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: Callable[[], bool], seconds: float = 15.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def running_parent(then: str) -> tuple[subprocess.Popen[str], int, Path]:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(then=then)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert parent.stdout is not None
    pid, folder = parent.stdout.readline().split()
    return parent, int(pid), Path(folder)


def test_kubectl_works_without_the_users_configuration(
    control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "of-the-user"))
    assert "namespace/default" in control_plane.kubectl("get", "ns", "-o", "name").stdout
    assert not list(tmp_path.iterdir())


def test_kubectl_says_why_it_failed(control_plane: ControlPlane) -> None:
    with pytest.raises(KubectlError, match="not found"):
        control_plane.kubectl("get", "namespace", "no-such")
    assert control_plane.kubectl("get", "namespace", "no-such", check=False).returncode == 1


def test_rbac_decides(control_plane: ControlPlane, namespace: str) -> None:
    def allowed() -> bool:
        question = ("auth", "can-i", "get", "secrets", "-n", namespace, "--as=nobody")
        return control_plane.kubectl(*question, check=False).stdout.strip() == "yes"

    assert not allowed()
    role = ("role", "reader", "--verb=get", "--resource=secrets")
    control_plane.kubectl("create", *role, "-n", namespace)
    binding = ("rolebinding", "nobody", "--role=reader", "--user=nobody")
    control_plane.kubectl("create", *binding, "-n", namespace)
    assert wait_until(allowed)


def test_the_server_issues_tokens_of_service_accounts(
    control_plane: ControlPlane, namespace: str
) -> None:
    control_plane.kubectl("create", "serviceaccount", "operator", "-n", namespace)
    token = control_plane.kubectl("create", "token", "operator", "-n", namespace).stdout.strip()
    whoami = control_plane.kubectl("auth", "whoami", f"--token={token}", "-o", "json")
    assert f"system:serviceaccount:{namespace}:operator" in whoami.stdout


@pytest.mark.usefixtures("controller_manager")
def test_the_controller_manager_deletes_a_namespace(
    control_plane: ControlPlane, namespace: str
) -> None:
    control_plane.kubectl("create", "configmap", "inside", "-n", namespace)
    control_plane.kubectl("delete", "namespace", namespace, "--timeout=30s")
    gone = control_plane.kubectl("get", "namespace", namespace, check=False)
    assert "NotFound" in gone.stderr


def test_parts_restart_with_their_data_and_a_stop_leaves_nothing(
    new_control_plane: ControlPlane,
) -> None:
    new_control_plane.start()
    namespace = new_control_plane.create_namespace()
    pids = [new_control_plane.etcd.pid, new_control_plane.apiserver.pid]
    new_control_plane.etcd.stop()
    new_control_plane.etcd.start()
    new_control_plane.apiserver.wait_ready()
    new_control_plane.apiserver.stop()
    assert new_control_plane.kubectl("get", "ns", check=False).returncode != 0
    new_control_plane.apiserver.start()
    assert namespace in new_control_plane.kubectl("get", "ns", "-o", "name").stdout
    pids += [new_control_plane.etcd.pid, new_control_plane.apiserver.pid]
    new_control_plane.stop()
    assert not [pid for pid in pids if pid is None or exists(pid)]
    assert not new_control_plane.folder.exists()


def test_a_failed_start_says_why_and_leaves_nothing(new_control_plane: ControlPlane) -> None:
    new_control_plane.credentials.service_account_key.write_text("no key")
    with pytest.raises(ProgramError, match=r"kube-apiserver is not running(?s:.*)service-account"):
        new_control_plane.start()
    assert new_control_plane.etcd.pid is None
    assert not new_control_plane.folder.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_a_parent_that_is_ended(number: signal.Signals) -> None:
    parent, pid, folder = running_parent("time.sleep(60)")
    assert exists(pid)
    assert folder.is_dir()
    parent.send_signal(number)
    parent.communicate()
    assert wait_until(lambda: not exists(pid) and not folder.exists())


@pytest.mark.parametrize("then", ["", "raise SystemExit(3)", "1 / 0"])
def test_nothing_outlives_a_parent_that_ends_by_itself(then: str) -> None:
    parent, pid, folder = running_parent(then)
    parent.communicate()
    assert not exists(pid)
    assert not folder.exists()
