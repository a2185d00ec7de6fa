"""Okta's errors in their three shapes.

`ApiError` is the Management API's (error-codes.json of okta-developer-docs), `OAuthError` that of
the OAuth endpoints, and `ResourceError` is told to who calls the Management API with an access
token. Raised by the rules and by authentication, turned into an answer by `answers`.
"""

from collections.abc import Mapping

from .oauth_errors import ENDPOINT_ERRORS, RESOURCE_ERRORS

_VALIDATION = "E0000001"
_NOT_FOUND = "E0000007"

API_ERRORS: dict[str, tuple[int, str]] = {
    _VALIDATION: (400, "Api validation failed: {0}"),
    "E0000003": (400, "The request body was not well-formed."),
    "E0000004": (401, "Authentication failed"),
    "E0000005": (403, "Invalid session"),
    "E0000006": (403, "You do not have permission to perform the requested action"),
    _NOT_FOUND: (404, "Not found: Resource not found: {0} ({1})"),
    "E0000008": (404, "The requested path was not found"),
    "E0000009": (500, "Internal Server Error"),
    "E0000010": (503, "Service is in read only mode"),
    "E0000011": (401, "Invalid token provided"),
    "E0000015": (401, "You do not have permission to access the feature you are requesting"),
    "E0000022": (405, "The endpoint does not support the provided HTTP method"),
    "E0000047": (429, "API call exceeded rate limit due to too many requests."),
    # An unknown client is told in this shape even by the OAuth endpoints (support article).
    "invalid_client": (401, "Invalid value for 'client_id' parameter."),
}

OAUTH_ERRORS = ENDPOINT_ERRORS

FAULT_CODES = (*API_ERRORS, *ENDPOINT_ERRORS, *RESOURCE_ERRORS)


class ApiError(Exception):
    """An error in the Management API's shape, named by its code in `API_ERRORS`."""

    def __init__(self, code: str, *details: str, cause: str | None = None) -> None:
        self.code = code
        self.status, template = API_ERRORS[code]
        self.summary = template.format(*details)
        self.causes = [] if cause is None else [cause]
        super().__init__(f"{code}: {self.summary}")


class OAuthError(Exception):
    """An error in RFC 6749's shape, named by its internal code in `OAUTH_ERRORS`."""

    def __init__(
        self, reason: str, *details: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.reason = reason
        self.status, self.error, template = OAUTH_ERRORS[reason]
        self.description = template.format(*details)
        self.headers = dict(headers or {})
        super().__init__(f"{self.error}: {self.description}")


class ResourceError(Exception):
    """An error in RFC 6750's shape, with a challenge in a header. `scope` is what was needed."""

    def __init__(
        self,
        reason: str,
        *,
        scheme: str = "Bearer",
        scope: str | None = None,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.reason = reason
        usual, self.error, self.description = (RESOURCE_ERRORS | ENDPOINT_ERRORS)[reason]
        self.status = status or usual
        self.scheme = scheme
        self.scope = scope
        self.headers = dict(headers or {})
        super().__init__(f"{self.error}: {self.description}")


OktaError = ApiError | OAuthError | ResourceError


def error_named(name: str) -> OktaError:
    """The error that a fault asks for, with nothing filled into its text."""
    if name in RESOURCE_ERRORS:
        return ResourceError(name)
    return OAuthError(name, "") if name in OAUTH_ERRORS else ApiError(name, "", "")


def invalid_secret_value(cause: str) -> ApiError:
    return ApiError(_VALIDATION, "client_secret", cause=cause)


def invalid_secret_operation(cause: str) -> ApiError:
    return ApiError(_VALIDATION, "OAuth2ClientSecretMediated", cause=cause)


def app_not_found(app_id: str, kind: str = "AppInstance") -> ApiError:
    """Seen live on sibling paths of /apps/{id}; assumed for /credentials/secrets."""
    return ApiError(_NOT_FOUND, app_id, kind)


def secret_not_found(secret_id: str) -> ApiError:
    return ApiError(_NOT_FOUND, secret_id, "OAuth2ClientSecretMediated")
