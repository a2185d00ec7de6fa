"""One connection and what its last check found: read from its body, and told in its status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from okta_rotator.api.cluster_connection import ClusterConnectionSpec, Grant
from okta_rotator.api.conditions import Condition, ConditionType, Reason
from okta_rotator.api.connection import ConnectionSpec, ConnectionStatus
from okta_rotator.cluster.resources import connection_spec
from okta_rotator.connections.credentials import access_of, reference_of
from okta_rotator.rotation.okta_view import Organization
from okta_rotator.rotation.ports import OktaSession
from okta_rotator.rotation.snapshot import Key
from okta_rotator.rotation.trouble import Next, Trouble
from okta_rotator.telemetry.figures import ConnectionFigures

RECHECK: Final = timedelta(hours=24)
"""An API token dies after 30 days without use, so each one is used once a day (Okta's docs)."""

FIRST_RETRY: Final = timedelta(seconds=5)
LONGEST_RETRY: Final = timedelta(minutes=5)
"""How soon a connection whose check failed is looked at again."""

PASSING: Final = timedelta(minutes=5)
"""So long a trouble that may pass by itself takes nothing from a connection that has worked."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One connection, and what its last check found."""

    uid: str
    generation: int
    spec: ConnectionSpec | None
    spec_error: str | None
    status: ConnectionStatus
    session: OktaSession | None = None
    organization: Organization | None = None
    credentials: str = ""
    """The version of the Secret that the session's credentials were read from."""
    tried: str = ""
    """The version of the Secret that the last check read; empty: there was none."""
    problem: Trouble | None = None
    checked_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None

    @property
    def org_id(self) -> str | None:
        return self.organization.id if self.organization is not None else self.status.org_id

    @property
    def grants(self) -> Sequence[Grant]:
        """Whom a connection of the cluster serves."""
        return self.spec.grants if isinstance(self.spec, ClusterConnectionSpec) else ()

    @property
    def is_ready(self) -> bool:
        return self.session is not None and self.problem is None

    def signs_in_as(self, other: Entry) -> bool:
        """Whether it is the same connection, with the same way to the same org."""
        if self.spec is None or other.spec is None or self.uid != other.uid:
            return False
        mine, theirs = access_of(self.spec, ""), access_of(other.spec, "")
        return mine == theirs and reference_of(self.spec) == reference_of(other.spec)

    def with_findings_of(self, other: Entry) -> Entry:
        """The same, as the last check of the other one found it."""
        return replace(
            other,
            generation=self.generation,
            spec=self.spec,
            spec_error=self.spec_error,
            status=self.status,
        )


def entry_of(body: Mapping[str, Any]) -> Entry:
    """A connection that was not checked yet."""
    metadata = body["metadata"]
    of_cluster = "namespace" not in metadata
    spec, spec_error = connection_spec(body.get("spec") or {}, of_cluster=of_cluster)
    return Entry(
        uid=metadata["uid"],
        generation=metadata.get("generation", 1),
        spec=spec,
        spec_error=spec_error,
        status=ConnectionStatus.salvage(body.get("status") or {}),
    )


def after_failure(entry: Entry, trouble: Trouble, now: datetime) -> Entry:
    """The connection after a check that failed.

    One that has worked stays ready while what failed may pass by itself, as an outage of some
    minutes, or a rate limit that others have used up, of whatever length.
    """
    since = entry.failing_since or now
    failed = replace(entry, checked_at=now, failures=entry.failures + 1, failing_since=since)
    is_passing = trouble.next is Next.WAIT or (trouble.next is Next.RETRY and now - since < PASSING)
    has_worked = entry.session is not None and entry.problem is None and _was_ready(entry)
    return failed if is_passing and has_worked else replace(failed, problem=trouble)


def after_success(entry: Entry, now: datetime) -> Entry:
    return replace(entry, problem=None, checked_at=now, failures=0, failing_since=None)


def _was_ready(entry: Entry) -> bool:
    """This process has found it so, or an earlier one, by the status of this spec."""
    if entry.checked_at is not None:
        return True
    ready = ready_of(entry.status)
    is_told = ready is not None and ready.status == "True"
    return is_told and entry.status.observed_generation == entry.generation


def status_of(entry: Entry, now: datetime) -> ConnectionStatus:
    """What is to be written after a check."""
    organization = entry.organization
    is_unanswered = entry.problem is None and entry.failures
    return ConnectionStatus(
        observed_generation=entry.generation,
        conditions=_conditions(entry, now),
        org_id=entry.org_id,
        org_host=organization.host if organization is not None else entry.status.org_host,
        method=entry.spec.method if entry.spec is not None else None,
        last_checked_at=entry.status.last_checked_at if is_unanswered else now,
    )


def _conditions(entry: Entry, now: datetime) -> tuple[Condition, ...]:
    """Ready, and where it is False what comes next, as kstatus reads it."""
    trouble = entry.problem
    if trouble is None:
        told = Reason.CONNECTED, "signed in at Okta"
        return (_condition(entry, ConditionType.READY, "True", told, now),)
    needs_a_person = trouble.next is Next.PERSON
    other = ConditionType.STALLED if needs_a_person else ConditionType.RECONCILING
    told = trouble.reason, trouble.message
    return (
        _condition(entry, ConditionType.READY, "False", told, now),
        _condition(entry, other, "True", told, now),
    )


def _condition(
    entry: Entry,
    kind: ConditionType,
    status: Literal["True", "False"],
    told: tuple[Reason, str],
    now: datetime,
) -> Condition:
    old = next((c for c in entry.status.conditions or () if c.type == kind), None)
    since = old.last_transition_time if old is not None and old.status == status else now
    return Condition(
        type=kind,
        status=status,
        reason=told[0],
        message=told[1],
        last_transition_time=since,
        observed_generation=entry.generation,
    )


def is_worth_writing(status: ConnectionStatus, old: ConnectionStatus, now: datetime) -> bool:
    """Whether it says more than another time of the same check; that time is told once a day."""
    if status == old:
        return False
    is_news = status.model_copy(update={"last_checked_at": old.last_checked_at}) != old
    return is_news or old.last_checked_at is None or now - old.last_checked_at >= RECHECK


def is_told(status: ConnectionStatus, old: ConnectionStatus) -> Condition | None:
    """The condition that an Event is to tell of, if it is another than before."""
    new, before = ready_of(status), ready_of(old)
    if new is None or before is None:
        return new
    return None if (before.status, before.reason) == (new.status, new.reason) else new


def ready_of(status: ConnectionStatus) -> Condition | None:
    conditions = status.conditions or ()
    return next((c for c in conditions if c.type == ConditionType.READY), None)


def figures_of(key: Key, entry: Entry) -> ConnectionFigures:
    """What the metrics say of it."""
    reason = Reason.CONNECTED if entry.problem is None else entry.problem.reason
    budgets = entry.session.budgets() if entry.session is not None else {}
    return ConnectionFigures(key, entry.is_ready, reason, entry.checked_at, budgets)


def is_news(before: Entry, found: Entry) -> bool:
    """Whether a rotation of the connection may fare otherwise than before."""
    if before.checked_at is None or _words_of(found.problem) != _words_of(before.problem):
        return True
    return found.problem is None and found.credentials != before.credentials


def is_newer(version: str, tried: str) -> bool:
    """Whether a Secret has changed since the check that read it.

    Kubernetes' resourceVersions grow as decimal numbers (KEP-5504).
    """
    return int(version) > int(tried or 0)


def _words_of(problem: Trouble | None) -> tuple[Reason, str] | None:
    """What the rotations of the connection say of it."""
    return None if problem is None else (problem.reason, problem.message)


def pause_after(entry: Entry) -> timedelta:
    """Until the next check."""
    if not entry.failures:
        return RECHECK
    return min(FIRST_RETRY * (1 << min(entry.failures - 1, 10)), LONGEST_RETRY)
