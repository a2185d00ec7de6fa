"""The control API under /_emulator/: what a test does behind Okta's back.

Needs no token and is served to loopback alone (see `gateway`). Bodies have the shapes of the
seed file and of `faults`; a body that does not fit is a 400 that names each field.

| call | effect |
|---|---|
| POST apps | add or replace an app (as in the seed); answers its state |
| GET, DELETE apps/{id} | its state, with all secrets and the refused introspections; remove it |
| PATCH apps/{id} | `{"status": ...}` |
| POST tokens, DELETE tokens | add, replace or disable a token; `{"value": ...}` removes one |
| PUT org | replace the org's settings; its id stays unless given |
| PUT rate-limits | replace the limits; every window starts afresh |
| PUT latency | `{"milliseconds": ...}` before every answer |
| GET, POST, PUT, DELETE faults | list, add, replace, clear the rules |
| GET, DELETE requests | the request log; clear it |
| POST reset | back to the seed |
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .clock import wire_time
from .emulator import Emulator
from .errors import ApiError
from .faults import FaultRule
from .model import App, AppStatus
from .seed import AppSeed, OrgSeed, RateLimits, TokenSeed, field_errors
from .store import app_from, org_from, recent, token_from
from .views import Json
from .views import secret as secret_view

Answer = Json | list[dict[str, object]] | None
Handler = Callable[[Emulator, Request, object], Answer]

_FAULTS = TypeAdapter(list[FaultRule])


class AppChange(BaseModel):
    model_config = ConfigDict(extra="forbid")
    status: AppStatus


class TokenRemoval(BaseModel):
    model_config = ConfigDict(extra="forbid")
    value: str = Field(repr=False)


class Latency(BaseModel):
    model_config = ConfigDict(extra="forbid")
    milliseconds: float = Field(ge=0)


def control_app(emulator: Emulator) -> Starlette:
    return Starlette(
        routes=[_route(emulator, path, method, handler) for path, method, handler in _ROUTES],
        exception_handlers={ApiError: _unknown, ValidationError: _unfit, ValueError: _unfit},
    )


def _route(emulator: Emulator, path: str, method: str, handler: Handler) -> Route:
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        answer = handler(emulator, request, json.loads(body) if body else None)
        return Response(status_code=204) if answer is None else JSONResponse(answer)

    return Route(f"/_emulator/{path}", endpoint, methods=[method])


async def _unknown(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=404)


async def _unfit(request: Request, error: Exception) -> Response:
    text = field_errors(error) if isinstance(error, ValidationError) else "the body is not JSON"
    return JSONResponse({"error": text}, status_code=400)


def _put_app(emulator: Emulator, request: Request, body: object) -> Answer:
    app = app_from(AppSeed.model_validate(body), emulator.names, emulator.clock())
    emulator.store.remove_app(app.id)
    emulator.store.put_app(app)
    return _state(emulator, app)


def _get_app(emulator: Emulator, request: Request, body: object) -> Answer:
    return _state(emulator, _app(emulator, request))


def _delete_app(emulator: Emulator, request: Request, body: object) -> Answer:
    emulator.store.remove_app(_app(emulator, request).id)
    return None


def _patch_app(emulator: Emulator, request: Request, body: object) -> Answer:
    status = AppChange.model_validate(body).status
    app = replace(_app(emulator, request), status=status)
    emulator.store.put_app(app)
    return _state(emulator, app)


def _app(emulator: Emulator, request: Request) -> App:
    return emulator.store.app(request.path_params["app_id"])


def _state(emulator: Emulator, app: App) -> Json:
    refusals = emulator.store.refusals(app)
    counted = recent(refusals, emulator.clock())
    return {
        "id": app.id,
        "clientId": app.client_id,
        "label": app.label,
        "status": app.status,
        "signOnMode": app.sign_on_mode,
        "applicationType": app.application_type,
        "tokenEndpointAuthMethod": app.auth_method,
        "secrets": [secret_view(held, app.id, "") for held in app.secrets],
        "refusedIntrospections": {
            "total": len(refusals),
            "within24Hours": len(counted),
            "times": [wire_time(refusal) for refusal in refusals],
        },
    }


def _put_token(emulator: Emulator, request: Request, body: object) -> Answer:
    seed = TokenSeed.model_validate(body)
    emulator.store.put_token(token_from(seed, emulator.store.org, emulator.names))
    return None


def _delete_token(emulator: Emulator, request: Request, body: object) -> Answer:
    emulator.store.remove_token(TokenRemoval.model_validate(body).value)
    return None


def _put_org(emulator: Emulator, request: Request, body: object) -> Answer:
    seed = OrgSeed.model_validate(body)
    known = seed.model_copy(update={"id": seed.id or emulator.store.org.id})
    emulator.store.org = org_from(known, emulator.names)
    return None


def _put_rate_limits(emulator: Emulator, request: Request, body: object) -> Answer:
    emulator.rate.replace(RateLimits.model_validate(body))
    return None


def _put_latency(emulator: Emulator, request: Request, body: object) -> Answer:
    latency = Latency.model_validate(body)
    emulator.latency = timedelta(milliseconds=latency.milliseconds)
    return None


def _get_faults(emulator: Emulator, request: Request, body: object) -> Answer:
    return emulator.faults.report()


def _post_faults(emulator: Emulator, request: Request, body: object) -> Answer:
    emulator.faults.add(_FAULTS.validate_python(body))
    return None


def _put_faults(emulator: Emulator, request: Request, body: object) -> Answer:
    emulator.faults.replace(_FAULTS.validate_python(body))
    return None


def _delete_faults(emulator: Emulator, request: Request, body: object) -> Answer:
    emulator.faults.replace([])
    return None


def _get_requests(emulator: Emulator, request: Request, body: object) -> Answer:
    return emulator.requests.as_json()


def _delete_requests(emulator: Emulator, request: Request, body: object) -> Answer:
    emulator.requests.clear()
    return None


def _reset(emulator: Emulator, request: Request, body: object) -> Answer:
    emulator.reset()
    return None


_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("apps", "POST", _put_app),
    ("apps/{app_id}", "GET", _get_app),
    ("apps/{app_id}", "DELETE", _delete_app),
    ("apps/{app_id}", "PATCH", _patch_app),
    ("tokens", "POST", _put_token),
    ("tokens", "DELETE", _delete_token),
    ("org", "PUT", _put_org),
    ("rate-limits", "PUT", _put_rate_limits),
    ("latency", "PUT", _put_latency),
    ("faults", "GET", _get_faults),
    ("faults", "POST", _post_faults),
    ("faults", "PUT", _put_faults),
    ("faults", "DELETE", _delete_faults),
    ("requests", "GET", _get_requests),
    ("requests", "DELETE", _delete_requests),
    ("reset", "POST", _reset),
)
