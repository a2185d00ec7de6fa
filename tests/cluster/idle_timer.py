"""kopf with a timer that has `idle` and no `interval`, to be killed: `test_kopf_facts.py`."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any, cast

import kopf
from kubernetes.aio import client, config

from okta_rotator.handlers import operator_settings, register_login
from tests.cluster.kopf_thread import ROTATIONS


async def run(kubeconfig: Path, namespace: str) -> None:
    registry, ticks, stop = kopf.OperatorRegistry(), asyncio.Event(), asyncio.Event()

    async def load() -> client.Configuration:
        configuration = client.Configuration()
        await config.load_kube_config(
            config_file=str(kubeconfig), client_configuration=configuration
        )
        return configuration

    @kopf.timer(*ROTATIONS, registry=registry, idle=0.2)
    async def idle(**_: Any) -> None:
        ticks.set()

    async def stop_after_a_tick() -> None:
        await ticks.wait()
        await asyncio.sleep(0.5)
        print("stopping", flush=True)
        stop.set()

    register_login(registry, load)
    stopper = asyncio.create_task(stop_after_a_tick())
    await kopf.operator(
        registry=registry,
        settings=operator_settings(),
        namespaces=[namespace],
        standalone=True,
        identity=cast(Any, "facts"),
        stop_flag=stop,
    )
    await stopper


if __name__ == "__main__":
    since = time.monotonic()
    asyncio.run(run(Path(sys.argv[1]) / "kubeconfig", sys.argv[2]))
    print(f"ended after {time.monotonic() - since:.0f} s")
