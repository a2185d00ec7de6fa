"""All that a connection needs to sign in at its org, the credentials as its Secret holds them."""

from __future__ import annotations

from dataclasses import dataclass

from okta_rotator.api.connection import MAX_UTILIZATION_PERCENT, Dpop
from okta_rotator.rotation.values import SecretValue


@dataclass(frozen=True, slots=True)
class ApiTokenCredentials:
    """An API token."""

    token: SecretValue


@dataclass(frozen=True, slots=True)
class ServiceAppCredentials:
    """A service app and its private keys (`okta/keys.py` says in which forms)."""

    client_id: str
    private_keys: SecretValue
    dpop: Dpop = Dpop.AUTO


@dataclass(frozen=True, slots=True)
class Access:
    """All that makes one way to one org differ from another."""

    instance_url: str
    credentials: ApiTokenCredentials | ServiceAppCredentials
    ca_bundle: str | None = None
    """PEM: whom to trust instead of the usual authorities."""
    max_utilization_percent: int = MAX_UTILIZATION_PERCENT
    """The share of each of Okta's rate limits that may be used."""
