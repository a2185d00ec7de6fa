"""The metrics of the process, in a registry of their own."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from okta_rotator.rotation.decisions import Verdict


class Metrics:
    """Every label has few values: none is the name of a resource."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._passes = Counter(
            "okta_rotator_passes",
            "Passes over a resource, by how they ended.",
            ["verdict"],
            registry=self.registry,
        )
        self._okta_calls = Counter(
            "okta_rotator_okta_calls",
            "Calls to Okta, by endpoint and HTTP status (none: no answer).",
            ["endpoint", "status"],
            registry=self.registry,
        )
        self._okta_seconds = Histogram(
            "okta_rotator_okta_call_duration_seconds",
            "How long calls to Okta took.",
            ["endpoint"],
            registry=self.registry,
        )
        self._depth = Gauge(
            "okta_rotator_queue_depth",
            "Resources that wait for a worker.",
            registry=self.registry,
        )
        build = Gauge("okta_rotator_build_info", "Always 1.", ["version"], registry=self.registry)
        build.labels(version("okta-rotator")).set(1)

    def pass_ended(self, verdict: Verdict) -> None:
        self._passes.labels(type(verdict).__name__.lower()).inc()

    def okta_called(self, endpoint: str, status: int | None, seconds: float) -> None:
        self._okta_calls.labels(endpoint, str(status or "none")).inc()
        self._okta_seconds.labels(endpoint).observe(seconds)

    def watch_depth(self, depth: Callable[[], int]) -> None:
        """Have the depth of the queue read when the metrics are."""
        self._depth.set_function(depth)

    def exposition(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self.registry)
