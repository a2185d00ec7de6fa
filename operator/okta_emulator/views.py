"""The bodies of Okta's answers.

Sources: schemas OAuth2ClientSecret, Application and Error of Okta's OpenAPI, with the key
order, links and time format of recorded live answers.
"""

from typing import Any

from .clock import wire_time
from .errors import ApiError, OAuthError, ResourceError
from .model import App, AppStatus, AuthMethod, ClientSecret, Org, Token

Json = dict[str, Any]


def secret(value: ClientSecret, app_id: str, base_url: str) -> Json:
    href = f"{base_url}/api/v1/apps/{app_id}/credentials/secrets/{value.id}"
    return {
        "id": value.id,
        "created": wire_time(value.created),
        "lastUpdated": wire_time(value.last_updated),
        "status": value.status,
        "client_secret": value.value,
        "secret_hash": value.hash,
        "_links": _secret_links(value, href),
    }


def _secret_links(value: ClientSecret, href: str) -> Json:
    if value.active:
        return {"deactivate": _link(f"{href}/lifecycle/deactivate", "POST")}
    return {
        "activate": _link(f"{href}/lifecycle/activate", "POST"),
        "delete": _link(href, "DELETE"),
    }


def _link(href: str, method: str) -> Json:
    return {"href": href, "hints": {"allow": [method]}}


def app(value: App, org: Org, base_url: str) -> Json:
    kind = "oidc_client" if value.is_oidc else "template_app"
    return {
        "id": value.id,
        "orn": f"orn:okta:idp:{org.id}:apps:{kind}:{value.id}",
        "name": kind,
        "label": value.label,
        "status": value.status,
        "created": wire_time(value.created),
        "lastUpdated": wire_time(value.last_updated),
        "features": [],
        "signOnMode": value.sign_on_mode,
        "credentials": _credentials(value),
        "settings": _settings(value),
        "_links": _app_links(value, f"{base_url}/api/v1/apps/{value.id}"),
    }


def _credentials(value: App) -> Json:
    if not value.is_oidc:
        return {"userNameTemplate": {"template": "${source.login}", "type": "BUILT_IN"}}
    return {
        "userNameTemplate": {"template": "${source.login}", "type": "BUILT_IN"},
        "signing": {"kid": f"kid-{value.id}"},
        "oauthClient": {
            "autoKeyRotation": True,
            "client_id": value.client_id,
            "token_endpoint_auth_method": value.auth_method,
            "pkce_required": value.auth_method is AuthMethod.NONE,
        },
    }


def _settings(value: App) -> Json:
    if not value.is_oidc:
        return {"app": {}}
    machine = value.application_type == "service"
    return {
        "app": {},
        "oauthClient": {
            "application_type": value.application_type,
            "grant_types": ["client_credentials" if machine else "authorization_code"],
            "response_types": ["token" if machine else "code"],
            "redirect_uris": [] if machine else ["https://app.example/callback"],
            "consent_method": "TRUSTED",
            "issuer_mode": "ORG_URL",
            "dpop_bound_access_tokens": value.service.dpop,
        },
    }


def _app_links(value: App, href: str) -> Json:
    verb = "deactivate" if value.status is AppStatus.ACTIVE else "activate"
    links: Json = {verb: {"href": f"{href}/lifecycle/{verb}"}, "users": {"href": f"{href}/users"}}
    if name := _credentials_link(value):
        credentials = {"name": name, "href": f"{href}/credentials/{name}"}
        links = {"clientCredentials": [credentials], **links}
    return links


def _credentials_link(value: App) -> str | None:
    """A public client has no such link; live evidence on that is mixed."""
    if not value.is_oidc or value.auth_method is AuthMethod.NONE:
        return None
    return "secrets" if value.auth_method.uses_secret else "jwks"


def organization(org: Org, base_url: str) -> Json:
    """GET /api/v1/org, the schema OrgSetting."""
    return {
        "id": org.id,
        "companyName": org.company_name,
        "subdomain": org.subdomain,
        "status": "ACTIVE",
        "expiresAt": None,
        "_links": {"uploadLogo": _link(f"{base_url}/api/v1/org/logo", "POST")},
    }


def well_known(org: Org, base_url: str) -> Json:
    """GET /.well-known/okta-organization, the schema WellKnownOrgMetadata."""
    return {
        "id": org.id,
        "pipeline": "idx",
        "_links": {"organization": {"href": base_url}},
    }


def user(token: Token, base_url: str) -> Json:
    """GET /api/v1/users/me: the user who made the SSWS token."""
    return {
        "id": token.owner_id,
        "status": "ACTIVE",
        "profile": {"login": token.owner, "email": token.owner},
        "_links": {"self": {"href": f"{base_url}/api/v1/users/{token.owner_id}"}},
    }


def api_error(error: ApiError, error_id: str) -> Json:
    return {
        "errorCode": error.code,
        "errorSummary": error.summary,
        "errorLink": error.code,
        "errorId": error_id,
        "errorCauses": [{"errorSummary": cause} for cause in error.causes],
    }


def oauth_error(error: OAuthError | ResourceError) -> Json:
    return {"error": error.error, "error_description": error.description}
