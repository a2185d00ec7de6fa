"""Requests to the Kubernetes API as JSON, through the official asyncio client's transport.

Its typed models are left out: they cost 17 MB and most of the CPU of a request.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import yaml
from kubernetes.aio import client, config

from okta_rotator.cluster.errors import error_of_answer, error_of_failure

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"
METADATA_ONLY: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
METADATA_WATCH: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

TIMEOUT: Final = 30.0
"""Seconds for one request, watches aside."""

Json = dict[str, Any]


class NoClusterError(Exception):
    """Where the Kubernetes API is, or who we are there, cannot be told. The text is for a user."""


async def load_configuration() -> client.Configuration:
    """In-cluster, else `KUBECONFIG` and its context. Raises NoClusterError where there is none."""
    configuration = client.Configuration()
    try:
        if os.environ.get("KUBERNETES_SERVICE_HOST"):
            config.load_incluster_config(client_configuration=configuration)
        else:
            await config.load_kube_config(client_configuration=configuration)
    except (config.ConfigException, yaml.YAMLError, OSError) as error:
        raise NoClusterError(_no_cluster(error)) from error
    configuration.proxy = configuration.proxy or _environment_proxy(configuration.host)
    # Left to itself, aiohttp looks for proxies and netrc at each request, in a thread.
    configuration.client_session_kwargs = {"trust_env": False}
    return configuration


def _no_cluster(error: Exception) -> str:
    # What a parser says may show a part of the file, and that a token.
    is_told = isinstance(error, config.ConfigException)
    why = str(error) if is_told else f"it cannot be read ({type(error).__name__})"
    return (
        f"no Kubernetes cluster to work in: {why}. In a pod its service account says where the "
        "cluster is, elsewhere KUBECONFIG and its current context"
    )


def _environment_proxy(url: str) -> str | None:
    """As HTTPS_PROXY and NO_PROXY say."""
    address = urlsplit(url)
    if proxy_bypass(address.hostname or ""):
        return None
    return getproxies().get(address.scheme)


class KubeApi:
    """One connection pool to the API server. Raises ClusterError alone."""

    def __init__(self, configuration: client.Configuration) -> None:
        self._configuration = configuration
        self._client = client.ApiClient(configuration)

    async def close(self) -> None:
        await self._client.close()

    async def get(self, path: str, accept: str = JSON, **query: str | int) -> Json:
        return await self._request("GET", path, None, {"Accept": accept}, query)

    async def post(self, path: str, body: Mapping[str, Any], **query: str) -> Json:
        return await self._request("POST", path, body, {}, query)

    async def put(self, path: str, body: Mapping[str, Any], **query: str) -> Json:
        return await self._request("PUT", path, body, {}, query)

    async def patch(
        self, path: str, body: Mapping[str, Any], content_type: str, **query: str
    ) -> Json:
        return await self._request("PATCH", path, body, {"Content-Type": content_type}, query)

    async def delete(self, path: str, body: Mapping[str, Any]) -> Json:
        return await self._request("DELETE", path, body, {}, {})

    async def watch(self, path: str, accept: str, **query: str | int) -> AsyncIterator[Json]:
        """The events of one watch request, until the server ends it."""
        seconds = int(query["timeoutSeconds"]) + 10
        headers = {**await self._headers(), "Accept": accept}
        request = f"watch {path}"
        try:
            answer = await self._client.rest_client.request(
                "GET", self._url(path, {**query, "watch": 1}), headers, _request_timeout=seconds
            )
            if answer.status >= 400:
                raise error_of_answer(answer.status, await answer.read(), request)
            async with answer.response as response:
                async for line in response.content:
                    yield json.loads(line)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise error_of_failure(error, request) from error

    async def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        headers: dict[str, str],
        query: Mapping[str, str | int],
    ) -> Json:
        request = f"{method.lower()} {path}"
        try:
            answer = await self._client.rest_client.request(
                method,
                self._url(path, query),
                {**await self._headers(), **headers},
                body,
                _request_timeout=TIMEOUT,
            )
            content = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise error_of_failure(error, request) from error
        if answer.status >= 400:
            raise error_of_answer(answer.status, content, request)
        parsed: Json = json.loads(content)
        return parsed

    def _url(self, path: str, query: Mapping[str, str | int]) -> str:
        return self._configuration.host + path + ("?" + urlencode(query) if query else "")

    async def _headers(self) -> dict[str, str]:
        token = await self._configuration.get_api_key_with_prefix(
            "BearerToken", alias="authorization"
        )
        return {"Authorization": token} if token else {}
