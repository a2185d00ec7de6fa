"""The few requests to the control plane that need no Kubernetes client."""

import http.client
import json
import ssl
from typing import Any

from tests.controlplane.credentials import Credentials
from tests.controlplane.errors import ControlPlaneError

REQUEST_SECONDS = 10.0
HOST = "127.0.0.1"


def etcd_is_ready(port: int) -> bool:
    """Tell whether etcd answers and has a leader."""
    try:
        return _answer(http.client.HTTPConnection(HOST, port, timeout=REQUEST_SECONDS), "/readyz")
    except (OSError, http.client.HTTPException):
        return False


def controller_manager_is_ready(port: int) -> bool:
    """Tell whether the controller manager answers; it signs its own certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(HOST, port, timeout=REQUEST_SECONDS, context=context)
    try:
        return _answer(connection, "/healthz")
    except (OSError, http.client.HTTPException):
        return False


def _answer(connection: http.client.HTTPConnection, path: str) -> bool:
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    finally:
        connection.close()


class Api:
    """The API server, spoken to as its administrator."""

    def __init__(self, port: int, credentials: Credentials) -> None:
        self._port = port
        self._credentials = credentials

    def is_ready(self) -> bool:
        """Tell whether the server is ready; it makes the default namespace some time after."""
        try:
            paths = ("/readyz", "/api/v1/namespaces/default")
            return all(self._request("GET", path)[0] == http.client.OK for path in paths)
        except (OSError, http.client.HTTPException):
            return False

    def create_namespace(self, prefix: str) -> str:
        """Create a namespace and return the name that the server made from the prefix."""
        body = {"metadata": {"generateName": prefix}}
        status, answer = self._request("POST", "/api/v1/namespaces", body)
        if status != http.client.CREATED:
            raise ControlPlaneError(f"no namespace, {status}: {answer.decode(errors='replace')}")
        name: str = json.loads(answer)["metadata"]["name"]
        return name

    def _request(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        context = ssl.create_default_context(cafile=self._credentials.authority)
        connection = http.client.HTTPSConnection(
            HOST, self._port, timeout=REQUEST_SECONDS, context=context
        )
        headers = {
            "Authorization": f"Bearer {self._credentials.token}",
            "Content-Type": "application/json",
        }
        try:
            connection.request(
                method, path, body=json.dumps(body) if body else None, headers=headers
            )
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()
