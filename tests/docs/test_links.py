"""Every link within the repository leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page.read_text()):
        path, _, anchor = target.partition("#")
        where = page if not path else page.parent / path
        assert where.exists(), target
        assert not anchor or anchor in anchors(where.read_text()), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_path_that_is_named_is_there(page: Path) -> None:
    folders = "charts|crds|demo|deploy|docs|operator|requirements|tests"
    # deploy/okta-rotator is kubectl's short word for the Deployment.
    named = re.findall(
        rf"(?<![\w./-])(?!deploy/okta-rotator\b)((?:{folders})/[\w./-]*\w)", page.read_text()
    )
    assert not [path for path in named if not (ROOT / path).exists()]


def links(text: str) -> list[str]:
    """The targets of the links that do not leave the repository."""
    targets = re.findall(r"\]\(([^)\s]+)\)", without_code(text))
    return [one for one in targets if not one.startswith(("http://", "https://", "mailto:"))]


def anchors(text: str) -> set[str]:
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", without_code(text), re.M)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


def without_code(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)
