"""The errors of Okta's OAuth endpoints and of access tokens: status, error, description.

Source: oauth2-error-codes.json of okta-developer-docs, 2026.03; the keys are its internal codes.
Its braces are filled with what was asked for.
"""

Row = tuple[int, str, str]

_CLIENT = "invalid_client"
_PROOF = "invalid_dpop_proof"
_REQUEST = "invalid_request"
_SCOPE = "invalid_scope"
_TOKEN = "invalid_token"  # noqa: S105 - the name of an error

_AUTHENTICATION: dict[str, Row] = {
    "invalid_client": (
        401,
        _CLIENT,
        "Client authentication failed. Either the client or the client credentials are invalid.",
    ),
    "missing_client_credentials": (401, _CLIENT, "No client credentials found."),
    "invalid_basic_auth_creds": (
        401,
        _CLIENT,
        "Found Authentication header but was not valid client credentials.",
    ),
    "invalid_client_secret": (
        401,
        _CLIENT,
        "The client secret supplied for a confidential client is invalid.",
    ),
    # The OpenAPI lists 400 here; the catalog, generated from Okta's source, lists 401.
    "multiple_client_credentials": (
        401,
        _REQUEST,
        "Cannot supply multiple client credentials. Use one of the following: credentials in the "
        "Authorization header, credentials in the post body, or a client_assertion in the post "
        "body.",
    ),
    "client_credentials_in_query": (
        400,
        _REQUEST,
        "Client credentials cannot be supplied via query parameters.",
    ),
    "duplicate_oauth_params": (
        400,
        _REQUEST,
        "The request contained multiple parameters with the same name.",
    ),
    "disallowed_network_zone": (
        403,
        "access_denied",
        "The request is made from outside the client's permitted network zones.",
    ),
    "request_missing_token": (400, _REQUEST, "The 'token' parameter is required."),
}

_ASSERTION: dict[str, Row] = {
    "client_assertion_type_invalid": (400, _REQUEST, "The client_assertion_type is invalid."),
    "client_assertion_invalid_jwt": (401, _CLIENT, "The parsing of the client_assertion failed."),
    "client_assertion_invalid_signature_algorithm": (
        401,
        _CLIENT,
        "The client_assertion JWT signature algorithm is invalid.",
    ),
    "client_assertion_invalid_issuer": (
        401,
        _CLIENT,
        "The issuer claim for client_assertion is not a valid client_id.",
    ),
    "client_assertion_invalid_subject": (
        401,
        _CLIENT,
        "The subject claim for client_assertion is not a valid client_id.",
    ),
    "client_assertion_invalid_audience": (
        401,
        _CLIENT,
        "The audience claim for client_assertion must be the endpoint invoked for the request.",
    ),
    "client_assertion_expiration_required": (
        401,
        _CLIENT,
        "The client_assertion must contain the 'exp' claim as seconds since epoch.",
    ),
    "client_assertion_expired_token": (401, _CLIENT, "The client_assertion token is expired."),
    "client_assertion_expires_too_far_in_future": (
        401,
        _CLIENT,
        "The client_assertion token has an expiration too far into the future.",
    ),
    "client_assertion_issued_at_in_future": (
        401,
        _CLIENT,
        "The client_assertion token must be issued before the current time.",
    ),
    "client_assertion_invalid_signature": (
        401,
        _CLIENT,
        "The client_assertion signature is invalid.",
    ),
    "client_assertion_invalid_kid": (401, _CLIENT, "The client_assertion JWT kid is invalid."),
    "client_assertion_already_used": (
        401,
        _CLIENT,
        "The client_assertion token has already been used.",
    ),
    "client_assertion_jwks_not_configured": (
        401,
        _CLIENT,
        "The client does not have a JWKSet configured, but the client_assertion requires one.",
    ),
}

_GRANT: dict[str, Row] = {
    "token_request_missing_grant_type": (
        400,
        _REQUEST,
        "The token request must specify a 'grant_type'. Valid values: [{0}]",
    ),
    "unsupported_grant_type": (
        400,
        "unsupported_grant_type",
        "The authorization grant type is not supported by the authorization server. Configured "
        "grant types: [{0}].",
    ),
    "unauthorized_client": (
        400,
        "unauthorized_client",
        "The client is not authorized to use the provided grant type. Configured grant types: "
        "[{0}].",
    ),
    "unsupported_auth_method_client_creds": (
        401,
        _CLIENT,
        "Client Credentials requests to the Org Authorization Server must use the private_key_jwt "
        "token_endpoint_auth_method.",
    ),
    "invalid_application_type_client_credentials": (
        401,
        _CLIENT,
        "Only clients with 'application_type' of 'service' may use the client_credentials "
        "'grant_type' with the Org Authorization Server.",
    ),
    "no_default_scopes": (
        400,
        _SCOPE,
        "The authorization server resource does not have any configured default scopes, 'scope' "
        "must be provided.",
    ),
    "no_matching_scope": (
        400,
        _SCOPE,
        "One or more scopes are not configured for the authorization server resource.",
    ),
    "openid_not_allowed_client_creds": (
        400,
        _SCOPE,
        "Cannot request 'openid' scopes using client credentials.",
    ),
    "illegal_scope": (
        400,
        _SCOPE,
        "The following scopes are not allowed for this request: [{0}].",
    ),
    "no_org_scopes_granted": (
        400,
        "consent_required",
        "You are not allowed any of the requested scopes.",
    ),
}

_DPOP: dict[str, Row] = {
    "use_dpop_nonce": (
        400,
        "use_dpop_nonce",
        "Authorization server requires nonce in DPoP proof.",
    ),
    "invalid_dpop_proof": (400, _PROOF, "The DPoP proof JWT is invalid."),
    "invalid_dpop_proof_missing_header": (400, _PROOF, "The DPoP proof JWT header is missing."),
    "invalid_dpop_proof_multiple_headers_not_allowed": (
        400,
        _PROOF,
        "Multiple DPoP proof JWT headers are not allowed.",
    ),
    "invalid_dpop_proof_invalid_jwt": (400, _PROOF, "The DPoP proof JWT cannot be parsed."),
    "invalid_dpop_proof_invalid_type": (
        400,
        _PROOF,
        "'typ' must be 'dpop+jwt' in the DPoP proof JWT.",
    ),
    "invalid_dpop_proof_invalid_signature_algorithm": (
        400,
        _PROOF,
        "The DPoP proof JWT signature algorithm is invalid.",
    ),
    "invalid_dpop_proof_invalid_signature": (
        400,
        _PROOF,
        "The DPoP proof JWT signature is invalid.",
    ),
    "invalid_dpop_proof_invalid_htm": (
        400,
        _PROOF,
        "'htm' claim in the DPoP proof JWT is invalid.",
    ),
    "invalid_dpop_proof_invalid_htu": (
        400,
        _PROOF,
        "'htu' claim in the DPoP proof JWT is invalid.",
    ),
    "invalid_dpop_proof_invalid_iat": (
        400,
        _PROOF,
        "'iat' claim in the DPoP proof JWT is invalid.",
    ),
    "invalid_dpop_proof_jwt_issued_in_future": (
        400,
        _PROOF,
        "The DPoP proof JWT is issued in the future.",
    ),
    "invalid_dpop_proof_jwt_too_old": (
        400,
        _PROOF,
        "The DPoP proof JWT is issued more than five minutes in the past.",
    ),
    "invalid_dpop_proof_invalid_jti": (
        400,
        _PROOF,
        "'jti' claim in the DPoP proof JWT is invalid.",
    ),
    "dpop_proof_already_used": (400, _PROOF, "The DPoP proof JWT has already been used."),
}

ENDPOINT_ERRORS: dict[str, Row] = _AUTHENTICATION | _ASSERTION | _GRANT | _DPOP

RESOURCE_ERRORS: dict[str, Row] = {
    "access_token_invalid": (401, _TOKEN, "The access token is invalid."),
    "token_expired": (401, _TOKEN, "The token has expired."),
    "access_token_revoked": (401, _TOKEN, "The access token has been revoked."),
    "access_token_not_dpop_bound": (
        401,
        _TOKEN,
        "The presented access_token is not DPoP bound.",
    ),
    "access_token_insufficient_scopes": (
        403,
        "insufficient_scope",
        "The access token provided does not contain the required scopes.",
    ),
    "dpop_authentication_scheme_required": (
        400,
        _REQUEST,
        "The resource request must use the DPoP authentication scheme when using a DPoP bound "
        "token.",
    ),
    "dpop_proof_required_for_token": (400, _REQUEST, "The resource request requires a DPoP proof."),
    "dpop_proof_invalid_ath": (
        400,
        _PROOF,
        "'ath' claim in the DPoP proof does not match the presented access_token.",
    ),
    "invalid_access_token_dpop_binding": (
        400,
        _PROOF,
        "The access_token is not bound to the provided DPoP proof.",
    ),
}
