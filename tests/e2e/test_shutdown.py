"""The end of the process in a rotation, in its own start, and while Kubernetes is away.

`tests/crashes/test_shutdown.py` asks it to end at each call of everything that it does.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from okta_rotator.api.names import ROTATION_PLURAL
from tests.chaos.held import HeldScene, Hold, Side
from tests.chaos.proxy import Proxies
from tests.controlplane import ControlPlane
from tests.emulator_client import EmulatorClient

pytestmark = pytest.mark.timeout(300)

END = 25.0
"""Seconds to end in; Kubernetes gives 30."""

SOON = 8.0
"""Seconds to end in where nothing is under way; it takes one, and more on a busy machine."""

HELD_FOR = 2.0
"""Seconds that a call is held; the drain's patience is longer."""

RESTART = 60.0
"""Seconds in which a new process finishes what the old one left, waiting out its job's time."""


@pytest.fixture(scope="module")
def proxies() -> Iterator[Proxies]:
    with Proxies() as running:
        yield running


@pytest.fixture
def held(
    control_plane: ControlPlane,
    crds: None,
    namespace: str,
    okta_emulator: EmulatorClient,
    tmp_path: Path,
    proxies: Proxies,
) -> Iterator[HeldScene]:
    """A scene whose operator is not started yet."""
    scene = HeldScene(control_plane, namespace, okta_emulator, tmp_path)
    scene.prepare(proxies)
    yield scene
    scene.close()
    scene.traffic.begin()


@pytest.fixture
def rotated(held: HeldScene) -> HeldScene:
    """Two rotations are over, so that the next one has a secret to end."""
    held.process.start()
    held.rotate()
    held.until_ready()
    held.rotate_by_hand("before")
    held.until(lambda: held.event_reasons().count("Rotated") == 2, "the rotation is told")
    held.traffic.begin()
    return held


def come(scene: HeldScene, hold: Hold) -> None:
    scene.until(hold.has_come.is_set, f"{hold.name} is called")


def assert_a_good_end(scene: HeldScene, took: float, within: float = END) -> None:
    assert took < within
    assert scene.process.exit_code == 0
    assert "Traceback" not in scene.logs()
    assert "never retrieved" not in scene.logs()
    assert "was never awaited" not in scene.logs()


def assert_one_new_secret(scene: HeldScene, before: set[str], published: str) -> None:
    """Of all that this rotation may have tried, one secret came; Okta has no other."""
    new = scene.published()
    assert {one["id"] for one in scene.okta_secrets()} - before == {id_of(scene, new)}
    assert scene.in_okta() == {published: "ACTIVE", new: "ACTIVE"}
    assert scene.unknown() == set()
    assert scene.accepts(new)


def id_of(scene: HeldScene, value: str) -> str:
    return next(str(one["id"]) for one in scene.okta_secrets() if one["client_secret"] == value)


def ids(scene: HeldScene) -> set[str]:
    return {one["id"] for one in scene.okta_secrets()}


def test_a_call_under_way_is_let_come_to_its_end(rotated: HeldScene) -> None:
    before, published = ids(rotated), rotated.published()
    hold = rotated.traffic.hold("put state", nth=2)
    rotated.annotate("monday")
    come(rotated, hold)
    rotated.process.signal(signal.SIGTERM)
    time.sleep(HELD_FOR)
    hold.let_go()
    assert_a_good_end(rotated, rotated.process.await_end())
    assert rotated.handled() == "monday"
    assert_one_new_secret(rotated, before, published)
    rotated.process.start()
    rotated.until_ready()
    assert_one_new_secret(rotated, before, published)


def test_a_call_that_is_never_answered_is_cut_off_and_taken_up_again(rotated: HeldScene) -> None:
    before, published = ids(rotated), rotated.published()
    hold = rotated.traffic.hold("create", Side.AFTER)
    rotated.annotate("monday")
    come(rotated, hold)
    rotated.process.signal(signal.SIGTERM)
    assert_a_good_end(rotated, rotated.process.await_end())
    hold.break_off()
    rotated.until(hold.is_over.is_set, "the call is broken off")
    taken_up_again(rotated, before, published)


def taken_up_again(scene: HeldScene, before: set[str], published: str) -> None:
    scene.process.start()
    scene.until(lambda: scene.handled() == "monday", "the rotation is finished", RESTART)
    scene.until_ready(RESTART)
    assert_one_new_secret(scene, before, published)


@pytest.mark.parametrize(
    "signals",
    [
        pytest.param((signal.SIGINT,), marks=pytest.mark.slow),
        pytest.param((signal.SIGTERM,) * 2, marks=pytest.mark.slow),
        (signal.SIGTERM, signal.SIGINT, signal.SIGTERM),
    ],
)
def test_more_signals_and_ctrl_c_change_nothing(
    rotated: HeldScene, signals: tuple[signal.Signals, ...]
) -> None:
    before, published = ids(rotated), rotated.published()
    hold = rotated.traffic.hold("create")
    rotated.annotate("monday")
    come(rotated, hold)
    for each in signals:
        rotated.process.signal(each)
        time.sleep(0.5)
    hold.let_go()
    assert_a_good_end(rotated, rotated.process.await_end())
    assert rotated.handled() == "monday"
    assert_one_new_secret(rotated, before, published)


@pytest.mark.slow
def test_an_end_while_kubernetes_is_away(rotated: HeldScene) -> None:
    before, published = ids(rotated), rotated.published()
    hold = rotated.traffic.hold("create")
    rotated.annotate("monday")
    come(rotated, hold)
    rotated.lose_kubernetes()
    rotated.process.signal(signal.SIGTERM)
    hold.let_go()
    assert_a_good_end(rotated, rotated.process.await_end())
    rotated.find_kubernetes()
    taken_up_again(rotated, before, published)


def test_an_idle_end_while_kubernetes_is_away(held: HeldScene) -> None:
    held.process.start()
    watched = f"/apis/okta-rotator.dev/v1alpha1/namespaces/{held.namespace}/{ROTATION_PLURAL}"
    held.until(lambda: held.traffic.has_heard(watched), "kopf has begun")
    held.lose_kubernetes()
    held.until(lambda: "Request attempt #1" in held.logs(), "kopf has noticed")
    ends_soon(held)


def test_an_end_while_the_start_waits_for_kubernetes(held: HeldScene) -> None:
    held.lose_kubernetes()
    held.process.launch()
    held.until(lambda: "waiting for Kubernetes" in held.logs(), "it waits")
    ends_soon(held)


def test_an_end_while_the_start_waits_for_the_kinds(held: HeldScene) -> None:
    held.traffic.are_kinds_there = False
    held.process.launch()
    held.until(lambda: "waiting for its CRDs" in held.logs(), "it waits")
    ends_soon(held)


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [
        "/apis/okta-rotator.dev/v1alpha1/namespaces/{}/oktaconnections",
        "/api/v1/namespaces/{}/secrets",
        "/.well-known/okta-organization",
        "/api/v1/users/me",
        "/api",
    ],
    ids=["first list", "first watch", "first call to Okta", "first sign-in", "start of kopf"],
)
def test_an_end_while_the_start_waits_for_an_answer(held: HeldScene, path: str) -> None:
    hold = held.traffic.hold(path.format(held.namespace))
    held.process.launch()
    come(held, hold)
    # What hangs in kopf is given five seconds there.
    ends_soon(held, SOON if path != "/api" else SOON + 5)


def ends_soon(scene: HeldScene, within: float = SOON) -> None:
    scene.process.signal(signal.SIGTERM)
    assert_a_good_end(scene, scene.process.await_end(), within)
    assert "SIGTERM: ending" in scene.logs()
