"""The fence: nothing outside is written by who may no longer be the leader.

`cluster/elector.py` makes it from the lease; the writes to Okta (`okta/exchange.py`) and to
Kubernetes (`cluster/kube_api.py`, and kopf's own by `handlers.py`) ask it right before they begin.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.trouble import Next, PortError, Trouble

Fence = Callable[[float], Awaitable[None]]
"""Waits until a write that takes this many seconds at most may begin. Raises NotLeadingError."""


class NotLeadingError(PortError):
    """The lease is not ours, or no longer: nothing of the write was sent."""

    def __init__(self) -> None:
        message = "nothing is written: this process does not hold the lease, or not any more"
        super().__init__(Trouble(Next.RETRY, Reason.CLUSTER_UNAVAILABLE, message))


async def unfenced(_takes: float) -> None:
    """For the writes of the lease itself, and where somebody else sees to it that one writes."""
