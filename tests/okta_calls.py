"""What calls to Okta are named in tests."""

from __future__ import annotations

import re

_CALLS = (
    ("list", r"GET /api/v1/apps/\w+/credentials/secrets"),
    ("create", r"POST /api/v1/apps/\w+/credentials/secrets"),
    ("deactivate", r"POST /api/v1/apps/\w+/credentials/secrets/\w+/lifecycle/deactivate"),
    ("delete", r"DELETE /api/v1/apps/\w+/credentials/secrets/\w+"),
    ("read app", r"GET /api/v1/apps/\w+"),
    ("introspect", r"POST /oauth2/v1/introspect"),
)


def name_of(call: str) -> str | None:
    """A word for a call to Okta; None for those that only check the connection."""
    return next((name for name, pattern in _CALLS if re.fullmatch(pattern, call)), None)
