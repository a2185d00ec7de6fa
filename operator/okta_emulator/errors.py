"""Okta's errors as two tables.

`ApiError` is the shape of the Management API (error-codes.json of okta-developer-docs);
`OAuthError` is the shape of the OAuth endpoints (oauth2-error-codes.json of the same).
Raised by the rules and by authentication, turned into an answer in `answers`.
"""

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

_INVALID_CLIENT = "invalid_client"
_INVALID_REQUEST = "invalid_request"

OAUTH_ERRORS: dict[str, tuple[int, str, str]] = {
    "invalid_client": (
        401,
        _INVALID_CLIENT,
        "Client authentication failed. Either the client or the client credentials are invalid.",
    ),
    "missing_client_credentials": (401, _INVALID_CLIENT, "No client credentials found."),
    "invalid_basic_auth_creds": (
        401,
        _INVALID_CLIENT,
        "Found Authentication header but was not valid client credentials.",
    ),
    "invalid_client_secret": (
        401,
        _INVALID_CLIENT,
        "The client secret supplied for a confidential client is invalid.",
    ),
    # The OpenAPI lists 400 here; the catalog, generated from Okta's source, lists 401.
    "multiple_client_credentials": (
        401,
        _INVALID_REQUEST,
        "Cannot supply multiple client credentials. Use one of the following: credentials in the "
        "Authorization header, credentials in the post body, or a client_assertion in the post "
        "body.",
    ),
    "client_credentials_in_query": (
        400,
        _INVALID_REQUEST,
        "Client credentials cannot be supplied via query parameters.",
    ),
    "duplicate_oauth_params": (
        400,
        _INVALID_REQUEST,
        "The request contained multiple parameters with the same name.",
    ),
    "disallowed_network_zone": (
        403,
        "access_denied",
        "The request is made from outside the client's permitted network zones.",
    ),
    "request_missing_token": (400, _INVALID_REQUEST, "The 'token' parameter is required."),
    "client_assertion_type_invalid": (
        400,
        _INVALID_REQUEST,
        "The client_assertion_type is invalid.",
    ),
    "client_assertion_invalid_jwt": (
        401,
        _INVALID_CLIENT,
        "The parsing of the client_assertion failed.",
    ),
    "client_assertion_invalid_signature_algorithm": (
        401,
        _INVALID_CLIENT,
        "The client_assertion JWT signature algorithm is invalid.",
    ),
    "client_assertion_invalid_issuer": (
        401,
        _INVALID_CLIENT,
        "The issuer claim for client_assertion is not a valid client_id.",
    ),
    "client_assertion_invalid_subject": (
        401,
        _INVALID_CLIENT,
        "The subject claim for client_assertion is not a valid client_id.",
    ),
    "client_assertion_invalid_audience": (
        401,
        _INVALID_CLIENT,
        "The audience claim for client_assertion must be the endpoint invoked for the request.",
    ),
    "client_assertion_expiration_required": (
        401,
        _INVALID_CLIENT,
        "The client_assertion must contain the 'exp' claim as seconds since epoch.",
    ),
    "client_assertion_expired_token": (
        401,
        _INVALID_CLIENT,
        "The client_assertion token is expired.",
    ),
    "client_assertion_expires_too_far_in_future": (
        401,
        _INVALID_CLIENT,
        "The client_assertion token has an expiration too far into the future.",
    ),
    "client_assertion_issued_at_in_future": (
        401,
        _INVALID_CLIENT,
        "The client_assertion token must be issued before the current time.",
    ),
    "client_assertion_invalid_signature": (
        401,
        _INVALID_CLIENT,
        "The client_assertion signature is invalid.",
    ),
    "client_assertion_already_used": (
        401,
        _INVALID_CLIENT,
        "The client_assertion token has already been used.",
    ),
    "client_assertion_jwks_not_configured": (
        401,
        _INVALID_CLIENT,
        "The client does not have a JWKSet configured, but the client_assertion requires one.",
    ),
}


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

    def __init__(self, reason: str) -> None:
        self.reason = reason
        self.status, self.error, self.description = OAUTH_ERRORS[reason]
        super().__init__(f"{self.error}: {self.description}")


def error_named(name: str) -> ApiError | OAuthError:
    """The error that a fault asks for, with nothing filled into its text."""
    return OAuthError(name) if name in OAUTH_ERRORS else ApiError(name, "", "")


def invalid_secret_value(cause: str) -> ApiError:
    return ApiError(_VALIDATION, "client_secret", cause=cause)


def invalid_secret_operation(cause: str) -> ApiError:
    return ApiError(_VALIDATION, "OAuth2ClientSecretMediated", cause=cause)


def app_not_found(app_id: str) -> ApiError:
    """Seen live on sibling paths of /apps/{id}; assumed for /credentials/secrets."""
    return ApiError(_NOT_FOUND, app_id, "AppInstance")


def secret_not_found(secret_id: str) -> ApiError:
    return ApiError(_NOT_FOUND, secret_id, "OAuth2ClientSecretMediated")
