"""Who may use a ClusterOktaConnection, and for which apps: by its `spec.access`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from okta_rotator.api.cluster_connection import (
    ALL_APPS,
    Grant,
    LabelSelector,
    SelectorOperator,
    SelectorRequirement,
)

Labels = Mapping[str, str]


class Answer(StrEnum):
    """What `spec.access` says of a namespace and an app."""

    ALLOWED = "allowed"
    NOT_THIS_NAMESPACE = "not this namespace"
    NOT_THIS_APP = "not this app"
    LABELS_UNKNOWN = "it depends on labels that are not known"


def answer(grants: Sequence[Grant], namespace: str, labels: Labels | None, app_id: str) -> Answer:
    """Whether a rotation of that namespace may rotate the secret of that app.

    `labels` are the namespace's; None: not known, so that no selector picks it.
    """
    covering = [grant for grant in grants if _covers(grant, namespace, labels)]
    if any(_names(grant, app_id) for grant in covering):
        return Answer.ALLOWED
    if labels is None and any(_asks_labels(grant) and _names(grant, app_id) for grant in grants):
        return Answer.LABELS_UNKNOWN
    return Answer.NOT_THIS_APP if covering else Answer.NOT_THIS_NAMESPACE


def asks_labels(grants: Sequence[Grant]) -> bool:
    """Whether the labels of namespaces have to be known."""
    return any(_asks_labels(grant) for grant in grants)


def _asks_labels(grant: Grant) -> bool:
    return grant.namespace_selector is not None


def _covers(grant: Grant, namespace: str, labels: Labels | None) -> bool:
    selector = grant.namespace_selector
    is_picked = selector is not None and labels is not None and picks(selector, labels)
    return is_picked or namespace in (grant.namespaces or ())


def _names(grant: Grant, app_id: str) -> bool:
    return app_id in grant.app_ids or ALL_APPS in grant.app_ids


def picks(selector: LabelSelector, labels: Labels) -> bool:
    """As Kubernetes' own label selectors: all must hold, and an empty one picks everything."""
    wanted = (selector.match_labels or {}).items()
    return all(labels.get(key) == value for key, value in wanted) and all(
        _holds(requirement, labels) for requirement in selector.match_expressions or ()
    )


def _holds(requirement: SelectorRequirement, labels: Labels) -> bool:
    is_there = requirement.key in labels
    is_one_of = is_there and labels[requirement.key] in (requirement.values or ())
    match requirement.operator:
        case SelectorOperator.IN:
            return is_one_of
        case SelectorOperator.NOT_IN:
            return not is_one_of
        case SelectorOperator.EXISTS:
            return is_there
        case SelectorOperator.DOES_NOT_EXIST:
            return not is_there
