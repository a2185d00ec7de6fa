"""Requests to the Kubernetes API as JSON, through the official asyncio client's transport.

Its typed models are left out: they cost 17 MB and most of the CPU of a request.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from kubernetes.aio import client, config

from okta_rotator.cluster.errors import error_of_answer, error_of_failure
from okta_rotator.rotation.fence import Fence, unfenced

JSON: Final = "application/json"
JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
METADATA_ONLY: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
METADATA_WATCH: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

TIMEOUT: Final = 30.0
"""Seconds for one read, watches aside."""

WRITE_TIMEOUT: Final = 15.0
"""Seconds for one write, so that half a lease is enough for it. Webhooks have 10 by default."""

LONGEST_SILENCE: Final = 200.0
"""Seconds that a watch may say nothing: if the way is open, a bookmark comes in two minutes."""

RENEWAL: Final = 60.0
"""Seconds between two looks at whether the token of a kubeconfig's exec plugin expires soon."""

_UNLIMITED: Final = aiohttp.ClientTimeout(total=None)
"""aiohttp's own limit swallows a cancellation that comes together with it: who was told to end
would go on, and the end of the process wait for it for ever."""

Json = dict[str, Any]
Body = Mapping[str, Any] | list[Json]

_FAILURES: Final = (
    aiohttp.ClientError,
    TimeoutError,
    OSError,
    ValueError,  # what answered was no JSON: a proxy, a login page
    config.ConfigException,  # the token's file is there, but empty
)


class NoClusterError(Exception):
    """Where the Kubernetes API is, or who we are there, cannot be told. The text is for a user."""


async def load_configuration() -> client.Configuration:
    """In-cluster, else `KUBECONFIG` and its context. Raises NoClusterError where there is none."""
    configuration = client.Configuration()
    configuration.host = ""
    is_pod = bool(os.environ.get("KUBERNETES_SERVICE_HOST"))
    if not is_pod:
        _demand_kubeconfig()
    try:
        if is_pod:
            config.load_incluster_config(client_configuration=configuration)
        else:
            await _load_kubeconfig(configuration)
        _demand_server(configuration)
    except NoClusterError:
        raise
    except config.ConfigException as error:
        raise NoClusterError(str(error).rstrip(".")) from error
    except OSError as error:
        raise NoClusterError(f"{error.filename}: {error.strerror}") from error
    except Exception as error:
        # Of a malformed file anything; what a parser says may show a part of it, and that a token.
        what = f"{_kubeconfig()} is no kubeconfig, or a damaged one ({type(error).__name__})"
        raise NoClusterError(what) from error
    configuration.proxy = configuration.proxy or _environment_proxy(configuration.host)
    # Left to itself, aiohttp looks for proxies and netrc at each request, in a thread.
    configuration.client_session_kwargs = {"trust_env": False}
    return configuration


async def _load_kubeconfig(configuration: client.Configuration) -> None:
    # Named here: the library reads the environment once, when it is imported.
    loader = await config.load_kube_config(
        config_file=_kubeconfig(), client_configuration=configuration
    )
    # Of an exec plugin's token that is told to expire; the library renews none by itself.
    if hasattr(loader, "exec_plugin_expiry"):
        configuration.refresh_api_key_hook = _renewal(loader)  # type: ignore[assignment]


def _renewal(loader: Any) -> Callable[[client.Configuration], Awaitable[None]]:
    """Has the plugin asked for a token anew, from five minutes before the old one expires on."""
    lock, looked_at = asyncio.Lock(), time.monotonic()

    async def renew(configuration: client.Configuration) -> None:
        nonlocal looked_at
        async with lock:
            if time.monotonic() - looked_at < RENEWAL:
                return
            looked_at = time.monotonic()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TIMEOUT):
                    await loader.load_from_exec_plugin()
            configuration.api_key["BearerToken"] = loader.token

    return renew


def _demand_server(configuration: client.Configuration) -> None:
    address = urlsplit(configuration.host)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise NoClusterError("the server of the current context is no http or https address")


def _demand_kubeconfig() -> None:
    """Say so here where there is none: the library would miss a key of a file that is not there."""
    paths = _kubeconfig().split(os.pathsep)
    if not any(os.path.exists(os.path.expanduser(path)) for path in paths):
        raise NoClusterError(
            f"this is no pod, and there is no kubeconfig {_kubeconfig()} (KUBECONFIG names another)"
        )


def _kubeconfig() -> str:
    return os.environ.get("KUBECONFIG") or "~/.kube/config"


def _environment_proxy(url: str) -> str | None:
    """As HTTPS_PROXY and NO_PROXY say."""
    address = urlsplit(url)
    if proxy_bypass(address.hostname or ""):
        return None
    return getproxies().get(address.scheme)


class KubeApi:
    """One connection pool to the API server. Requests raise ClusterError alone, and writes
    NotLeadingError where `fence` does.

    Raises NoClusterError where the configuration names certificates that are none.
    """

    def __init__(self, configuration: client.Configuration, fence: Fence = unfenced) -> None:
        self._configuration = configuration
        self._fence = fence
        try:
            self._client = client.ApiClient(configuration)
        except OSError as error:
            why = getattr(error, "reason", None) or error.strerror
            raise NoClusterError(f"its certificates or keys cannot be used: {why}") from error

    async def close(self) -> None:
        await self._client.close()

    async def get(self, path: str, accept: str = JSON, **query: str | int) -> Json:
        return await self._request("GET", path, None, {"Accept": accept}, query)

    async def post(self, path: str, body: Mapping[str, Any], **query: str) -> Json:
        return await self._request("POST", path, body, {}, query)

    async def put(self, path: str, body: Mapping[str, Any], **query: str) -> Json:
        return await self._request("PUT", path, body, {}, query)

    async def patch(self, path: str, body: Body, content_type: str, **query: str) -> Json:
        return await self._request("PATCH", path, body, {"Content-Type": content_type}, query)

    async def delete(self, path: str, body: Mapping[str, Any]) -> Json:
        return await self._request("DELETE", path, body, {}, {})

    async def watch(self, path: str, accept: str, **query: str | int) -> AsyncGenerator[Json, None]:
        """The events of one watch request, until the server ends it."""
        seconds = int(query["timeoutSeconds"]) + 10
        timeout = aiohttp.ClientTimeout(total=seconds, sock_read=LONGEST_SILENCE)
        request = f"watch {path}"
        try:
            headers = {**await self._headers(), "Accept": accept}
            answer = await self._client.rest_client.request(
                "GET", self._url(path, {**query, "watch": 1}), headers, _request_timeout=timeout
            )
            if answer.status >= 400:
                raise error_of_answer(answer.status, await answer.read(), request)
            async with answer.response as response:
                async for line in response.content:
                    yield json.loads(line)
        except _FAILURES as error:
            raise error_of_failure(error, request) from error

    async def _request(
        self,
        method: str,
        path: str,
        body: Body | None,
        headers: dict[str, str],
        query: Mapping[str, str | int],
    ) -> Json:
        request = f"{method.lower()} {path}"
        timeout = TIMEOUT if method == "GET" else WRITE_TIMEOUT
        try:
            headers = {**await self._headers(), **headers}
            if method != "GET":
                await self._fence(timeout)
            async with asyncio.timeout(timeout):
                answer = await self._client.rest_client.request(
                    method, self._url(path, query), headers, body, _request_timeout=_UNLIMITED
                )
                content = await answer.read()
            if answer.status >= 400:
                raise error_of_answer(answer.status, content, request)
            parsed: Json = json.loads(content)
        except _FAILURES as error:
            raise error_of_failure(error, request) from error
        return parsed

    def _url(self, path: str, query: Mapping[str, str | int]) -> str:
        return self._configuration.host + path + ("?" + urlencode(query) if query else "")

    async def _headers(self) -> dict[str, str]:
        token = await self._configuration.get_api_key_with_prefix(
            "BearerToken", alias="authorization"
        )
        return {"Authorization": token} if token else {}
