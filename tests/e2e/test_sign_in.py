"""Signing in at Okta as a service app: its keys, DPoP, its scopes, and tokens that end midway."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.service_app import KeyPair, ServiceApp, jwk, key_pair, make_service_app, pem
from tests.okta_fixtures import emulator_process
from tests.resources import service_app_connection
from tests.scene import Scene

RETRIES = 30.0
"""Seconds within which a connection is looked at again, some times."""

OLD, NEW = key_pair(kid="old"), key_pair("RS256", kid="new")


class SignIn:
    """A service app with a connection and a rotation of its own."""

    def __init__(self, scene: Scene, key: KeyPair = OLD, **fields: Any) -> None:
        self.scene = scene
        self.name = f"{scene.name}-connection"
        self.app: ServiceApp = make_service_app(scene.okta, key, key, **fields)

    def begin(self, text: str) -> None:
        """Put the text where the key belongs, and have it used."""
        self.put(text)
        changes = {
            "spec.instanceUrl": self.scene.okta.base_url,
            "spec.oauth.clientId": self.app.client_id,
            "spec.oauth.privateKey.secretRef.name": f"{self.name}-key",
        }
        self.scene.apply(service_app_connection(changes, self.name))
        self.scene.rotate({"spec.connection.name": self.name})

    def put(self, text: str) -> None:
        self.scene.apply(self.scene.secret_manifest(f"{self.name}-key", {"privateKey": text}))

    def change(self, **fields: Any) -> None:
        """Change the service app in Okta, and end the access tokens that it has."""
        self.scene.okta.change_app(self.app.id, **fields)
        self.scene.okta.revoke_access_tokens(self.app.id)

    def until_refused(self, reason: str) -> str:
        """Wait until the connection says so, and the rotation too; what they say."""
        self.scene.until_reason("Ready", "ConnectionNotReady")
        ready = self.scene.condition("Ready", "oktaconn", self.name)
        assert (ready["status"], ready["reason"]) == ("False", reason)
        message: str = ready["message"]
        assert message in self.scene.condition("Ready")["message"]
        assert self.scene.conditions() == {"Ready": "False", "Stalled": "True"}
        return message


@pytest.fixture(autouse=True)
def secrecy(stage: Scene) -> Iterator[None]:
    """No key and no token shows up in the operator's log, which is at DEBUG, nor in a resource."""
    yield
    texts = stage.logs() + stage.kubectl("get", "ocsr,oktaconn,events", "-o", "yaml")
    assert "PRIVATE KEY-----" not in texts
    # What every JWT begins with.
    assert "eyJ" not in texts
    for key in (OLD, NEW):
        assert all(line not in texts for line in key.pem.splitlines()[1:-1])


@pytest.mark.parametrize("is_bound", [False, True])
@pytest.mark.parametrize(("form", "key"), [(pem, OLD), (jwk, OLD), (pem, NEW), (jwk, NEW)])
def test_a_service_app_rotates(
    running: Scene, form: Callable[[KeyPair], str], key: KeyPair, is_bound: bool
) -> None:
    sign_in = SignIn(running, key, dpopBoundAccessTokens=is_bound)
    sign_in.begin(form(key))
    running.until_ready()
    running.rotate_by_hand("monday")
    assert running.accepts(running.published())
    assert (running.get("oktaconn", sign_in.name) or {})["status"]["method"] == "oauth-private-key"


def test_a_key_is_rolled_over_while_the_operator_runs(running: Scene) -> None:
    sign_in = SignIn(running)
    sign_in.begin(pem(OLD))
    running.until_ready()
    sign_in.put(pem(OLD) + pem(NEW))
    sign_in.change(jwks={"keys": [NEW.public]})
    running.annotate("monday")
    running.until(lambda: running.handled() == "monday", "the new key is used", RETRIES)
    running.until(lambda: running.conditions() == {"Ready": "True"}, "all is well")
    assert running.accepts(running.published())


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (pem(NEW), "Is the public key registered at the service app"),
        (jwk(NEW), "Is the public key registered at the service app"),
        ("00Qthis-is-an-api-token", "neither PEM (BEGIN PRIVATE KEY) nor a JWK"),
    ],
)
def test_a_key_that_does_not_work_is_told_and_the_right_one_is_used(
    running: Scene, text: str, advice: str
) -> None:
    sign_in = SignIn(running)
    sign_in.begin(text)
    assert advice in sign_in.until_refused("InvalidToken")
    assert advice in running.until_warning("InvalidToken", sign_in.name)
    sign_in.put(pem(OLD))
    running.until_ready(RETRIES)


def test_a_scope_that_is_missing_is_told_and_used_once_it_is_granted(running: Scene) -> None:
    sign_in = SignIn(running, grantedScopes=["okta.apps.read"])
    sign_in.begin(pem(OLD))
    message = sign_in.until_refused("InsufficientScope")
    assert "okta.apps.manage" in message
    assert "Okta API Scopes" in message
    sign_in.change(grantedScopes=["okta.apps.read", "okta.apps.manage"])
    running.until_ready(RETRIES)


def test_a_scope_that_is_taken_away_over_a_good_value_is_told(running: Scene) -> None:
    sign_in = SignIn(running)
    sign_in.begin(pem(OLD))
    running.until_ready()
    sign_in.change(grantedScopes=["okta.apps.read"])
    running.annotate("monday")
    failing = running.until_reason("RotationFailing", "InsufficientScope")
    assert "Okta API Scopes" in failing["message"]
    assert running.conditions() == {"Ready": "True", "RotationFailing": "True"}
    sign_in.change(grantedScopes=["okta.apps.read", "okta.apps.manage"])
    running.until(lambda: running.handled() == "monday", "the token is handled", RETRIES)


@pytest.mark.parametrize("is_bound", [False, True])
def test_an_access_token_that_expires_in_mid_rotation_is_replaced(
    running: Scene, is_bound: bool
) -> None:
    with emulator_process() as okta:
        scene = copy.copy(running)
        scene.okta, scene.app_id = okta, okta.make_app(secrets=[])["id"]
        SignIn(scene, dpopBoundAccessTokens=is_bound).begin(pem(OLD))
        scene.until_ready()
        heard, before = scene.listen(), scene.published()
        # Held up on its way until the token that it carries has expired.
        okta.add_fault("delay", method="POST", path="/secrets$", seconds=3)
        scene.annotate("monday")
        scene.until(lambda: "read app" in heard(), "the rotation has begun")
        okta.set_clock(timedelta(hours=2))
        scene.until(lambda: scene.handled() == "monday", "the rotation is done")
        assert scene.conditions() == {"Ready": "True"}
        assert set(scene.in_okta()) == {before, scene.published()}
        posts = [call for call in okta.request_log(scene.app_id) if call["method"] == "POST"]
        creates = [call["status"] for call in posts if call["path"].endswith("/secrets")]
        assert creates == [201, 401, 201]


@pytest.mark.parametrize("nonce_at_api", [False, True])
def test_a_nonce_that_changes_in_mid_rotation_is_taken_up(
    running: Scene, nonce_at_api: bool
) -> None:
    """With an access token that ends as well, so that Okta asks for a nonce again."""
    with emulator_process() as okta:
        okta.set_unknowns(nonceAtApi=nonce_at_api)
        scene = copy.copy(running)
        scene.okta, scene.app_id = okta, okta.make_app(secrets=[])["id"]
        sign_in = SignIn(scene, dpopBoundAccessTokens=True)
        sign_in.begin(pem(OLD))
        scene.until_ready()
        heard, before = scene.listen(), scene.published()
        # Held up on its way until the nonce that it carries, and its token, are worth nothing.
        okta.add_fault("delay", method="POST", path="/secrets$", seconds=3)
        scene.annotate("monday")
        scene.until(lambda: "read app" in heard(), "the rotation has begun")
        okta.void_nonces()
        okta.revoke_access_tokens(sign_in.app.id)
        scene.until(lambda: scene.handled() == "monday", "the rotation is done")
        assert scene.conditions() == {"Ready": "True"}
        assert set(scene.in_okta()) == {before, scene.published()}
        tokens = [one["status"] for one in okta.request_log() if one["path"].endswith("/token")]
        assert tokens[-2:] == [400, 200], "it was asked for the new nonce"
