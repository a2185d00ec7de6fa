"""Okta as the show looks at it: through the app's own calls and, by the emulator, behind them."""

import re
from collections import Counter

from demo.screen import PREFIX, masked
from tests.scene import Scene

COLUMNS = ("secret in Okta", "value", "state", "made by", "")
INTROSPECT = "POST /oauth2/v1/introspect"


class OktaView:
    """The org in the emulator, and its one app."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._own_introspections = 0
        self.url = scene.okta.base_url

    def accepts(self, value: str) -> bool:
        """Whether Okta lets the app in with this value."""
        self._own_introspections += 1
        return self._scene.accepts(value)

    def secrets(self) -> list[tuple[str, ...]]:
        """A row for each secret that the app has."""
        published = self._scene.published()
        return [_row(one, published) for one in self._scene.okta_secrets()]

    def calls(self) -> list[tuple[str, str]]:
        """How often the operator asked what; the show's own questions left out."""
        records = self._scene.okta.request_log()
        calls = Counter(f"{one['method']} {_path(one['path'])}" for one in records)
        calls[INTROSPECT] -= self._own_introspections
        return [(str(times), call) for call, times in calls.items()]


def _row(secret: dict[str, str], published: str) -> tuple[str, ...]:
    value = secret["client_secret"]
    maker = "okta-rotator" if value.startswith(PREFIX) else "hand"
    note = "← in the Secret" if value == published else ""
    return secret["id"], masked(value), secret["status"], maker, note


def _path(path: str) -> str:
    return re.sub(r"ocs\w{17}", "{secretId}", re.sub(r"0oa\w{17}", "{appId}", path))
