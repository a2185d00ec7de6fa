"""The settings of `okta-rotator run`, once they have been read from flags and environment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LogFormat(StrEnum):
    """How log lines are written."""

    JSON = "json"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Settings:
    """See `okta-rotator run --help` for each."""

    namespaces: tuple[str, ...]
    operator_namespace: str
    log_level: str
    log_format: LogFormat
    http_port: int
    workers: int
    heartbeat: float
    okta_domains: tuple[str, ...]
    allow_insecure_okta: bool
    lease_namespace: str
    lease_name: str
    makes_lease_namespace: bool
    leader_election: bool

    @property
    def is_clusterwide(self) -> bool:
        """Whether it looks after all namespaces, and so after the cluster's connections."""
        return not self.namespaces
