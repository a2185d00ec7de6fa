"""The operator, but slow to act on the loss of its lease: only the fence keeps it from writing.

Run in place of `okta_rotator.cli`, as `python -m tests.e2e.slow_to_die run ...`.
"""

from __future__ import annotations

import asyncio

from okta_rotator.cli.main import app
from okta_rotator.cluster import elector
from okta_rotator.cluster.lease import Lost, Move, View, Wait, decide

SECONDS = 8.0
"""In which an operator without a fence would finish what it had begun."""

_look_at_the_clock = elector.Elector._look_at_the_clock


def _look_later(self: elector.Elector) -> None:
    asyncio.get_running_loop().call_later(SECONDS, _look_at_the_clock, self)


def _decide(view: View, now: float) -> Move:
    move = decide(view, now)
    return Wait(now + SECONDS) if isinstance(move, Lost) else move


if __name__ == "__main__":
    elector.Elector._look_at_the_clock = _look_later  # type: ignore[method-assign]
    elector.decide = _decide  # type: ignore[attr-defined]
    app()
