"""Okta's time. What is signed carries a time, and Okta refuses it where the clocks differ.

A proof of DPoP may be five minutes old and not a second ahead (Okta's error catalog).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

FARTHEST: Final = timedelta(days=366)
"""No clock is wrong by more; with the end of the calendar nothing can be reckoned."""


class OktaClock:
    """Our time until Okta has answered, then that of its latest answer, going on by ours."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.ahead = timedelta(0)
        """How far Okta's clock is ahead of ours."""

    def __call__(self) -> datetime:
        return self._now() + self.ahead

    def learn(self, response: httpx.Response) -> None:
        """Take the Date of an answer, whole seconds that have passed: it is never ahead of Okta."""
        date = date_of(response.headers)
        if date is None or "x-okta-request-id" not in response.headers:
            return
        ahead = date - self._now()
        if abs(ahead) <= FARTHEST:
            self.ahead = ahead


def date_of(headers: httpx.Headers) -> datetime | None:
    """The time at which the server says to have answered."""
    try:
        return parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        return None
