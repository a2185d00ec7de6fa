"""Which operation answers which path of Okta, and what it asks of its caller."""

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import management, oauth, views
from .addresses import base_url
from .answers import error_answer
from .auth import READ_APP, READ_ORG, READ_SECRETS, WRITE_SECRETS, Need
from .emulator import Emulator
from .errors import ApiError, OAuthError, ResourceError
from .management import Operation

Endpoint = Callable[[Request], Awaitable[Response]]

_SECRETS = "/api/v1/apps/{app_id}/credentials/secrets"
_SECRET = _SECRETS + "/{secret_id}"

# Path, method, operation, and what it asks of the caller.
MANAGEMENT: tuple[tuple[str, str, Operation, Need | None], ...] = (
    ("/api/v1/apps/{app_id}", "GET", management.read_app, READ_APP),
    ("/api/v1/org", "GET", management.read_org, READ_ORG),
    ("/api/v1/users/me", "GET", management.read_me, None),
    (_SECRETS, "GET", management.list_secrets, READ_SECRETS),
    (_SECRETS, "POST", management.create_secret, WRITE_SECRETS),
    (_SECRET, "GET", management.read_secret, READ_SECRETS),
    (_SECRET, "DELETE", management.delete_secret, WRITE_SECRETS),
    (_SECRET + "/lifecycle/activate", "POST", management.activate_secret, WRITE_SECRETS),
    (_SECRET + "/lifecycle/deactivate", "POST", management.deactivate_secret, WRITE_SECRETS),
)


def okta_app(emulator: Emulator) -> Starlette:
    app = Starlette(
        routes=[
            *(_management_route(emulator, *entry) for entry in MANAGEMENT),
            Route("/oauth2/v1/token", _bound(oauth.grant, emulator), methods=["POST"]),
            Route("/oauth2/v1/introspect", _bound(oauth.introspect, emulator), methods=["POST"]),
            Route("/.well-known/okta-organization", _bound(_well_known, emulator)),
        ],
        exception_handlers={
            ApiError: partial(_as_answer, emulator),
            OAuthError: partial(_as_answer, emulator),
            ResourceError: partial(_as_answer, emulator),
            404: partial(_as_api_error, emulator, "E0000008"),
            405: partial(_as_api_error, emulator, "E0000022"),
        },
    )
    # Okta answers an unknown path with an error, never with a redirect.
    app.router.redirect_slashes = False
    return app


def _management_route(
    emulator: Emulator, path: str, method: str, operation: Operation, need: Need | None
) -> Route:
    async def endpoint(request: Request) -> Response:
        call = await management.authorized(emulator, request, need)
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
    return JSONResponse(views.well_known(emulator.store.org, base_url(request)))


async def _as_answer(emulator: Emulator, request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError | OAuthError | ResourceError)
    return error_answer(emulator, request, error)


async def _as_api_error(
    emulator: Emulator, code: str, request: Request, error: Exception
) -> Response:
    return error_answer(emulator, request, ApiError(code))
