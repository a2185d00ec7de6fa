"""Which programs there are, and the one version of each that is used."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class OwnTarget:
    """A Go program of this repository: a folder with its module."""

    name: str
    source: Path

    @property
    def version(self) -> str:
        """A digest of the source: another source is another program."""
        content = b"".join(path.read_bytes() for path in sorted(self.source.iterdir()))
        return f"{self.name}-{hashlib.sha256(content).hexdigest()[:12]}"


def _kubernetes(name: str) -> Target:
    # A build outside the release scripts calls itself v0.0.0, and clients act on the version.
    ldflags = f"-X k8s.io/component-base/version.gitVersion={KUBERNETES}"
    return Target(name, "k8s.io/kubernetes", KUBERNETES, f"k8s.io/kubernetes/cmd/{name}", ldflags)


_SERVER = "go.etcd.io/etcd/server/v3"

TARGETS: dict[str, Target | OwnTarget] = {
    target.name: target
    for target in (
        Target("etcd", _SERVER, ETCD, _SERVER),
        _kubernetes("kube-apiserver"),
        _kubernetes("kubectl"),
        _kubernetes("kube-controller-manager"),
        OwnTarget("judges", Path(__file__).parents[1] / "kstatus" / "judges"),
    )
}
