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
from dataclasses import dataclass, replace
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
    Endpoint.ACTIVATE: Bucket.APPS,
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


@dataclass(slots=True)
class _Window:
    limit: int
    remaining: int
    ends: float

    def allows(self, percent: int, under_way: int) -> bool:
        return self.left(percent, under_way) > 0

    def left(self, percent: int, under_way: int) -> int:
        """Calls within our share; less than none where others have used it."""
        # Calls under way may or may not be counted in what remains: they are taken as not.
        return self.remaining - under_way - (self.limit - _usable(self.limit, percent))


class Allowance:
    """The calls of one bucket. All times are seconds of one clock that never goes back.

    Several windows may bind at once: that of the org and that of the token, which has a share.
    Okta tells of the tightest.
    """

    def __init__(self, percent: int) -> None:
        self.percent = percent
        self._limit = SMALLEST_LIMIT
        self._windows: dict[int, _Window] = {}
        self._under_way = 0
        self._probes = 0
        self._is_answered = True

    def may_send(self, now: float) -> bool:
        windows = self._open(now)
        if windows:
            return all(window.allows(self.percent, self._under_way) for window in windows)
        # Where nothing answers, nothing is counted either, and all are to learn of it soon.
        most = 1 if self._is_answered else _usable(self._limit, self.percent)
        return self._probes < most

    def budget(self, now: float) -> tuple[int, int] | None:
        """The calls that may be sent in a window, and those that still may in this one; None as
        long as no answer has told of the limit."""
        if not self._windows:
            return None
        lefts = (window.left(self.percent, self._under_way) for window in self._open(now))
        most = _usable(self._limit, self.percent)
        return most, max(min(lefts, default=most), 0)

    def opens_at(self, now: float) -> float | None:
        """When to ask again, unless an answer comes before."""
        return min((window.ends for window in self._open(now)), default=None)

    def sent(self, now: float) -> bool:
        """Note a call that is sent now; whether it is one to learn from."""
        is_probe = not self._open(now)
        self._under_way += 1
        self._probes += is_probe
        return is_probe

    def learn(self, rate: Rate, now: float) -> None:
        """Take an answer, in whatever order they come."""
        ends, known = now + rate.seconds, self._windows.get(rate.reset)
        if known is not None and known.ends > now:
            # Dates are whole seconds: the earliest end that any answer allows is the closest.
            ends = min(ends, known.ends)
            rate = replace(rate, remaining=min(rate.remaining, known.remaining))
        self._windows = {reset: w for reset, w in self._windows.items() if w.ends > now}
        self._windows[rate.reset] = _Window(rate.limit, rate.remaining, ends)
        self._limit = rate.limit
        self._is_answered = True

    def refuse(self, now: float) -> None:
        """Take a refusal that says no more."""
        self._windows[0] = _Window(1, 0, now + WINDOW)

    def done(self, is_probe: bool, is_answered: bool) -> None:
        """Note the end of a call, after what its answer taught."""
        self._under_way -= 1
        self._probes -= is_probe
        if is_probe and not is_answered:
            self._is_answered = False

    def _open(self, now: float) -> list[_Window]:
        return [window for window in self._windows.values() if window.ends > now]


def _usable(limit: int, percent: int) -> int:
    return max(limit * percent // 100, 1)


class Concurrency:
    """The calls under way at the same time, in all buckets."""

    def __init__(self, percent: int) -> None:
        self.percent = percent
        self._is_small = True
        self._halvings = 0
        self._halved_until = 0.0
        self.under_way = 0

    def limit(self, now: float) -> int:
        if now >= self._halved_until:
            self._halvings = 0
        most = UNDER_WAY[self._is_small] * self.percent // 100
        return max(most >> self._halvings, 1)

    def learn(self, apps_limit: int) -> None:
        """The limit of the bucket of the apps shows which plan it is."""
        self._is_small = apps_limit <= SMALL_PLAN

    def refuse(self, seconds: float, now: float) -> None:
        """Okta had too many under way, of ours and others': half of it for a while."""
        self._halvings = min(self._halvings + 1, 8) if now < self._halved_until else 1
        self._halved_until = now + seconds
