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
_BAD_ACCESS_TOKEN: Final = Meaning(
    Reason.INVALID_TOKEN,
    "Okta does not accept the access token that it gave to the service app. Was the app "
    "deactivated, or its tokens revoked?",
)


def _too_little(may: str, missing: str, *others: str) -> Meaning:
    return Meaning(
        Reason.INSUFFICIENT_PERMISSION,
        f"The operator {may}. Give the owner of the API token, or the service app, an admin role "
        f"with {missing} for this app, besides {' and '.join(others)}",
    )


_READ: Final = "okta.apps.read"
_SEE: Final = "okta.apps.clientCredentials.read"
_MANAGE: Final = "okta.apps.manage"
_NO_READING: Final = _too_little("may not read this app", _READ, _SEE, _MANAGE)
_NO_SEEING: Final = _too_little(
    "may read this app, and not see its client secrets", _SEE, _READ, _MANAGE
)
_NO_WRITING: Final = _too_little(
    "may see the client secrets of this app, and not change them", _MANAGE, _READ, _SEE
)
_NO_SCOPE: Final = Meaning(
    Reason.INSUFFICIENT_SCOPE,
    "The service app was not granted the scopes. A super administrator grants it okta.apps.manage "
    'and okta.apps.read on its tab "Okta API Scopes"',
)
_NO_SESSION: Final = Meaning(
    Reason.ACCESS_DENIED,
    "Okta sees no credentials that it can use. Does the Secret of the connection hold an API "
    "token, and does no proxy take the Authorization header away?",
)
_NO_FEATURE: Final = Meaning(
    Reason.FEATURE_DISABLED,
    "The Okta org does not let client secrets be managed. A super administrator turns on "
    '"OAuth secrets and key management" under Settings, Features',
)
_ZONE: Final = Meaning(
    Reason.ACCESS_DENIED,
    "Okta does not let this client in from here. Look at its network zones, and at the policies "
    "of the org",
)
_BAD_PROOF: Final = Meaning(
    Reason.ACCESS_DENIED,
    "Okta does not accept the proof of DPoP. Does a proxy change the address or the DPoP header, "
    "and is the clock of the operator right?",
)

_BY_CODE: Final = {
    "E0000003": _REFUSED,
    "E0000004": _BAD_TOKEN,
    "E0000005": _NO_SESSION,
    "E0000006": _NO_READING,
    "E0000007": _REFUSED,
    "E0000008": _REFUSED,
    "E0000011": _BAD_TOKEN,
    "E0000015": _NO_FEATURE,
    "E0000022": _REFUSED,
    "access_denied": _ZONE,
    "consent_required": _NO_SCOPE,
    "insufficient_scope": _NO_SCOPE,
    "invalid_client": _REFUSED,
    "invalid_dpop_proof": _BAD_PROOF,
    "invalid_request": _REFUSED,
    "invalid_scope": _NO_SCOPE,
    "invalid_token": _BAD_ACCESS_TOKEN,
    "unauthorized_client": _REFUSED,
    "unsupported_grant_type": _REFUSED,
    "use_dpop_nonce": _BAD_PROOF,
}

_SIGN_INS: Final = (
    (
        "client_id",
        "Okta knows no app with the client id of spec.oauth.clientId",
    ),
    (
        "application_type",
        'The app of spec.oauth.clientId is no service app. Make one of the kind "API Services"',
    ),
    (
        "private_key_jwt",
        "The service app does not authenticate with a key. Set its client authentication to "
        '"Public key / Private key"',
    ),
    (
        "proof jwt header is missing",
        "The service app demands DPoP, which spec.oauth.dpop disables. Set that to Auto",
    ),
    (
        "expir",
        "The clocks of the operator and of Okta differ too much. Put the clock of the node right",
    ),
    (
        "",
        "Okta accepts none of the private keys in the Secret of the connection. Is the public key "
        "registered at the service app, under the same kid, and active, and is the app active?",
    ),
)
"""What a service app's sign-in is refused for, by the first words that its text holds."""

_OF_SIGN_IN: Final = frozenset({"invalid_client", "invalid_dpop_proof"})

_LOST_RACES: Final = (
    ("maximum number of client secrets", Reason.TWO_SECRETS_EXIST),
    ("only active", Reason.CONFLICT),
    ("active client secret", Reason.CONFLICT),
    ("already exists", Reason.CONFLICT),
)


def meaning_of(complaint: Complaint, endpoint: Endpoint) -> Meaning:
    """What a complaint other than `E0000001` and "not found" means."""
    if endpoint is Endpoint.INTROSPECT:
        return _REFUSED
    if complaint.code == "E0000006":
        return _meaning_of_a_small_role(endpoint)
    if endpoint is Endpoint.TOKEN and complaint.code in _OF_SIGN_IN:
        return _meaning_of_sign_in(complaint)
    is_bare_401 = complaint.status == 401 and not complaint.code
    return _BY_CODE.get(complaint.code, _BAD_TOKEN if is_bare_401 else _REFUSED)


def passes_by_itself(complaint: Complaint, endpoint: Endpoint) -> bool:
    """Whether the same call, signed anew, may be accepted; what proves a secret tells by itself."""
    if endpoint is Endpoint.INTROSPECT:
        return False
    is_repeated = "already been used" in complaint.text.lower()
    return complaint.code == "use_dpop_nonce" or (complaint.code in _OF_SIGN_IN and is_repeated)


def is_known(code: str) -> bool:
    """Whether a code has a meaning here, and is not just refused."""
    return code in _BY_CODE


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


def _meaning_of_a_small_role(endpoint: Endpoint) -> Meaning:
    """By the call that was refused: each needs one permission more than the one before."""
    if endpoint.is_write:
        return _NO_WRITING
    return _NO_SEEING if endpoint is Endpoint.LIST else _NO_READING


def _meaning_of_sign_in(complaint: Complaint) -> Meaning:
    text = complaint.text.lower()
    if complaint.code == "invalid_dpop_proof" and "is missing" not in text:
        return _BAD_PROOF
    advice = next(advice for words, advice in _SIGN_INS if words in text)
    return Meaning(Reason.INVALID_TOKEN, advice)


def _needs_no_secret(text: str) -> bool:
    names_method = "token_endpoint_auth_method" in text and "be used when" in text
    return names_method or "not support client secret" in text
