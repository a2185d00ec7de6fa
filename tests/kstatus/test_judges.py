"""kstatus as restated is kstatus as released, and the checks that we ship agree with it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from okta_rotator.api.crds import KINDS
from tests.controlplane import ControlPlane
from tests.kstatus.judging import ARGO, Judges, Said, argo, flux
from tests.kstatus.rules import Verdict, kstatus
from tests.resources import ABSENT, Json, changed, rotation

HEALTH = {
    Verdict.IN_PROGRESS: "Progressing",
    Verdict.FAILED: "Degraded",
    Verdict.CURRENT: "Healthy",
}
DELETED = "2026-01-01T00:00:00Z"


def conditions(*told: tuple[str, str]) -> list[Json]:
    return [
        {"type": kind, "status": status, "message": f"{kind} {status}"} for kind, status in told
    ]


def every_status() -> Iterator[Json]:
    """Every pair of conditions in both orders, under every generation that may be observed."""
    told = list(itertools.product(("Ready", "Reconciling", "Stalled", "Rotating"), "TFU"))
    words = {"T": "True", "F": "False", "U": "Unknown"}
    one_or_two = [(), *((one,) for one in told), *itertools.permutations(told, 2)]
    for few, observed, generation, deleted in itertools.product(
        one_or_two, (ABSENT, -1, 1, 2), (ABSENT, 1, 2), (ABSENT, "", DELETED)
    ):
        named = conditions(*((kind, words[status]) for kind, status in few))
        yield changed(
            rotation(),
            {
                "metadata.generation": generation,
                "metadata.deletionTimestamp": deleted,
                "status.observedGeneration": observed,
                "status.conditions": named or ABSENT,
            },
        )


def situations() -> dict[str, Json]:
    """What the operator writes, by the table of conditions."""
    ready = conditions(("Ready", "True"))
    waits = conditions(("Ready", "False"))
    seen = {"observedGeneration": 2}
    return {
        "before the first status": {},
        "as the CRD defaults it": {"observedGeneration": -1},
        "good": {**seen, "conditions": ready},
        "rotating": {**seen, "conditions": ready + conditions(("Rotating", "True"))},
        "failing": {**seen, "conditions": ready + conditions(("RotationFailing", "True"))},
        "new": {**seen, "conditions": waits + conditions(("Reconciling", "True"))},
        "blocked": {**seen, "conditions": waits + conditions(("Stalled", "True"))},
        "older spec, good": {"observedGeneration": 1, "conditions": ready},
        "older spec, blocked": {
            "observedGeneration": 1,
            "conditions": waits + conditions(("Stalled", "True")),
        },
    }


@pytest.fixture(scope="module")
def said(judges: Path) -> dict[tuple[str, str], Said]:
    """What the tools say of each kind in each situation."""
    cases = {
        (kind, name): changed(
            rotation(), {"kind": kind, "metadata.generation": 2, "status": status}
        )
        for kind in argo()
        for name, status in situations().items()
    }
    return dict(zip(cases, Judges(judges).judge(cases.values()), strict=True))


def test_the_rules_restated_are_those_of_the_library(judges: Path) -> None:
    bodies = list(every_status())
    told = [said.kstatus for said in Judges(judges).judge(bodies)]
    assert told == [kstatus(body) for body in bodies]
    assert set(told) == set(Verdict)


def test_every_kind_has_a_check_for_either_tool() -> None:
    kinds = {kind.kind for kind in KINDS} | {"ClusterOktaConnection"}
    assert set(argo()) == set(flux()) == kinds


def test_flux_and_argo_agree_with_kstatus_but_wait_where_there_is_no_status_yet(
    said: dict[tuple[str, str], Said],
) -> None:
    for (_, situation), one in said.items():
        is_early = situation == "before the first status"
        expected = Verdict.IN_PROGRESS if is_early else Verdict(one.kstatus)
        assert (one.flux, one.argo) == (expected, HEALTH[expected]), situation


def test_argo_shows_what_is_worth_knowing(said: dict[tuple[str, str], Said]) -> None:
    shown = {
        name: one.argo_message for (kind, name), one in said.items() if kind == "OktaConnection"
    }
    assert shown["good"] == "Ready True"
    assert shown["rotating"] == "Rotating True"
    assert shown["failing"] == "RotationFailing True"
    assert shown["blocked"] == "Stalled True"
    assert shown["older spec, good"] == "the operator has not seen this spec yet"


def test_the_checks_for_argo_are_a_patch_of_its_configuration(
    control_plane: ControlPlane, namespace: str
) -> None:
    at = ("-n", namespace)
    control_plane.kubectl(
        *at, "create", "configmap", "argocd-cm", "--from-literal=url=https://argo"
    )
    control_plane.kubectl(*at, "patch", "configmap", "argocd-cm", "--patch-file", str(ARGO))
    shown = control_plane.kubectl(*at, "get", "configmap", "argocd-cm", "-o", "jsonpath={.data}")
    assert len(json.loads(shown.stdout)) == 4
