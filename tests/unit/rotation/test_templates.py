"""What becomes of the expressions in a template, and which templates there are at all."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okta_rotator.api.patterns import EXPRESSION, TemplateName
from okta_rotator.api.rotation import Target
from okta_rotator.rotation.templates import render

VALUE = 'a "b"/ü&{{ clientId }}'
VALUES = {TemplateName.CLIENT_ID: "0oa1", TemplateName.CLIENT_SECRET: VALUE}


@pytest.mark.parametrize(
    ("template", "rendered"),
    [
        ("", ""),
        ("no expression, { and }}", "no expression, { and }}"),
        ("ID={{ clientId }}\nSECRET={{clientSecret}}\n", f"ID=0oa1\nSECRET={VALUE}\n"),
        ("{{ clientSecret | json }}", '"a \\"b\\"/ü&{{ clientId }}"'),
        ("{{ clientSecret|urlencode }}", "a%20%22b%22%2F%C3%BC%26%7B%7B%20clientId%20%7D%7D"),
        ("{{ clientId | base64 }}", "MG9hMQ=="),
        ("{{ clientId | json | base64 }}", "IjBvYTEi"),
        ('{"id": {{ clientId | json }}}', '{"id": "0oa1"}'),
    ],
)
def test_expressions_are_replaced_and_values_are_no_templates(template: str, rendered: str) -> None:
    assert Target(template={"key": template}).template == {"key": template}
    assert render(template, VALUES) == rendered


@given(st.text())
def test_each_filter_can_be_undone(value: str) -> None:
    values = {TemplateName.CLIENT_ID: "", TemplateName.CLIENT_SECRET: value}

    def filtered(by: str) -> str:
        return render(f"{{{{ clientSecret | {by} }}}}", values)

    assert base64.b64decode(filtered("base64")).decode() == value
    assert json.loads(filtered("json")) == value
    assert unquote(filtered("urlencode")) == value


@pytest.mark.parametrize(
    "template",
    [
        "{{ password }}",
        "{{ clientSecret | upper }}",
        "{{ clientSecret | }}",
        "{{ clientSecret",
        "{{{ clientSecret }}}",
        "{{ clientSecret.__class__ }}",
        "{{ clientId }} {{",
        "{% if clientId %}{{ x }}",
        "{{\nclientId }}",
    ],
)
def test_any_other_expression_is_refused_with_what_would_be_right(template: str) -> None:
    with pytest.raises(ValueError, match=r"clientId or clientSecret and filter is one of base64"):
        Target(template={"key": template})


@given(st.from_regex(re.compile(rf"([^{{]|{EXPRESSION})*", re.ASCII), fullmatch=True))
def test_whatever_is_let_through_can_be_rendered(template: str) -> None:
    if len(template) <= 2048:
        Target(template={"key": template})
        assert "{{" not in render(template, dict.fromkeys(TemplateName, "x"))


@pytest.mark.parametrize("key", ["a b", "a/b", "..x", "", "x" * 254])
def test_a_key_that_no_secret_can_have_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="every key must be one that a Secret can have"):
        Target(template={key: "x"})
