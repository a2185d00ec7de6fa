"""The command `okta-emulator`."""

from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from .emulator import Emulator
from .seed import Seed, SeedError, load_seed
from .server import EmulatorServer

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
    context_settings={"max_content_width": 120},
)


def _show_version(is_asked_for: bool) -> None:
    if is_asked_for:
        typer.echo(f"okta-emulator {version('okta-rotator')}")
        raise typer.Exit


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.")] = 0,
    seed: Annotated[Path | None, typer.Option(help="YAML file of tokens, apps, limits.")] = None,
    latency_ms: Annotated[float, typer.Option(min=0, help="Wait before every answer.")] = 0,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_show_version, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Serve an emulated Okta org over plain HTTP until stopped."""
    emulator = Emulator(_load(seed), latency=timedelta(milliseconds=latency_ms))
    server = _server(emulator, host, port)
    server.run(on_listening=lambda url: typer.echo(f"okta-emulator listening on {url}"))


def _server(emulator: Emulator, host: str, port: int) -> EmulatorServer:
    try:
        return EmulatorServer(emulator, host=host, port=port)
    except OSError as error:
        message = f"cannot listen on {host}:{port}: {error.strerror}"
        raise typer.BadParameter(message, param_hint="--port") from None


def _load(path: Path | None) -> Seed:
    try:
        return load_seed(path) if path else Seed()
    except SeedError as error:
        raise typer.BadParameter(str(error), param_hint="--seed") from None
