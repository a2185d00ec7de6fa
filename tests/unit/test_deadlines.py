"""What was sent and not answered is waited for as long as its call may have taken."""

from __future__ import annotations

from okta_rotator.cluster.kube_api import WRITE_TIMEOUT
from okta_rotator.okta.client import DEADLINE
from okta_rotator.rotation.seen import LATE_EFFECT, LATE_SECRET


def test_a_secret_is_waited_for_as_long_as_its_write_may_take() -> None:
    assert LATE_SECRET.total_seconds() >= WRITE_TIMEOUT


def test_a_write_to_okta_is_waited_for_as_long_as_it_may_take() -> None:
    assert LATE_EFFECT.total_seconds() >= DEADLINE
