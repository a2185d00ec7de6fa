"""Which scopes a service app is given at the org authorization server.

Source: oauth2-error-codes.json. Which of its texts is told when is assumed, but for two: none of
the asked-for scopes granted is "You are not allowed any of the requested scopes.", and single
ungranted ones were seen to be left out of the token (terraform-provider-okta, issue 2375).
"""

import re

from .errors import OAuthError
from .unknowns import Ungranted

_OF_OKTA = re.compile(r"okta(\.[A-Za-z]+)+\.(read|manage)")
_OF_OPENID = {"openid", "profile", "email", "address", "phone", "offline_access", "groups"}


def grant(requested: str, granted: frozenset[str], ungranted: Ungranted) -> tuple[str, ...]:
    """The scopes of the token, in the order asked for."""
    asked = tuple(dict.fromkeys(requested.split()))
    if not asked:
        raise OAuthError("no_default_scopes")
    if _OF_OPENID & set(asked):
        raise OAuthError("openid_not_allowed_client_creds")
    if not all(_OF_OKTA.fullmatch(scope) for scope in asked):
        raise OAuthError("no_matching_scope")
    left = tuple(scope for scope in asked if scope in granted)
    if not left:
        raise OAuthError("no_org_scopes_granted")
    if left != asked and ungranted is Ungranted.REFUSED:
        refused = ", ".join(scope for scope in asked if scope not in granted)
        raise OAuthError("illegal_scope", refused)
    return left
