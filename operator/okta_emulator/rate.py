"""Rate limits: four buckets, each with a window that opens with its first request.

Source: Okta's pages on rate limits and live answers: all calls under /api/v1/apps share one
small bucket, GET /api/v1/apps/{id} has a larger one of its own, and every answer carries the
limit, the rest and the end of the window as epoch seconds. The limits are what the caller
gets; the org's limits and the share of a token are not modelled apart.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from .clock import Clock
from .seed import RateLimits

_ONE_APP = re.compile(r"/api/v1/apps/[^/]+")
_LIMITS: dict[str, Callable[[RateLimits], int]] = {
    "apps": lambda limits: limits.apps,
    "appById": lambda limits: limits.app_by_id,
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
    end: float
    used: int = 0


def bucket_of(path: str) -> str:
    if path == "/api/v1/apps" or path.startswith("/api/v1/apps/"):
        return "appById" if _ONE_APP.fullmatch(path) else "apps"
    return "oauth2" if path.startswith("/oauth2/v1/") else "other"


class RateLimiter:
    def __init__(self, limits: RateLimits, clock: Clock) -> None:
        self._clock = clock
        self.replace(limits)

    def replace(self, limits: RateLimits) -> None:
        """New limits, and every window starts afresh."""
        self._limits = limits
        self._windows: dict[str, _Window] = {}

    def take(self, path: str) -> Verdict:
        bucket = bucket_of(path)
        window, limit = self._window(bucket), _LIMITS[bucket](self._limits)
        allowed = window.used < limit
        window.used += allowed
        return Verdict(allowed, limit, limit - window.used, ceil(window.end))

    def _window(self, bucket: str) -> _Window:
        now = self._clock().timestamp()
        window = self._windows.get(bucket)
        if window is None or now >= window.end:
            window = self._windows[bucket] = _Window(now + self._limits.window_seconds)
        return window
