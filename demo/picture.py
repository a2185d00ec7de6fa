"""A picture of the show, as SVG that needs nothing from elsewhere."""

from pathlib import Path

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME

TITLE = "make demo"
# rich's own frame, without its web fonts: a picture in a README must load nothing.
FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px;
  line-height: {line_height}px;
}}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def save_picture(console: Console, path: Path) -> None:
    """Write what the console recorded, and end the record."""
    path.parent.mkdir(parents=True, exist_ok=True)
    console.save_svg(
        str(path), title=TITLE, theme=SVG_EXPORT_THEME, code_format=FRAME, unique_id="demo"
    )
