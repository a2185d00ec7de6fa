"""The metrics of the process, in a registry of their own; `docs/metrics.md` lists them.

What belongs to one resource is made by `figures.py`. The rest is prometheus_client's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from http import HTTPStatus
from importlib.metadata import version
from typing import Final, Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder

from okta_rotator.api.conditions import Reason
from okta_rotator.api.rotation_status import RotationStatus
from okta_rotator.rotation.attempts import Attempt, Result
from okta_rotator.rotation.decisions import Verdict
from okta_rotator.rotation.notices import NOT_REVOKED, TARGET_REPAIRED, Notice
from okta_rotator.rotation.snapshot import Key
from okta_rotator.rotation.state import Trigger
from okta_rotator.telemetry.figures import (
    ConnectionFigures,
    RotationFigures,
    connections_text,
    rotation_figures,
    rotations_text,
)

CALL_SECONDS: Final = (0.05, 0.1, 0.2, 0.35, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Buckets: Okta answers within 0.1 to 0.5 s, and a call is given up after 10 s."""

_STATUSES: Final = frozenset(HTTPStatus)


class Queue(Protocol):
    """What the metrics read of the work queue."""

    @property
    def depth(self) -> int: ...

    @property
    def oldest_age(self) -> timedelta: ...


class Metrics:
    """Counts what it is told of, and reads the rest when it is asked for the text."""

    def __init__(self) -> None:
        # Else each counter has a second series with the time of its first event.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._rotations: dict[Key, RotationFigures] = {}
        self._connections: Callable[[], Iterable[ConnectionFigures]] = tuple
        self._passes = self._counter(
            "passes", "Passes over a resource, by how they ended.", "verdict"
        )
        self._attempts = self._counter(
            "rotations",
            "Attempts at a rotation, by result (success, failure), reason and trigger.",
            "result",
            "reason",
            "trigger",
        )
        for trigger in Trigger:
            # What begins with its first event shows no increase there.
            self._attempts.labels(Result.SUCCESS, Reason.PUBLISHED, trigger)
        self._told = {
            TARGET_REPAIRED: self._counter(
                "target_repairs", "Target Secrets that another hand had changed, put right."
            ),
            NOT_REVOKED: self._counter(
                "unrevoked_releases",
                "Deleted resources whose client secrets had to be left in Okta, unasked.",
            ),
        }
        self._okta_calls = self._counter(
            "okta_calls",
            "Calls to Okta, by endpoint and HTTP status (none: no answer).",
            "endpoint",
            "status",
        )
        self._okta_seconds = Histogram(
            "okta_rotator_okta_call_duration_seconds",
            "How long calls to Okta took, without the wait for their turn.",
            ["endpoint"],
            buckets=CALL_SECONDS,
            registry=self.registry,
        )
        self._depth = self._gauge("queue_depth", "Resources that wait for a worker.")
        self._oldest_age = self._gauge(
            "queue_oldest_age_seconds", "How long the resource that waits longest has waited."
        )
        self._leader = self._gauge("leader", "1 in the replica that works, 0 in one that waits.")
        build = Gauge("okta_rotator_build_info", "Always 1.", ["version"], registry=self.registry)
        build.labels(version("okta-rotator")).set(1)

    def pass_ended(self, verdict: Verdict, attempt: Attempt | None) -> None:
        self._passes.labels(type(verdict).__name__.lower()).inc()
        if attempt is not None:
            self._attempts.labels(attempt.result, attempt.reason, attempt.trigger).inc()

    def told(self, notice: Notice) -> None:
        """An Event was made of it."""
        if notice.reason in self._told:
            self._told[notice.reason].inc()

    def okta_called(self, endpoint: str, status: int | None, seconds: float) -> None:
        known = "other" if status not in _STATUSES else str(int(status))
        self._okta_calls.labels(endpoint, "none" if status is None else known).inc()
        self._okta_seconds.labels(endpoint).observe(seconds)

    def watch_leader(self, is_leader: Callable[[], bool]) -> None:
        """Have it asked, when the metrics are read, whether this replica is the one that works."""
        self._leader.set_function(is_leader)

    def rotation_says(self, key: Key, status: RotationStatus) -> None:
        """A rotation is there, and says this of itself."""
        self._rotations[key] = rotation_figures(status)

    def rotation_gone(self, key: Key) -> None:
        """Its series go with it."""
        self._rotations.pop(key, None)

    def watch_queue(self, queue: Queue) -> None:
        """Have the queue looked at when the metrics are."""
        self._depth.set_function(lambda: queue.depth)
        self._oldest_age.set_function(lambda: queue.oldest_age.total_seconds())

    def watch_connections(self, figures: Callable[[], Iterable[ConnectionFigures]]) -> None:
        """Have the connections asked when the metrics are."""
        self._connections = figures

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """The metrics in the text format that an Accept header asks for, and its Content-Type."""
        encode, content_type = choose_encoder(accept)
        ours = rotations_text(self._rotations) + connections_text(self._connections())
        # Last: OpenMetrics has an end, which the library writes.
        return ours.encode() + encode(self.registry), content_type

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"okta_rotator_{name}", meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(f"okta_rotator_{name}", meaning, registry=self.registry)
