"""How an error becomes an answer.

Source for the challenge of a refused access token: one seen live by terraform-provider-okta (issue
2375), and RFC 6750 and RFC 9449 for the rest. Where else the error is told is not known.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import views
from .addresses import base_url
from .emulator import Emulator
from .errors import ApiError, OAuthError, OktaError, ResourceError
from .keys import ALGORITHMS
from .unknowns import Carrier


def error_answer(
    emulator: Emulator, request: Request, error: OktaError, status: int | None = None
) -> Response:
    code = status or error.status
    if isinstance(error, ResourceError):
        return _challenge(emulator, request, error, code)
    if isinstance(error, OAuthError):
        return JSONResponse(views.oauth_error(error), code, error.headers)
    return JSONResponse(views.api_error(error, emulator.names.error_id()), code)


def _challenge(emulator: Emulator, request: Request, error: ResourceError, status: int) -> Response:
    carrier = emulator.unknowns.refused_token
    headers = dict(error.headers)
    if carrier.in_header:
        headers["www-authenticate"] = _www_authenticate(error, request)
    if carrier is Carrier.HEADER:
        return Response(status_code=status, headers=headers)
    if carrier is Carrier.HEADER_AND_API_BODY:
        code = "E0000006" if status == 403 else "E0000011"
        body = views.api_error(ApiError(code), emulator.names.error_id())
    else:
        body = views.oauth_error(error)
    return JSONResponse(body, status, headers)


def _www_authenticate(error: ResourceError, request: Request) -> str:
    org = base_url(request)
    fields = {
        "algs": " ".join(ALGORITHMS) if error.scheme == "DPoP" else None,
        "authorization_uri": f"{org}/oauth2/v1/authorize",
        "realm": org,
        "scope": error.scope,
        "error": error.error,
        "error_description": error.description,
        "resource": request.url.path,
    }
    told = [f'{name}="{value}"' for name, value in fields.items() if value is not None]
    return f"{error.scheme} {', '.join(told)}"
