"""Which programs there are, and the one version of each that is used."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

KUBERNETES = "v1.36.3"
ETCD = "v3.6.14"
PROMETHEUS = "v0.313.5"
"""Prometheus 3.13, with long-term support: as a Go module, 3.13.5 is v0.313.5."""
HELM = "v3.22.0"


@dataclass(frozen=True)
class Target:
    """A program and the Go package it is built from."""

    name: str
    module: str
    version: str
    package: str
    ldflags: str = ""
    tags: str = ""


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


def _helm() -> Target:
    # Without these helm takes every cluster that it does not ask for one of Kubernetes 1.20.
    major, minor, _ = KUBERNETES.removeprefix("v").split(".")
    asked = [("chartutil", "Major", major), ("chartutil", "Minor", minor)]
    asked += [("lint/rules", "Major", major), ("lint/rules", "Minor", minor)]
    flags = [f"-X {_HELM}/pkg/{where}.k8sVersion{part}={value}" for where, part, value in asked]
    flags.append(f"-X {_HELM}/internal/version.version={HELM}")
    return Target("helm", _HELM, HELM, f"{_HELM}/cmd/helm", " ".join(flags))


_SERVER = "go.etcd.io/etcd/server/v3"
_HELM = "helm.sh/helm/v3"
_PROMETHEUS = "github.com/prometheus/prometheus"

TARGETS: dict[str, Target | OwnTarget] = {
    target.name: target
    for target in (
        Target("etcd", _SERVER, ETCD, _SERVER),
        _kubernetes("kube-apiserver"),
        _kubernetes("kubectl"),
        _kubernetes("kube-controller-manager"),
        # It alone says what Prometheus makes of our rules and queries. Without the discovery of two
        # dozen clouds it takes two minutes of CPU.
        Target(
            "promtool", _PROMETHEUS, PROMETHEUS, f"{_PROMETHEUS}/cmd/promtool", tags="remove_all_sd"
        ),
        _helm(),
        OwnTarget("judges", Path(__file__).parents[1] / "kstatus" / "judges"),
    )
}
