"""What went wrong, classed by what happens next.

The one place that says which kinds there are. `okta/errors.py` and `cluster/errors.py` turn
foreign errors into a `Trouble`; `report.py` turns a `Trouble` into conditions, and `backoff.py`
into the time of the next try. A port raises `PortError` and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from okta_rotator.api.conditions import Reason


class Next(StrEnum):
    """What a trouble calls for."""

    RETRY = "retry"
    """It may pass by itself: again, by back-off."""
    WAIT = "wait"
    """It passes at a known time (`Trouble.until`)."""
    PERSON = "person"
    """Somebody has to change something; looked at again on a change and at each heartbeat."""
    LOOK_AGAIN = "look-again"
    """What we knew is no longer so (a lost race): read everything again, at once."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One failure, in words for a user. The message never holds a secret value."""

    next: Next
    reason: Reason
    message: str
    until: datetime | None = None
    """With WAIT: when to try again."""
    may_have_landed: bool = False
    """The request may have had, or may yet have, its effect although no answer came."""


class PortError(Exception):
    """Raised by every port; carries the classified trouble."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble
