"""docs/ as pages: built strictly, and of use without a network."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT, SITE

MKDOCS = ROOT / ".venv/tools/bin/mkdocs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert MKDOCS.exists(), "run `make site` once, which installs what builds the pages"
    folder = tmp_path_factory.mktemp("site")
    # Not --quiet, with which mkdocs counts no warning.
    # A proxy that is not there: whatever looked for the network would fail.
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:1")
    done = subprocess.run(
        [MKDOCS, "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, **nowhere, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_built(site: Path) -> None:
    built = {str(path.relative_to(site)) for path in site.rglob("*.html")}
    assert {str(page.relative_to(DOCS).with_suffix(".html")) for page in SITE} <= built


def test_a_page_leads_to_nothing_outside_of_the_site(site: Path) -> None:
    for page in site.glob("*.html"):
        assert not re.search(r"href=\"?\.\./", page.read_text()), page.name
    assert "<code>README.md</code>" in (site / "quickstart.html").read_text()


def test_nothing_of_a_page_is_left_as_markdown(site: Path) -> None:
    """GitHub makes lists and blocks of more than this generator does."""
    for page in site.glob("*.html"):
        for paragraph in re.findall(r"<(?:p|li)>(.*?)</(?:p|li)>", page.read_text(), re.DOTALL):
            text = re.sub(r"<code>.*?</code>|<[^>]+>", "", paragraph, flags=re.DOTALL)
            assert not re.search(r"\]\(|\*\*|```|\\\n|(^|\n)\s*(- |\||#)", text), (page.name, text)


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    loads = re.compile(r"<(?:script|img|iframe|source|link)\b[^>]*?(?:src|href)=\"?(?:https?:)?//")
    assert pages
    assert not [page.name for page in pages if loads.search(page.read_text())]


@pytest.mark.parametrize("picture", sorted(DOCS.glob("*.svg")), ids=lambda path: path.name)
def test_a_picture_loads_nothing_from_elsewhere(picture: Path) -> None:
    assert not re.search(r"(?:href|src)=|url\(\s*['\"]?http|@import", picture.read_text())
