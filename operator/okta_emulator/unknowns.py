"""What nobody outside of Okta knows: one switch for each, so that tests run both ways.

Okta's OpenAPI (2026.06.3), its pages and its error catalog are silent on these, and no recorded
answer was found; where one source hints at an answer, that is the default. A tenant of Okta's
would settle each; until then a client must live with either.
"""

from enum import StrEnum

from pydantic import Field

from .seed_base import SeedModel


class Answer(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"
    """400 E0000001."""
    NOT_FOUND = "not-found"
    """404 E0000007."""


class InactiveOnCreate(StrEnum):
    ACCEPTED = "accepted"
    IGNORED = "ignored"
    """The secret is made, and is ACTIVE."""
    REFUSED = "refused"


class Without(StrEnum):
    """What a list of secrets is to who may read the app and not its credentials."""

    REFUSED = "refused"
    MASKED = "masked"
    """The secrets are listed with their hashes and without their values."""


class Ungranted(StrEnum):
    DROPPED = "dropped"
    REFUSED = "refused"


class Unasked(StrEnum):
    BOUND = "bound"
    BEARER = "bearer"


class Carrier(StrEnum):
    """Where a refused access token is told why."""

    HEADER = "header"
    OAUTH_BODY = "oauth-body"
    HEADER_AND_OAUTH_BODY = "header-and-oauth-body"
    HEADER_AND_API_BODY = "header-and-api-body"

    @property
    def in_header(self) -> bool:
        return self is not Carrier.OAUTH_BODY


class OutsideZone(StrEnum):
    FORBIDDEN = "E0000006"
    INVALID_TOKEN = "E0000011"  # noqa: S105 - the code of an error
    INVALID_SESSION = "E0000005"


class DebugSecret(StrEnum):
    HASH = "hash"
    ID = "id"
    MASK = "mask"


class Unknowns(SeedModel):
    # GET, POST, DELETE /api/v1/apps/{appId}/credentials/secrets

    unknown_app_kind: str = "AppInstance"
    """The kind in brackets of the 404 for an unknown app on its secrets."""
    secrets_of_public_app: Answer = Answer.REFUSED
    """Create on an app whose method is `none`."""
    secrets_of_inactive_app: Answer = Answer.ACCEPTED
    """Every call of the secrets of an app that is not ACTIVE."""
    secrets_of_other_app: Answer = Answer.NOT_FOUND
    """Every call of the secrets of an app that is no OIDC client; `accepted` is as `refused`."""
    cause_of_duplicate: str = (
        "client_secret: An object with this field already exists in the current organization"
    )
    """The cause told for a value that the app holds; whether it is refused says the org's
    `uniqueSecrets`."""
    inactive_on_create: InactiveOnCreate = InactiveOnCreate.ACCEPTED
    """`{"status": "INACTIVE"}` in the body of a create."""
    repeated_lifecycle: Answer = Answer.ACCEPTED
    """Activate what is ACTIVE, deactivate what is INACTIVE: 200 without a change, or a 400."""

    only_active_secret: Answer = Answer.REFUSED
    """Deactivate the only ACTIVE secret of an app that holds an INACTIVE one as well: documented is
    the rule, and not how far it reaches."""

    # Roles, scopes and tokens

    without_credentials_read: Without = Without.REFUSED
    """A role without okta.apps.clientCredentials.read asks for secrets."""
    manage_implies_read: bool = False
    """Whether okta.apps.manage is enough where okta.apps.read is asked for, scope or permission."""
    refused_token: Carrier = Carrier.HEADER
    """The carrier of insufficient_scope, invalid_token and the errors of DPoP on /api/v1."""
    ungranted_scopes: Ungranted = Ungranted.DROPPED
    """Scopes asked for and not granted, where at least one is granted."""
    unasked_proof: Unasked = Unasked.BOUND
    """A DPoP proof at the token endpoint of an app that does not require it."""
    nonce_at_api: bool = False
    """Whether /api/v1 asks for a nonce too (401 use_dpop_nonce, RFC 9449 section 9)."""
    outside_zone: OutsideZone = OutsideZone.FORBIDDEN
    """An API token used from outside its network zone."""

    # Introspection, and when a change of a secret is felt there

    introspection_needs_grant: bool = False
    """Whether introspection refuses a good secret of an app that could be granted no token at the
    org authorization server: a service app with a client secret. Then 400 unauthorized_client."""
    new_secret_delay_seconds: float = Field(default=0, ge=0)
    """How long a created or activated secret is not yet accepted."""
    old_secret_delay_seconds: float = Field(default=0, ge=0)
    """How long a deactivated or deleted secret is still accepted."""

    # The System Log

    debug_client_secret: DebugSecret = DebugSecret.HASH
    """What debugData.clientSecret of a System Log event holds."""
