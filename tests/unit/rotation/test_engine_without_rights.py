"""An operator that may not read Secrets says so, and holds nobody's deletion up."""

from __future__ import annotations

from typing import Any, cast

import pytest

from okta_rotator.api.conditions import ConditionType, Reason
from okta_rotator.api.rotation import RotationStatus
from okta_rotator.rotation.decisions import Blocked, LetGo
from okta_rotator.rotation.engine import Engine
from okta_rotator.rotation.notices import Notice
from okta_rotator.rotation.snapshot import Connection, Draw, Resource
from okta_rotator.rotation.trouble import Next, PortError, Trouble
from tests.unit.rotation.builders import CONNECTION, resource
from tests.unit.rotation.faults import START

DELETE = {"spec.deletionPolicy.secret": "Delete"}


class NoRights:
    """A cluster that answers 403 to each read, and Okta's side that is never asked."""

    def __init__(self) -> None:
        self.statuses: list[RotationStatus] = []

    def neighbours_of(self, resource: Resource) -> tuple[tuple[Resource, bool], ...]:
        return ()

    def claim_of(self, resource: Resource) -> None:
        return None

    async def read_secret(self, namespace: str, name: str) -> None:
        raise PortError(Trouble(Next.PERSON, Reason.ACCESS_DENIED, "secrets is forbidden"))

    async def write_status(self, resource: Resource, status: RotationStatus) -> Resource:
        self.statuses.append(status)
        return resource

    def tell(self, resource: Resource, notice: Notice) -> None:
        pass

    def connection_of(self, resource: Resource) -> Connection:
        return CONNECTION


@pytest.fixture
def cluster() -> NoRights:
    return NoRights()


@pytest.fixture
def engine(cluster: NoRights) -> Engine:
    both = cast(Any, cluster)
    return Engine(both, both, both, lambda: START, lambda: Draw("job", b"x" * 39))


async def test_it_is_told(engine: Engine, cluster: NoRights) -> None:
    outcome = await engine.run(resource())
    assert isinstance(outcome.verdict, Blocked)
    (status,) = cluster.statuses
    told = {c.type: (c.status, c.reason) for c in status.conditions or ()}
    assert told[ConditionType.READY] == ("False", Reason.ACCESS_DENIED)
    assert told[ConditionType.STALLED] == ("True", Reason.ACCESS_DENIED)


@pytest.mark.parametrize("changes", [{}, DELETE])
async def test_a_deletion_goes_through(engine: Engine, changes: dict[str, str]) -> None:
    outcome = await engine.run(resource(changes, deleting=True))
    assert isinstance(outcome.verdict, LetGo)
