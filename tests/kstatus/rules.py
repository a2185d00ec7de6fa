"""kstatus' rules for a custom resource, restated from sigs.k8s.io/cli-utils/pkg/kstatus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What kstatus says of an object."""

    IN_PROGRESS = "InProgress"
    FAILED = "Failed"
    CURRENT = "Current"
    TERMINATING = "Terminating"


_DECIDING = {"Reconciling": Verdict.IN_PROGRESS, "Stalled": Verdict.FAILED}


def kstatus(body: Mapping[str, Any]) -> Verdict:
    """The first rule that applies: deletion, generation, standard conditions, Ready, else Current.

    So an object without any status is Current.
    """
    metadata, status = body["metadata"], body.get("status") or {}
    if metadata.get("deletionTimestamp"):
        return Verdict.TERMINATING
    observed, generation = status.get("observedGeneration"), metadata.get("generation")
    if observed is not None and generation is not None and observed != generation:
        return Verdict.IN_PROGRESS
    return _by_conditions(status.get("conditions") or ())


def _by_conditions(conditions: Iterable[Mapping[str, str]]) -> Verdict:
    told = [(one["type"], one["status"]) for one in conditions]
    for kind, status in told:
        if kind in _DECIDING and status == "True":
            return _DECIDING[kind]
    ready = next((status for kind, status in told if kind == "Ready"), "True")
    return Verdict.CURRENT if ready == "True" else Verdict.IN_PROGRESS
