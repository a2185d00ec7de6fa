"""The OAuth endpoints of the org authorization server: token and introspection.

Source: Okta's OpenAPI, oauth 2026.06.3, and its pages on OAuth for Okta and on DPoP. The one grant
is that of a service app for Okta's own API. A token that is not its asker's, or that was never
issued, is inactive. That a client is authenticated before its grant, its proof and its scopes are
looked at is assumed.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import clients, scopes
from .addresses import base_url, client_host, endpoint
from .clients import Claim
from .dpop import HEADER, Target, read_proof
from .emulator import Emulator
from .errors import OAuthError
from .grants import AccessToken, Terms
from .model import App, ApplicationType, AuthMethod
from .syslog import TOKEN_GRANT, Event, client_actor
from .unknowns import DebugSecret, Unasked

_CLIENT_CREDENTIALS = "client_credentials"


async def introspect(emulator: Emulator, request: Request) -> Response:
    claim = await _claim(emulator, request)
    _prove(emulator, claim)
    if emulator.unknowns.introspection_needs_grant and _has_no_grant(claim.app):
        raise OAuthError("unauthorized_client", _CLIENT_CREDENTIALS)
    if not claim.request.form.get("token"):
        raise OAuthError("request_missing_token")
    return JSONResponse(_introspection(emulator, claim))


def _has_no_grant(app: App) -> bool:
    return app.application_type is ApplicationType.SERVICE and app.auth_method.uses_secret


def _introspection(emulator: Emulator, claim: Claim) -> dict[str, object]:
    token = emulator.grants.find(claim.request.form["token"])
    if (
        token is None
        or token.client_id != claim.app.client_id
        or token.expires <= emulator.clock()
        or emulator.grants.is_revoked(token)
    ):
        return {"active": False}
    return {
        "active": True,
        "scope": " ".join(token.scopes),
        "client_id": token.client_id,
        "token_type": token.scheme,
        "iat": int(token.issued.timestamp()),
        "exp": int(token.expires.timestamp()),
    }


async def grant(emulator: Emulator, request: Request) -> Response:
    claim = await _claim(emulator, request)
    try:
        _prove(emulator, claim)
        token = _issue(emulator, request, claim)
    except OAuthError as error:
        _log_grant(emulator, claim, error)
        raise
    _log_grant(emulator, claim, None)
    return JSONResponse(
        {
            "token_type": token.scheme,
            "expires_in": emulator.store.org.access_token_seconds,
            "access_token": token.value,
            "scope": " ".join(token.scopes),
        }
    )


def _issue(emulator: Emulator, request: Request, claim: Claim) -> AccessToken:
    app, form = claim.app, claim.request.form
    _check_grant_type(app, form.get("grant_type"))
    thumbprint = _binding(emulator, request, app)
    granted = scopes.grant(
        form.get("scope", ""), app.service.scopes, emulator.unknowns.ungranted_scopes
    )
    seconds = emulator.store.org.access_token_seconds
    terms = Terms(granted, thumbprint, base_url(request), seconds)
    return emulator.grants.issue(app, terms, emulator.clock())


def _check_grant_type(app: App, grant_type: str | None) -> None:
    if not grant_type:
        raise OAuthError("token_request_missing_grant_type", _CLIENT_CREDENTIALS)
    if grant_type != _CLIENT_CREDENTIALS:
        raise OAuthError("unsupported_grant_type", _CLIENT_CREDENTIALS)
    if app.application_type is not ApplicationType.SERVICE:
        raise OAuthError("invalid_application_type_client_credentials")
    if app.auth_method is not AuthMethod.PRIVATE_KEY_JWT:
        raise OAuthError("unsupported_auth_method_client_creds")


def _binding(emulator: Emulator, request: Request, app: App) -> str | None:
    """The thumbprint of the key that the token will be bound to, if it will be."""
    headers = request.headers.getlist(HEADER)
    if not headers and app.service.dpop:
        raise OAuthError("invalid_dpop_proof_missing_header")
    ignored = not app.service.dpop and emulator.unknowns.unasked_proof is Unasked.BEARER
    if not headers or ignored:
        return None
    now = emulator.clock()
    target = Target(request.method, endpoint(request), now.timestamp())
    proof = read_proof(headers, target, emulator.store.proofs)
    emulator.nonces.check(proof, now)
    return proof.key.thumbprint


async def _claim(emulator: Emulator, request: Request) -> Claim:
    asked = clients.OAuthRequest(
        authorization=request.headers.get("authorization"),
        form=clients.parse_form(await request.body()),
        query=request.query_params,
        endpoint=endpoint(request),
        host=client_host(request),
    )
    claim = clients.claim(asked, emulator.store)
    request.state.record.app_id = claim.app.id
    return claim


def _prove(emulator: Emulator, claim: Claim) -> None:
    """A wrong secret is remembered."""
    now = emulator.clock()
    secrets = emulator.store.propagation.accepted(claim.app, now)
    try:
        clients.prove(claim, secrets, emulator.store, now)
    except OAuthError as error:
        if clients.refuses_a_secret(error, claim.app):
            emulator.refused_secret(claim.app)
        raise


def _log_grant(emulator: Emulator, claim: Claim, error: OAuthError | None) -> None:
    debug = {
        "clientAuthType": str(claim.app.auth_method),
        "grantType": claim.request.form.get("grant_type", ""),
        "requestedScopes": claim.request.form.get("scope", ""),
        **_debug_secret(emulator, claim),
    }
    failure = None if error is None else error.reason
    event = Event(TOKEN_GRANT, claim.app, failure=failure, debug=debug)
    emulator.log.add(event, client_actor(claim.app), emulator.clock())


def _debug_secret(emulator: Emulator, claim: Claim) -> dict[str, str]:
    for secret in claim.app.secrets:
        if secret.value == claim.credentials.secret:
            shown = {
                DebugSecret.HASH: secret.hash,
                DebugSecret.ID: secret.id,
                DebugSecret.MASK: "********",
            }
            return {"clientSecret": shown[emulator.unknowns.debug_client_secret]}
    return {}
