"""Turns answers and failures of the Kubernetes API into troubles. The only place that does.

PortError
 └── ClusterError           with the HTTP status, None where no answer came
      ├── NotFoundError     404
      └── ConflictError     409, and 410 of a watch: somebody else was first
"""

from __future__ import annotations

import json
from typing import Final

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.trouble import Next, PortError, Trouble

LONGEST_TEXT: Final = 300
"""Characters of a foreign text that are passed on."""


FORBIDDEN: Final = 403
"""What the API server answers where RBAC gives no right."""


class ClusterError(PortError):
    """The Kubernetes API refused a request, or could not be reached."""

    def __init__(self, trouble: Trouble, status: int | None) -> None:
        super().__init__(trouble)
        self.status = status


class NotFoundError(ClusterError):
    """The object, or the kind, does not exist."""


class ConflictError(ClusterError):
    """The object exists already, or is not the version that was read."""


def error_of_answer(status: int, body: bytes, request: str) -> ClusterError:
    """The error for an answer of 400 and above. `request` names it: `patch secrets/x`."""
    message = f"Kubernetes: {request}: {_message(body) or f'HTTP {status}'}"
    if status == 404:
        return NotFoundError(Trouble(Next.LOOK_AGAIN, Reason.CONFLICT, message), status)
    if status in (409, 410):
        return ConflictError(Trouble(Next.LOOK_AGAIN, Reason.CONFLICT, message), status)
    if status in (401, 429) or status >= 500:
        # "etcdserver: request timed out" is an answer too, and the write may be on its way.
        is_open = status >= 500
        trouble = Trouble(Next.RETRY, Reason.CLUSTER_UNAVAILABLE, message, may_have_landed=is_open)
        return ClusterError(trouble, status)
    return ClusterError(Trouble(Next.PERSON, Reason.ACCESS_DENIED, message), status)


def error_of_failure(error: Exception, request: str) -> ClusterError:
    """The error where no answer came: only the kind of failure is told, never its text."""
    message = f"Kubernetes: {request}: no answer ({type(error).__name__})"
    return ClusterError(
        Trouble(Next.RETRY, Reason.CLUSTER_UNAVAILABLE, message, may_have_landed=True), None
    )


def _message(body: bytes) -> str:
    """The message of a `Status` object. Kubernetes repeats field names in it, not Secrets' data."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return ""
    text = parsed.get("message") if isinstance(parsed, dict) else None
    return text[:LONGEST_TEXT] if isinstance(text, str) else ""
