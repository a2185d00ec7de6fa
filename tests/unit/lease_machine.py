"""Three candidates and a server, in drawn orders: at most one of them may write at any time.

Each request of a candidate has three instants: sent, landed at the server, answered. Between any
two steps any time may pass, which is also how a process looks that is stopped, and most often as
much as leads right before or after the end of somebody's claim. Answers are lost, and what nobody
waits for any more lands late. Clocks differ, by a constant and by up to 1% in rate.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from okta_rotator.cluster.lease import (
    Lease,
    Lost,
    View,
    Write,
    after_reading,
    after_writing,
    decide,
    given_up_body,
    held_body,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Server:
    """One Lease, with optimistic locking."""

    def __init__(self) -> None:
        self.lease: Lease | None = None
        self._versions = itertools.count(1)

    def write(self, body: dict[str, Any]) -> Lease | None:
        """None: a conflict."""
        version = body["metadata"].get("resourceVersion")
        if version != (self.lease.version if self.lease is not None else None):
            return None
        return self.put(body)

    def put(self, body: dict[str, Any]) -> Lease:
        metadata = {**body["metadata"], "resourceVersion": str(next(self._versions))}
        self.lease = Lease({**body, "metadata": metadata})
        return self.lease


@dataclass
class Request:
    """What was sent, until it is answered or given up."""

    body: dict[str, Any] | None
    """None: a read."""
    sent_at: float
    answer: list[Lease | None] = field(default_factory=list)
    """Empty until it has landed."""


@dataclass
class Candidate:
    view: View
    offset: float
    rate: float
    request: Request | None = None

    def clock(self, t: float) -> float:
        return self.offset + self.rate * t

    def true(self, until: float) -> float:
        """The true time at which its clock will show this."""
        return (until - self.offset) / self.rate

    def claim_ends_at(self) -> float:
        """By the true time."""
        until = self.view.held_until
        return -math.inf if until is None or self.view.is_over else self.true(until)


class Election:
    """`count_from`, `seen_at` and `is_guarded` are where a test plants a bug."""

    count_from: Callable[[Request, float], float] = staticmethod(lambda request, _: request.sent_at)
    seen_at: Callable[[Request, float], float] = staticmethod(lambda _, now: now)
    is_guarded = True

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.t = 1000.0
        self.server = Server()
        self.names = itertools.count()
        self.late: list[dict[str, Any]] = []
        self.ghosts: list[float] = []
        """Ends of the claims of those that died: what they had begun may still land."""
        self.leaders: set[str] = set()
        self.candidates = [
            Candidate(self._new_view(), offset, rate)
            for offset, rate in ((0.0, 0.99), (-5000.0, 1.0), (1e6, 1.01))
        ]

    def run(self, steps: int) -> None:
        """Raises AssertionError where two may write."""
        actions, weights = zip(*self._steps(), strict=True)
        for action in self.random.choices(actions, weights, k=steps):
            action(self.random.choice(self.candidates))
            ends = [one.claim_ends_at() for one in self.candidates] + self.ghosts
            assert sum(end > self.t for end in ends) <= 1, f"two may write at {self.t}: {ends}"

    def _steps(self) -> Iterator[tuple[Callable[[Candidate], None], int]]:
        yield self.a_little_time_passes, 4
        yield self.time_passes_to_about_the_end_of_a_claim, 2
        yield self.reads, 3
        yield self.acts, 3
        yield self.lands, 6
        yield self.is_answered, 6
        yield self.takes_or_renews_without_a_hitch, 6
        yield self.dies, 1
        yield self.ends_in_good_order, 1
        yield self.something_lands_late, 2
        yield self.a_hand_wipes_the_holder_out, 1

    def a_little_time_passes(self, _: Candidate) -> None:
        self.t += self.random.choice((0.1, 1, 3, 6))

    def time_passes_to_about_the_end_of_a_claim(self, _: Candidate) -> None:
        ends = [one.claim_ends_at() for one in self.candidates]
        ends += [one.true(one.view.free_at) for one in self.candidates]
        to_come = [end for end in ends if end > self.t]
        if to_come:
            end = self.random.choice(to_come)
            self.t = max(self.t, end + self.random.choice((-0.5, -0.1, 0.001, 0.3)))

    def reads(self, one: Candidate) -> None:
        self._give_up_waiting(one)
        one.request = Request(None, one.clock(self.t))

    def acts(self, one: Candidate) -> None:
        self._give_up_waiting(one)
        move = decide(one.view, one.clock(self.t))
        if isinstance(move, Write):
            body = held_body(one.view, "home", "it", NOW)
            one.request = Request(body, one.clock(self.t))
        elif isinstance(move, Lost):
            one.view = self._new_view()

    def lands(self, one: Candidate) -> None:
        request = one.request
        if request is None or request.answer:
            return
        is_read = request.body is None
        request.answer.append(self.server.lease if is_read else self._landed(request.body))

    def is_answered(self, one: Candidate) -> None:
        request, now = one.request, one.clock(self.t)
        if request is None or not request.answer:
            return
        (lease,) = request.answer
        one.request = None
        if request.body is None:
            one.view = after_reading(one.view, lease, self.seen_at(request, now))
        elif lease is not None:
            one.view = after_writing(one.view, lease, self.count_from(request, now))
            self.leaders.add(one.view.me)

    def takes_or_renews_without_a_hitch(self, one: Candidate) -> None:
        """Else a lease would seldom be held."""
        for step in (self.reads, self.lands, self.is_answered, self.acts):
            step(one)
        self.lands(one)
        self.is_answered(one)

    def dies(self, one: Candidate) -> None:
        """And starts anew, with another name."""
        self._give_up_waiting(one)
        self.ghosts = [end for end in (*self.ghosts, one.claim_ends_at()) if end > self.t]
        one.view = self._new_view()

    def ends_in_good_order(self, one: Candidate) -> None:
        """It has drained: nothing of it is under way but, perhaps, a renewal."""
        self._give_up_waiting(one)
        lease = self.server.lease
        if lease is not None and lease.holder == one.view.me:
            self.server.write(given_up_body(lease, NOW))
        one.view = self._new_view()

    def something_lands_late(self, _: Candidate) -> None:
        if self.late:
            self._landed(self.late.pop(self.random.randrange(len(self.late))))

    def a_hand_wipes_the_holder_out(self, _: Candidate) -> None:
        if self.server.lease is not None:
            body = self.server.lease.body
            self.server.put({**body, "spec": {**body["spec"], "holderIdentity": None}})

    def _landed(self, body: dict[str, Any] | None) -> Lease | None:
        assert body is not None
        return self.server.write(body) if self.is_guarded else self.server.put(body)

    def _give_up_waiting(self, one: Candidate) -> None:
        if one.request is not None and one.request.body is not None and not one.request.answer:
            self.late.append(one.request.body)
        one.request = None

    def _new_view(self) -> View:
        return View(f"candidate-{next(self.names)}")
