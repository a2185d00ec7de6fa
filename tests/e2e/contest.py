"""Two operators over one set of resources, each of which reaches the API server by its own way."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import Any

from tests.chaos.proxy import Answer, Exchange, Proxies, Proxy, Reset
from tests.operator_process import COMMAND, OperatorProcess
from tests.scene import Scene

LEASE = "okta-rotator"
LEADER = "okta_rotator_leader"
_READS = ("GET", "HEAD")


class Contender:
    """An operator as it is shipped, with its lease, and what it writes to the API server."""

    def __init__(
        self, scene: Scene, proxies: Proxies, name: str, command: Sequence[str] = COMMAND
    ) -> None:
        self._proxies = proxies
        self.writes: list[str] = []
        """All but those of the Lease, in order."""
        self.renewals = 0
        plane, self._kubeconfig = scene.control_plane, scene.folder / f"kubeconfig-{name}"
        self._upstream = (plane.server_url, plane.credentials.authority, self._hear)
        self._way: Proxy = proxies.to(*self._upstream)
        plane.credentials.write_kubeconfig(self._kubeconfig, self._way.url)
        flags = ("--heartbeat", "5", "--namespace", scene.namespace)
        log = scene.folder / f"operator-{name}.log"
        lease = ("--lease-namespace", scene.namespace)
        self.process = OperatorProcess(self._kubeconfig, log, *flags, *lease, command=command)
        scene._operators.append(self.process)

    @property
    def is_leader(self) -> bool:
        return self.process.metric(LEADER) == 1

    @property
    def is_standing_by(self) -> bool:
        """Alive and ready, and not the leader."""
        probes = [self.process.get(path).status_code for path in ("/livez", "/readyz")]
        return probes == [200, 200] and self.process.metric(LEADER) == 0

    def signal(self, which: signal.Signals) -> None:
        self.process.signal(which)

    def lose_kubernetes(self) -> None:
        """Every request is broken off from now on."""
        self._way.hook = _refuse

    def find_kubernetes(self) -> None:
        self._way.hook = self._hear

    async def _hear(self, exchange: Exchange) -> Answer:
        if exchange.path.endswith(f"/leases/{LEASE}") and exchange.method == "PUT":
            self.renewals += 1
        elif exchange.method not in _READS and "/leases" not in exchange.path:
            self.writes.append(f"{exchange.method} {exchange.path}")
        return await exchange.forward()


async def _refuse(exchange: Exchange) -> Answer:
    raise Reset


def holder(scene: Scene) -> str:
    """Who holds the lease; empty: nobody."""
    spec: dict[str, Any] = (scene.get("lease", LEASE) or {}).get("spec", {})
    return str(spec.get("holderIdentity") or "")
