"""One control plane from start to stop."""

import atexit
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.controlplane import commands
from tests.controlplane.api import HOST, Api, controller_manager_is_ready, etcd_is_ready
from tests.controlplane.binaries import find
from tests.controlplane.credentials import Credentials
from tests.controlplane.errors import KubectlError
from tests.controlplane.janitor import Janitor
from tests.controlplane.ports import free_ports
from tests.controlplane.process import Daemon

PROGRAMS = ("etcd", "kube-apiserver", "kubectl")
FOLDER_PREFIX = "okta-rotator-controlplane-"
KUBECTL_SECONDS = 60.0


class ControlPlane:
    """An etcd and a kube-apiserver of its own, with RBAC on, on free ports of 127.0.0.1.

    `etcd`, `apiserver` and, once it was started, `controller_manager` can each be stopped and
    started again by themselves; they keep their port and their data until `stop()`, after which
    nothing is left and the control plane cannot be started again.
    """

    def __init__(self, *apiserver_flags: str) -> None:
        # Found before anything is made: where one is missing there is then nothing to clean up.
        programs = {program: find(program) for program in PROGRAMS}
        self._kubectl = programs["kubectl"]
        self.folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
        self._janitor: Janitor | None = Janitor(self.folder)
        atexit.register(self.stop)
        self.controller_manager: Daemon | None = None
        self._lay_out(apiserver_flags, *free_ports(2))

    def _lay_out(self, apiserver_flags: Sequence[str], etcd_port: int, port: int) -> None:
        self.server_url = f"https://{HOST}:{port}"
        self.kubeconfig = self.folder / "kubeconfig"
        self.credentials = Credentials(self.folder / "credentials")
        self.credentials.write_kubeconfig(self.kubeconfig, self.server_url)
        self._api = Api(port, self.credentials)
        etcd = commands.etcd(self.folder / "data", etcd_port)
        self.etcd = self._daemon(etcd, partial(etcd_is_ready, etcd_port))
        apiserver = commands.apiserver(etcd_port, port, self.credentials, apiserver_flags)
        self.apiserver = self._daemon(apiserver, self._api.is_ready)

    def _daemon(self, command: Sequence[str | Path], is_ready: Callable[[], bool]) -> Daemon:
        assert self._janitor is not None
        log = self.folder / f"{Path(command[0]).name}.log"
        return Daemon(command, log, self._janitor, is_ready)

    def start(self) -> None:
        """Start etcd and the API server and wait until they are ready."""
        try:
            self.etcd.start()
            self.apiserver.start()
        except BaseException:
            self.stop()
            raise

    def start_controller_manager(self, controllers: Sequence[str] = commands.CONTROLLERS) -> Daemon:
        """Start kube-controller-manager with these controllers only and wait until it is ready."""
        (port,) = free_ports(1)
        certificates = self.folder / "controller-manager"
        command = commands.controller_manager(port, self.kubeconfig, certificates, controllers)
        daemon = self._daemon(command, partial(controller_manager_is_ready, port))
        self.controller_manager = daemon
        daemon.start()
        return daemon

    def stop(self) -> None:
        """Stop every program and remove the data; more than once does no harm."""
        if self._janitor is None:
            return
        for daemon in (self.controller_manager, self.apiserver, self.etcd):
            if daemon is not None:
                daemon.stop()
        self._janitor.finish()
        self._janitor = None
        atexit.unregister(self.stop)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def create_namespace(self, prefix: str = "test-") -> str:
        """Create a namespace and return the name that the server made from the prefix."""
        return self._api.create_namespace(prefix)

    def kubectl(
        self, *args: str, input: str | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl as the administrator, without the user's configuration and cache."""
        command = [str(self._kubectl), *args]
        done = subprocess.run(
            command,
            input=input,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=KUBECTL_SECONDS,
            check=False,
        )
        if check and done.returncode != 0:
            raise KubectlError(done.returncode, command, done.stdout, done.stderr)
        return done

    def environment(self) -> dict[str, str]:
        """Return an environment in which kubectl knows this control plane and no other."""
        # kubectl keeps its cache and reads its preferences below the home folder.
        return os.environ | {"KUBECONFIG": str(self.kubeconfig), "HOME": str(self.folder)}
