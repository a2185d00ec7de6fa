"""`okta-rotator preview`: when a manifest's rotations would run, and what they would retire."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

MOST: Final = 1000
"""Rotations that are shown."""


def preview(
    file: Annotated[
        Path,
        typer.Option(
            "--filename",
            "-f",
            allow_dash=True,
            help="Manifests of rotations and of their connections, or what kubectl get okta -o "
            "yaml prints, which holds the uid and the last rotation too; - for stdin.",
        ),
    ],
    count: Annotated[int, typer.Option(min=1, max=MOST, help="How many rotations to show.")] = 10,
) -> None:
    """Show when the rotations of a manifest would run, and what they would retire."""
    # What takes long to import is needed here alone.
    from okta_rotator.cli.manifests import ManifestError, previewed

    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        shown, is_faulty = previewed(text, datetime.now(UTC).replace(microsecond=0), count)
    except (ManifestError, OSError, UnicodeDecodeError) as error:
        typer.echo(f"{file}: {getattr(error, 'strerror', None) or error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(shown)
    if is_faulty:
        raise typer.Exit(1)
