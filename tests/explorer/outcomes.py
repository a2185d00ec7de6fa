"""How a decision can end, and the fault that makes it end so."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from okta_rotator.rotation.decisions import (
    ActivateSecret,
    Blocked,
    CreateSecret,
    DeactivateSecret,
    Decision,
    DeleteSecret,
    DeleteState,
    DeleteTarget,
    LetGo,
    ListSecrets,
    Prove,
    Publish,
    ReadApp,
    ReadTarget,
    Settled,
    WriteState,
)
from tests.unit.rotation.faults import (
    CrashError,
    Fault,
    Moment,
    lost_race,
    named,
    no_answer,
    unavailable,
)


class Outcome(StrEnum):
    """One column of the table."""

    DONE = "done"
    FAILS = "fails"
    """Before it had an effect."""
    LOST = "lost"
    """It had its effect, and its answer was lost."""
    LATE = "late"
    """No answer; the effect lands at some later step, or never."""
    RACE = "race"
    """Somebody else was faster."""
    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"
    CRASH_LATE = "crash, late"
    """The process dies, and the effect lands at some later step, or never."""
    DISTRUSTED = "distrusted"
    """The secret is made, and Okta does not accept its value."""
    SILENT = "silent"
    """Okta does not say whether the value is good."""
    STALE = "stale"
    """The list does not show Okta's last change."""


_CALLS: Final = {
    ReadApp: ("read_app",),
    ListSecrets: ("list_secrets",),
    Prove: ("introspect",),
    ReadTarget: ("read_secret",),
    CreateSecret: ("create_secret",),
    ActivateSecret: ("activate_secret",),
    DeactivateSecret: ("deactivate_secret",),
    DeleteSecret: ("delete_secret_in_okta",),
    WriteState: ("create_state", "replace_state"),
    Publish: ("write_target",),
    DeleteTarget: ("delete_secret",),
    DeleteState: ("delete_secret",),
    Settled: ("write_status",),
    Blocked: ("write_status",),
}

_ONLY_A_CREATION: Final = {
    Outcome.DISTRUSTED: "only a new secret can come to be refused",
}
_ONLY_A_PROOF: Final = {Outcome.SILENT: "only an introspection can leave it open"}
_ONLY_A_LIST: Final = {Outcome.STALE: "only a list can be out of date"}
_OF_A_WRITE: Final = {**_ONLY_A_CREATION, **_ONLY_A_PROOF, **_ONLY_A_LIST}
_OF_A_READ: Final = {
    **_ONLY_A_CREATION,
    Outcome.LOST: "a read without an answer has failed",
    Outcome.LATE: "a read has no effect that could land",
    Outcome.RACE: "a read has no precondition",
    Outcome.CRASH_AFTER: "a read leaves nothing behind: the same as a crash before it",
    Outcome.CRASH_LATE: "a read has no effect that could land",
}
_OF_A_PROOF: Final = {
    # Okta counts what it refuses: an introspection can be lost, and a crash can follow it.
    **{key: why for key, why in _OF_A_READ.items() if key.value not in ("lost", "crash after")},
    **_ONLY_A_LIST,
}
_OF_A_REPORT: Final = {
    **_OF_A_WRITE,
    Outcome.LATE: "status decides nothing, so that a late one is as good as a lost one",
    Outcome.RACE: "status is written without a precondition",
    Outcome.CRASH_LATE: "status decides nothing, so that a late one is as good as a lost one",
}
_OF_LETTING_GO: Final = {
    **_OF_A_REPORT,
    Outcome.FAILS: "nothing is written",
    Outcome.LOST: "nothing is written",
    Outcome.CRASH_AFTER: "the resource is gone, and no process looks at it again",
}
IMPOSSIBLE: Final[Mapping[type[Decision], Mapping[Outcome, str]]] = {
    ReadApp: {**_OF_A_READ, **_ONLY_A_PROOF, **_ONLY_A_LIST},
    ListSecrets: {**_OF_A_READ, **_ONLY_A_PROOF},
    ReadTarget: {**_OF_A_READ, **_ONLY_A_PROOF, **_ONLY_A_LIST},
    Prove: _OF_A_PROOF,
    CreateSecret: {**_ONLY_A_PROOF, **_ONLY_A_LIST},
    ActivateSecret: _OF_A_WRITE,
    DeactivateSecret: _OF_A_WRITE,
    DeleteSecret: _OF_A_WRITE,
    WriteState: _OF_A_WRITE,
    Publish: _OF_A_WRITE,
    DeleteTarget: _OF_A_WRITE,
    DeleteState: _OF_A_WRITE,
    Settled: _OF_A_REPORT,
    Blocked: _OF_A_REPORT,
    LetGo: _OF_LETTING_GO,
}
"""The cells that nothing can reach by construction, each with its reason."""


def possible(kind: type[Decision]) -> frozenset[Outcome]:
    """The outcomes that a decision of this kind can have by its nature."""
    return frozenset(set(Outcome) - set(IMPOSSIBLE[kind]))


def calls_of(decision: Decision) -> tuple[str, ...]:
    """The calls of a port by which the decision is acted on."""
    return _CALLS.get(type(decision), ())


def fault_of(decision: Decision, outcome: Outcome) -> Fault | None:
    """The fault to strike with; None where nothing is to break."""
    if isinstance(decision, LetGo):
        return None
    strikes = named(*calls_of(decision))
    is_read = isinstance(decision, Prove)
    match outcome:
        case Outcome.FAILS:
            return Fault(strikes, Moment.BEFORE, unavailable())
        case Outcome.LOST:
            return Fault(strikes, Moment.AFTER, unavailable() if is_read else no_answer())
        case Outcome.LATE:
            return Fault(strikes, Moment.LATE, no_answer())
        case Outcome.RACE:
            return Fault(strikes, Moment.BEFORE, lost_race("somebody else was faster"))
        case Outcome.CRASH_AFTER:
            return Fault(strikes, Moment.AFTER, CrashError())
        case Outcome.CRASH_LATE:
            return Fault(strikes, Moment.LATE, CrashError())
    return None


def row_of(decision: Decision) -> str:
    """The name of the decision in the table."""
    name = type(decision).__name__
    return f"{name} {decision.step}" if isinstance(decision, WriteState) else name
