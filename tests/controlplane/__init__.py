"""A real control plane on this machine: etcd and kube-apiserver, for the tests and the demo.

    with ControlPlane() as control_plane:
        control_plane.kubectl("get", "namespaces")

The programs come from `$KUBEBUILDER_ASSETS`, else from a cache, else they are built once from
their Go modules into that cache. `python -m tests.controlplane fetch` does this ahead of time and
`python -m tests.controlplane up` keeps a control plane running to look at.

Nothing outlives the process that started it: not the programs, not their data.
"""

from tests.controlplane.cluster import ControlPlane
from tests.controlplane.errors import ControlPlaneError

__all__ = ["ControlPlane", "ControlPlaneError"]
