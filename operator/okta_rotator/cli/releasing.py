"""What `okta-rotator release` does: the Lease first, then one resource after the other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import typer
from kubernetes.aio.client import Configuration

from okta_rotator.api.names import FINALIZER, ROTATION_KIND
from okta_rotator.cluster.elector import Elector, candidate
from okta_rotator.cluster.errors import NotFoundError
from okta_rotator.cluster.finalizers import list_held, release
from okta_rotator.cluster.kube_api import KubeApi, NoClusterError, load_configuration
from okta_rotator.cluster.resources import key_of
from okta_rotator.rotation.trouble import PortError
from okta_rotator.signals import End, EndedError, end_at_once
from okta_rotator.telemetry.logging import configure_logging


class ReleaseError(Exception):
    """Why it was not done, or not all of it; for the person who asked for it."""


def run(end: End, namespaces: Sequence[str], lease: tuple[str, str], patience: float) -> None:
    """Release all in these namespaces, none meaning all. `lease`: namespace and name.

    Waits `patience` seconds for the lease. Raises ReleaseError.
    """
    configure_logging("INFO", as_json=False)
    asyncio.run(_until_done_or_ended(end, namespaces, lease, patience))


async def _until_done_or_ended(
    end: End, namespaces: Sequence[str], lease: tuple[str, str], patience: float
) -> None:
    end.heed_signals()
    try:
        configuration = await end.or_result(load_configuration())
        await end.or_result(_release(configuration, namespaces, lease, patience))
    except EndedError:
        raise ReleaseError("ended before it was done; it can be run again") from None
    except NoClusterError as error:
        raise ReleaseError(f"no Kubernetes cluster to work in: {error}") from None
    except PortError as error:
        raise ReleaseError(str(error)) from None


async def _release(
    configuration: Configuration,
    namespaces: Sequence[str],
    lease: tuple[str, str],
    patience: float,
) -> None:
    async with contextlib.AsyncExitStack() as opened:
        own = KubeApi(configuration)
        opened.push_async_callback(own.close)
        elector = candidate(own, *lease, end_at_once)
        api = KubeApi(configuration, elector.fence)
        opened.push_async_callback(api.close)
        try:
            await list_held(api, namespaces)
        except NotFoundError:
            typer.echo(f"this cluster has no {ROTATION_KIND}: there is nothing to release")
            return
        await opened.enter_async_context(_leading(elector, patience))
        await _release_all(api, namespaces)


async def _release_all(api: KubeApi, namespaces: Sequence[str]) -> None:
    held = await list_held(api, namespaces)
    for body in held:
        typer.echo(f"{key_of(body)}: {await release(api, body)}")
    if not held:
        typer.echo(f"nothing to release: no {ROTATION_KIND} has the finalizer {FINALIZER}")


@contextlib.asynccontextmanager
async def _leading(elector: Elector, patience: float) -> AsyncIterator[None]:
    """The lease is ours; at the end it is given up, or whatever we may have of it."""
    election = asyncio.create_task(elector.run())
    try:
        await _gained(elector, patience)
        yield
    finally:
        election.cancel()
        await asyncio.gather(election, return_exceptions=True)
        await elector.give_up()


async def _gained(elector: Elector, patience: float) -> None:
    try:
        async with asyncio.timeout(patience):
            await elector.gained()
    except TimeoutError:
        raise ReleaseError(_why_not(elector, patience)) from None


def _why_not(elector: Elector, patience: float) -> str:
    why = elector.what_keeps_it() or (
        f"the lease {elector.lease} is held by {elector.holder}, which still renews it. Take the "
        "operator away first: uninstall it, or scale its Deployment to 0"
    )
    return f"nothing was released within {patience:g} s: {why}"
