"""Which addresses the operator may send credentials to. Pure; asked by `sessions.py`.

Whoever may edit a connection but not read its Secret must not be able to have the token sent to a
host of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

DEFAULT_DOMAINS: Final = (
    "okta.com",
    "oktapreview.com",
    "okta-emea.com",
    "okta-gov.com",
    "okta.mil",
)
"""Okta's own (its documentation of domains, and the validator of okta-sdk-python)."""

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})

# Read by one strict pattern instead of a URL parser, on whose leniencies two parsers may differ.
_ADDRESS = re.compile(r"(https?)://(\[::1\]|[a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::[0-9]{1,5})?")


def problem_with_address(
    url: str, domains: Iterable[str] = DEFAULT_DOMAINS, *, allow_insecure: bool = False
) -> str | None:
    """Why the operator may not talk to this address, in words for a user; None if it may.

    `domains` are those of Okta and custom ones; `allow_insecure` exempts the machine's loopback.
    """
    address = _ADDRESS.fullmatch(url)
    if address is None:
        return "instanceUrl must be https://<host> in lower case, with nothing after it"
    scheme, host = address.groups()
    if host in LOOPBACK:
        return None if allow_insecure else f"this operator may not talk to {host}"
    if scheme != "https":
        return "instanceUrl must begin with https://"
    if any(label.endswith("-admin") for label in host.split(".")):
        return f"{host} is the admin console: leave out -admin"
    return None if _is_under(host, domains) else _not_allowed(host, domains)


def _is_under(host: str, domains: Iterable[str]) -> bool:
    return any(f".{host}".endswith("." + _bare(domain)) for domain in domains)


def _bare(domain: str) -> str:
    return domain.lower().strip(".")


def _not_allowed(host: str, domains: Iterable[str]) -> str:
    return (
        f"{host} is under none of the domains that this operator may talk to "
        f"({', '.join(map(_bare, domains))}). Whoever runs it can add one with --okta-domain"
    )
