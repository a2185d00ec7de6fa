"""What a refused introspection says about the client secret that it was made with. Pure.

REFUSED has consequences (a new secret is thrown away, an old one replaced), so it needs an answer
that speaks of the secret. "Client authentication failed. Either the client or the client
credentials are invalid." counts: Okta gives it where the app's auth method has changed, and nobody
knows that it does not also give it for a wrong secret. To take it for "cannot tell" might publish
a value that no one accepts, while whoever is told REFUSED reads the app and its secrets before
anything that is in use is touched. So does what Okta says of a client that it does not know: the
app was deleted, and its value is as good as wrong. What speaks of the assertion itself (expired,
wrong audience) or of the network does not count.

Source: oauth2-error-codes.json of Okta's catalog.
"""

from __future__ import annotations

from typing import Final

from okta_rotator.okta.answers import Complaint
from okta_rotator.rotation.okta_view import Proof

_OF_THE_SECRET: Final = (
    "client secret",
    "client authentication failed",
    "client_assertion signature is invalid",
    "is not a valid client_id",
)


def proof_of_complaint(complaint: Complaint) -> Proof | None:
    """REFUSED or CANNOT_TELL; None where the complaint is no matter of proof but an error."""
    if complaint.status == 403:
        return Proof.CANNOT_TELL
    if complaint.status != 401:
        return None
    if not complaint.is_oauth:
        # Okta tells of an unknown client in the shape of its other API (a support article).
        return Proof.REFUSED if complaint.code == "invalid_client" else None
    text = complaint.text.lower()
    is_of_secret = any(words in text for words in _OF_THE_SECRET)
    is_refusal = complaint.code == "invalid_client" and is_of_secret
    return Proof.REFUSED if is_refusal else Proof.CANNOT_TELL
