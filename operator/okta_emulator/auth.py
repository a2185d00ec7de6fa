"""Who may call the Management API: SSWS tokens and what their role allows.

Source: Okta's error catalog and its support article on "Invalid session": no credentials and
an unknown scheme are 403 E0000005, a bad token is 401 E0000011, a role too small 403 E0000006.
"""

from .errors import ApiError
from .model import Role, Token
from .store import Store

_SCHEME = "SSWS"


def authenticate(authorization: str | None, store: Store) -> Token:
    token = store.token(_ssws_value(authorization))
    if token is None or token.disabled:
        raise ApiError("E0000011")
    return token


def require_write(token: Token) -> None:
    if token.role is Role.READ_ONLY:
        raise ApiError("E0000006")


def _ssws_value(authorization: str | None) -> str:
    # Okta's own Python SDK (3.4.6) sends the scheme and the token without a space between.
    if authorization is None or not authorization.startswith(_SCHEME):
        raise ApiError("E0000005")
    return authorization.removeprefix(_SCHEME).lstrip(" ")
