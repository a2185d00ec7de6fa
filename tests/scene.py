"""A namespace with an Okta app and an operator, and the words in which end-to-end tests speak."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.controlplane import ControlPlane
from tests.emulator_client import EmulatorClient
from tests.operator_process import OperatorProcess
from tests.resources import Json, connection, rotation

PATIENCE = 20.0
CLIENT_ID_KEY, CLIENT_SECRET_KEY = "OKTA_CLIENT_ID", "OKTA_CLIENT_SECRET"


class Scene:
    """What one test acts on. Everything in it is real but Okta, which is the emulator."""

    def __init__(
        self, control_plane: ControlPlane, namespace: str, okta: EmulatorClient, folder: Path
    ) -> None:
        self.control_plane = control_plane
        self.namespace = namespace
        self.okta = okta
        self.folder = folder
        self.app_id: str = okta.make_app(secrets=[])["id"]
        self.token = okta.add_token(role="admin")
        self._operators: list[OperatorProcess] = []

    # The operator

    def operator(self, *flags: str, start: bool = True) -> OperatorProcess:
        """An operator for this namespace; a heartbeat of seconds, so that nobody has to wait."""
        log = self.folder / f"operator-{len(self._operators)}.log"
        flags = ("--namespace", self.namespace, "--heartbeat", "5", *flags)
        process = OperatorProcess(self.control_plane.kubeconfig, log, *flags)
        self._operators.append(process)
        if start:
            process.start()
        return process

    def close(self) -> None:
        for process in self._operators:
            process.stop()

    def logs(self) -> str:
        return "".join(process.output() for process in self._operators)

    # Writing

    def kubectl(self, *args: str, input: str | None = None, check: bool = True) -> str:
        done = self.control_plane.kubectl("-n", self.namespace, *args, input=input, check=check)
        return done.stdout + done.stderr

    def apply(self, *manifests: Mapping[str, Any]) -> None:
        body = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        self.kubectl("apply", "-f", "-", input=json.dumps(body))

    def connect(self, name: str = "my-connection", token: str | None = None) -> None:
        """A connection to the emulator, with its token."""
        self.put_token(token or self.token)
        self.apply(connection({"spec.instanceUrl": self.okta.base_url}, name=name))

    def put_token(self, token: str) -> None:
        data = {"apiToken": base64.b64encode(token.encode()).decode()}
        self.apply(self.secret_manifest("okta-api-token", data))

    def secret_manifest(self, name: str, data: Mapping[str, str]) -> Json:
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}

    def rotate(self, changes: Mapping[str, Any] | None = None, name: str = "my-rotation") -> None:
        """Apply a rotation of this scene's app."""
        self.apply(rotation({"spec.parameters.clientId": self.app_id, **(changes or {})}, name))

    def annotate(self, token: str, name: str = "my-rotation") -> None:
        self.kubectl("annotate", "ocsr", name, f"okta-rotator.dev/rotate={token}", "--overwrite")

    # Reading

    def get(self, kind: str, name: str) -> Json | None:
        args = ("get", kind, name, "-o", "json", "--ignore-not-found")
        text = self.control_plane.kubectl("-n", self.namespace, *args).stdout
        return json.loads(text) if text.strip() else None

    def status(self, name: str = "my-rotation") -> Json:
        resource = self.get("ocsr", name) or {}
        return dict(resource.get("status", {}))

    def condition(self, kind: str, name: str = "my-rotation", of: str = "ocsr") -> Json:
        """The condition, or an empty one where it is absent."""
        resource = self.get(of, name) or {}
        conditions = resource.get("status", {}).get("conditions", ())
        return next((c for c in conditions if c["type"] == kind), {})

    def data(self, name: str = "my-rotation") -> dict[str, str]:
        """The decoded data of a Secret; empty where there is none."""
        secret = self.get("secret", name) or {}
        return {k: base64.b64decode(v).decode() for k, v in secret.get("data", {}).items()}

    def published(self, name: str = "my-rotation") -> str:
        return self.data(name).get(CLIENT_SECRET_KEY, "")

    def okta_secrets(self) -> list[Json]:
        return list(self.okta.app_state(self.app_id)["secrets"])

    def okta_calls(self) -> list[str]:
        """What was asked of Okta about this app: `POST /api/v1/apps/{id}/credentials/secrets`."""
        return [f"{one['method']} {one['path']}" for one in self.okta.request_log(self.app_id)]

    def accepts(self, value: str) -> bool:
        """Whether Okta accepts the value as this app's client secret."""
        answer = httpx.post(
            f"{self.okta.base_url}/oauth2/v1/introspect",
            auth=(self.app_id, value),
            data={"token": "junk"},
            trust_env=False,
        )
        return answer.status_code == httpx.codes.OK

    def events(self, name: str = "my-rotation") -> list[Json]:
        """The Events about one object, oldest first."""
        selector = f"involvedObject.name={name}"
        text = self.kubectl("get", "events", "-o", "json", "--field-selector", selector)
        return list(json.loads(text)["items"])

    def event_reasons(self, name: str = "my-rotation") -> list[str]:
        return [event["reason"] for event in self.events(name)]

    # Waiting

    def until(self, holds: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
        deadline = time.monotonic() + patience
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {patience:.0f} s: {what}\n{self._story()}")
            time.sleep(0.1)

    def until_ready(self, name: str = "my-rotation", patience: float = PATIENCE) -> None:
        """Ready, and by the newest generation."""
        self.until(lambda: self._is_ready(name), f"{name} is Ready", patience)

    def until_reason(self, kind: str, reason: str, name: str = "my-rotation") -> Json:
        """Wait for a condition with this reason, and return it."""
        self.until(lambda: self.condition(kind, name).get("reason") == reason, f"{kind} {reason}")
        return self.condition(kind, name)

    def until_connected(self, name: str = "my-connection") -> None:
        def ready() -> bool:
            return self.condition("Ready", name, of="oktaconn").get("status") == "True"

        self.until(ready, f"connection {name} is Ready")

    def _is_ready(self, name: str) -> bool:
        resource = self.get("ocsr", name) or {}
        status = resource.get("status", {})
        ready = next((c for c in status.get("conditions", ()) if c["type"] == "Ready"), {})
        generation = resource.get("metadata", {}).get("generation")
        return ready.get("status") == "True" and status.get("observedGeneration") == generation

    def _story(self) -> str:
        described = self.kubectl("get", "ocsr,oktaconn", "-o", "yaml", check=False)
        return f"{described[-4000:]}\n--- log ---\n{self.logs()[-4000:]}"
