"""An emulator of Okta's API for client secrets, stateful and with faults on demand.

It knows the secrets lifecycle of an OIDC app, GET of an app, the org and the token's owner,
token introspection as a way to prove a secret, SSWS tokens, access tokens for service apps with
DPoP, rate limits and the System Log of all that; anything else of Okta is an unknown path. What
nobody knows of Okta is a switch in `unknowns`. Run it with `okta-emulator`, or in a thread:

    with EmulatorServer(Emulator(Seed(...))) as server:
        httpx.get(server.url + "/.well-known/okta-organization")
"""

from .emulator import Emulator
from .seed import Seed, SeedError, load_seed
from .server import EmulatorServer

__all__ = ["Emulator", "EmulatorServer", "Seed", "SeedError", "load_seed"]
