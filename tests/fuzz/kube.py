"""Writes to the API server as kubectl sends them, without a process for each."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.kube_reader import KubeReader
from tests.resources import Json

STRICT = {"fieldValidation": "Strict", "fieldManager": "kubectl"}
MERGE, JSON_PATCH, APPLY = (
    "application/merge-patch+json",
    "application/json-patch+json",
    "application/apply-patch+yaml",
)


class RefusedError(Exception):
    """The API server refused a write; the text is its message."""


class ConflictError(RefusedError):
    """Somebody else has changed the object meanwhile."""


class Kube(KubeReader):
    """One namespace; unknown fields are refused, as kubectl has it."""

    def create(self, kind: str, body: Json) -> Json:
        return self._sent("POST", self._path(kind), body)

    def patch(self, kind: str, name: str, body: Any, content: str = MERGE, sub: str = "") -> Json:
        more = {"force": "true", "fieldManager": "gitops"} if content == APPLY else {}
        headers = {"Content-Type": content}
        return self._sent("PATCH", f"{self._path(kind)}/{name}{sub}", body, headers, more)

    def replace(self, kind: str, body: Json) -> Json:
        return self._sent("PUT", f"{self._path(kind)}/{body['metadata']['name']}", body)

    def delete(self, kind: str, name: str) -> None:
        """No matter whether it is there."""
        answer = self._http.delete(f"{self._path(kind)}/{name}")
        if answer.status_code != httpx.codes.NOT_FOUND:
            answer.raise_for_status()

    def put_secret(self, name: str, text: dict[str, str]) -> None:
        """A Secret that holds this text, made or changed."""
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
        self.patch("secret", name, body | {"stringData": text}, APPLY)

    def _sent(
        self,
        method: str,
        path: str,
        body: Any,
        headers: dict[str, str] | None = None,
        more: dict[str, str] | None = None,
    ) -> Json:
        kind = {"Content-Type": "application/json"} | (headers or {})
        content = json.dumps(body, ensure_ascii=False).encode()
        answer = self._http.request(
            method, path, content=content, headers=kind, params=STRICT | (more or {})
        )
        if answer.status_code >= 400:
            kind_of_error = ConflictError if answer.status_code == 409 else RefusedError
            raise kind_of_error(f"{answer.status_code} {answer.json()['message']}")
        return dict(answer.json())
