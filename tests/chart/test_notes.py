"""What an install says at its end."""

from __future__ import annotations

import pytest

from tests.chart.helm import Helm, Values


def test_the_notes_say_what_to_do_next(cluster_helm: Helm) -> None:
    told = cluster_helm.notes({"image": {"repository": "registry.example.com/okta-rotator"}})
    assert "looks after the whole cluster" in told
    for step in ("rollout status deployment/okta-rotator", "okta-api-token", "kubectl -n my-team"):
        assert step in told
    assert "WARNING" not in told
    assert "NOTE" not in told


NOTED: list[tuple[Values, str]] = [
    ({}, 'image.repository is "okta-rotator"'),
    ({"watchNamespaces": ["a"]}, "those of okta-rotator-system among them"),
    ({"watchNamespaces": ["a"]}, "a ClusterOktaConnection is not served"),
    ({"watchNamespaces": ["a", "b"]}, "looks after the namespaces a, b."),
    ({"watchNamespaces": ["a"]}, "take it out of watchNamespaces"),
    ({"replicas": 1}, "while its node is away"),
    ({"replicas": 1, "leaderElection": {"enabled": False}}, "keep it at one pod"),
    ({"crds": {"install": False}}, "waits until the CRDs"),
    ({"crds": {"keep": False}}, "an uninstall deletes every rotation"),
    ({"releaseOnUninstall": {"enabled": False}}, "delete all rotations before you uninstall"),
    ({"prometheusRule": {"enabled": True}}, "need metrics"),
]


@pytest.mark.parametrize(("values", "words"), NOTED)
def test_the_notes_warn_of_what_they_should(cluster_helm: Helm, values: Values, words: str) -> None:
    assert words in cluster_helm.notes(values)


def test_the_first_steps_of_the_notes_are_in_a_namespace_that_is_looked_after(
    cluster_helm: Helm,
) -> None:
    assert "kubectl -n team-a create secret" in cluster_helm.notes(
        {"watchNamespaces": ["team-a", "b"]}
    )
