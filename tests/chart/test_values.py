"""What the chart can be told: documented, checked, and the same as what the operator is told."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.chart.helm import CHART, ROOT, Helm, HelmError, Values
from tests.chart.readme import README, filled, rows
from tests.chart.settings import EVERYTHING, MATRIX, ONE_POD
from tests.docs.words import flags
from tests.resources import Json, changed

VALUES: Json = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: Json = json.loads((CHART / "values.schema.json").read_text())
ABOUT: Json = yaml.safe_load((CHART / "Chart.yaml").read_text())

OF_KUBERNETES = {"resources", "podSecurityContext", "securityContext"}
"""Values that are handed to Kubernetes as they are: it knows their fields."""


def leaves(node: Json, prefix: str = "") -> Iterator[str]:
    """The path of every value that is not a group of others of the chart's own."""
    for name, value in node.items():
        path = prefix + name
        if isinstance(value, dict) and value and path not in OF_KUBERNETES | {"dashboard.labels"}:
            yield from leaves(value, path + ".")
        else:
            yield path


def described(schema: Json, prefix: str = "") -> Iterator[str]:
    for name, part in schema["properties"].items():
        if "properties" in part and part.get("additionalProperties") is False:
            yield from described(part, f"{prefix}{name}.")
        else:
            yield prefix + name


def closed(node: Any, path: str = "") -> Iterator[str]:
    """The objects with named fields that let other fields pass."""
    if isinstance(node, dict):
        if "properties" in node and node.get("additionalProperties", True) is True:
            yield path
        for name, part in node.items():
            yield from closed(part, f"{path}/{name}")


def test_every_value_is_in_the_schema_and_none_besides() -> None:
    # Helm hands `global` to every chart that another one depends on.
    assert set(described(SCHEMA)) == {*leaves(VALUES), "global"}


def test_no_named_object_lets_an_unknown_field_pass() -> None:
    assert list(closed(SCHEMA)) == []


def test_every_value_has_a_row_in_the_readme() -> None:
    assert filled(README.read_text()) == README.read_text(), "run `make docs` and commit"
    paths = [row.path for row in rows()]
    within = {path for path in paths if path.split(".")[0] in OF_KUBERNETES}
    assert {*paths} - within == {*leaves(VALUES)} - OF_KUBERNETES
    assert all(row.meaning.endswith((".", "]")) for row in rows())


@pytest.mark.parametrize("name", MATRIX)
def test_lint_finds_nothing(helm: Helm, name: str) -> None:
    assert "0 chart(s) failed" in helm.lint(MATRIX[name])


UNKNOWN = ["replicaCount", "image.name", "podDisruptionBudget.minAvailable", "serviceMonitor.path"]


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_unknown_value_is_refused_by_its_name(helm: Helm, path: str) -> None:
    with pytest.raises(HelmError, match=f"additional properties '{path.split('.')[-1]}'"):
        helm.render(changed({}, {path: 1}))


WRONG: list[tuple[str, Values, str]] = [
    ("no digest", {"image": {"digest": "sha256:12"}}, "/image/digest"),
    ("a tag within the name", {"image": {"repository": "okta-rotator:1"}}, "/image/repository"),
    ("a list of domains with an address", {"oktaDomains": ["https://a.com"]}, "/oktaDomains/0"),
    ("a name that no namespace has", {"watchNamespaces": ["Team A"]}, "/watchNamespaces/0"),
    ("one namespace twice", {"watchNamespaces": ["a", "a"]}, "/watchNamespaces"),
    ("no such level", {"logLevel": "info"}, "/logLevel"),
    ("no time at all between looks", {"heartbeat": 0}, "/heartbeat"),
    ("a label of the chart's own", {"podLabels": {"app.kubernetes.io/name": "a"}}, "/podLabels"),
]


@pytest.mark.parametrize(("values", "where"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_wrong_value_is_refused_by_its_place(helm: Helm, values: Values, where: str) -> None:
    with pytest.raises(HelmError, match=where):
        helm.render(values)


CONTRADICTIONS: list[tuple[Values, str]] = [
    ({"leaderElection": {"enabled": False}}, "replicas: more than 1 needs leaderElection.enabled"),
    (
        {"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}},
        "serviceMonitor.enabled and podMonitor.enabled: choose one",
    ),
]


@pytest.mark.parametrize(("values", "words"), CONTRADICTIONS)
def test_what_contradicts_itself_is_refused_in_words(
    helm: Helm, values: Values, words: str
) -> None:
    with pytest.raises(HelmError, match=words):
        helm.render(values)


def test_the_versions_are_the_operators() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert (ABOUT["version"], ABOUT["appVersion"]) == (version, version)


def test_an_older_kubernetes_is_refused(helm: Helm) -> None:
    with pytest.raises(HelmError, match=r"requires kubeVersion: >=1\.30\.0-0"):
        helm.run("template", str(CHART), "--kube-version", "1.29.9")
    helm.run("template", str(CHART), "--kube-version", "1.30.0")


SETTINGS = {
    "logLevel": "OKTA_ROTATOR_LOG_LEVEL",
    "logFormat": "OKTA_ROTATOR_LOG_FORMAT",
    "workers": "OKTA_ROTATOR_WORKERS",
    "heartbeat": "OKTA_ROTATOR_HEARTBEAT",
}


def test_the_defaults_are_the_operators_own() -> None:
    defaults = {flag.envvar: flag.default for flag in flags()}
    assert {env: VALUES[name] for name, env in SETTINGS.items()} == {
        env: defaults[env] for env in SETTINGS.values()
    }


@pytest.mark.parametrize("values", [EVERYTHING, ONE_POD], ids=["everything", "one pod"])
def test_the_operator_knows_each_setting_that_it_is_given(helm: Helm, values: Values) -> None:
    (deployment,) = helm.render(values).of_kind("Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    given = {one["name"] for one in container["env"]}
    known = {flag.envvar for flag in flags()} | {"POD_NAMESPACE", "HTTPS_PROXY"}
    assert container["args"] == ["run"]
    assert given <= known
