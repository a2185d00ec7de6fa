"""Servers that are no Okta: one that leads away from an org, and one that waits there."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

ORGANIZATION = "/.well-known/okta-organization"


class Lure:
    """Notes each request that comes, by its path, and which headers were sent."""

    status, location = 404, ""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.headers: set[str] = set()
        lure = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                lure.requests.append(self.path)
                lure.headers.update(name.lower() for name in self.headers)
                lure.answer(self)

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(self.status)
        if self.location:
            request.send_header("Location", self.location + request.path)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Org(Lure):
    """Says that it is an org, and redirects whatever else it is asked."""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        if request.path != ORGANIZATION:
            super().answer(request)
            return
        links = {"organization": {"href": self.url}}
        body = json.dumps({"id": "00o1b2c3d4e5f6g7h8i9", "_links": links}).encode()
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)


def redirecting_org(status: int, location: str) -> Lure:
    """An org that answers with this status and leads to the address."""
    org = _Org()
    org.status, org.location = status, location
    return org
