"""The show, from top to bottom: what is done, what is expected, and what is said about it."""

import json
import shlex
import time
from pathlib import Path

import yaml

from demo.okta import COLUMNS, OktaView
from demo.screen import Screen, masked
from demo.stage import Stage
from tests.controlplane.targets import ETCD, KUBERNETES
from tests.scene import CLIENT_ID_KEY, CLIENT_SECRET_KEY

CRDS = "crds"
SAMPLES = Path("deploy/samples")
ROTATION, CONNECTION = SAMPLES / "rotation.yaml", SAMPLES / "connection.yaml"
ROTATE = "okta-rotator.dev/rotate"


class Unexpected(Exception):
    """Something that the show is there to show did not hold."""


class Show:
    """`play()` reads as the programme; each step is a method below it."""

    def __init__(self, stage: Stage, screen: Screen) -> None:
        self.stage = stage
        self.screen = screen
        self.sample = yaml.safe_load(ROTATION.read_text())
        self.name: str = self.sample["metadata"]["name"]
        self.app_id: str = self.sample["spec"]["parameters"]["clientId"]

    def play(self) -> None:
        """All steps. Raises Unexpected, or what a scene raises, where something does not hold."""
        since = time.monotonic()
        self.screen.title("okta-rotator: the life of a client secret, on real parts")
        self.start_the_control_plane()
        self.apply_the_crds()
        self.start_okta_and_the_operator()
        self.connect()
        self.screen.begin_picture()
        self.apply_the_sample()
        first = self.look_at_the_secret()
        self.look_at_the_status()
        second = self.rotate_by_hand(first)
        self.rotate_again(first, second)
        self.screen.end_picture()
        self.damage_the_secret()
        self.look_back()
        self.screen.title(f"\nThat was all of it, in {_seconds(since)}.")

    def start_the_control_plane(self) -> None:
        self.screen.step(
            "A control plane",
            f"etcd {ETCD} and kube-apiserver {KUBERNETES}, on free ports of this machine",
        )
        since = time.monotonic()
        self.stage.start_control_plane()
        self.screen.check(f"it serves {self.stage.control_plane.server_url} ({_seconds(since)})")

    def apply_the_crds(self) -> None:
        self.screen.step("The resources", "OktaConnection and OktaClientSecretRotation")
        self._kubectl("apply", "-f", CRDS)
        self._kubectl("wait", "--for=condition=Established", "-f", CRDS, is_quiet=True)
        self.screen.check("the API server knows both kinds")

    def start_okta_and_the_operator(self) -> None:
        self.screen.step(
            "Okta and the operator",
            "Okta is the emulator, to which Okta's own SDK can be pointed too",
        )
        since = time.monotonic()
        self.stage.start_okta(self.name, self.app_id)
        self.okta = OktaView(self.stage.scene)
        self.screen.check(f"Okta, at {self.okta.url}, has the app {self.app_id} with one secret")
        self.stage.start_operator()
        self.screen.check(f"okta-rotator run is ready, as a process of its own ({_seconds(since)})")

    def connect(self) -> None:
        self.screen.step(
            "The connection",
            f"{CONNECTION} as it is, but for instanceUrl, which is the emulator's",
        )
        secret = ("create", "secret", "generic", "okta-api-token")
        token = self.stage.scene.token
        self._kubectl(*secret, "--from-file=apiToken=/dev/stdin", input=token, shown="{} < token")
        manifest = CONNECTION.read_text()
        url = yaml.safe_load(manifest)["spec"]["instanceUrl"]
        sed = f"sed 's|{url}|{self.okta.url}|' {CONNECTION}"
        here = manifest.replace(url, self.okta.url)
        self._kubectl("apply", "-f", "-", input=here, shown=sed + " | {}")
        self.stage.scene.until_connected("my-okta-connection")
        self._kubectl("get", "oktaconn")
        self.screen.check("Ready: the operator signed in at Okta with the token")

    def apply_the_sample(self) -> None:
        self.screen.step("The rotation", f"{ROTATION}, as it is")
        self.screen.yaml(yaml.safe_dump({"spec": self.sample["spec"]}, sort_keys=False))
        self._kubectl("apply", "-f", str(ROTATION))
        since = time.monotonic()
        self.stage.scene.until_ready()
        self.screen.check(f"Ready after {_seconds(since)}")

    def look_at_the_secret(self) -> str:
        self.screen.step("The Secret", "What a workload mounts; the values are masked here")
        data = self.stage.scene.data()
        self._expect(data.get(CLIENT_ID_KEY) == self.app_id, "the client id is the app's")
        value = data.get(CLIENT_SECRET_KEY, "")
        self.screen.table(
            ("key", "value"),
            [(CLIENT_ID_KEY, data[CLIENT_ID_KEY]), (CLIENT_SECRET_KEY, masked(value))],
        )
        self._expect(self.okta.accepts(value), "Okta accepts the pair: it lets the app introspect")
        self.screen.table(COLUMNS, self.okta.secrets())
        return value

    def look_at_the_status(self) -> None:
        self.screen.step("The status", "Names and times, never a value")
        resource = self._kubectl("get", "ocsr", self.name, "-o", "yaml", is_quiet=True)
        self.screen.command(f"kubectl get ocsr {self.name} -o yaml | sed -n '/^status:/,$p'")
        self.screen.yaml(resource[resource.index("\nstatus:") + 1 :])
        self._kubectl("get", "ocsr")

    def rotate_by_hand(self, first: str) -> str:
        self.screen.step(
            "A rotation by hand",
            "Each new value of this annotation asks for one, from kubectl or from Git",
        )
        second = self._rotate("the-first-request", first)
        self._expect(self.okta.accepts(second), "Okta accepts the new value")
        self._expect(self.okta.accepts(first), "and still the one before: workloads may move over")
        self.screen.table(COLUMNS, self.okta.secrets())
        return second

    def rotate_again(self, first: str, second: str) -> None:
        self.screen.step("One more", "Okta allows two secrets an app, so the oldest has to go")
        third = self._rotate("another-request", second)
        self._expect(not self.okta.accepts(first), "Okta refuses the first value from now on")
        self._expect(
            self.okta.accepts(second) and self.okta.accepts(third), "and accepts the other two"
        )
        self._expect(len(self.stage.scene.okta_secrets()) == 2, "which are all that Okta holds")
        self.screen.table(COLUMNS, self.okta.secrets())

    def damage_the_secret(self) -> None:
        self.screen.step("A slip of the hand", "Somebody writes nonsense into the Secret")
        scene = self.stage.scene
        good, rotated_at = scene.published(), scene.status()["lastRotatedAt"]
        patch = json.dumps({"stringData": {CLIENT_SECRET_KEY: "nonsense"}})
        self._kubectl("patch", "secret", self.name, "-p", patch)
        since = time.monotonic()
        scene.until(lambda: scene.published() == good, "the Secret is restored")
        self.screen.check(f"restored after {_seconds(since)}")
        unchanged = scene.status()["lastRotatedAt"] == rotated_at
        self._expect(unchanged, "without a rotation: it is the value from before")

    def look_back(self) -> None:
        self.screen.step("What there is to tell", "The Events, and what Okta was asked")
        scene = self.stage.scene
        wanted = {"Rotated", "Retired", "TargetRepaired"}
        scene.until(lambda: wanted <= set(scene.event_reasons()), f"Events {sorted(wanted)}")
        events = sorted(scene.events(), key=lambda one: int(one["metadata"]["resourceVersion"]))
        self.screen.table(("event", "message"), [(e["reason"], e["message"]) for e in events])
        self.screen.say("")
        self.screen.table(("times", "what the operator asked of Okta"), self.okta.calls())

    def _rotate(self, token: str, before: str) -> str:
        """Ask for a rotation, wait for it, and return the new value."""
        since = time.monotonic()
        self._kubectl("annotate", "ocsr", self.name, f"{ROTATE}={token}", "--overwrite")
        scene = self.stage.scene
        scene.until(lambda: scene.handled() == token, f"the request {token} is handled")
        after = scene.published()
        self._expect(after not in ("", before), f"another value is published ({_seconds(since)})")
        return after

    def _kubectl(
        self, *args: str, input: str | None = None, shown: str = "{}", is_quiet: bool = False
    ) -> str:
        """Run a command and show it with what it says; `shown` says where its input is from."""
        output = self.stage.control_plane.kubectl(*args, input=input).stdout
        if not is_quiet:
            self.screen.command(shown.format(shlex.join(("kubectl", *args))))
            self.screen.output(output)
        return output

    def _expect(self, holds: bool, text: str) -> None:
        if not holds:
            raise Unexpected(f"this does not hold: {text}")
        self.screen.check(text)


def _seconds(since: float) -> str:
    return f"{time.monotonic() - since:.1f} s"
