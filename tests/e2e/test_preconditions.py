"""What keeps a rotation from being made, told in plain words; and nothing is written meanwhile.

The operator looks at a resource by itself once an hour here, so what is asked is asked for a cause.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.contract.service_app import key_pair, make_service_app, pem
from tests.controlplane import ControlPlane
from tests.emulator_client import EmulatorClient
from tests.okta_fixtures import emulator_process
from tests.operator_process import ALONE, OperatorProcess
from tests.resources import Json, service_app_connection
from tests.scene import Scene

READ_APPS, MANAGE_APPS = "okta.apps.read", "okta.apps.manage"
ROLE = "okta.apps.clientCredentials.read"
GIVE = "Give the owner of the API token, or the service app, an admin role with"
NOT_CHANGE = f"may see the client secrets of this app, and not change them. {GIVE} {MANAGE_APPS}"
KEY = key_pair()
CALM = 3.0
"""Seconds in which nothing more may be tried."""


@pytest.fixture(scope="module")
def world(
    control_plane: ControlPlane, crds: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    """An org of these tests' own, since they change its settings; and a slow heartbeat."""
    with ExitStack() as running:
        okta = running.enter_context(emulator_process())
        folder = tmp_path_factory.mktemp("preconditions")
        scene = Scene(control_plane, control_plane.create_namespace(), okta, folder)
        running.callback(scene.close)
        options = (ALONE, "--heartbeat", "3600", "--namespace", scene.namespace)
        process = OperatorProcess(control_plane.kubeconfig, folder / "operator.log", *options)
        scene._operators.append(process)
        process.start()
        scene.connect()
        scene.until_connected()
        yield scene


@pytest.fixture
def guest(world: Scene) -> Iterator[Scene]:
    yield world.another()
    world.okta.set_unknowns()
    world.okta.set_org()


def by_token(scene: Scene, **fields: Any) -> Callable[[], object]:
    """Sign in with an API token of this kind; how to make it an administrator's."""
    name, token = f"{scene.name}-connection", scene.okta.add_token(**fields)
    scene.connect(name, token=token)
    scene.until_connected(name)
    return lambda: scene.okta.add_token(role="admin", value=token)


def by_service_app(scene: Scene, **fields: Any) -> Callable[[], object]:
    """Sign in as a service app of this kind; how to make it an administrator."""
    name = f"{scene.name}-connection"
    app = make_service_app(scene.okta, KEY, KEY, **fields)
    scene.apply(scene.secret_manifest(f"{name}-key", {"privateKey": pem(KEY)}))
    changes = {
        "spec.instanceUrl": scene.okta.base_url,
        "spec.oauth.clientId": app.client_id,
        "spec.oauth.privateKey.secretRef.name": f"{name}-key",
    }
    scene.apply(service_app_connection(changes, name))
    scene.until_connected(name)
    return lambda: scene.okta.change_app(app.id, role="admin")


def with_app(scene: Scene, **fields: Any) -> Callable[[], object]:
    """Have the app be of this kind; how to make it one that may be rotated."""
    scene.okta.add_app({"id": scene.app_id, "secrets": [], **fields})
    return lambda: scene.okta.add_app({"id": scene.app_id, "secrets": []})


def feature_off(scene: Scene) -> Callable[[], object]:
    scene.okta.set_org(secretsManagement=False)
    return scene.okta.set_org


def hidden_values(scene: Scene) -> Callable[[], object]:
    scene.okta.set_unknowns(withoutCredentialsRead="masked")
    scene.okta.add_app({"id": scene.app_id, "secrets": [{}]})
    return by_token(scene, permissions=[READ_APPS, MANAGE_APPS])


@dataclass(frozen=True)
class Lack:
    """Something that is missing, and what is said of it."""

    reason: str
    advice: str
    make: Callable[[Scene], Callable[[], object]] = field(repr=False)
    """Brings it about, and answers how to mend it."""


KNOWN_BEFORE = {
    "private_key_jwt": Lack(
        "AppNotEligible",
        "authenticates with a key of its own",
        lambda scene: with_app(scene, tokenEndpointAuthMethod="private_key_jwt"),
    ),
    "none": Lack(
        "AppNotEligible",
        "is a public client (none)",
        lambda scene: with_app(scene, tokenEndpointAuthMethod="none"),
    ),
    "SAML": Lack(
        "AppNotEligible",
        "only OPENID_CONNECT apps",
        lambda scene: with_app(scene, signOnMode="SAML_2_0"),
    ),
    "inactive": Lack(
        "AppInactive", "activate it in Okta", lambda scene: with_app(scene, status="INACTIVE")
    ),
    "deleted": Lack(
        "AppNotFound", "Make this resource anew", lambda scene: with_app(scene, status="DELETED")
    ),
    "feature off": Lack("FeatureDisabled", "OAuth secrets and key management", feature_off),
    "a role that may not see secrets": Lack(
        "InsufficientPermission",
        f"not see its client secrets. {GIVE} {ROLE} for",
        lambda scene: by_token(scene, permissions=[READ_APPS, MANAGE_APPS]),
    ),
    "a role that is shown no values": Lack("InsufficientPermission", ROLE, hidden_values),
    "a service app that may not see secrets": Lack(
        "InsufficientPermission",
        f"not see its client secrets. {GIVE} {ROLE} for",
        lambda scene: by_service_app(scene, permissions=[READ_APPS, MANAGE_APPS]),
    ),
    "no role": Lack(
        "InsufficientPermission",
        f"may not read this app. {GIVE} {READ_APPS} for",
        lambda scene: by_token(scene, role="none"),
    ),
}
TOLD_UPON_A_WRITE = {
    "a token that may only read": Lack(
        "InsufficientPermission", NOT_CHANGE, lambda scene: by_token(scene, role="read-only")
    ),
    "a service app that may only read": Lack(
        "InsufficientPermission", NOT_CHANGE, lambda scene: by_service_app(scene, role="read-only")
    ),
}


def begin(scene: Scene, lack: Lack) -> Callable[[], object]:
    """Apply the rotation where something is missing, and wait until that is told."""
    mend = lack.make(scene)
    own = f"{scene.name}-connection"
    named = {"spec.connection.name": own} if scene.exists("oktaconn", own) else {}
    scene.rotate(named)
    ready = scene.until_reason("Ready", lack.reason)
    assert scene.conditions() == {"Ready": "False", "Stalled": "True"}
    assert lack.advice in ready["message"]
    assert lack.advice in scene.until_warning(lack.reason)
    return mend


def writes(okta: EmulatorClient, app_id: str) -> list[Json]:
    return [call for call in okta.request_log(app_id) if call["method"] != "GET"]


def go_on(scene: Scene) -> None:
    """Nobody may have told the operator, but the change of a spec does."""
    spec = copy.deepcopy((scene.get("ocsr") or {})["spec"])
    scene.rotate({"spec": {**spec, "description": "mended"}})
    scene.until_ready()
    assert scene.accepts(scene.published())
    assert sum(state == "ACTIVE" for state in scene.in_okta().values()) == len(scene.in_okta())


@pytest.mark.parametrize("lack", KNOWN_BEFORE.values(), ids=KNOWN_BEFORE)
def test_what_is_missing_is_told_before_any_write_is_tried(guest: Scene, lack: Lack) -> None:
    mend = begin(guest, lack)
    assert writes(guest.okta, guest.app_id) == []
    assert not guest.exists("secret")
    assert not guest.exists("secret", guest.state_name)
    mend()
    go_on(guest)


@pytest.mark.parametrize("lack", TOLD_UPON_A_WRITE.values(), ids=TOLD_UPON_A_WRITE)
def test_what_okta_tells_upon_a_write_alone_is_tried_once_and_leaves_nothing_half_done(
    guest: Scene, lack: Lack
) -> None:
    mend = begin(guest, lack)
    guest.always(lambda: len(writes(guest.okta, guest.app_id)) == 1, "one attempt", CALM)
    (attempt,) = writes(guest.okta, guest.app_id)
    assert attempt["status"] == 403
    assert guest.okta_secrets() == []
    assert not guest.exists("secret")
    candidate = guest.data(guest.state_name)["candidate"]
    mend()
    go_on(guest)
    assert set(guest.in_okta()) == {candidate}


def test_an_app_that_authenticates_with_client_secret_jwt_is_rotated(guest: Scene) -> None:
    with_app(guest, tokenEndpointAuthMethod="client_secret_jwt")
    guest.rotate()
    guest.until_ready()
    assert guest.in_okta() == {guest.published(): "ACTIVE"}
