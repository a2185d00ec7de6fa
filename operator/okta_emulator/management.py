"""The Management API: client secrets, one app, the org, and the owner of the token.

Source: Okta's OpenAPI, management 2026.06.3. Each handler is one operation; it reads the store,
asks the rules, writes the store back and returns the answer.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import auth, rules, views
from .emulator import Emulator
from .errors import ApiError
from .model import App, ClientSecret, SecretStatus, Token
from .store import secret_of


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request."""

    emulator: Emulator
    request: Request
    body: bytes
    token: Token

    @property
    def base_url(self) -> str:
        return base_url(self.request)

    def app(self) -> App:
        return self.emulator.store.app(self.request.path_params["app_id"])

    def app_with_secrets(self) -> App:
        return self.emulator.store.app_with_secrets(self.request.path_params["app_id"])

    def secret(self, app: App) -> ClientSecret:
        return secret_of(app, self.request.path_params["secret_id"])


Operation = Callable[[Call], Response]


def base_url(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}"


def read_app(call: Call) -> Response:
    return JSONResponse(views.app(call.app(), call.emulator.store.org, call.base_url))


def read_org(call: Call) -> Response:
    return JSONResponse(views.organization(call.emulator.store.org, call.base_url))


def read_me(call: Call) -> Response:
    return JSONResponse(views.user(call.token, call.base_url))


def list_secrets(call: Call) -> Response:
    app = call.app_with_secrets()
    return JSONResponse([views.secret(held, app.id, call.base_url) for held in app.secrets])


def read_secret(call: Call) -> Response:
    app = call.app_with_secrets()
    return _secret_answer(call, app, call.secret(app))


def create_secret(call: Call) -> Response:
    draft = _draft(call)
    app = call.app_with_secrets()
    secret = rules.create(app, draft, call.emulator.clock())
    call.emulator.store.put_app(app.added(secret))
    return _secret_answer(call, app, secret, status=201)


def activate_secret(call: Call) -> Response:
    app = call.app_with_secrets()
    secret = rules.activate(call.secret(app), call.emulator.clock())
    call.emulator.store.put_app(app.changed(secret))
    return _secret_answer(call, app, secret)


def deactivate_secret(call: Call) -> Response:
    app = call.app_with_secrets()
    secret = rules.deactivate(app, call.secret(app), call.emulator.clock())
    call.emulator.store.put_app(app.changed(secret))
    return _secret_answer(call, app, secret)


def delete_secret(call: Call) -> Response:
    app = call.app_with_secrets()
    secret = call.secret(app)
    rules.check_deletable(secret)
    call.emulator.store.put_app(app.removed(secret))
    return Response(status_code=204)


def _secret_answer(call: Call, app: App, secret: ClientSecret, status: int = 200) -> Response:
    return JSONResponse(views.secret(secret, app.id, call.base_url), status_code=status)


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


async def authenticated(emulator: Emulator, request: Request, *, writes: bool) -> Call:
    token = auth.authenticate(request.headers.get("authorization"), emulator.store)
    if writes:
        auth.require_write(token)
    return Call(emulator, request, await request.body(), token)


def require_secrets_feature(emulator: Emulator) -> None:
    if not emulator.store.org.secrets_management:
        raise ApiError("E0000015")
