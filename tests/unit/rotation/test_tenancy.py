"""Who may use a connection of the cluster, and for which apps."""

from __future__ import annotations

from typing import Any

import pytest

from okta_rotator.api.cluster_connection import Grant, LabelSelector
from okta_rotator.rotation.tenancy import Answer, answer, asks_labels, picks
from tests.resources import Json

APP, OTHER = "0oa1b2c3d4e5f6g7h8i9", "0oa000000000000000aa"
TEAM = {"team": "a", "env": "prod"}


def grant(*apps: str, **fields: Any) -> Grant:
    return Grant.model_validate({"appIds": list(apps or (APP,)), **fields})


def selector(*expressions: tuple[str, ...], **labels: str) -> Json:
    required = [
        {"key": key, "operator": operator, **({"values": values} if values else {})}
        for key, operator, *values in expressions
    ]
    return {"matchLabels": labels, "matchExpressions": required}


NAMED = grant(namespaces=["team-a", "team-b"])
PICKED = grant(namespaceSelector=selector(team="a"))


@pytest.mark.parametrize("app", [APP, OTHER])
def test_without_an_entry_nobody_is_served(app: str) -> None:
    assert answer((), "team-a", TEAM, app) is Answer.NOT_THIS_NAMESPACE


@pytest.mark.parametrize(
    ("grants", "namespace", "app", "expected"),
    [
        ([NAMED], "team-a", APP, Answer.ALLOWED),
        ([NAMED], "team-b", APP, Answer.ALLOWED),
        ([NAMED], "team-c", APP, Answer.NOT_THIS_NAMESPACE),
        ([NAMED], "team", APP, Answer.NOT_THIS_NAMESPACE),
        ([NAMED], "team-a", OTHER, Answer.NOT_THIS_APP),
        ([NAMED], "team-a", APP.upper(), Answer.NOT_THIS_APP),
        ([grant("*", namespaces=["team-a"])], "team-a", OTHER, Answer.ALLOWED),
        ([grant("*", namespaces=["team-a"])], "team-b", OTHER, Answer.NOT_THIS_NAMESPACE),
        # An app of one entry does not go with the namespace of another.
        ([NAMED, grant(OTHER, namespaces=["team-c"])], "team-a", OTHER, Answer.NOT_THIS_APP),
        ([grant(OTHER, namespaces=["team-a"]), NAMED], "team-a", APP, Answer.ALLOWED),
    ],
)
def test_a_namespace_that_is_named(
    grants: list[Grant], namespace: str, app: str, expected: Answer
) -> None:
    assert answer(grants, namespace, None, app) is expected
    assert answer(grants, namespace, TEAM, app) is expected


@pytest.mark.parametrize(
    ("labels", "app", "expected"),
    [
        (TEAM, APP, Answer.ALLOWED),
        (TEAM, OTHER, Answer.NOT_THIS_APP),
        ({"team": "b"}, APP, Answer.NOT_THIS_NAMESPACE),
        ({}, APP, Answer.NOT_THIS_NAMESPACE),
        (None, APP, Answer.LABELS_UNKNOWN),
        # Whatever the labels are, that app is not in the entry.
        (None, OTHER, Answer.NOT_THIS_NAMESPACE),
    ],
)
def test_a_namespace_that_is_picked(
    labels: dict[str, str] | None, app: str, expected: Answer
) -> None:
    assert answer([PICKED], "team-a", labels, app) is expected


def test_names_and_a_selector_in_one_entry_are_alternatives() -> None:
    both = grant(namespaces=["team-b"], namespaceSelector=selector(team="a"))
    assert answer([both], "team-b", {}, APP) is Answer.ALLOWED
    assert answer([both], "team-a", TEAM, APP) is Answer.ALLOWED
    assert answer([both], "team-a", {}, APP) is Answer.NOT_THIS_NAMESPACE


@pytest.mark.parametrize(
    ("wanted", "is_picked"),
    [
        ({}, True),
        (selector(), True),
        (selector(team="a"), True),
        (selector(team="a", env="test"), False),
        (selector(team=""), False),
        (selector(("team", "In", "b", "a")), True),
        (selector(("team", "In", "b")), False),
        (selector(("tier", "In", "a")), False),
        (selector(("team", "NotIn", "a", "b")), False),
        (selector(("team", "NotIn", "b")), True),
        (selector(("tier", "NotIn", "a")), True),
        (selector(("team", "Exists")), True),
        (selector(("tier", "Exists")), False),
        (selector(("team", "DoesNotExist")), False),
        (selector(("tier", "DoesNotExist")), True),
        (selector(("team", "Exists"), ("env", "In", "test")), False),
        (selector(("team", "Exists"), env="test"), False),
        (selector(("team", "Exists"), env="prod"), True),
    ],
)
def test_a_selector_means_what_it_means_elsewhere(wanted: Json, is_picked: bool) -> None:
    """As in Kubernetes' documentation of labels and selectors."""
    assert picks(LabelSelector.model_validate(wanted), TEAM) is is_picked


def test_labels_are_asked_for_only_where_an_entry_goes_by_them() -> None:
    assert not asks_labels([])
    assert not asks_labels([NAMED])
    assert asks_labels([NAMED, PICKED])
