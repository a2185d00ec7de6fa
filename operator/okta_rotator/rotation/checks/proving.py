"""How often Okta may be asked about a value, and what its refusal means.

Okta raises an alarm after five wrong secrets of an app within 24 hours (release notes of 2017 and
2020), so at most four refusals are risked in that time, and each is written down.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.decisions import (
    Blocked,
    ListSecrets,
    Prove,
    ReadApp,
    Step,
    WriteState,
)
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import State
from okta_rotator.rotation.transitions import (
    REFUSALS_REMEMBERED,
    note_asking,
    note_refusal,
    recent_refusals,
)
from okta_rotator.rotation.trouble import Next, Trouble

REFUSALS_RISKED: Final = 4
"""Refused values of an app in 24 hours, one short of Okta's alarm."""

SECOND_LOOK: Final = timedelta(minutes=1)
"""After this long a refusal of the published value is put to Okta once more."""


def may_ask_again(s: Snapshot, state: State) -> bool:
    """Whether one more refusal can be risked, should it be refused."""
    return _counted(s, state) < REFUSALS_RISKED


def may_ask_unrecorded(s: Snapshot, state: State) -> bool:
    """The same of a value that is no candidate: a crash can lose that it was asked about."""
    return _counted(s, state) < REFUSALS_RISKED - 1


def put(s: Snapshot, state: State, question: Prove) -> Prove | WriteState:
    """Ask; but where a refusal was counted within the day, first write down that it is asked.

    If the answer is lost with the process, there is a record that Okta may have counted one more.
    """
    is_recorded = state.asked_at is not None and s.now - state.asked_at < REFUSALS_REMEMBERED
    if is_recorded or not recent_refusals(state, s.now):
        return question
    return WriteState(Step.NOTE_ASKING, note_asking(state, s.now), question.why)


def _counted(s: Snapshot, state: State) -> int:
    return len(recent_refusals(state, s.now)) + (1 if s.seen.may_have_asked else 0)


def refusals_are_used_up(s: Snapshot, state: State) -> Blocked | None:
    """Wait until the oldest refusal has left Okta's window."""
    if may_ask_again(s, state):
        return None
    return _until_there_are_fewer(s, state, REFUSALS_RISKED)


def unrecorded_refusals_are_used_up(s: Snapshot, state: State) -> Blocked | None:
    """The same for a value that is no candidate."""
    return (
        None
        if may_ask_unrecorded(s, state)
        else _until_there_are_fewer(s, state, REFUSALS_RISKED - 1)
    )


def _until_there_are_fewer(s: Snapshot, state: State, limit: int) -> Blocked:
    newest = sorted(recent_refusals(state, s.now))[-limit:]
    until = min(newest, default=s.now) + REFUSALS_REMEMBERED
    message = (
        f"Okta refused values of this app within 24 hours; at {REFUSALS_RISKED + 1} it raises an "
        f"alarm, so no further one is tried before {until:%Y-%m-%d %H:%M} UTC"
    )
    return _wait(message, until)


def refusal_is_unnoted(state: State, at: datetime) -> bool:
    return not any(noted >= at for noted in state.refused_tries)


def noting_of_refusal(s: Snapshot, state: State) -> WriteState:
    noted = note_refusal(state, s.now, s.seen.may_have_asked)
    return WriteState(Step.NOTE_REFUSAL, noted, "Okta refused a value of ours")


def judge_refusal(
    s: Snapshot, state: State, at: datetime
) -> WriteState | ReadApp | ListSecrets | Blocked | None:
    """Okta refused what the state calls active: note it, look closer, ask once more in a minute.

    None when that has been done and the refusal stands: then the secret has to be replaced.
    """
    if refusal_is_unnoted(state, at):
        return noting_of_refusal(s, state)
    if s.seen.app is None:
        return ReadApp("Okta refused the published value; its auth method may have changed")
    if not s.seen.listed_in_this_pass:
        return ListSecrets("Okta refused the published value")
    first = s.seen.refused_at or at
    if at - first >= SECOND_LOOK:
        return None
    return _second_look(first)


def second_look_is_early(s: Snapshot, state: State) -> Blocked | None:
    """Okta has just refused the active value by this very auth method: it is not asked at once."""
    first = s.seen.refused_at
    if first is None or s.now >= first + SECOND_LOOK:
        return None
    is_same_method = s.seen.app is None or s.seen.app.auth_method == state.auth_method
    return _second_look(first) if is_same_method else None


def _second_look(first: datetime) -> Blocked:
    return _wait(
        "Okta refused the published client secret although it lists it as ACTIVE; asking once more",
        first + SECOND_LOOK,
    )


def _wait(message: str, until: datetime) -> Blocked:
    return Blocked(Trouble(Next.WAIT, Reason.VERIFICATION_FAILED, message, until), counts=False)
