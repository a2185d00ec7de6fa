"""Rate limits: buckets, each with a window that opens with its first request, and concurrency.

Source: Okta's pages on rate limits and live answers: all calls under /api/v1/apps share one
small bucket, GET /api/v1/apps/{id} has a larger one of its own, so has the token endpoint, and
every answer carries the limit, the rest and the end of the window as epoch seconds. By default the
limits are what the one caller gets; with `principal_percent` they are the org's, of which each
token or app gets that share. Concurrency is org wide, and told by a limit and a rest of 0.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil

from .clock import Clock
from .seed import RateLimits

CONCURRENCY_PAUSE = 1
"""Seconds until the reset that is told where too many requests are under way: an estimate."""

_ONE_APP = re.compile(r"/api/v1/apps/[^/]+")
_TOKEN_PATH = "/oauth2/v1/token"  # noqa: S105 - a path
_LIMITS: dict[str, Callable[[RateLimits], int]] = {
    "apps": lambda limits: limits.apps,
    "appById": lambda limits: limits.app_by_id,
    "token": lambda limits: limits.token,
    "oauth2": lambda limits: limits.oauth2,
    "other": lambda limits: limits.other,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    allowed: bool
    limit: int
    remaining: int
    reset: int


@dataclass(slots=True)
class _Window:
    limit: int
    end: float
    used: int = 0

    @property
    def left(self) -> int:
        return self.limit - self.used


def bucket_of(path: str) -> str:
    if path == "/api/v1/apps" or path.startswith("/api/v1/apps/"):
        return "appById" if _ONE_APP.fullmatch(path) else "apps"
    if path == _TOKEN_PATH:
        return "token"
    return "oauth2" if path.startswith("/oauth2/v1/") else "other"


class RateLimiter:
    def __init__(self, limits: RateLimits, clock: Clock) -> None:
        self._clock = clock
        self._under_way = 0
        self.replace(limits)

    def replace(self, limits: RateLimits) -> None:
        """New limits, and every window starts afresh."""
        self._limits = limits
        self._windows: dict[tuple[str, str | None], _Window] = {}
        self.peak = 0
        """The most requests that were under way at once."""

    def take(self, path: str, principal: str | None = None) -> Verdict:
        """Spends one call of the caller's and of the org's window, if there is one left in each."""
        windows = self._windows_of(bucket_of(path), principal)
        allowed = all(window.left > 0 for window in windows)
        for window in windows:
            window.used += allowed
        # What is told is what binds the caller: the tightest window, its own before the org's.
        told = min(windows, key=lambda window: window.left)
        return Verdict(allowed, told.limit, told.left, ceil(told.end))

    @contextmanager
    def under_way(self) -> Iterator[Verdict | None]:
        """Counts a request for as long as the block lasts; a verdict where it is one too many."""
        self._under_way += 1
        self.peak = max(self.peak, self._under_way)
        too_many = self._under_way > self._limits.concurrency
        try:
            reset = ceil(self._clock().timestamp()) + CONCURRENCY_PAUSE
            yield Verdict(False, 0, 0, reset) if too_many else None
        finally:
            self._under_way -= 1

    def _windows_of(self, bucket: str, principal: str | None) -> list[_Window]:
        limit, percent = _LIMITS[bucket](self._limits), self._limits.principal_percent
        org = self._window(bucket, None, limit)
        if percent is None or principal is None:
            return [org]
        return [self._window(bucket, principal, max(1, limit * percent // 100)), org]

    def _window(self, bucket: str, principal: str | None, limit: int) -> _Window:
        now = self._clock().timestamp()
        window = self._windows.get((bucket, principal))
        if window is None or now >= window.end:
            window = _Window(limit, now + self._limits.window_seconds)
            self._windows[bucket, principal] = window
        return window
