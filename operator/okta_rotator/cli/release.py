"""`okta-rotator release`: sets free what an operator that was taken away has left its finalizer on.

It takes the Lease first, and so waits for an operator that is still draining; nobody starts to work
before it has given the Lease up.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from okta_rotator.cli.options import (
    LEASE_NAME,
    OPERATOR_NAMESPACE,
    PREFIX,
    read_lease_name,
    read_lease_namespace,
    read_namespaces,
    read_operator_namespace,
)
from okta_rotator.signals import End

PATIENCE: Final = 60
"""Seconds: an operator drains for 25, and one that died is waited out for 30."""


def release(
    namespace: Annotated[
        list[str] | None,
        typer.Option(
            envvar=PREFIX + "NAMESPACE",
            help="Release the resources of this namespace alone; repeatable, or comma-separated. "
            "Without it: of all namespaces.",
        ),
    ] = None,
    lease_namespace: Annotated[
        str | None,
        typer.Option(
            envvar=PREFIX + "LEASE_NAMESPACE",
            help="Where the Lease of the operator is.",
            show_default=f"POD_NAMESPACE, else {OPERATOR_NAMESPACE}",
        ),
    ] = None,
    lease_name: Annotated[
        str, typer.Option(envvar=PREFIX + "LEASE_NAME", help="Name of the operator's Lease.")
    ] = LEASE_NAME,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds to wait for the operator to give the Lease up.")
    ] = PATIENCE,
) -> None:
    """Take the operator's finalizer off its resources, after the operator was taken away.

    The resources stay, and so do their Secrets and what Okta holds. They can then be deleted
    without an operator; one that is installed again takes them up as they are.
    """
    namespaces = read_namespaces(namespace)
    home = read_lease_namespace(lease_namespace, read_operator_namespace(None))
    end = End()
    end.note_signals()
    lease = (home, read_lease_name(lease_name))
    # What takes long to import comes after the signals.
    from okta_rotator.cli.releasing import ReleaseError, run

    try:
        run(end, namespaces, lease, timeout)
    except ReleaseError as error:
        typer.echo(f"{error}", err=True)
        raise typer.Exit(1) from None
    finally:
        end.ignore_signals()
