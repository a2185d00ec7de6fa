"""The parts of the show: started one by one, stopped the other way round, whatever happens."""

import secrets
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.controlplane import ControlPlane
from tests.controlplane.janitor import Janitor
from tests.controlplane.process import tail
from tests.okta_fixtures import emulator_process
from tests.operator_process import OperatorProcess
from tests.scene import Scene

FOLDER_PREFIX = "okta-rotator-demo-"
NAMESPACE = "default"
LOG_LINES = 25


class Stage:
    """`control_plane`, `scene` and `operator` are there once they were started, in this order."""

    control_plane: ControlPlane
    scene: Scene
    operator: OperatorProcess

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
        self.log = self.folder / "operator.log"
        # Even if this process is killed, the folder goes, and so do the processes.
        self._janitor = Janitor(self.folder)
        self._parts = ExitStack()
        self._parts.callback(self._janitor.finish)
        self._pids: list[int] = []
        self._parts.callback(self._forget)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._parts.close()

    def start_control_plane(self) -> None:
        self.control_plane = self._parts.enter_context(ControlPlane())

    def start_okta(self, name: str, app_id: str) -> None:
        """An emulated Okta with one app, which has one secret, as an app newly made in Okta has."""
        okta = self._parts.enter_context(emulator_process(watch=self._watch))
        value = secrets.token_urlsafe(30)
        okta.add_app({"id": app_id, "label": "My app", "secrets": [{"clientSecret": value}]})
        self.scene = Scene(self.control_plane, NAMESPACE, okta, self.folder, name, app_id)
        self._parts.callback(self.scene.close)

    def start_operator(self) -> None:
        """`okta-rotator run`, for all namespaces, with its log in a file."""
        kubeconfig = self.control_plane.kubeconfig
        flags = ("--log-format", "text", "--lease-namespace", NAMESPACE)
        self.operator = OperatorProcess(kubeconfig, self.log, *flags, level="INFO")
        self._parts.callback(self.operator.stop)
        self.operator.start()
        self._watch(self.operator.pid)

    def log_tail(self) -> str:
        """The end of the operator's log."""
        return tail(self.log, LOG_LINES) if self.log.exists() else "(it was not started)"

    def _watch(self, pid: int) -> None:
        self._pids.append(pid)
        self._janitor.watch(pid)

    def _forget(self) -> None:
        # They were stopped before this, and their pids may be used by others.
        for pid in self._pids:
            self._janitor.forget(pid)
