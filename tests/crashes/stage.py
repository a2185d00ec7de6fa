"""What one case acts on: a namespace, an app, two proxies, and an operator that may die."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import json
import signal
import ssl
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.chaos.proxy import Proxies
from tests.controlplane import ControlPlane
from tests.crashes.consumer import Consumer, Promise, Tally
from tests.crashes.wire import Wire
from tests.emulator_client import EmulatorClient
from tests.operator_process import ALONE, COMMAND, OperatorProcess
from tests.resources import Json
from tests.scene import CONNECTION, Scene

STARTS_AT_A_TIME = 3
"""Processes: a start is a second of CPU, and has to be ready in time."""

PATIENCE = 120.0
"""Seconds. A restart in a job waits out 10 s; the rest is for a busy machine."""

HEARTBEAT = "60"
"""Seconds; so long that none comes between the calls of a case, which are to be the same."""

STILL = 0.7
"""Seconds without a call, after which a case that has come to its end is over."""

STAND_IN = "okr_standin_"
ROTATION = "OktaClientSecretRotation"
_OURS = "/apis/okta-rotator.dev/v1alpha1/namespaces/{}/"
_PLACES = {
    "Secret": "/api/v1/namespaces/{}/secrets/",
    "OktaConnection": _OURS + "oktaconnections/",
    ROTATION: _OURS + "oktaclientsecretrotations/",
}


@dataclass
class Place:
    """What all cases of a run share."""

    control_plane: ControlPlane
    okta: EmulatorClient
    proxies: Proxies
    folder: Path
    command: Sequence[str] = COMMAND
    starts: threading.Semaphore = field(
        default_factory=lambda: threading.Semaphore(STARTS_AT_A_TIME)
    )


class Stage(Scene):
    """A scene whose operator is heard by a wire, and whose writes cost no process each."""

    def __init__(self, place: Place) -> None:
        control_plane = place.control_plane
        namespace = control_plane.create_namespace("crash-")
        folder = place.folder / namespace
        folder.mkdir()
        super().__init__(control_plane, namespace, place.okta, folder, app_id=_app(place.okta))
        self._place = place
        self._http = _administrator(control_plane)
        self._consumer: concurrent.futures.Future[None] | None = None
        self._asked_at = 0.0
        self._app = Consumer(control_plane, self._path("Secret", self.name), place.okta.base_url)
        self._raise_proxies()

    def _raise_proxies(self) -> None:
        place, plane = self._place, self.control_plane
        self._is_over = place.proxies.gate()
        self.wire = Wire(self.kill, self.ask_to_end, self._is_over)
        authority = plane.credentials.authority
        self._kube_proxy = place.proxies.to(plane.server_url, authority, self.wire.kube)
        self._okta_proxy = place.proxies.to(self.okta.base_url, hook=self.wire.okta)
        kubeconfig = self.folder / "kubeconfig"
        plane.credentials.write_kubeconfig(kubeconfig, self._kube_proxy.url)
        flags = (ALONE, "--heartbeat", HEARTBEAT, "--namespace", self.namespace)
        log = self.folder / "operator.log"
        self._process = OperatorProcess(kubeconfig, log, *flags, command=place.command)

    # The operator

    def start(self) -> None:
        with self._place.starts:
            self._process.start()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def ask_to_end(self) -> None:
        """SIGTERM."""
        self._asked_at = time.monotonic()
        self._process.signal(signal.SIGTERM)

    def await_end(self) -> tuple[float, int | None]:
        """After that: how many seconds it took since, and the exit code; none if it was killed."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.await_end()
        took = time.monotonic() - self._asked_at
        self._is_over.open()
        return took, self._process.exit_code

    def logs(self) -> str:
        return self._process.output()

    def close(self) -> None:
        self.kill()
        self._stop_consumer()
        for proxy in (self._kube_proxy, self._okta_proxy):
            self._place.proxies.close(proxy)
        self._http.close()
        super().close()

    # The app

    def begin_consumer(self, promise: Promise) -> None:
        self._consumer = asyncio.run_coroutine_threadsafe(
            self._app.run(promise), self._place.proxies.loop
        )

    def end_consumer(self) -> Tally:
        """Raises what stopped the app before its end."""
        self._stop_consumer()
        if self._consumer is not None:
            self._consumer.result()
        return self._app.tally

    def _stop_consumer(self) -> None:
        self._place.proxies.loop.call_soon_threadsafe(self._app.stop)
        if self._consumer is not None:
            concurrent.futures.wait([self._consumer])

    # Writing

    def apply(self, *manifests: Mapping[str, Any]) -> None:
        for manifest in manifests:
            path = self._path(manifest["kind"], manifest["metadata"]["name"])
            query = {"fieldManager": "test", "force": "true"}
            self._send("PATCH", path, manifest, "application/apply-patch+yaml", query)

    def connect(
        self, name: str = CONNECTION, token: str | None = None, url: str | None = None
    ) -> None:
        """The connection leads to Okta by the proxy."""
        super().connect(name, token, url or self._okta_proxy.url)

    def annotate(self, token: str) -> None:
        self.mark({"rotate": token})

    def mark(self, annotations: Mapping[str, str]) -> None:
        """Annotate the resource; the names are those after the prefix."""
        named = {f"okta-rotator.dev/{name}": token for name, token in annotations.items()}
        body = {"metadata": {"annotations": named}}
        path = self._path(ROTATION, self.name)
        self._send("PATCH", path, body, "application/merge-patch+json")

    def remove(self, kind: str, name: str | None = None) -> None:
        """Delete an object, without waiting until it is gone."""
        self._send("DELETE", self._path(kind, name or self.name))

    def in_okta_directly(self, method: str, path: str = "") -> Json:
        """Act on the app's client secrets as an administrator of Okta."""
        secrets = f"/api/v1/apps/{self.app_id}/credentials/secrets"
        headers = {"Authorization": f"SSWS {self.token}"}
        answer = self.okta.http.request(method, secrets + path, headers=headers)
        assert answer.is_success, answer.text
        return dict(answer.json())

    # Reading

    def is_still(self) -> bool:
        return self.wire.is_quiet(STILL)

    def settle(self) -> None:
        self.until(self.is_still, "nothing is written or asked any more", PATIENCE)

    def unknown(self) -> list[str]:
        """The ids of the client secrets in Okta of which the state Secret knows neither id nor
        value, but for a stand-in, which says of itself what it is.

        Okta is read first: what is created later was written to the state before.
        """
        held = self.okta_secrets()
        state = self.data(self.state_name)
        record = state.pop("record", "")
        known = state.values()
        return [
            one["id"]
            for one in held
            if f'"{one["id"]}"' not in record
            and one["client_secret"] not in known
            and not one["client_secret"].startswith(STAND_IN)
        ]

    def _path(self, kind: str, name: str) -> str:
        return _PLACES[kind].format(self.namespace) + name

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> None:
        content = None if body is None else json.dumps(body)
        headers = {"Content-Type": content_type}
        answer = self._http.request(method, path, content=content, headers=headers, params=query)
        assert answer.is_success, answer.text


def _app(okta: EmulatorClient) -> str:
    """An app as Okta makes it, with one client secret."""
    made: Json = okta.make_app()
    return str(made["id"])


def _administrator(control_plane: ControlPlane) -> httpx.Client:
    credentials = control_plane.credentials
    return httpx.Client(
        base_url=control_plane.server_url,
        headers={"Authorization": f"Bearer {credentials.token}"},
        verify=ssl.create_default_context(cafile=credentials.authority),
        timeout=30,
        trust_env=False,
    )
