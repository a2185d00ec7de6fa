"""The emulator as one object: everything that a request may read or change."""

from datetime import timedelta
from random import Random

from .clock import Clock, system_clock
from .faults import Faults
from .names import Names
from .rate import RateLimiter
from .requestlog import RequestLog
from .seed import Seed
from .store import Store


class Emulator:
    def __init__(
        self,
        seed: Seed | None = None,
        *,
        clock: Clock = system_clock,
        random: Random | None = None,
        latency: timedelta = timedelta(0),
    ) -> None:
        self.clock = clock
        self.names = Names(random or Random())
        self.faults = Faults()
        self.requests = RequestLog()
        self._seed = seed or Seed()
        self._latency = latency
        self.rate = RateLimiter(self._seed.rate_limits, clock)
        self.reset()

    def reset(self) -> None:
        """Back to the seed; what the seed leaves open is drawn anew."""
        self.store = Store(self._seed, self.names, self.clock())
        self.latency = self._latency
        self.rate.replace(self._seed.rate_limits)
        self.faults.replace([])
        self.requests.clear()
