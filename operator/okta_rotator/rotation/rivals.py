"""The other resources for the same app or target, as a pass of the engine sees them.

What they have written is read from their state Secrets; what this process knows of them is added
when a decision is due, since the reading takes time. `checks/rivalry.py` judges who comes first.
"""

from __future__ import annotations

from dataclasses import replace

from okta_rotator.api.names import STATE_SUFFIX
from okta_rotator.rotation.decisions import Decision, WriteState
from okta_rotator.rotation.ports import ClusterPort, NeighboursPort
from okta_rotator.rotation.snapshot import Neighbour, Resource, SecretObject, StoredState
from okta_rotator.rotation.state import (
    Standing,
    StateUnreadableError,
    claimed_values,
    from_data,
    standing_of,
)
from okta_rotator.rotation.trouble import Next, PortError

Beside = tuple[tuple[Resource, Neighbour], ...]


class Rivals:
    """Who else wants what a resource wants. Used by `engine.py` alone."""

    def __init__(self, cluster: ClusterPort, neighbours: NeighboursPort) -> None:
        self._cluster = cluster
        self._neighbours = neighbours
        self._beginning: set[str] = set()
        """Whose intent is being written: the others see that before they see it in its state."""

    async def look(self, resource: Resource) -> Beside:
        """Read the states of the others; as a rule there are none."""
        found: tuple[tuple[Resource, bool], ...] = ()
        beside: Beside = ()
        while (others := self._others(resource)) != found:
            # Again where another one came while their states were read.
            found = others
            beside = tuple([(one, await self._neighbour(one, shares)) for one, shares in found])
        return beside

    def as_of_now(self, beside: Beside) -> tuple[Neighbour, ...]:
        return tuple(self._known(*one) for one in beside)

    def hear_of(self, resource: Resource, decision: Decision) -> None:
        """What is about to be done."""
        if isinstance(decision, WriteState) and standing_of(decision.state) is not Standing.NEW:
            self._beginning.add(resource.uid)

    def pass_ended(self, resource: Resource) -> None:
        """What was written is in its state."""
        self._beginning.discard(resource.uid)

    def _others(self, resource: Resource) -> tuple[tuple[Resource, bool], ...]:
        """A resource that goes is in nobody's way, but may revoke what another one has published.

        That of one that goes too stays in use, unless it revokes as well.
        """
        if not resource.deleting:
            return self._neighbours.neighbours_of(resource)
        if not resource.revokes_secrets:
            return ()
        found = self._neighbours.neighbours_of(resource)
        return tuple(o for o in found if not (o[0].deleting and o[0].revokes_secrets))

    async def _neighbour(self, other: Resource, shares_target: bool) -> Neighbour:
        name = other.key.name + STATE_SUFFIX
        try:
            secret = await self._cluster.read_secret(other.key.namespace, name)
            state = stored_in(secret).state if secret is not None else None
            standing = standing_of(state)
        except PortError as error:
            if error.trouble.next is not Next.PERSON:
                raise
            state, standing = None, Standing.LIVE  # What may not be read may well be there.
        return Neighbour(
            other.key,
            other.uid,
            other.created_at,
            standing,
            shares_target,
            values=claimed_values(state),
        )

    def _known(self, other: Resource, beside: Neighbour) -> Neighbour:
        is_beginning = beside.uid in self._beginning
        standing = max(beside.standing, Standing.BEGUN) if is_beginning else beside.standing
        return replace(beside, standing=standing, claim=self._neighbours.claim_of(other))


def stored_in(secret: SecretObject) -> StoredState:
    """The state Secret with the state in it, or with why that cannot be read."""
    try:
        return StoredState(secret, from_data(secret.data))
    except StateUnreadableError as error:
        return StoredState(secret, None, str(error))
