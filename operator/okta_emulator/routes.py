"""Which operation answers which path of Okta, and how an error becomes an answer."""

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import management, oauth, views
from .emulator import Emulator
from .errors import ApiError, OAuthError
from .management import Operation

Endpoint = Callable[[Request], Awaitable[Response]]

_SECRETS = "/api/v1/apps/{app_id}/credentials/secrets"
_SECRET = _SECRETS + "/{secret_id}"

# Path, method, operation.
MANAGEMENT: tuple[tuple[str, str, Operation], ...] = (
    ("/api/v1/apps/{app_id}", "GET", management.read_app),
    ("/api/v1/org", "GET", management.read_org),
    ("/api/v1/users/me", "GET", management.read_me),
    (_SECRETS, "GET", management.list_secrets),
    (_SECRETS, "POST", management.create_secret),
    (_SECRET, "GET", management.read_secret),
    (_SECRET, "DELETE", management.delete_secret),
    (_SECRET + "/lifecycle/activate", "POST", management.activate_secret),
    (_SECRET + "/lifecycle/deactivate", "POST", management.deactivate_secret),
)


def okta_app(emulator: Emulator) -> Starlette:
    app = Starlette(
        routes=[
            *(_management_route(emulator, *entry) for entry in MANAGEMENT),
            Route("/oauth2/v1/introspect", _bound(oauth.introspect, emulator), methods=["POST"]),
            Route("/.well-known/okta-organization", _bound(_well_known, emulator)),
        ],
        exception_handlers={
            ApiError: partial(_as_answer, emulator),
            OAuthError: partial(_as_answer, emulator),
            404: partial(_as_api_error, emulator, "E0000008"),
            405: partial(_as_api_error, emulator, "E0000022"),
        },
    )
    # Okta answers an unknown path with an error, never with a redirect.
    app.router.redirect_slashes = False
    return app


def error_answer(
    emulator: Emulator, error: ApiError | OAuthError, status: int | None = None
) -> Response:
    if isinstance(error, OAuthError):
        body = views.oauth_error(error)
    else:
        body = views.api_error(error, emulator.names.error_id())
    return JSONResponse(body, status_code=status or error.status)


def _management_route(emulator: Emulator, path: str, method: str, operation: Operation) -> Route:
    async def endpoint(request: Request) -> Response:
        call = await management.authenticated(emulator, request, writes=method != "GET")
        if path.startswith(_SECRETS):
            management.require_secrets_feature(emulator)
        return operation(call)

    return Route(path, endpoint, methods=[method])


def _bound(
    handler: Callable[[Emulator, Request], Awaitable[Response]], emulator: Emulator
) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await handler(emulator, request)

    return endpoint


async def _well_known(emulator: Emulator, request: Request) -> Response:
    base_url = management.base_url(request)
    return JSONResponse(views.well_known(emulator.store.org, base_url))


async def _as_answer(emulator: Emulator, request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError | OAuthError)
    return error_answer(emulator, error)


async def _as_api_error(
    emulator: Emulator, code: str, request: Request, error: Exception
) -> Response:
    return error_answer(emulator, ApiError(code))
