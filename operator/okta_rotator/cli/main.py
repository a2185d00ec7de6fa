"""`okta-rotator run`, `release`, `preview` and `crds`."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from okta_rotator.cli.options import (
    LEASE_NAME,
    OPERATOR_NAMESPACE,
    PREFIX,
    names_no_namespace,
    read_lease_name,
    read_lease_namespace,
    read_list,
    read_namespaces,
    read_operator_namespace,
)
from okta_rotator.cli.preview import preview
from okta_rotator.cli.release import release
from okta_rotator.okta.urls import DEFAULT_DOMAINS
from okta_rotator.settings import LogFormat, Settings
from okta_rotator.signals import End

WIDEST = 120
"""Columns of the help in a terminal that is as wide."""

app = typer.Typer(
    name="okta-rotator",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Plain help: the framed one cuts the names of variables where the terminal is narrow.
    rich_markup_mode=None,
    context_settings={"max_content_width": WIDEST},
)

DOMAIN = re.compile("[a-z0-9-]+([.][a-z0-9-]+)+")


def _show_version(is_asked_for: bool) -> None:
    if is_asked_for:
        typer.echo(f"okta-rotator {version('okta-rotator')}")
        raise typer.Exit


@app.callback()
def main(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_show_version, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Rotates the client secrets of Okta applications, in Kubernetes."""


@app.command()
def run(
    namespace: Annotated[
        list[str] | None,
        typer.Option(
            envvar=PREFIX + "NAMESPACE",
            help="Look after this namespace alone; repeatable, or comma-separated. "
            "Without it: all namespaces.",
        ),
    ] = None,
    operator_namespace: Annotated[
        str | None,
        typer.Option(
            envvar=PREFIX + "OPERATOR_NAMESPACE",
            help="Where the operator itself is, and the Secrets of ClusterOktaConnections are.",
            show_default=f"POD_NAMESPACE, else {OPERATOR_NAMESPACE}",
        ),
    ] = None,
    log_level: Annotated[
        str, typer.Option(envvar=PREFIX + "LOG_LEVEL", help="DEBUG, INFO, WARNING or ERROR.")
    ] = "INFO",
    log_format: Annotated[
        LogFormat, typer.Option(envvar=PREFIX + "LOG_FORMAT", help="How log lines are written.")
    ] = LogFormat.JSON,
    http_port: Annotated[
        int,
        typer.Option(
            envvar=PREFIX + "HTTP_PORT",
            min=0,
            max=65535,
            help="Port of /livez, /readyz and /metrics. 0: a free one, which is logged.",
        ),
    ] = 8080,
    workers: Annotated[
        int,
        typer.Option(
            envvar=PREFIX + "WORKERS", min=1, help="Resources that are worked on at a time."
        ),
    ] = 100,
    heartbeat: Annotated[
        float,
        typer.Option(
            envvar=PREFIX + "HEARTBEAT",
            min=1,
            max=86400,
            help="Seconds between two looks at a resource that nothing else woke.",
        ),
    ] = 1800,
    okta_domain: Annotated[
        list[str] | None,
        typer.Option(
            envvar=PREFIX + "OKTA_DOMAIN",
            help="A connection's host must be under one of these domains; repeatable, or "
            "comma-separated.",
            show_default=", ".join(DEFAULT_DOMAINS),
        ),
    ] = None,
    allow_insecure_okta: Annotated[
        bool,
        typer.Option(
            "--allow-insecure-okta",
            envvar=PREFIX + "ALLOW_INSECURE_OKTA",
            help="Allow an Okta on this machine's loopback, http included. For tests alone.",
        ),
    ] = False,
    lease_namespace: Annotated[
        str | None,
        typer.Option(
            envvar=PREFIX + "LEASE_NAMESPACE",
            help="Where the Lease is by which one of several operators is the leader.",
            show_default="the operator's namespace, which is made where nothing names it",
        ),
    ] = None,
    lease_name: Annotated[
        str,
        typer.Option(
            envvar=PREFIX + "LEASE_NAME",
            help="Name of the Lease, one for each installation: of the operators that share one, "
            "one works and the others stand by.",
        ),
    ] = LEASE_NAME,
    no_leader_election: Annotated[
        bool,
        typer.Option(
            "--no-leader-election",
            envvar=PREFIX + "NO_LEADER_ELECTION",
            help="Take no Lease. Then nobody may start a second operator over the same resources.",
        ),
    ] = False,
) -> None:
    """Run the operator, in a pod or with KUBECONFIG's current context."""
    home = read_operator_namespace(operator_namespace)
    settings = Settings(
        namespaces=read_namespaces(namespace),
        operator_namespace=home,
        log_level=_level(log_level),
        log_format=log_format,
        http_port=http_port,
        workers=workers,
        heartbeat=heartbeat,
        okta_domains=_domains(okta_domain),
        allow_insecure_okta=allow_insecure_okta,
        lease_namespace=read_lease_namespace(lease_namespace, home),
        lease_name=read_lease_name(lease_name),
        makes_lease_namespace=names_no_namespace(operator_namespace, lease_namespace),
        leader_election=not no_leader_election,
    )
    run_operator(settings)


def run_operator(settings: Settings) -> None:
    """Run the operator until a signal ends it."""
    end = End()
    end.note_signals()
    # What takes a second to import comes after the signals.
    import uvloop

    from okta_rotator.runtime import run

    uvloop.run(run(settings, end))
    end.ignore_signals()


app.command()(release)
app.command()(preview)


@app.command()
def crds(
    directory: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write one file a kind there. Without it: to stdout."),
    ] = None,
) -> None:
    """Print the CustomResourceDefinitions, or write them to a directory."""
    from okta_rotator.api.crds import render_crds, write_crds

    if directory is None:
        typer.echo("---\n".join(render_crds().values()), nl=False)
    else:
        write_crds(directory)


def _domains(values: list[str] | None) -> tuple[str, ...]:
    domains = read_list(values, "--okta-domain")
    for domain in domains:
        if not DOMAIN.fullmatch(domain):
            message = f"{domain!r} is no domain: it is given as acme.com, without https://"
            raise typer.BadParameter(message, param_hint="--okta-domain")
    return domains or DEFAULT_DOMAINS


def _level(text: str) -> str:
    level = text.upper()
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise typer.BadParameter("must be DEBUG, INFO, WARNING or ERROR", param_hint="--log-level")
    return level
