"""How each program is started."""

from collections.abc import Sequence
from pathlib import Path

from tests.controlplane.api import HOST
from tests.controlplane.binaries import find
from tests.controlplane.credentials import Credentials

# Deletes what is in a namespace and then the namespace, and what is owned by something deleted.
CONTROLLERS = ("namespace-controller", "garbage-collector-controller")


def etcd(data: Path, port: int) -> list[str | Path]:
    """Return the command of an etcd that keeps its data in a folder."""
    url = f"http://{HOST}:{port}"
    return [
        find("etcd"),
        f"--data-dir={data}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        # It has no peers, so that any port will do.
        f"--listen-peer-urls=http://{HOST}:0",
        # The data does not have to survive the machine, only the program.
        "--unsafe-no-fsync",
    ]


def apiserver(
    etcd_port: int, port: int, credentials: Credentials, more: Sequence[str] = ()
) -> list[str | Path]:
    """Return the command of an API server on top of an etcd."""
    key = credentials.service_account_key
    return [
        find("kube-apiserver"),
        f"--etcd-servers=http://{HOST}:{etcd_port}",
        f"--secure-port={port}",
        f"--bind-address={HOST}",
        # Without these two a machine without a network has no address to advertise, and the
        # server tries for ever to put 127.0.0.1 into the endpoints, which may not be there.
        f"--advertise-address={HOST}",
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.0.0.0/24",
        f"--cert-dir={credentials.folder}",
        f"--token-auth-file={credentials.tokens}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--authorization-mode=RBAC",
        # No controller makes the service accounts that it would demand of a pod.
        "--disable-admission-plugins=ServiceAccount",
        # Fairness would share the limits between clients in queues, and a benchmark would
        # measure those. Off, the two limits alone count, and they are out of its way.
        "--enable-priority-and-fairness=false",
        "--max-requests-inflight=3000",
        "--max-mutating-requests-inflight=1000",
        *more,
    ]


def controller_manager(
    port: int, kubeconfig: Path, certificates: Path, controllers: Sequence[str]
) -> list[str | Path]:
    """Return the command of a controller manager that runs only these controllers."""
    return [
        find("kube-controller-manager"),
        f"--kubeconfig={kubeconfig}",
        f"--controllers={','.join(controllers)}",
        f"--secure-port={port}",
        f"--bind-address={HOST}",
        f"--cert-dir={certificates}",
        "--leader-elect=false",
    ]
