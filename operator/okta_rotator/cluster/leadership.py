"""What the process asks of who decides whether it is the one that works: see `elector.py`."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Leadership(Protocol):
    """Whether this process is the one that writes."""

    @property
    def is_leader(self) -> bool: ...

    async def fence(self, takes: float) -> None:
        """See `rotation/fence.py`."""

    async def run(self) -> None:
        """Until cancelled."""

    async def gained(self) -> None:
        """Wait until this process is the leader."""

    async def give_up(self) -> None:
        """For who writes nothing any more: let another lead at once."""

    def what_keeps_it(self) -> str | None:
        """Why it neither leads nor stands by, or None."""

    def what_is_dead(self) -> str | None:
        """What only a restart helps against, or None."""


class Unopposed:
    """For a process that is told that there is no other."""

    is_leader = True

    async def fence(self, takes: float) -> None: ...

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def gained(self) -> None: ...

    async def give_up(self) -> None: ...

    def what_keeps_it(self) -> None: ...

    def what_is_dead(self) -> None: ...
