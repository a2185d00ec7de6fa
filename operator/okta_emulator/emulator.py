"""The emulator as one object: everything that a request may read or change."""

from datetime import timedelta
from random import Random

from .clock import Clock, MovableClock, system_clock
from .dpop import Nonces
from .faults import Faults
from .grants import Grants
from .model import App
from .names import Names
from .rate import RateLimiter
from .requestlog import RequestLog
from .seed import Seed
from .store import SUSPICIOUS, Store, recent
from .syslog import OKTA, WRONG_SECRETS, Event, SystemLog


class Emulator:
    def __init__(
        self,
        seed: Seed | None = None,
        *,
        clock: Clock = system_clock,
        random: Random | None = None,
        latency: timedelta = timedelta(0),
    ) -> None:
        self.clock = MovableClock(clock)
        self.names = Names(random or Random())
        self.faults = Faults()
        self.requests = RequestLog()
        self._seed = seed or Seed()
        self._latency = latency
        self.rate = RateLimiter(self._seed.rate_limits, self.clock)
        self.reset()

    def reset(self) -> None:
        """Back to the seed; what the seed leaves open is drawn anew."""
        self.clock.offset = timedelta(0)
        self.store = Store(self._seed, self.names, self.clock())
        self.unknowns = self._seed.unknowns
        self.nonces = Nonces(self.names)
        self.grants = Grants(self.names)
        self.log = SystemLog(self.names)
        self.latency = self._latency
        self.rate.replace(self._seed.rate_limits)
        self.faults.replace([])
        self.requests.clear()

    def refused_secret(self, app: App) -> None:
        """Counts a wrong secret, and rings the alarm where it is one too many."""
        now = self.clock()
        self.store.refused(app, now)
        if len(recent(self.store.refusals(app), now)) >= SUSPICIOUS:
            self.log.add(Event(WRONG_SECRETS, app, failure="INVALID_CREDENTIALS"), OKTA, now)
