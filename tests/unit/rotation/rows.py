"""Rows of the table of the design: what there is, and what follows.

A, P and C are the state's active, previous and candidate (a, p and c in Okta), T is the
target, and F and G are secrets that nobody we know made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from okta_rotator.api.names import ADOPT_ANNOTATION
from okta_rotator.api.rotation_status import CredentialState, CredentialStatus, RotationStatus
from okta_rotator.rotation.decide import decide
from okta_rotator.rotation.decisions import WriteState
from okta_rotator.rotation.okta_view import OktaSecret
from okta_rotator.rotation.snapshot import SecretObject, Snapshot
from okta_rotator.rotation.state import Candidate, State, Trigger
from okta_rotator.rotation.values import make_stand_in
from tests.unit.rotation.builders import (
    DRAW,
    EARLIER_UID,
    NAME,
    OFF,
    A,
    C,
    F,
    G,
    N,
    P,
    credential,
    ours,
    resource,
    rotating,
    secret,
    seen,
    snapshot,
    state,
    strangers_secret,
    target,
)
from tests.unit.rotation.faults import START
from tests.unit.rotation.telling import roles, told

SECOND = timedelta(seconds=1)
A_ON, P_ON, C_ON, N_ON = secret("a", A), secret("p", P), secret("c", C), secret("n", N)
F_ON, G_ON = secret("f", F), secret("g", G)
A_OFF, P_OFF, C_OFF, N_OFF = (
    secret("a", A, OFF),
    secret("p", P, OFF),
    secret("c", C, OFF),
    secret("n", N, OFF),
)
G_OFF = secret("g", G, OFF)
N_LATER = secret("n", N, created=START + SECOND)
N_OFF_LATER = secret("n", N, OFF, created=START + SECOND)
C_TWIN, C_TWIN_OFF = secret("c2", C), secret("c2", C, OFF)
EARLIER = ours(9, EARLIER_UID)
E_ON = secret("e", EARLIER)
S = make_stand_in(DRAW.randomness)
S_ON, S_OFF = secret("s", S), secret("s", S, OFF)

WITH_P = state(previous=credential("p", P, 1))
DISCARDED = rotating(candidate=Candidate(C, 1, discard=True))
FIRST = rotating(
    Trigger.CREATION,
    active=None,
    previous=credential("f", F, 1),
    candidate=Candidate(C, 0),
    last_rotated_at=None,
    last_trigger=None,
    series_from=None,
    last_job_id=None,
)
GIVEN = strangers_secret(
    annotations={ADOPT_ANNOTATION: NAME}, data={"OKTA_CLIENT_SECRET": F.reveal()}
)


def witnessing(*secret_ids: str, generation: int | None = None) -> RotationStatus:
    """A status that names these secrets as ours."""
    named = tuple(
        CredentialStatus(index=i, secret_id=one, state=CredentialState.ACTIVE)
        for i, one in enumerate(secret_ids)
    )
    return RotationStatus(credentials=named, state_generation=generation)


@dataclass(frozen=True, slots=True)
class Row:
    """What there is, what follows, and the roles that a write of the state leaves."""

    title: str
    state: State | None
    okta: tuple[OktaSecret, ...]
    follows: str
    leaves: str | None = None
    target: SecretObject | None = field(default_factory=target)
    status: RotationStatus = field(default_factory=RotationStatus)
    proofs: dict[Any, Any] = field(default_factory=dict)
    live: bool = False
    """Whether the target was read last."""
    changes: dict[str, Any] = field(default_factory=dict)
    """Of the manifest, by path."""
    asks: dict[str, str] = field(default_factory=dict)
    """The requests, by annotation."""
    now: datetime = START
    listed: bool = True
    """Whether Okta was listed in this pass."""

    def snapshot(self) -> Snapshot:
        return snapshot(
            state=self.state,
            target=self.target,
            resource=resource(self.changes, annotations=self.asks, status=self.status),
            seen=seen(*self.okta, proofs=self.proofs, listed_in_this_pass=self.listed),
            now=self.now,
            target_is_live=self.live,
        )


def check(row: Row) -> None:
    decision = decide(row.snapshot())
    assert told(decision) == row.follows
    left = roles(decision.state) if isinstance(decision, WriteState) else None
    assert left == row.leaves


def rows(*given: Row) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", [pytest.param(one, id=one.title) for one in given])


NONE = None
