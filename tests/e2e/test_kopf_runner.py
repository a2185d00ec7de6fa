"""The operator under kopf's own command and test runner, instead of in its own process.

kopf starts and ends the runtime here, so the order of things at the end is another: the runtime's
tasks are younger than kopf, which would cancel them if its clean-up did not end them before.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from pathlib import Path

import kopf
import pytest
from kopf.testing import KopfRunner

from okta_rotator.handlers import operator_settings
from tests.scene import Scene

ENTRY = Path(__file__).with_name("kopf_entry.py")


@pytest.fixture
def registry(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Iterator[kopf.OperatorRegistry]:
    """Of this test alone; and nothing of what kopf's command sets globally remains."""
    monkeypatch.setenv("KUBECONFIG", str(scene.control_plane.kubeconfig))
    monkeypatch.setenv("OKTA_ROTATOR_NAMESPACE", scene.namespace)
    monkeypatch.setenv("POD_ID", "kopf-runner")
    before, root = kopf.get_default_registry(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield kopf.OperatorRegistry()
    kopf.set_default_registry(before)
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("asyncio").propagate = True
    # KopfRunner closes its loop before the last of kopf's connections have said goodbye.
    gc.collect()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_kopf_run_rotates_and_lets_go(scene: Scene, registry: kopf.OperatorRegistry) -> None:
    command = ["run", "--standalone", "--namespace", scene.namespace, str(ENTRY)]
    settings = operator_settings()
    with KopfRunner(command, registry=registry, settings=settings, timeout=20) as runner:
        scene.connect()
        scene.rotate()
        scene.until_ready()
        assert scene.accepts(scene.published())
        scene.rotate_by_hand("once")
        assert scene.accepts(scene.published())
        scene.kubectl("delete", "ocsr", "my-rotation", "--timeout=15s")
        assert scene.accepts(scene.published())
    assert runner.exit_code == 0
    assert runner.exception is None
