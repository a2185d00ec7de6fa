"""Which programs there are, and the one version of each that is used."""

from dataclasses import dataclass

KUBERNETES = "v1.36.3"
ETCD = "v3.6.14"


@dataclass(frozen=True)
class Target:
    """A program and the Go package it is built from."""

    name: str
    module: str
    version: str
    package: str
    ldflags: str = ""


def _kubernetes(name: str) -> Target:
    # A build outside the release scripts calls itself v0.0.0, and clients act on the version.
    ldflags = f"-X k8s.io/component-base/version.gitVersion={KUBERNETES}"
    return Target(name, "k8s.io/kubernetes", KUBERNETES, f"k8s.io/kubernetes/cmd/{name}", ldflags)


_SERVER = "go.etcd.io/etcd/server/v3"

TARGETS = {
    target.name: target
    for target in (
        Target("etcd", _SERVER, ETCD, _SERVER),
        _kubernetes("kube-apiserver"),
        _kubernetes("kubectl"),
        _kubernetes("kube-controller-manager"),
    )
}
