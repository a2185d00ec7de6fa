"""What the texts of the resources may look like, in one place for schema, CEL and models."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from okta_rotator.api.names import GROUP, STATE_SUFFIX
from okta_rotator.api.rules import Rule, cel_text, is_match, matching

NAME_MAX: Final = 253
"""Characters of an object's name in Kubernetes (a DNS subdomain)."""
RESOURCE_NAME_MAX: Final = NAME_MAX - len(STATE_SUFFIX)
"""Characters of a rotation's name, so that its state Secret's name is one too."""

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}([.]{_LABEL})*"
_NAME_PART = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"

NamespaceName = Annotated[
    str,
    Field(max_length=63),
    matching(
        _LABEL,
        "must be the name of a namespace: lower-case letters, digits and '-', beginning and "
        "ending with a letter or digit",
    ),
]

ObjectName = Annotated[
    str,
    Field(max_length=NAME_MAX),
    matching(
        _SUBDOMAIN,
        "must be the name of a Kubernetes object: lower-case letters, digits, '-' and '.', "
        "beginning and ending with a letter or digit",
    ),
]
"""A name that an object such as a Secret can have."""

_DATA_KEY = "[.]?[-_a-zA-Z0-9][-._a-zA-Z0-9]*"

SecretKey = Annotated[
    str,
    Field(max_length=253),
    matching(
        _DATA_KEY,
        "must be a key that a Secret can have: letters, digits, '-', '_' and '.', "
        "not beginning with two dots",
    ),
]
"""A key of a Secret's data."""

APP_ID: Final = "[A-Za-z0-9]{10,64}"
"""Okta's are `0oa` and 17 letters or digits; a little more passes, nothing that a path reads."""

AppId = Annotated[
    str,
    Field(max_length=64),
    matching(APP_ID, "must be an Okta app id: 10 to 64 letters and digits, such as 0oa1b2..."),
]

GrantedAppId = Annotated[
    str,
    Field(max_length=64),
    matching(
        f"[*]|{APP_ID}",
        "must be an Okta app id: 10 to 64 letters and digits, such as 0oa1b2..., or * alone",
    ),
]
"""Of an app, or of all."""

ALL_CLIENTS: Final = "ALL_CLIENTS"

ClientId = Annotated[
    str,
    Field(max_length=100),
    matching(
        "[A-Za-z0-9$_.+!*'(),-]{6,100}",
        "must be an Okta client id: 6 to 100 letters, digits and characters of $-_.+!*'(),",
    ),
    Rule(
        cel=f"self != '{ALL_CLIENTS}'",
        says=f"must be the client id of one app: {ALL_CLIENTS} is Okta's word for every client",
        holds=lambda text: text != ALL_CLIENTS,
    ),
]
"""By Okta's reference of `client_id`."""

_RESERVED = "kubernetes[.]io|k8s[.]io|helm[.]sh|" + GROUP.replace(".", "[.]")
RESERVED_PREFIX: Final = rf"^([^/]*[.])?({_RESERVED})/"
"""What begins a key or a type under a domain that belongs to others, or to us."""
RESERVED_NAMES: Final = "kubernetes.io, k8s.io, helm.sh or " + GROUP

SecretType = Annotated[
    str,
    Field(max_length=253),
    matching(
        "[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?",
        "must be a type of Secret, such as Opaque or example.com/credentials",
    ),
    Rule(
        cel=f"!self.matches({cel_text(RESERVED_PREFIX)})",
        says=f"must not be a type under {RESERVED_NAMES}: use Opaque, or a type of your own",
        holds=lambda text: re.match(RESERVED_PREFIX, text) is None,
    ),
]

_KEY = rf"^({_SUBDOMAIN}/)?{_NAME_PART}$"


def is_metadata_key(key: str) -> bool:
    """Whether Kubernetes takes the text as the key of a label or an annotation."""
    return re.fullmatch(_KEY, key) is not None and len(key.rpartition("/")[0]) <= NAME_MAX


def is_reserved_key(key: str) -> bool:
    """Whether a label's or an annotation's key belongs to Kubernetes, Helm or us."""
    return re.match(RESERVED_PREFIX, key) is not None and not key.startswith("app.kubernetes.io/")


SECRET_KEYS: Final = Rule(
    cel=f"self.all(k, k.size() <= {NAME_MAX} && k.matches({cel_text(f'^{_DATA_KEY}$')}))",
    says="every key must be one that a Secret can have: letters, digits, '-', '_' and '.', "
    "not beginning with two dots",
    holds=lambda keys: all(len(k) <= NAME_MAX and is_match(_DATA_KEY, k) for k in keys),
)

VALID_KEYS: Final = Rule(
    cel=f"self.all(k, k.indexOf('/') <= {NAME_MAX} && k.matches({cel_text(_KEY)}))",
    says="every key must be a name of at most 63 letters, digits, '-', '_' and '.', optionally "
    "after a DNS prefix and '/', such as team or example.com/team",
    holds=lambda keys: all(map(is_metadata_key, keys)),
)
UNRESERVED_KEYS: Final = Rule(
    cel=f"self.all(k, k.startsWith('app.kubernetes.io/') || "
    f"!k.matches({cel_text(RESERVED_PREFIX)}))",
    says=f"no key may be under {RESERVED_NAMES} (app.kubernetes.io is allowed): "
    "use keys of your own",
    holds=lambda keys: not any(map(is_reserved_key, keys)),
)

LabelKey = Annotated[
    str,
    Field(max_length=317),
    Rule(
        cel=f"self.indexOf('/') <= {NAME_MAX} && self.matches({cel_text(_KEY)})",
        says="must be the key of a label: a name of at most 63 letters, digits, '-', '_' and '.', "
        "optionally after a DNS prefix and '/', such as team or example.com/team",
        holds=is_metadata_key,
    ),
]

LabelValue = Annotated[
    str,
    Field(max_length=63),
    matching(
        "([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?",
        "must be a label's value: at most 63 letters, digits, '-', '_' and '.', beginning and "
        "ending with a letter or digit",
    ),
]


class TemplateName(StrEnum):
    """What an expression of a template can name."""

    CLIENT_ID = "clientId"
    CLIENT_SECRET = "clientSecret"  # noqa: S105 - the name of a value


class TemplateFilter(StrEnum):
    """What an expression of a template can be put through."""

    BASE64 = "base64"
    JSON = "json"
    URLENCODE = "urlencode"


EXPRESSION: Final = (
    rf"[{{]{{2}} *({'|'.join(TemplateName)})( *[|] *({'|'.join(TemplateFilter)}))* *[}}]{{2}}"
)
"""`{{ name }}` or `{{ name | filter }}`, with as many filters as one likes."""

Template = Annotated[
    str,
    Field(max_length=2048),
    matching(
        rf"([^{{]|[{{][^{{]|{EXPRESSION})*[{{]?",
        f"may hold no other expression than {{{{ name }}}} or {{{{ name | filter }}}}, where name "
        f"is {' or '.join(TemplateName)} and filter is one of {', '.join(TemplateFilter)}",
    ),
]
"""Text with expressions in it. Two opening braces always begin one."""

_HOURS, _MINUTES, _SECONDS = "[0-9]{1,5}h", "[0-9]{1,6}m", "[0-9]{1,8}s"
_DURATION = (
    f"{_HOURS}({_MINUTES})?({_SECONDS})?|{_MINUTES}({_SECONDS})?|{_SECONDS}"  # at least one of them
)


def parsed_duration(text: str) -> timedelta:
    """A duration as Kubernetes and Go write it, in hours, minutes and seconds: `24h`, `1h30m`."""
    numbers = {unit: int(number) for number, unit in re.findall("([0-9]+)([hms])", text)}
    return timedelta(
        hours=numbers.get("h", 0), minutes=numbers.get("m", 0), seconds=numbers.get("s", 0)
    )


Duration = Annotated[
    str,
    Field(max_length=18),
    matching(
        _DURATION, "must be a duration in hours, minutes and seconds, such as 24h, 1h30m or 90s"
    ),
]
"""A length of time as Kubernetes writes it, without units longer than an hour."""


_OFFSET = "(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"


def parsed_instant(text: str) -> datetime:
    """An instant as RFC 3339 writes it. Raises ValueError for a day that no calendar has."""
    return datetime.fromisoformat(text)


def _is_of_this_millennium(text: str) -> bool:
    try:
        return parsed_instant(text).astimezone(UTC).year >= 2000
    except (ValueError, OverflowError):
        return False


Instant = Annotated[
    str,
    Field(max_length=25),
    matching(
        f"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}{_OFFSET}",
        "must be an instant with its offset from UTC, such as 2026-12-27T00:00:00Z or "
        "2026-12-27T00:00:00+01:00",
    ),
    Rule(
        cel="timestamp(self).getFullYear() >= 2000",
        says="must be a day and a time that there is, from the year 2000 on",
        holds=_is_of_this_millennium,
    ),
]
"""A point in time as RFC 3339 writes it, of whole seconds."""


def between(least: str, most: str) -> Rule:
    """That a duration is neither shorter than `least` nor longer than `most`."""
    shortest, longest = parsed_duration(least), parsed_duration(most)
    return Rule(
        cel=f"duration(self) >= duration('{least}') && duration(self) <= duration('{most}')",
        says=f"must be a duration from {least} to {most}",
        holds=lambda text: shortest <= parsed_duration(text) <= longest,
    )


_LOOPBACK = r"(127[.]0[.]0[.]1|localhost|\[::1\])"
_DNS_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_HOST = rf"({_DNS_LABEL}[.])+[a-z]([-a-z0-9]{{0,61}}[a-z0-9])?"
_PORT = "(6553[0-5]|655[0-2][0-9]|65[0-4][0-9][0-9]|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
ADMIN_HOST: Final = "^https?://[^./:]*-admin[.]"

InstanceUrl = Annotated[
    str,
    Field(max_length=255),
    matching(
        rf"(http://{_LOOPBACK}|https://({_LOOPBACK}|{_HOST}))(:{_PORT})?",
        "must be https://<host> or https://<host>:<port> in lower case, with nothing after it, "
        "such as https://acme.okta.com; http only for 127.0.0.1, localhost and [::1]",
    ),
    Rule(
        cel=f"!self.matches({cel_text(ADMIN_HOST)})",
        says="must not be the address of the admin console: leave out -admin, "
        "as in https://acme.okta.com",
        holds=lambda url: re.match(ADMIN_HOST, url) is None,
    ),
]

BEGIN_CERTIFICATE: Final = "-----BEGIN CERTIFICATE-----"

PemCertificates = Annotated[
    str,
    Field(max_length=65536),
    Rule(
        cel=f"self.contains('{BEGIN_CERTIFICATE}')",
        says=f"must be one certificate or several in PEM, each of which begins with the line "
        f"{BEGIN_CERTIFICATE}",
        holds=lambda text: BEGIN_CERTIFICATE in text,
    ),
]
"""Whether they can be read shows where they are used."""
