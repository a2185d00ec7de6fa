"""The operator as a module for `kopf run`, which brings the registry, the settings and the loop."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from typing import Any

import kopf

from okta_rotator.cluster.kube_api import KubeApi, load_configuration
from okta_rotator.cluster.leadership import Unopposed
from okta_rotator.okta.urls import DEFAULT_DOMAINS
from okta_rotator.runtime import Runtime
from okta_rotator.settings import LogFormat, Settings
from okta_rotator.signals import End

running = AsyncExitStack()


@kopf.on.startup()
async def start(**_: Any) -> None:
    api = KubeApi(await load_configuration())
    running.push_async_callback(api.close)
    runtime = Runtime(_settings(), api, End(), Unopposed())
    await running.enter_async_context(runtime.started())
    runtime.register(kopf.get_default_registry())


@kopf.on.cleanup()
async def stop(**_: Any) -> None:
    await running.aclose()


def _settings() -> Settings:
    return Settings(
        namespaces=(os.environ["OKTA_ROTATOR_NAMESPACE"],),
        operator_namespace="okta-rotator-system",
        log_level="DEBUG",
        log_format=LogFormat.TEXT,
        http_port=0,
        workers=2,
        heartbeat=5,
        okta_domains=DEFAULT_DOMAINS,
        allow_insecure_okta=True,
        lease_namespace="okta-rotator-system",
        lease_name="okta-rotator",
        makes_lease_namespace=False,
        leader_election=False,
    )
