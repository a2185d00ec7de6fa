"""An Okta app in memory, with Okta's rules: two secrets, DELETE only when INACTIVE, and so on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.okta_view import AuthMethod, OktaApp, OktaSecret, Proof, SecretState
from okta_rotator.rotation.trouble import Next, PortError, Trouble
from okta_rotator.rotation.values import SecretValue, secret_hash
from tests.resources import CLIENT_ID
from tests.unit.rotation.faults import Clock, Wire, lost_race

APP = OktaApp(CLIENT_ID, CLIENT_ID, "ACTIVE", "OPENID_CONNECT", "client_secret_basic")

APPS_BUCKET = (
    "list_secrets",
    "create_secret",
    "activate_secret",
    "deactivate_secret",
    "delete_secret_in_okta",
)
"""The calls that count against Okta's small rate limit."""


@dataclass(slots=True)
class FakeOkta:
    """Implements `OktaPort` for one app."""

    clock: Clock
    wire: Wire
    app: OktaApp | None = APP
    secrets: list[OktaSecret] = field(default_factory=list)
    distrusted: set[SecretValue] = field(default_factory=set)
    """Values that Okta refuses although their secrets are ACTIVE."""
    distrusts_new: bool = False
    is_silent_on_proofs: bool = False
    shows_values: bool = True
    introspections: list[tuple[datetime, SecretValue, Proof]] = field(default_factory=list)
    made: int = 0

    def accepts(self, value: SecretValue) -> bool:
        """Whether the app can authenticate with the value now."""
        active = (one for one in self.secrets if one.state is SecretState.ACTIVE)
        return value not in self.distrusted and any(one.holds(value) for one in active)

    def put(self, text: str, state: SecretState = SecretState.ACTIVE) -> OktaSecret:
        """A secret appears without our doing."""
        return self._make(SecretValue(text), state)

    def remove(self, secret_id: str) -> None:
        """A person deletes a secret."""
        self.secrets = [one for one in self.secrets if one.id != secret_id]

    def set_state(self, secret_id: str, state: SecretState) -> OktaSecret:
        """A person activates or deactivates a secret."""
        changed = replace(self._find(secret_id), state=state)
        self.secrets = [changed if one.id == secret_id else one for one in self.secrets]
        return changed

    async def read_app(self, app_id: str) -> OktaApp:
        return self.wire.carry("read_app", lambda: self._app(app_id))

    async def list_secrets(self, app_id: str) -> tuple[OktaSecret, ...]:
        return self.wire.carry("list_secrets", lambda: self._list(app_id))

    async def create_secret(self, app_id: str, value: SecretValue) -> OktaSecret:
        return self.wire.carry("create_secret", lambda: self._create(app_id, value))

    async def activate_secret(self, app_id: str, secret_id: str) -> OktaSecret:
        return self.wire.carry("activate_secret", lambda: self._activate(app_id, secret_id))

    async def deactivate_secret(self, app_id: str, secret_id: str) -> OktaSecret:
        return self.wire.carry("deactivate_secret", lambda: self._deactivate(app_id, secret_id))

    async def delete_secret(self, app_id: str, secret_id: str) -> None:
        self.wire.carry("delete_secret_in_okta", lambda: self._delete(app_id, secret_id))

    async def introspect(self, client_id: str, value: SecretValue, method: AuthMethod) -> Proof:
        return self.wire.carry("introspect", lambda: self._introspect(client_id, value, method))

    def _app(self, app_id: str) -> OktaApp:
        if self.app is None or self.app.id != app_id:
            message = f"Okta knows no app {app_id}"
            raise PortError(Trouble(Next.PERSON, Reason.APP_NOT_FOUND, message))
        return self.app

    def _list(self, app_id: str) -> tuple[OktaSecret, ...]:
        self._app(app_id)
        if self.shows_values:
            return tuple(self.secrets)
        return tuple(replace(one, value=None) for one in self.secrets)

    def _create(self, app_id: str, value: SecretValue) -> OktaSecret:
        self._app(app_id)
        if len(self.secrets) >= 2:
            raise lost_race("the app holds two secrets already")
        if self.distrusts_new:
            self.distrusted.add(value)
        return self._make(value, SecretState.ACTIVE)

    def _make(self, value: SecretValue, state: SecretState) -> OktaSecret:
        self.made += 1
        created = self.clock.at.replace(microsecond=0)
        secret = OktaSecret(f"ocs{self.made}", state, created, secret_hash(value), value)
        self.secrets.append(secret)
        return secret

    def _activate(self, app_id: str, secret_id: str) -> OktaSecret:
        self._app(app_id)
        self._find(secret_id)
        return self.set_state(secret_id, SecretState.ACTIVE)

    def _deactivate(self, app_id: str, secret_id: str) -> OktaSecret:
        self._app(app_id)
        others = [one for one in self.secrets if one.id != secret_id]
        if not any(one.state is SecretState.ACTIVE for one in others):
            raise lost_race("the only active secret cannot be deactivated")
        return self.set_state(secret_id, SecretState.INACTIVE)

    def _delete(self, app_id: str, secret_id: str) -> None:
        self._app(app_id)
        if not any(one.id == secret_id for one in self.secrets):
            return
        if self._find(secret_id).state is SecretState.ACTIVE:
            raise lost_race("an active secret cannot be deleted")
        self.remove(secret_id)

    def _introspect(self, client_id: str, value: SecretValue, method: AuthMethod) -> Proof:
        proof = self._judge(client_id, value, method)
        self.introspections.append((self.clock.at, value, proof))
        return proof

    def _judge(self, client_id: str, value: SecretValue, method: AuthMethod) -> Proof:
        if self.is_silent_on_proofs:
            return Proof.CANNOT_TELL
        is_method = self.app is not None and self.app.auth_method == method
        is_client = self.app is not None and self.app.client_id == client_id
        good = is_method and is_client and self.accepts(value)
        return Proof.ACCEPTED if good else Proof.REFUSED

    def _find(self, secret_id: str) -> OktaSecret:
        found = next((one for one in self.secrets if one.id == secret_id), None)
        if found is None:
            raise lost_race(f"there is no secret {secret_id}")
        return found
