"""What Okta's complaints mean to a user: a reason, and what to do about it. A table.

Source: Okta's error catalog (error-codes.json) and the example errors of its OpenAPI. Its texts
vary ("You've reached", "You have reached"), so they are matched loosely, and only where a code
does not say enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from okta_rotator.api.conditions import Reason
from okta_rotator.okta.answers import Complaint
from okta_rotator.okta.calls import Endpoint


@dataclass(frozen=True, slots=True)
class Meaning:
    """A complaint that only a person can do something about."""

    reason: Reason
    advice: str


_REFUSED: Final = Meaning(Reason.ACCESS_DENIED, "Okta refuses this call")

_NO_SECRETS: Final = Meaning(
    Reason.APP_NOT_ELIGIBLE,
    "The Okta app does not authenticate with a client secret. Change its client authentication",
)

_BAD_TOKEN: Final = Meaning(
    Reason.INVALID_TOKEN,
    "Okta does not accept the API token: it is unknown, expired (30 days without use) or revoked, "
    "or its owner was deactivated. Put a new one into the Secret of the connection",
)
_TOO_LITTLE: Final = Meaning(
    Reason.INSUFFICIENT_PERMISSION,
    "The API token may not do this. Give its owner an admin role with okta.apps.manage, "
    "okta.apps.read and okta.apps.clientCredentials.read for this app",
)
_NO_SESSION: Final = Meaning(
    Reason.ACCESS_DENIED,
    "Okta sees no credentials that it can use. Does the Secret of the connection hold an API "
    "token, and does no proxy take the Authorization header away?",
)
_NO_FEATURE: Final = Meaning(
    Reason.ACCESS_DENIED,
    'The Okta org does not have this feature. Turn on "OAuth secrets and key management"',
)
_NO_CLIENT: Final = Meaning(
    Reason.CLIENT_ID_MISMATCH,
    "Okta knows no client with this client id. Compare spec.parameters.clientId with the app",
)

_BY_CODE: Final = {
    "E0000004": _BAD_TOKEN,
    "E0000011": _BAD_TOKEN,
    "invalid_token": _BAD_TOKEN,
    "E0000005": _NO_SESSION,
    "E0000006": _TOO_LITTLE,
    "insufficient_scope": _TOO_LITTLE,
    "E0000015": _NO_FEATURE,
}

_LOST_RACES: Final = (
    ("maximum number of client secrets", Reason.TWO_SECRETS_EXIST),
    ("only active", Reason.CONFLICT),
    ("active client secret", Reason.CONFLICT),
    ("already exists", Reason.CONFLICT),
)


def meaning_of(complaint: Complaint, endpoint: Endpoint) -> Meaning:
    """What a complaint other than `E0000001` and "not found" means."""
    if endpoint is Endpoint.INTROSPECT:
        # Okta tells of an unknown client in the shape of its other API (a support article).
        is_unknown = complaint.code == "invalid_client" and not complaint.is_oauth
        return _NO_CLIENT if is_unknown else _REFUSED
    is_bare_401 = complaint.status == 401 and not complaint.code
    return _BY_CODE.get(complaint.code, _BAD_TOKEN if is_bare_401 else _REFUSED)


def lost_race(complaint: Complaint, endpoint: Endpoint) -> Reason | None:
    """Why an `E0000001` shows that the app's secrets are not what we thought; None if not."""
    text = complaint.text.lower()
    for words, reason in _LOST_RACES:
        if words in text:
            return reason
    # What Okta says of a secret that is in the wanted state already is documented nowhere.
    return Reason.CONFLICT if endpoint.is_of_one_secret and not _needs_no_secret(text) else None


def violation(complaint: Complaint) -> Meaning:
    """What another `E0000001`, which says "invalid" of anything, means by its cause."""
    return _NO_SECRETS if _needs_no_secret(complaint.text.lower()) else _REFUSED


def _needs_no_secret(text: str) -> bool:
    return "token_endpoint_auth_method" in text and "be used when" in text
