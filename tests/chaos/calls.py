"""What the operator's requests are called in these tests, and whose they are."""

from __future__ import annotations

import base64
import json
import re
from typing import Final
from urllib.parse import parse_qs

from tests.chaos.proxy import Exchange
from tests.okta_calls import name_of
from tests.scene import STATE_SUFFIX

_VERBS: Final = {
    "GET": "read",
    "POST": "create",
    "PUT": "write",
    "PATCH": "write",
    "DELETE": "delete",
}
_OBJECT: Final = re.compile(r".*/namespaces/[^/]+/([a-z]+)(?:/([^/]+))?(/status)?")
_ROTATIONS: Final = "oktaclientsecretrotations"
_KINDS: Final = {_ROTATIONS: "rotation", "oktaconnections": "connection", "events": "event"}


def kube_call(exchange: Exchange) -> tuple[str, str]:
    """Such as `write state` or `watch secrets`, and the rotation whose it is, if it is one's."""
    match = _OBJECT.fullmatch(exchange.path)
    if match is None:
        return f"{exchange.method} {exchange.path}", ""
    plural, name, is_status = match.groups()
    if name is None and exchange.method == "GET":
        return f"{'watch' if exchange.is_watch else 'list'} {plural}", ""
    owner = name or _named_in(exchange.body)
    if plural == "secrets":
        is_state = owner.endswith(STATE_SUFFIX)
        owner = owner.removesuffix(STATE_SUFFIX)
        return f"{_VERBS[exchange.method]} {'state' if is_state else 'target'}", owner
    kind = "status" if is_status and plural == _ROTATIONS else _KINDS.get(plural, plural)
    return f"{_VERBS[exchange.method]} {kind}", owner


def okta_call(exchange: Exchange) -> tuple[str, str]:
    """Such as `deactivate`, and the id of the app that it is about."""
    name = name_of(f"{exchange.method} {exchange.path}")
    if name is None:
        return f"{exchange.method} {exchange.path}", ""
    return name, _client_of(exchange) if name == "introspect" else exchange.path.split("/")[4]


def _named_in(body: bytes) -> str:
    """The name of what is created; of an Event, the name of what it is about."""
    parsed = json.loads(body)
    name: str = parsed.get("involvedObject", parsed["metadata"])["name"]
    return name


def _client_of(exchange: Exchange) -> str:
    scheme, _, credentials = exchange.headers.get("Authorization", "").partition(" ")
    if scheme == "Basic":
        return base64.b64decode(credentials).decode().partition(":")[0]
    return parse_qs(exchange.body.decode()).get("client_id", [""])[0]
