"""A hook of mkdocs: what a page says of files that are in the repository and not on the site."""

from __future__ import annotations

import re
from typing import Any

# Pages lie side by side, so that ../ leads out of docs/.
_OUT = re.compile(r"\[[^\]]+\]\(\.\./([^)#]+)(?:#[^)]*)?\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """On the site the path itself stands where readers of the repository have a link."""
    return _OUT.sub(r"`\1`", markdown)
