"""Who may call the Management API: API tokens and access tokens, and what each may do.

Source: Okta's error catalog and its support article on "Invalid session": no credentials and
an unknown scheme are 403 E0000005, a bad token is 401 E0000011, a role too small 403 E0000006.
Access tokens are refused as RFC 6750 and RFC 9449 say, with the texts of oauth2-error-codes.json.
"""

from dataclasses import dataclass

from starlette.requests import Request

from .addresses import client_host, endpoint
from .dpop import HEADER, Proof, Target, read_proof
from .emulator import Emulator
from .errors import ApiError, OAuthError, ResourceError
from .grants import AccessToken
from .model import App, AppStatus, Permission, Token, is_within
from .syslog import OUTSIDE_ZONE, Actor, Event, client_actor
from .unknowns import Unknowns, Without

_SSWS = "SSWS"
_OAUTH = {"bearer": "Bearer", "dpop": "DPoP"}
_NONCE = "use_dpop_nonce"


@dataclass(frozen=True, slots=True)
class Caller:
    """`scopes` is None for an API token, `token` for an access token."""

    actor: Actor
    permissions: frozenset[Permission]
    scopes: frozenset[str] | None = None
    scheme: str = _SSWS
    token: Token | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """What an operation asks of its caller: of an access token a scope, of a role permissions."""

    scope: str
    permissions: tuple[Permission, ...] = ()


READ_APP = Need("okta.apps.read", (Permission.READ_APPS,))
READ_SECRETS = Need("okta.apps.read", (Permission.READ_APPS, Permission.READ_CREDENTIALS))
WRITE_SECRETS = Need("okta.apps.manage", (Permission.MANAGE_APPS,))
READ_ORG = Need("okta.orgs.read")


def principal_of(emulator: Emulator, authorization: str) -> str | None:
    """Whose share of a rate limit a call is counted to; None without a token. Proves nothing."""
    if authorization.startswith(_SSWS):
        return authorization.removeprefix(_SSWS).lstrip(" ")
    scheme, _, value = authorization.partition(" ")
    grant = emulator.grants.find(value) if scheme.lower() in _OAUTH else None
    return None if grant is None else grant.client_id


def authenticate(emulator: Emulator, request: Request) -> Caller:
    authorization = request.headers.get("authorization", "")
    # Okta's own Python SDK (3.4.6) sends the scheme and the token without a space between.
    if authorization.startswith(_SSWS):
        return _by_api_token(emulator, request, authorization.removeprefix(_SSWS).lstrip(" "))
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() in _OAUTH and value:
        return _by_access_token(emulator, request, _OAUTH[scheme.lower()], value)
    raise ApiError("E0000005")


def authorize(caller: Caller, need: Need | None, unknowns: Unknowns) -> None:
    """`need` is None for what no access token may do, whatever its scopes."""
    if need is None:
        if caller.scopes is not None:
            raise ApiError("E0000005")
        return
    if caller.scopes is not None and not _holds(caller.scopes, need.scope, unknowns):
        raise ResourceError(
            "access_token_insufficient_scopes", scheme=caller.scheme, scope=need.scope
        )
    if not all(_may(caller, permission, unknowns) for permission in need.permissions):
        raise ApiError("E0000006")


def _may(caller: Caller, permission: Permission, unknowns: Unknowns) -> bool:
    if permission is Permission.READ_CREDENTIALS:
        masked = unknowns.without_credentials_read is Without.MASKED
        return masked or permission in caller.permissions
    return _holds(frozenset(caller.permissions), permission, unknowns)


def _holds(held: frozenset[str], wanted: str, unknowns: Unknowns) -> bool:
    implied = wanted == Permission.READ_APPS and unknowns.manage_implies_read
    return wanted in held or (implied and Permission.MANAGE_APPS in held)


def _by_api_token(emulator: Emulator, request: Request, value: str) -> Caller:
    token = emulator.store.token(value)
    now = emulator.clock()
    if token is None or token.disabled or not emulator.store.use_token(token, now):
        raise ApiError("E0000011")
    actor = Actor(token.owner_id, "User", token.owner)
    if not is_within(token.networks, client_host(request)):
        emulator.log.add(Event(OUTSIDE_ZONE, failure="DENY"), actor, now)
        raise ApiError(emulator.unknowns.outside_zone)
    return Caller(actor, token.permissions, token=token)


def _by_access_token(emulator: Emulator, request: Request, scheme: str, value: str) -> Caller:
    grant = emulator.grants.find(value)
    app = emulator.store.app_of_client(grant.client_id) if grant else None
    if grant is None or app is None or app.status is not AppStatus.ACTIVE:
        raise ResourceError("access_token_invalid", scheme=scheme)
    if grant.expires <= emulator.clock():
        raise ResourceError("token_expired", scheme=scheme)
    if emulator.grants.is_revoked(grant):
        raise ResourceError("access_token_revoked", scheme=scheme)
    _check_binding(emulator, request, scheme, grant)
    return _client(app, grant)


def _client(app: App, grant: AccessToken) -> Caller:
    permissions = app.service.permissions
    return Caller(client_actor(app), permissions, frozenset(grant.scopes), grant.scheme)


def _check_binding(emulator: Emulator, request: Request, scheme: str, grant: AccessToken) -> None:
    if scheme != grant.scheme:
        bound = grant.thumbprint is not None
        reason = "dpop_authentication_scheme_required" if bound else "access_token_not_dpop_bound"
        raise ResourceError(reason, scheme="DPoP")
    if scheme == "DPoP":
        proof = _proof(emulator, request)
        if not proof.covers(grant.value):
            raise ResourceError("dpop_proof_invalid_ath", scheme=scheme)
        if proof.key.thumbprint != grant.thumbprint:
            raise ResourceError("invalid_access_token_dpop_binding", scheme=scheme)


def _proof(emulator: Emulator, request: Request) -> Proof:
    headers = request.headers.getlist(HEADER)
    if not headers:
        raise ResourceError("dpop_proof_required_for_token", scheme="DPoP")
    now = emulator.clock()
    target = Target(request.method, endpoint(request), now.timestamp())
    try:
        proof = read_proof(headers, target, emulator.store.proofs)
        if emulator.unknowns.nonce_at_api:
            emulator.nonces.check(proof, now)
        return proof
    except OAuthError as error:
        # RFC 9449, section 9: a resource asks for a nonce with 401, not with 400.
        status = 401 if error.reason == _NONCE else None
        raise ResourceError(
            error.reason, scheme="DPoP", status=status, headers=error.headers
        ) from None
