"""Ports that stay free while a program that will listen there again is stopped."""

import random
import socket

# Below the ports that Linux and macOS give to outgoing connections: one of those, even a client's
# attempt to reconnect to the stopped program, could otherwise take the port in the meantime.
CANDIDATES = range(20000, 30000)
ATTEMPTS = 100


def free_ports(count: int) -> list[int]:
    """Return different ports on which nothing listens."""
    # A test may seed the common generator, and two runs would then try the same ports.
    candidates = random.SystemRandom().sample(CANDIDATES, ATTEMPTS)
    return [port for port in candidates if _is_free(port)][:count]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
