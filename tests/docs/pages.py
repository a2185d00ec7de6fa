"""README.md and the pages of docs/, and the places in them that are filled from the code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from okta_rotator.api.cluster_connection import ClusterConnectionSpec, ClusterOktaConnection
from okta_rotator.api.connection import ConnectionSpec, ConnectionStatus, OktaConnection
from okta_rotator.api.rotation import OktaClientSecretRotation, RotationSpec, RotationStatus
from tests.docs.fields import added_table, rules_table, spec_table, status_table
from tests.docs.words import conditions_table, reasons_table, settings_table

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
SITE = tuple(sorted(DOCS.rglob("*.md")))
"""The pages of the site."""
PAGES = (*sorted(ROOT.glob("*.md")), *SITE)
"""All pages of the repository."""

TABLES: Mapping[str, Callable[[], str]] = {
    "rotation spec": lambda: spec_table(RotationSpec),
    "rotation rules": lambda: rules_table(OktaClientSecretRotation),
    "rotation status": lambda: status_table(RotationStatus),
    "connection spec": lambda: spec_table(ConnectionSpec),
    "connection rules": lambda: rules_table(OktaConnection),
    "connection status": lambda: status_table(ConnectionStatus),
    "cluster connection spec": lambda: added_table(ClusterConnectionSpec, ConnectionSpec),
    "cluster connection rules": lambda: rules_table(ClusterOktaConnection, OktaConnection),
    "conditions": conditions_table,
    "reasons": reasons_table,
    "settings": settings_table,
}

_PLACE = re.compile(r"(<!-- made by `make docs`: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def places(text: str) -> list[str]:
    """The names of the tables that the text has a place for."""
    return [match[2] for match in _PLACE.finditer(text)]


def filled(text: str) -> str:
    """The text with each table in its place, as the code has it now."""
    return _PLACE.sub(lambda match: f"{match[1]}{TABLES[match[2]]()}{match[3]}", text)
