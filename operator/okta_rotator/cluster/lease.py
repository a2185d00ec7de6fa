"""Who may write, by a Lease (coordination.k8s.io/v1): the decisions, pure. Effects: `elector.py`.

What holds it all: the holder counts from the moment *before* it sent its last renewal, everybody
else from the moment *after* they saw the Lease change. So whoever takes it over has waited out all
that the holder may still claim, whatever their wall clocks say. Two machines' clocks are never
compared; as client-go has it (tools/leaderelection/leaderelection.go, "observedTime"). Each write
of the Lease carries the resourceVersion that it is based on, so that of two who write, one does.

Two things are stricter than client-go. A Lease that was deleted, or whose holder a hand has wiped
out, is waited out too: the holder need not know yet. And the holder may begin to write something
only as long as its claim outlasts that write (`may_write`), not until it finds that it has lost.

Why `kubernetes.aio.leaderelection` (37.0) is not used: it goes by the wall clock (`time.time()`),
counts a renewal from its answer and not from its sending, has no limit on a call that hangs, does
not give the lease up at the end, and has nothing that a fence could be made from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

DURATION: Final = 30.0
"""Seconds that a renewal holds for."""

MARGIN: Final = 2.0
"""Seconds before its end at which the holder takes it for lost. Covers clocks that do not run
alike (1%), and the way from a check to the wire.
"""

GIVEN_UP: Final = 1
"""Seconds in a Lease that its holder has given up (the API takes no 0), as client-go writes it."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The Lease as it was read or written; `body` is all of it."""

    body: Mapping[str, Any] = field(repr=False)

    @property
    def _spec(self) -> Mapping[str, Any]:
        return self.body.get("spec") or {}

    @property
    def version(self) -> str:
        return str(self.body["metadata"]["resourceVersion"])

    @property
    def holder(self) -> str:
        return self._spec.get("holderIdentity") or ""

    @property
    def promised(self) -> float:
        """Seconds from its last change on in which whoever held it may still write."""
        duration = self._spec.get("leaseDurationSeconds") or DURATION
        return 0.0 if not self.holder and duration <= GIVEN_UP else float(duration)


@dataclass(frozen=True, slots=True)
class View:
    """What one candidate knows. All times are seconds of its own clock."""

    me: str
    lease: Lease | None = None
    """As last read or written; None: there is none."""
    free_at: float = -math.inf
    """When all that others may claim is over."""
    held_until: float | None = None
    """Until when we claim it; None as long as we never held it."""
    is_over: bool = False
    """It was lost or given up: this candidate never writes again, whatever answers still come."""


@dataclass(frozen=True, slots=True)
class Write:
    """Create it, take it over, or renew it."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody else may hold it until then, if it does not change until then."""

    until: float


@dataclass(frozen=True, slots=True)
class Lost:
    """It was ours, and is not ours any more."""

    why: str


Move = Write | Wait | Lost


def after_reading(
    view: View, lease: Lease | None, at: float, holder_has_ended: bool = False
) -> View:
    """`at` is when the answer had come: the change that it shows may have been made just before."""
    if holder_has_ended:
        return replace(view, lease=lease, free_at=at)
    known = view.lease
    if lease is None:
        free_at = view.free_at if known is None else at + known.promised
    elif known is not None and lease.version == known.version:
        free_at = view.free_at
    else:
        free_at = at + lease.promised
    return replace(view, lease=lease, free_at=free_at)


def after_writing(view: View, lease: Lease, sent_at: float) -> View:
    """`sent_at` is from before it was sent: others may have seen it from then on."""
    return replace(view, lease=lease, held_until=sent_at + DURATION - MARGIN)


def after_the_end(view: View) -> View:
    """It is lost, or about to be given up."""
    return replace(view, is_over=True)


def decide(view: View, now: float) -> Move:
    """What is to be done about the Lease."""
    if view.is_over:
        return Lost("it was given up")
    is_mine = view.lease is not None and view.lease.holder == view.me
    if view.held_until is not None:
        if now >= view.held_until:
            return Lost("it could not be renewed in time")
        if view.lease is not None and not is_mine:
            return Lost(f"{view.lease.holder or 'nobody'} holds it now")
        return Write()
    return Write() if is_mine or now >= view.free_at else Wait(view.free_at)


def may_write(view: View, now: float, takes: float) -> bool:
    """Whether a write of at most so many seconds, if it begins now, ends within our claim."""
    if view.held_until is None or view.is_over:
        return False
    return view.held_until - now > takes


def held_body(view: View, namespace: str, name: str, now: datetime) -> dict[str, Any]:
    """The Lease as we hold it. What others have put on it is kept."""
    old: Mapping[str, Any] = view.lease.body if view.lease is not None else {}
    spec = dict(old.get("spec") or {})
    if spec.get("holderIdentity") != view.me:
        spec["acquireTime"] = _micro_time(now)
        if old:
            spec["leaseTransitions"] = (spec.get("leaseTransitions") or 0) + 1
    spec |= {
        "holderIdentity": view.me,
        "leaseDurationSeconds": int(DURATION),
        "renewTime": _micro_time(now),
    }
    kind = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
    return {"metadata": {"namespace": namespace, "name": name}, **old, **kind, "spec": spec}


def given_up_body(lease: Lease, now: datetime) -> dict[str, Any]:
    """The Lease without a holder, free at once (client-go's ReleaseOnCancel)."""
    at = _micro_time(now)
    spec = {
        **lease.body["spec"],
        "holderIdentity": "",
        "leaseDurationSeconds": GIVEN_UP,
        "acquireTime": at,
        "renewTime": at,
    }
    return {**lease.body, "spec": spec}


def _micro_time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
