"""An Okta of one function, for tests of the client without a network."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from okta_rotator.okta.auth import ApiTokenSignIn
from okta_rotator.okta.client import DEADLINE, OktaClient
from okta_rotator.rotation.values import SecretValue

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BASE = "https://acme.okta.com"
APP_ID = "0oa1gjh63g214q0Hq0g4"
SECRET_ID = "ocs2f50kZB0cITmYU0g4"
TOKEN = SecretValue("00QtokenTokenTokenTokenTokenTokenTokenToken")
VALUE = SecretValue("okr_value-of-the-test-" + "v" * 42)

Handler = Callable[[httpx.Request], httpx.Response]


class Org:
    """Answers each request by the next of its answers, the last one for ever; keeps them all."""

    def __init__(self, *answers: httpx.Response | Exception | Handler) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.calls: list[tuple[str, int | None]] = []

    def client(
        self, deadline: float = DEADLINE, transport: httpx.AsyncBaseTransport | None = None
    ) -> OktaClient:
        return OktaClient(
            BASE,
            ApiTokenSignIn(TOKEN),
            transport or httpx.MockTransport(self.answer),
            now=lambda: NOW,
            on_call=lambda endpoint, status, seconds: self.calls.append((endpoint, status)),
            deadline=deadline,
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)


def answer(
    status: int, body: object = None, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    content = b"" if body is None else json.dumps(body).encode()
    return httpx.Response(status, headers=headers, content=content)


def api_error(
    status: int,
    code: str,
    summary: str = "",
    *causes: str,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Okta's usual shape of an error."""
    body = {
        "errorCode": code,
        "errorSummary": summary,
        "errorLink": code,
        "errorId": "oaeHfmOAx1iRLa0H10DeMz5fQ",
        "errorCauses": [{"errorSummary": cause} for cause in causes],
    }
    return answer(status, body, headers)


def oauth_error(status: int, error: str, description: str = "") -> httpx.Response:
    return answer(status, {"error": error, "error_description": description})


def secret_object(**changes: Any) -> dict[str, Any]:
    """A client secret as Okta's OpenAPI shows it."""
    return {
        "id": SECRET_ID,
        "created": "2023-04-06T21:32:33.000Z",
        "lastUpdated": "2023-04-06T21:32:33.000Z",
        "status": "ACTIVE",
        "client_secret": VALUE.reveal(),
        "secret_hash": "FpCwXwSjTRQNtEI11I00-g",
        "_links": {},
        **changes,
    }
