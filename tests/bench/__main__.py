"""1000 new resources to published Secrets, and the idle minute after: rate, CPU, memory, writes."""

from __future__ import annotations

import argparse
import asyncio
import base64
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.kube import Kube
from tests.bench.process import usage
from tests.controlplane import ControlPlane
from tests.emulator_client import EmulatorClient
from tests.okta_fixtures import emulator_process
from tests.operator_process import ALONE, OperatorProcess
from tests.resources import connection, rotation

LATENCY_MS = 100
PEER_RATE = 9.2
"""Secrets a second of Infisical's operator on the same work (2 cores, its defaults)."""
CRDS = Path(__file__).parents[2] / "crds"
ROTATIONS = "/apis/okta-rotator.dev/v1alpha1/namespaces/{}/oktaclientsecretrotations"
SELECTOR = "okta-rotator.dev/rotation"

console = Console()


def main() -> None:
    arguments = argparse.ArgumentParser(prog="make bench")
    arguments.add_argument("--resources", type=int, default=1000)
    arguments.add_argument("--idle-seconds", type=float, default=60)
    options = arguments.parse_args()
    with (
        ControlPlane() as control_plane,
        emulator_process("--latency-ms", str(LATENCY_MS)) as okta,
        tempfile.TemporaryDirectory() as folder,
    ):
        control_plane.kubectl("apply", "-f", str(CRDS))
        control_plane.kubectl("wait", "--for=condition=Established", "-f", str(CRDS))
        operator = OperatorProcess(
            control_plane.kubeconfig, Path(folder) / "operator.log", ALONE, level="WARNING"
        )
        operator.start()
        try:
            asyncio.run(_measure(control_plane, okta, operator, options))
        finally:
            operator.stop()


async def _measure(
    control_plane: ControlPlane,
    okta: EmulatorClient,
    operator: OperatorProcess,
    options: argparse.Namespace,
) -> None:
    kube, namespace = Kube(control_plane), control_plane.create_namespace("bench-")
    await _connect(kube, okta, namespace)
    apps = [okta.make_app(secrets=[])["id"] for _ in range(options.resources)]
    bodies = {f"r{n:05}": app for n, app in enumerate(apps)}
    okta.clear_request_log()
    figures = await _rotate_all(kube, operator, namespace, bodies)
    figures |= await _idle(kube, okta, operator, options.idle_seconds)
    await kube.close()
    _show(figures)


async def _connect(kube: Kube, okta: EmulatorClient, namespace: str) -> None:
    token = base64.b64encode(okta.add_token().encode()).decode()
    secret = {"metadata": {"name": "okta-api-token"}, "data": {"apiToken": token}}
    await kube.create_all(f"/api/v1/namespaces/{namespace}/secrets", [secret])
    path = f"/apis/okta-rotator.dev/v1alpha1/namespaces/{namespace}/oktaconnections"
    await kube.create_all(path, [connection({"spec.instanceUrl": okta.base_url})])
    await kube.await_ready(path, 1)


async def _rotate_all(
    kube: Kube, operator: OperatorProcess, namespace: str, apps: Mapping[str, str]
) -> dict[str, str]:
    path = ROTATIONS.format(namespace)
    bodies = [rotation({"spec.parameters.clientId": app}, name) for name, app in apps.items()]
    before, since, writes = usage(operator.pid), time.monotonic(), await kube.writes()
    secrets = f"/api/v1/namespaces/{namespace}/secrets"
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(kube.await_objects(secrets, set(apps), SELECTOR))
        tasks.create_task(kube.create_all(path, bodies))
    seconds = time.monotonic() - since
    await kube.await_ready(path, len(apps))
    await asyncio.sleep(2)
    after, rate = usage(operator.pid), len(apps) / seconds
    return {
        f"{len(apps)} new resources to Secrets, Okta at {LATENCY_MS} ms": f"{seconds:.1f} s",
        "rate": f"{rate:.0f} a second ({rate / PEER_RATE:.1f} times Infisical's {PEER_RATE})",
        "CPU of the operator": f"{after.cpu - before.cpu:.1f} s",
        "peak memory of the operator": f"{after.peak:.0f} MB",
        "Kubernetes writes a resource": _per_resource(writes, await kube.writes(), len(apps)),
    }


async def _idle(
    kube: Kube, okta: EmulatorClient, operator: OperatorProcess, seconds: float
) -> dict[str, str]:
    calls = len(okta.request_log())
    before, writes = usage(operator.pid), await kube.writes()
    await asyncio.sleep(seconds)
    after = usage(operator.pid)
    share = 100 * (after.cpu - before.cpu) / seconds
    wrote = sum((await kube.writes()).values()) - sum(writes.values())
    return {
        f"idle for {seconds:.0f} s: CPU": f"{share:.2f}% of a core",
        "idle: memory": f"{after.resident:.0f} MB",
        "idle: Kubernetes writes (all clients)": str(wrote),
        "idle: calls to Okta": str(len(okta.request_log()) - calls),
    }


def _per_resource(before: Mapping[str, int], after: Mapping[str, int], count: int) -> str:
    """Without the creation of the resource itself, and with Events apart."""
    wrote = {name: n - before.get(name, 0) for name, n in after.items()}
    events = sum(n for name, n in wrote.items() if name.startswith("events "))
    created = wrote.get("oktaclientsecretrotations POST", 0)
    others = sum(wrote.values()) - events - created
    return f"{others / count:.2f}, and {events / count:.2f} Events"


def _show(figures: Mapping[str, str]) -> None:
    table = Table("figure", "measured")
    for name, figure in figures.items():
        table.add_row(name, figure)
    console.print(table)


if __name__ == "__main__":
    main()
