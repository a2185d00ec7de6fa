"""The Management API: client secrets, one app, the org, and the owner of the token.

Source: Okta's OpenAPI, management 2026.06.3. Each handler is one operation; it reads the store,
asks the rules, writes the store back and returns the answer.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import auth, rules, views
from .addresses import base_url
from .emulator import Emulator
from .errors import ApiError
from .model import App, ClientSecret, Permission, SecretStatus
from .store import secret_of
from .syslog import CREDENTIALS, READ_SECRET, Event


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request."""

    emulator: Emulator
    request: Request
    body: bytes
    caller: auth.Caller

    @property
    def base_url(self) -> str:
        return base_url(self.request)

    def app(self) -> App:
        return self.emulator.store.app(self.request.path_params["app_id"])

    def app_with_secrets(self) -> App:
        unknowns = self.emulator.unknowns
        app = self.emulator.store.app(self.request.path_params["app_id"], unknowns.unknown_app_kind)
        if refusal := rules.refused_app(app, unknowns):
            raise refusal
        return app

    def secret(self, app: App) -> ClientSecret:
        return secret_of(app, self.request.path_params["secret_id"])

    def sees_values(self) -> bool:
        return Permission.READ_CREDENTIALS in self.caller.permissions

    def log(self, kind: str, app: App, secret: ClientSecret | None = None) -> None:
        self.emulator.log.add(Event(kind, app, secret), self.caller.actor, self.emulator.clock())


Operation = Callable[[Call], Response]


def read_app(call: Call) -> Response:
    return JSONResponse(views.app(call.app(), call.emulator.store.org, call.base_url))


def read_org(call: Call) -> Response:
    return JSONResponse(views.organization(call.emulator.store.org, call.base_url))


def read_me(call: Call) -> Response:
    assert call.caller.token is not None
    return JSONResponse(views.user(call.caller.token, call.base_url))


def list_secrets(call: Call) -> Response:
    app = call.app_with_secrets()
    call.log(READ_SECRET, app)
    return JSONResponse([_view(call, app, held) for held in app.secrets])


def read_secret(call: Call) -> Response:
    app = call.app_with_secrets()
    secret = call.secret(app)
    call.log(READ_SECRET, app, secret)
    return JSONResponse(_view(call, app, secret))


def create_secret(call: Call) -> Response:
    draft = _draft(call)
    app = call.app_with_secrets()
    secret = rules.create(app, draft, call.emulator.unknowns, call.emulator.clock())
    call.emulator.store.put_app(app.added(secret))
    call.log(CREDENTIALS + "create", app, secret)
    if secret.active:
        _delay_new(call, app, secret)
    return JSONResponse(views.secret(secret, app.id, call.base_url), status_code=201)


def activate_secret(call: Call) -> Response:
    app = call.app_with_secrets()
    old = call.secret(app)
    secret = rules.activate(old, call.emulator.unknowns, call.emulator.clock())
    call.emulator.store.put_app(app.changed(secret))
    if secret is not old:
        call.log(CREDENTIALS + "activate", app, secret)
        _delay_new(call, app, secret)
    return JSONResponse(_view(call, app, secret))


def deactivate_secret(call: Call) -> Response:
    app = call.app_with_secrets()
    old = call.secret(app)
    secret = rules.deactivate(app, old, call.emulator.unknowns, call.emulator.clock())
    call.emulator.store.put_app(app.changed(secret))
    if secret is not old:
        call.log(CREDENTIALS + "deactivate", app, secret)
        _delay_old(call, app, secret)
    return JSONResponse(_view(call, app, secret))


def delete_secret(call: Call) -> Response:
    app = call.app_with_secrets()
    secret = call.secret(app)
    rules.check_deletable(secret)
    call.emulator.store.put_app(app.removed(secret))
    call.log(CREDENTIALS + "delete", app, secret)
    return Response(status_code=204)


def _delay_new(call: Call, app: App, secret: ClientSecret) -> None:
    _delay(call, app, secret, False, call.emulator.unknowns.new_secret_delay_seconds)


def _delay_old(call: Call, app: App, secret: ClientSecret) -> None:
    _delay(call, app, secret, True, call.emulator.unknowns.old_secret_delay_seconds)


def _delay(call: Call, app: App, secret: ClientSecret, accepted: bool, seconds: float) -> None:
    if seconds:
        until = call.emulator.clock() + timedelta(seconds=seconds)
        call.emulator.store.propagation.delay(app, secret, accepted=accepted, until=until)


def _view(call: Call, app: App, secret: ClientSecret) -> views.Json:
    """Without the value for who may not read it; only a create tells it all the same (assumed)."""
    view = views.secret(secret, app.id, call.base_url)
    if not call.sees_values():
        del view["client_secret"]
    return view


def _draft(call: Call) -> rules.Draft:
    content = _json_object(call.body)
    value = content.get("client_secret")
    status = str(content.get("status") or SecretStatus.ACTIVE)
    # That a wrong type counts as a malformed body is assumed, from how Okta treats other bodies.
    if not isinstance(value, str | None) or status not in list(SecretStatus):
        raise ApiError("E0000003")
    return rules.Draft(
        id=call.emulator.names.secret_id(),
        value=call.emulator.names.client_secret() if value is None else value,
        status=SecretStatus(status),
        unique=call.emulator.store.org.unique_secrets,
    )


def _json_object(body: bytes) -> dict[str, object]:
    """Okta takes an empty body for `{}`; its own SDK sends one."""
    try:
        content = json.loads(body) if body.strip() else {}
    except ValueError:
        raise ApiError("E0000003") from None
    if not isinstance(content, dict):
        raise ApiError("E0000003")
    return content


async def authorized(emulator: Emulator, request: Request, need: auth.Need | None) -> Call:
    caller = auth.authenticate(emulator, request)
    auth.authorize(caller, need, emulator.unknowns)
    return Call(emulator, request, await request.body(), caller)


def require_secrets_feature(emulator: Emulator) -> None:
    if not emulator.store.org.secrets_management:
        raise ApiError("E0000015")
