"""The OAuth endpoints: token introspection.

Source: Okta's OpenAPI, oauth 2026.06.3. No token is ever issued here, so every token that an
authenticated client asks about is inactive, which is also Okta's answer for one it never saw.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import clients
from .emulator import Emulator
from .errors import OAuthError
from .management import base_url


async def introspect(emulator: Emulator, request: Request) -> Response:
    oauth_request = await _oauth_request(request)
    claim = clients.claim(oauth_request, emulator.store)
    request.state.record.app_id = claim.app.id
    endpoint = base_url(request) + request.url.path
    clients.prove(claim, endpoint, emulator.store, emulator.clock())
    if not oauth_request.form.get("token"):
        raise OAuthError("request_missing_token")
    return JSONResponse({"active": False})


async def _oauth_request(request: Request) -> clients.OAuthRequest:
    return clients.OAuthRequest(
        authorization=request.headers.get("authorization"),
        form=clients.parse_form(await request.body()),
        query=request.query_params,
    )
