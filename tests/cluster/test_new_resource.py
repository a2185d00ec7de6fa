"""A resource that the operator has not seen yet is not taken for a finished one."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from okta_rotator.api.connection import ConnectionStatus
from okta_rotator.api.rotation_status import RotationStatus
from tests.controlplane import ControlPlane
from tests.kstatus.rules import Verdict, kstatus
from tests.resources import Json, connection, rotation


@pytest.mark.parametrize(
    ("manifest", "model"), [(rotation, RotationStatus), (connection, ConnectionStatus)]
)
def test_before_the_first_status_kstatus_waits_and_the_operator_reads_none(
    control_plane: ControlPlane,
    crds: None,
    namespace: str,
    manifest: Callable[[], Json],
    model: type[RotationStatus] | type[ConnectionStatus],
) -> None:
    body = manifest()
    name, at = f"{body['kind']}/{body['metadata']['name']}", ("-n", namespace)
    control_plane.kubectl(*at, "create", "-f", "-", input=json.dumps(body))
    made = json.loads(control_plane.kubectl(*at, "get", name, "-o", "json").stdout)
    assert kstatus(made) is Verdict.IN_PROGRESS
    assert model.salvage(made["status"]) == model()
