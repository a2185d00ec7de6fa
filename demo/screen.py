"""How the show looks: on a terminal in colour, in a log as plain lines of the same width."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from demo.picture import save_picture

WIDTH = 100
INDENT = 2
PREFIX = "okr_"


class Screen:
    """One line or block at a time; nothing that was printed is ever overwritten."""

    def __init__(self, picture: Path | None = None) -> None:
        console = Console()
        width = min(console.width, WIDTH) if console.is_terminal else WIDTH
        self.console = Console(width=width, record=picture is not None, highlight=False)
        self._picture = picture
        self._steps = 0

    def title(self, text: str) -> None:
        self.console.print(Text(text, "bold"))

    def step(self, name: str, text: str) -> None:
        """A numbered headline, and what happens here."""
        self._steps += 1
        heading = Text.assemble((f"{self._steps}  ", "bold cyan"), (name, "bold"))
        self.console.print()
        self.console.print(heading)
        self._indented(Text(text, "dim"))

    def say(self, text: str) -> None:
        self.console.print(Text(text))

    def command(self, line: str) -> None:
        """A command that is run at this moment."""
        self._indented(Text.assemble(("$ ", "bold magenta"), (line, "bold")))

    def output(self, text: str) -> None:
        """What a command printed."""
        self._indented(Text("\n".join(line.rstrip() for line in text.splitlines())))

    def check(self, text: str) -> None:
        """Something that was expected and holds."""
        self._indented(Text.assemble(("✓ ", "bold green"), text))

    def yaml(self, text: str) -> None:
        # Not the Syntax itself, which fills each line up with blanks.
        highlighted = Syntax("", "yaml", theme="ansi_dark").highlight(text)
        highlighted.rstrip()
        self._indented(highlighted)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        table = Table(*columns, box=None, header_style="bold", pad_edge=False, padding=(0, 3, 0, 0))
        for row in rows:
            table.add_row(*map(Text, row))
        self.console.print(Padding(table, (0, 0, 0, INDENT), expand=False))

    def begin_picture(self) -> None:
        """What comes from here on is in the picture."""
        if self._picture is not None:
            self.console.export_text(clear=True)

    def end_picture(self) -> None:
        if self._picture is not None:
            save_picture(self.console, self._picture)

    def failure(self, message: str, log: str) -> None:
        """What did not hold, and the end of the operator's log."""
        self._indented(Text.assemble(("✗ ", "bold red"), (message, "bold")))
        self.console.print(Text("\nThe end of the operator's log:", "bold"))
        self.console.print(Text(log), soft_wrap=True)

    def _indented(self, text: Text) -> None:
        for line in text.split("\n"):
            # With a style, so that a picture has it apart: some viewers drop leading blanks.
            indented = Text.assemble((" " * INDENT, "default"), line)
            self.console.print(indented, soft_wrap=True)


def masked(value: str) -> str:
    """How long it is, and whether it is one that the operator made."""
    return f"{PREFIX if value.startswith(PREFIX) else ''}… ({len(value)} characters)"
