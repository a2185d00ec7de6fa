"""Renders the extra keys of a target: `{{ name }}` with filters, and nothing else.

Tenants write these, so the language has an end: no conditions, no loops, no lookups. What the API
server lets through is `api.patterns.TEMPLATE`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote

from okta_rotator.api.patterns import EXPRESSION, TemplateFilter, TemplateName

FILTERS: Final[Mapping[TemplateFilter, Callable[[str], str]]] = {
    TemplateFilter.BASE64: lambda text: base64.b64encode(text.encode()).decode(),
    TemplateFilter.JSON: lambda text: json.dumps(text, ensure_ascii=False),
    TemplateFilter.URLENCODE: lambda text: quote(text, safe=""),
}
"""`base64` by RFC 4648 section 4, `json` as a JSON string with its quotation marks (RFC 8259),
`urlencode` with every character but the unreserved ones in percent encoding (RFC 3986)."""


def render(template: str, values: Mapping[TemplateName, str]) -> str:
    """The text with each expression in it replaced. What a value holds is not read as one."""
    return re.sub(EXPRESSION, lambda found: _rendered(found[0], values), template)


def _rendered(expression: str, values: Mapping[TemplateName, str]) -> str:
    name, *filters = (part.strip() for part in expression.strip("{}").split("|"))
    text = values[TemplateName(name)]
    for one in filters:
        text = FILTERS[TemplateFilter(one)](text)
    return text
