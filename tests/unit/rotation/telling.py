"""Decisions in a few words, for tests to compare."""

from __future__ import annotations

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
from okta_rotator.rotation.state import Job, State
from okta_rotator.rotation.values import SecretValue
from tests.unit.rotation.builders import A, C, F, G, N, P

NAMES = {A: "A", P: "P", C: "C", N: "N", F: "F", G: "G"}


def told(decision: Decision) -> str:
    """`create C`, `delete p`, `write intent`, `blocked ForeignSecret` and the like."""
    match decision:
        case ReadApp():
            return "read app"
        case ListSecrets():
            return "list"
        case ReadTarget():
            return "read target"
        case ActivateSecret(secret_id=secret_id):
            return f"activate {secret_id}"
        case DeleteState():
            return "delete state"
        case Prove(value=value):
            return f"prove {named(value)}"
        case CreateSecret(value=value):
            return f"create {named(value)}"
        case DeactivateSecret(secret_id=secret_id):
            return f"deactivate {secret_id}"
        case DeleteSecret(secret_id=secret_id):
            return f"delete {secret_id}"
        case WriteState(step=step):
            return f"write {step}"
        case Publish():
            return "publish"
        case DeleteTarget():
            return "delete target"
        case Settled():
            return "settled"
        case LetGo():
            return "let go"
        case Blocked(trouble=trouble):
            return f"blocked {trouble.reason}"


def named(value: SecretValue) -> str:
    return NAMES.get(value, "new")


def roles(state: State) -> str:
    """`a0 p1 C`: active and previous with their indices, and the candidate; `-` for none."""
    held = (state.active, state.previous)
    words = ["-" if one is None else f"{one.secret_id}{one.index}" for one in held]
    candidate = state.candidate
    if candidate is not None:
        words.append(named(candidate.value) + (" discarded" if candidate.discard else ""))
    return " ".join(words)


def job_of(decision: Decision) -> Job:
    """The job that a write of the state begins."""
    assert isinstance(decision, WriteState)
    assert decision.state.job is not None
    return decision.state.job
