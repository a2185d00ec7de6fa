"""The control API under /_emulator/: what a test does behind Okta's back.

Needs no token and is served to loopback alone (see `gateway`). Bodies have the shapes of the
seed file and of `faults`; a body that does not fit is a 400 that names each field.

| call | effect |
|---|---|
| POST apps | add or replace an app (as in the seed); answers its state |
| GET, DELETE apps/{id} | its state, with all secrets and the refused introspections; remove it |
| PATCH apps/{id} | change its status, method, keys, scopes, role and such (`AppChange`) |
| DELETE apps/{id}/access-tokens | revoke what was issued to it |
| POST tokens, DELETE tokens | add, replace or disable a token; `{"value": ...}` removes one |
| PUT org | replace the org's settings; its id stays unless given |
| PUT unknowns | replace the switches of `unknowns`; `{}` for the defaults |
| GET, PUT clock | `{"offsetSeconds": ...}` that the emulator's clock is ahead of the machine's |
| DELETE dpop-nonces | every nonce given out is void |
| GET, PUT rate-limits | most requests at once; replace the limits, every window starts afresh |
| PUT latency | `{"milliseconds": ...}` before every answer |
| GET, POST, PUT, DELETE faults | list, add, replace, clear the rules |
| GET, DELETE requests | the request log; clear it |
| GET events | the System Log |
| GET alarms | its events of five wrong secrets of an app within 24 hours |
| POST reset | back to the seed |
"""

import json
from collections.abc import Callable
from datetime import timedelta

from pydantic import Field, TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .clock import wire_time
from .control_apps import delete_app, get_app, patch_app, put_app, revoke_tokens
from .emulator import Emulator
from .errors import ApiError
from .faults import FaultRule
from .seed import OrgSeed, RateLimits, TokenSeed, field_errors
from .seed_base import SeedModel
from .store import org_from, token_from
from .unknowns import Unknowns
from .views import Json

Answer = Json | list[dict[str, object]] | None
Handler = Callable[[Emulator, Request, object], Answer]

_FAULTS = TypeAdapter(list[FaultRule])


class TokenRemoval(SeedModel):
    value: str = Field(repr=False)


class Latency(SeedModel):
    milliseconds: float = Field(ge=0)


class ClockSetting(SeedModel):
    offset_seconds: float


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


def _put_token(emulator: Emulator, request: Request, body: object) -> Answer:
    seed = TokenSeed.model_validate(body)
    token = token_from(seed, emulator.store.org, emulator.names)
    emulator.store.put_token(token, seed.last_used or emulator.clock())
    return None


def _delete_token(emulator: Emulator, request: Request, body: object) -> Answer:
    emulator.store.remove_token(TokenRemoval.model_validate(body).value)
    return None


def _put_org(emulator: Emulator, request: Request, body: object) -> Answer:
    seed = OrgSeed.model_validate(body)
    known = seed.model_copy(update={"id": seed.id or emulator.store.org.id})
    if emulator.store.org.secrets_management and not seed.secrets_management:
        emulator.store.keep_newest_secrets()
    emulator.store.org = org_from(known, emulator.names)
    return None


def _put_unknowns(emulator: Emulator, request: Request, body: object) -> Answer:
    emulator.unknowns = Unknowns.model_validate(body)
    return None


def _get_clock(emulator: Emulator, request: Request, body: object) -> Answer:
    offset = emulator.clock.offset.total_seconds()
    return {"now": wire_time(emulator.clock()), "offsetSeconds": offset}


def _put_clock(emulator: Emulator, request: Request, body: object) -> Answer:
    setting = ClockSetting.model_validate(body)
    emulator.clock.offset = timedelta(seconds=setting.offset_seconds)
    return None


def _delete_nonces(emulator: Emulator, request: Request, body: object) -> Answer:
    emulator.nonces.forget()
    return None


def _get_rate_limits(emulator: Emulator, request: Request, body: object) -> Answer:
    return {"peakConcurrency": emulator.rate.peak}


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


def _get_events(emulator: Emulator, request: Request, body: object) -> Answer:
    return emulator.log.as_json()


def _get_alarms(emulator: Emulator, request: Request, body: object) -> Answer:
    return emulator.log.alarms()


def _reset(emulator: Emulator, request: Request, body: object) -> Answer:
    emulator.reset()
    return None


_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("apps", "POST", put_app),
    ("apps/{app_id}", "GET", get_app),
    ("apps/{app_id}", "DELETE", delete_app),
    ("apps/{app_id}", "PATCH", patch_app),
    ("apps/{app_id}/access-tokens", "DELETE", revoke_tokens),
    ("tokens", "POST", _put_token),
    ("tokens", "DELETE", _delete_token),
    ("org", "PUT", _put_org),
    ("unknowns", "PUT", _put_unknowns),
    ("clock", "GET", _get_clock),
    ("clock", "PUT", _put_clock),
    ("dpop-nonces", "DELETE", _delete_nonces),
    ("rate-limits", "GET", _get_rate_limits),
    ("rate-limits", "PUT", _put_rate_limits),
    ("latency", "PUT", _put_latency),
    ("faults", "GET", _get_faults),
    ("faults", "POST", _post_faults),
    ("faults", "PUT", _put_faults),
    ("faults", "DELETE", _delete_faults),
    ("requests", "GET", _get_requests),
    ("requests", "DELETE", _delete_requests),
    ("events", "GET", _get_events),
    ("alarms", "GET", _get_alarms),
    ("reset", "POST", _reset),
)
