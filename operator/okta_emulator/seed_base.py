"""What every part of a seed has in common."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

Network = IPv4Network | IPv6Network
Networks = tuple[Annotated[Network, BeforeValidator(ip_network)], ...]
"""Empty means anywhere, as does a token or app of Okta's without a network zone."""


class SeedModel(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
    )
