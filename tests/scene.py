"""A namespace with an Okta app and an operator, and the words in which end-to-end tests speak."""

from __future__ import annotations

import base64
import copy
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.controlplane import ControlPlane
from tests.emulator_client import EmulatorClient
from tests.kube_reader import KubeReader
from tests.okta_calls import name_of
from tests.operator_process import ALONE, OperatorProcess
from tests.resources import Json, changed, connection, rotation

PATIENCE = 40.0
HEARTBEAT = "2"
CLIENT_ID_KEY, CLIENT_SECRET_KEY = "OKTA_CLIENT_ID", "OKTA_CLIENT_SECRET"
CONNECTION = "my-connection"
STATE_SUFFIX = "-okta-rotator-state"


class Scene:
    """What one test acts on. Everything in it is real but Okta, which is the emulator.

    `name` is the rotation's, and so its target's, wherever a method is not told another.
    """

    def __init__(
        self,
        control_plane: ControlPlane,
        namespace: str,
        okta: EmulatorClient,
        folder: Path,
        name: str = "my-rotation",
        app_id: str | None = None,
    ) -> None:
        self.control_plane = control_plane
        self.kubeconfig = control_plane.kubeconfig
        """What the operator reaches the API server by."""
        self.namespace = namespace
        self.okta = okta
        self.folder = folder
        self.name = name
        self.app_id: str = app_id or okta.make_app(secrets=[])["id"]
        self.token = okta.add_token(role="admin")
        self._kube = KubeReader(control_plane, namespace)
        self._operators: list[OperatorProcess] = []
        self._guests = 0

    def another(self) -> Scene:
        """A scene with an app and a name of its own, under the same operator and connection."""
        self._guests += 1
        guest = copy.copy(self)
        guest.name = f"{self.name}-{self._guests}"
        guest.app_id = self.okta.make_app(secrets=[])["id"]
        return guest

    # The operator

    def operator(self, *, start: bool = True, everywhere: bool = False) -> OperatorProcess:
        """An operator for this namespace; a heartbeat of seconds, so that nobody has to wait."""
        log = self.folder / f"operator-{len(self._operators)}.log"
        namespace = () if everywhere else ("--namespace", self.namespace)
        process = OperatorProcess(self.kubeconfig, log, ALONE, "--heartbeat", HEARTBEAT, *namespace)
        self._operators.append(process)
        if start:
            process.start()
        return process

    def close(self) -> None:
        for process in self._operators:
            process.stop()
        self._kube.close()

    def logs(self) -> str:
        return "".join(process.output() for process in self._operators)

    # Writing

    def kubectl(self, *args: str, input: str | None = None, check: bool = True) -> str:
        done = self.control_plane.kubectl("-n", self.namespace, *args, input=input, check=check)
        return done.stdout + done.stderr

    def apply(self, *manifests: Mapping[str, Any]) -> None:
        body = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        self.kubectl("apply", "-f", "-", input=json.dumps(body))

    def connect(
        self, name: str = CONNECTION, token: str | None = None, url: str | None = None
    ) -> None:
        """A connection to the emulator, with its token."""
        self.put_token(token or self.token, f"{name}-token")
        changes = {
            "spec.instanceUrl": url or self.okta.base_url,
            "spec.apiToken.secretRef.name": f"{name}-token",
        }
        self.apply(connection(changes, name=name))

    def put_token(self, token: str, name: str = f"{CONNECTION}-token") -> None:
        self.apply(self.secret_manifest(name, {"apiToken": token}))

    def secret_manifest(self, name: str, data: Mapping[str, str]) -> Json:
        """A Secret with this text by key."""
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
        metadata = {"name": name}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded}

    def manifest(self, changes: Mapping[str, Any] | None = None) -> Json:
        """The rotation of this scene's app."""
        return rotation({"spec.parameters.clientId": self.app_id, **(changes or {})}, self.name)

    def rotate(self, changes: Mapping[str, Any] | None = None) -> None:
        """Apply the rotation of this scene's app."""
        self.apply(self.manifest(changes))

    def annotate(self, token: str) -> None:
        """Ask for a rotation by hand."""
        annotation = f"okta-rotator.dev/rotate={token}"
        self.kubectl("annotate", "ocsr", self.name, annotation, "--overwrite")

    def rotate_by_hand(self, token: str) -> None:
        """Ask for a rotation, and wait until it is done."""
        self.annotate(token)
        self.until(lambda: self.handled() == token, f"the token {token} is handled")

    def patch_status(self, status: Json | None) -> None:
        patch = json.dumps({"status": status})
        args = ("--subresource=status", "--type=merge", "-p", patch)
        self.kubectl("patch", "ocsr", self.name, *args)

    def rewrite_record(self, changes: Mapping[str, Any]) -> None:
        """Put other values into the `record` of the state Secret, as a restore would."""
        record = json.dumps(changed(self.record(), changes))
        patch = {"data": {"record": base64.b64encode(record.encode()).decode()}}
        self.kubectl("patch", "secret", self.state_name, "-p", json.dumps(patch))

    # Reading

    @property
    def state_name(self) -> str:
        return self.name + STATE_SUFFIX

    def get(self, kind: str, name: str | None = None) -> Json | None:
        return self._kube.get(kind, name or self.name)

    def exists(self, kind: str, name: str | None = None) -> bool:
        return self.get(kind, name) is not None

    def version(self, kind: str, name: str | None = None) -> str:
        """The resourceVersion: it changes with every write."""
        return str((self.get(kind, name) or {})["metadata"]["resourceVersion"])

    def versions(self) -> list[str]:
        """Of everything that the operator writes in a scene."""
        written = (("ocsr", None), ("secret", None), ("secret", self.state_name))
        return [self.version(*one) for one in (*written, ("oktaconn", CONNECTION))]

    def status(self) -> Json:
        return dict((self.get("ocsr") or {}).get("status", {}))

    def handled(self) -> str | None:
        """The last token of a rotation by hand that was acted on."""
        token: str | None = self.status().get("handledRequests", {}).get("rotate")
        return token

    def condition(self, kind: str, of: str = "ocsr", name: str | None = None) -> Json:
        """The condition, or an empty one where it is absent."""
        conditions = (self.get(of, name) or {}).get("status", {}).get("conditions", ())
        return next((c for c in conditions if c["type"] == kind), {})

    def conditions(self) -> dict[str, str]:
        """The status of each condition that is present."""
        return {c["type"]: c["status"] for c in self.status().get("conditions", ())}

    def data(self, name: str | None = None) -> dict[str, str]:
        """The decoded data of a Secret; empty where there is none."""
        secret = self.get("secret", name) or {}
        return {k: base64.b64decode(v).decode() for k, v in (secret.get("data") or {}).items()}

    def published(self) -> str:
        return self.data().get(CLIENT_SECRET_KEY, "")

    def record(self) -> Json:
        """What the state Secret says beside the values."""
        return dict(json.loads(self.data(self.state_name)["record"]))

    def events(self, name: str | None = None) -> list[Json]:
        """The Events about one object."""
        selector = f"involvedObject.name={name or self.name}"
        return self._kube.list("event", fieldSelector=selector)

    def event_reasons(self, name: str | None = None) -> list[str]:
        return [event["reason"] for event in self.events(name)]

    def every_event(self) -> int:
        """How many Events there are in the namespace."""
        return len(self._kube.list("event"))

    def warnings(self, reason: str, name: str | None = None) -> list[str]:
        """The messages of the Warnings with this reason."""
        found = (e for e in self.events(name) if (e["type"], e["reason"]) == ("Warning", reason))
        return [event["message"] for event in found]

    # Okta

    def okta_secrets(self) -> list[Json]:
        return list(self.okta.app_state(self.app_id)["secrets"])

    def in_okta(self) -> dict[str, str]:
        """The state of each client secret of the app, by its value."""
        return {one["client_secret"]: one["status"] for one in self.okta_secrets()}

    def listen(self) -> Callable[[], list[str]]:
        """From now on: what Okta is asked about this app, and every introspection."""
        before = len(self.okta.request_log())

        def heard() -> list[str]:
            calls = self.okta.request_log()[before:]
            mine = [c for c in calls if c["appId"] in (self.app_id, None)]
            named = [name_of(f"{call['method']} {call['path']}") for call in mine]
            return [name for name in named if name is not None]

        return heard

    def accepts(self, value: str) -> bool:
        """Whether Okta accepts the value as this app's client secret."""
        answer = httpx.post(
            f"{self.okta.base_url}/oauth2/v1/introspect",
            auth=(self.app_id, value),
            data={"token": "junk"},
            trust_env=False,
        )
        return answer.status_code == httpx.codes.OK

    # Waiting

    def until(self, holds: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
        deadline = time.monotonic() + patience
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {patience:.0f} s: {what}\n{self._story()}")
            time.sleep(0.1)

    def always(self, holds: Callable[[], object], what: str, seconds: float) -> None:
        """It holds now and stays so for some time: for what must not happen."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not holds():
                raise AssertionError(f"no longer: {what}\n{self._story()}")
            time.sleep(0.1)

    def until_ready(self, patience: float = PATIENCE) -> None:
        """Ready, and by the newest generation."""
        self.until(self._is_ready, f"{self.name} is Ready", patience)

    def until_reason(self, kind: str, reason: str) -> Json:
        """Wait for a condition with this reason, and return it."""
        self.until(lambda: self.condition(kind).get("reason") == reason, f"{kind} {reason}")
        return self.condition(kind)

    def until_warning(self, reason: str, name: str | None = None) -> str:
        """Wait for a Warning with this reason, since Events come after the status; its message."""
        self.until(lambda: self.warnings(reason, name), f"a Warning {reason}")
        return self.warnings(reason, name)[0]

    def until_connected(self, name: str = CONNECTION) -> None:
        def ready() -> bool:
            return self.condition("Ready", "oktaconn", name).get("status") == "True"

        self.until(ready, f"connection {name} is Ready")

    def _is_ready(self) -> bool:
        resource = self.get("ocsr") or {}
        status = resource.get("status", {})
        ready: Json = next((c for c in status.get("conditions", ()) if c["type"] == "Ready"), {})
        generation = resource.get("metadata", {}).get("generation")
        return ready.get("status") == "True" and status.get("observedGeneration") == generation

    def _story(self) -> str:
        described = json.dumps([self.get("ocsr"), self._kube.list("oktaconn")], indent=1)
        return f"{described[-6000:]}\n--- log ---\n{self.logs()[-5000:]}"
