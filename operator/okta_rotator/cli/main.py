"""`okta-rotator run` and `okta-rotator crds`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from okta_rotator.api.crds import render_crds, write_crds
from okta_rotator.okta.urls import DEFAULT_DOMAINS
from okta_rotator.runtime import run as run_operator
from okta_rotator.settings import LogFormat, Settings

app = typer.Typer(
    name="okta-rotator",
    help="Rotates the client secrets of Okta applications, in Kubernetes.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

PREFIX = "OKTA_ROTATOR_"
NAMESPACE = re.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
DOMAIN = re.compile("[a-z0-9-]+([.][a-z0-9-]+)+")


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
) -> None:
    """Run the operator: in the cluster, or with KUBECONFIG and its current context."""
    settings = Settings(
        namespaces=_namespaces(namespace),
        log_level=_level(log_level),
        log_format=log_format,
        http_port=http_port,
        workers=workers,
        heartbeat=heartbeat,
        okta_domains=_domains(okta_domain),
        allow_insecure_okta=allow_insecure_okta,
    )
    uvloop.run(run_operator(settings))


@app.command()
def crds(
    directory: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write one file a kind there. Without it: to stdout."),
    ] = None,
) -> None:
    """Print the CustomResourceDefinitions, or write them to a directory."""
    if directory is None:
        typer.echo("---\n".join(render_crds().values()), nl=False)
    else:
        write_crds(directory)


def _listed(values: list[str] | None, flag: str) -> tuple[str, ...]:
    """Repeated flags and comma-separated variables come to the same, with blanks or without.

    What holds no name is refused: an empty list of namespaces would mean all of them.
    """
    parts = (part.strip() for value in values or () for part in value.split(","))
    names = tuple(filter(None, parts))
    if values and not names:
        raise typer.BadParameter("holds no name", param_hint=flag)
    return names


def _namespaces(values: list[str] | None) -> tuple[str, ...]:
    names = _listed(values, "--namespace")
    for name in names:
        if not NAMESPACE.fullmatch(name):
            message = f"{name!r} is no name of a namespace: lower-case letters, digits and '-'"
            raise typer.BadParameter(message, param_hint="--namespace")
    return names


def _domains(values: list[str] | None) -> tuple[str, ...]:
    domains = _listed(values, "--okta-domain")
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
