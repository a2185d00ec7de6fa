"""The one place through which every call to a port goes: counted, and broken where a test asks.

A fault breaks a call before its effect, after it, or has the effect land late, when the caller has
long given up. An error is what a port may raise; a crash is the end of the process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.trouble import Next, PortError, Trouble

T = TypeVar("T")

START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


class CrashError(BaseException):
    """The process is gone: nothing in it may catch this."""


class Moment(StrEnum):
    """When a fault strikes, seen from the effect of the call."""

    BEFORE = "before"
    AFTER = "after"
    LATE = "late"
    """The caller sees the error at once; the effect lands `LATENESS` later."""


LATENESS = timedelta(seconds=9)
TICK = timedelta(milliseconds=1)
"""How long a call takes, so that no two things happen at the same instant."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a port: its place in the run, and the name of the method."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Breaks the calls that `strikes` picks, `times` times."""

    strikes: Callable[[Call], bool]
    moment: Moment
    error: BaseException
    times: int = 1


@dataclass(slots=True)
class Clock:
    """A clock that stands still until it is told to move."""

    at: datetime = START
    late: list[tuple[datetime, Callable[[], object]]] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.at

    def advance_to(self, when: datetime) -> None:
        """Move on, and let what was under way land at its time."""
        due = sorted((one for one in self.late if one[0] <= when), key=lambda one: one[0])
        self.late = [one for one in self.late if one[0] > when]
        for at, effect in due:
            self.at = max(self.at, at)
            effect()
        self.at = max(self.at, when)

    def advance(self, by: timedelta) -> None:
        self.advance_to(self.at + by)


@dataclass(slots=True)
class Wire:
    """Carries the calls, and has the invariants checked after each effect."""

    clock: Clock
    check: Callable[[], None] = lambda: None
    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def carry(self, name: str, effect: Callable[[], T]) -> T:
        call = Call(len(self.calls), name)
        self.calls.append(call)
        self.clock.advance(TICK)
        fault = self._fault_of(call)
        if fault is not None and fault.moment is not Moment.AFTER:
            if fault.moment is Moment.LATE:
                self.clock.late.append((self.clock.at + LATENESS, lambda: self._land(effect)))
            raise fault.error
        result = effect()
        self.check()
        if fault is not None:
            raise fault.error
        return result

    def count(self, *names: str) -> int:
        return sum(call.name in names for call in self.calls)

    def _land(self, effect: Callable[[], object]) -> None:
        try:
            effect()
        except PortError:
            return
        self.check()

    def _fault_of(self, call: Call) -> Fault | None:
        for at, fault in enumerate(self.faults):
            if fault.times > 0 and fault.strikes(call):
                self.faults[at] = replace(fault, times=fault.times - 1)
                return fault
        return None


def at_call(number: int) -> Callable[[Call], bool]:
    return lambda call: call.number == number


def named(*names: str) -> Callable[[Call], bool]:
    return lambda call: call.name in names


def no_answer() -> PortError:
    """A write whose answer was lost."""
    message = "no answer"
    return PortError(Trouble(Next.RETRY, Reason.OKTA_UNAVAILABLE, message, may_have_landed=True))


def unavailable() -> PortError:
    """A call that was refused before it could have an effect."""
    return PortError(Trouble(Next.RETRY, Reason.OKTA_UNAVAILABLE, "Okta answers 503"))


def lost_race(message: str) -> PortError:
    return PortError(Trouble(Next.LOOK_AGAIN, Reason.CONFLICT, message))
