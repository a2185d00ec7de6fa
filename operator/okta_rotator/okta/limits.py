"""What may be sent to Okta now without meeting a rate limit. Pure: the time is passed in.

Okta counts the calls to each bucket in windows of a minute, and says in each answer how many are
allowed, how many are left and when the window ends. `Allowance` keeps a share of that free for
others: everybody's calls count, so what a former process or another program has spent is seen in
the first answer. Before the first answer of a window one call is sent alone, to learn from.
`Concurrency` holds to the limit on calls under way at the same time. `governor.py` lets callers
wait by both.

Source: Okta's pages on rate limits: the headers, the buckets, and the concurrency limit of 35
(free plan) or 75 calls for an org, whose refusal says "limit 0". A window is over when the
server's own clock says so, and a second more, as Okta's SDKs reckon.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import httpx

from okta_rotator.okta.calls import Endpoint
from okta_rotator.okta.clock import date_of

WINDOW: Final = 60.0
"""Seconds of Okta's window, taken where a refusal does not say when it ends."""

LONGEST_WAIT: Final = 600.0
"""Seconds that a window may last; more is a mistake of some clock."""

MARGIN: Final = 1.0
"""Seconds that a window may last longer than its end in whole seconds says."""

SMALLEST_LIMIT: Final = 10
"""Calls in a window that even the free plan allows, taken until an answer says more."""

SMALL_PLAN: Final = 20
"""Calls in the bucket of the apps that only Okta's free plan holds to, or a share of it."""

UNDER_WAY: Final = {True: 35, False: 75}
"""Calls at a time that Okta lets an org have, on the free plan and on others."""


class Bucket(StrEnum):
    """Calls that Okta counts together."""

    APPS = "apps"
    """/api/v1/apps and all below it, the client secrets among them."""
    APP = "app"
    """Exactly /api/v1/apps/{id}."""
    OAUTH = "oauth"
    """/oauth2/v1 but for the tokens."""
    TOKEN = "token"  # noqa: S105 - a name
    OTHER = "other"
    ORGANIZATION = "organization"
    """A public document."""


BUCKETS: Final[Mapping[Endpoint, Bucket]] = {
    Endpoint.ORGANIZATION: Bucket.ORGANIZATION,
    Endpoint.SIGN_IN: Bucket.OTHER,
    Endpoint.APP: Bucket.APP,
    Endpoint.LIST: Bucket.APPS,
    Endpoint.CREATE: Bucket.APPS,
    Endpoint.DEACTIVATE: Bucket.APPS,
    Endpoint.DELETE: Bucket.APPS,
    Endpoint.INTROSPECT: Bucket.OAUTH,
    Endpoint.TOKEN: Bucket.TOKEN,
}


@dataclass(frozen=True, slots=True)
class Rate:
    """What an answer says of its bucket."""

    limit: int
    remaining: int
    reset: int
    """When the window ends, in the server's epoch seconds: what one window is told from the next
    by."""
    seconds: float
    """From the answer to that end and a margin."""


def seconds_to_reset(headers: httpx.Headers) -> float | None:
    """Until the window is over for sure, by the server's clock on both sides."""
    try:
        reset = int(headers["x-rate-limit-reset"])
        date = date_of(headers)
        return None if date is None else reset - date.timestamp() + MARGIN
    except (KeyError, ValueError, OverflowError):
        return None


def read_rate(headers: httpx.Headers) -> Rate | None:
    """None where the headers do not say it all."""
    seconds = seconds_to_reset(headers)
    try:
        limit, remaining = (int(headers[f"x-rate-limit-{name}"]) for name in ("limit", "remaining"))
    except (KeyError, ValueError):
        return None
    if seconds is None:
        return None
    reset = int(headers["x-rate-limit-reset"])
    return Rate(limit, remaining, reset, min(max(seconds, 0.0), LONGEST_WAIT))


class Allowance:
    """The calls of one bucket. All times are seconds of one clock that never goes back."""

    def __init__(self, percent: int) -> None:
        self._percent = percent
        self._limit = SMALLEST_LIMIT
        self._reset = 0
        self._ends = 0.0
        self._remaining = 0
        self._under_way = 0
        self._probes = 0
        self._is_answered = True

    @property
    def _usable(self) -> int:
        return max(self._limit * self._percent // 100, 1)

    def may_send(self, now: float) -> bool:
        if now >= self._ends:
            # Where nothing answers, nothing is counted either, and all are to learn of it soon.
            return self._probes < (1 if self._is_answered else self._usable)
        # Calls under way may or may not be counted in what remains: they are taken as not.
        return self._remaining - self._under_way > self._limit - self._usable

    def opens_at(self, now: float) -> float | None:
        """When to ask again, unless an answer comes before."""
        return self._ends if self._ends > now else None

    def sent(self, now: float) -> bool:
        """Note a call that is sent now; whether it is one to learn from."""
        is_probe = now >= self._ends
        self._under_way += 1
        self._probes += is_probe
        return is_probe

    def learn(self, rate: Rate, now: float, is_probe: bool) -> None:
        """Take an answer; those of former windows may come late, and say nothing any more."""
        ends = now + rate.seconds
        if rate.reset > self._reset or (is_probe and now >= self._ends):
            self._reset, self._remaining, self._ends = rate.reset, rate.remaining, ends
        elif rate.reset == self._reset:
            # Dates are whole seconds: the earliest end that any answer allows is the closest.
            self._remaining = min(self._remaining, rate.remaining)
            self._ends = min(self._ends, ends)
        self._limit = rate.limit
        self._is_answered = True

    def refuse(self, now: float) -> None:
        """Take a refusal that says no more."""
        self._remaining, self._ends = 0, now + WINDOW

    def done(self, is_probe: bool, is_answered: bool) -> None:
        """Note the end of a call, after what its answer taught."""
        self._under_way -= 1
        self._probes -= is_probe
        if is_probe and not is_answered:
            self._is_answered = False


class Concurrency:
    """The calls under way at the same time, in all buckets."""

    def __init__(self, percent: int) -> None:
        self._percent = percent
        self._is_small = True
        self._halvings = 0
        self._halved_until = 0.0
        self.under_way = 0

    def limit(self, now: float) -> int:
        if now >= self._halved_until:
            self._halvings = 0
        most = UNDER_WAY[self._is_small] * self._percent // 100
        return max(most >> self._halvings, 1)

    def learn(self, apps_limit: int) -> None:
        """The limit of the bucket of the apps shows which plan it is."""
        self._is_small = apps_limit <= SMALL_PLAN

    def refuse(self, seconds: float, now: float) -> None:
        """Okta had too many under way, of ours and others': half of it for a while."""
        self._halvings = min(self._halvings + 1, 8) if now < self._halved_until else 1
        self._halved_until = now + seconds
