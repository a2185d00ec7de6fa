"""The apps in the control API: made, looked at, changed behind Okta's back."""

from starlette.requests import Request

from .clock import wire_time
from .emulator import Emulator
from .model import App
from .seed_apps import AppChange, AppSeed
from .store import SUSPICIOUS, app_from, changed_app, recent
from .syslog import CREDENTIALS, OKTA, Event
from .views import Json
from .views import secret as secret_view


def put_app(emulator: Emulator, request: Request, body: object) -> Json:
    app = app_from(AppSeed.model_validate(body), emulator.names, emulator.clock())
    emulator.store.remove_app(app.id)
    emulator.store.put_app(app)
    return _state(emulator, app)


def get_app(emulator: Emulator, request: Request, body: object) -> Json:
    return _state(emulator, _app(emulator, request))


def delete_app(emulator: Emulator, request: Request, body: object) -> None:
    emulator.store.remove_app(_app(emulator, request).id)


def patch_app(emulator: Emulator, request: Request, body: object) -> Json:
    old = _app(emulator, request)
    app = changed_app(old, AppChange.model_validate(body))
    emulator.store.put_app(app)
    _log_keys(emulator, old, app)
    return _state(emulator, app)


def revoke_tokens(emulator: Emulator, request: Request, body: object) -> None:
    emulator.grants.revoke(_app(emulator, request).client_id)


def _app(emulator: Emulator, request: Request) -> App:
    return emulator.store.app(request.path_params["app_id"])


def _log_keys(emulator: Emulator, old: App, new: App) -> None:
    before = {key.thumbprint: key for key in old.service.keys}
    after = {key.thumbprint: key for key in new.service.keys}
    changes = [("create", after[one]) for one in after if one not in before]
    changes += [("delete", before[one]) for one in before if one not in after]
    for verb, key in changes:
        event = Event(CREDENTIALS + verb, new, kid=key.kid or key.thumbprint)
        emulator.log.add(event, OKTA, emulator.clock())


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
        "jwks": {"keys": [key.jwk for key in app.service.keys]},
        "grantedScopes": sorted(app.service.scopes),
        "dpopBoundAccessTokens": app.service.dpop,
        "refusedIntrospections": {
            "total": len(refusals),
            "within24Hours": len(counted),
            "isSuspicious": len(counted) >= SUSPICIOUS,
            "times": [wire_time(refusal) for refusal in refusals],
        },
    }
