"""Plans for a way: what a neighbour may do to a request."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Final

from tests.chaos.ground import Call, Plan, let_pass
from tests.chaos.proxy import Answer, Reset

Choice = Callable[[Call], bool]


def kube_says(code: int, reason: str, **headers: str) -> Plan:
    """The API server refuses; what was asked for has no effect."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "metadata": {}}
    body = json.dumps({**status, "message": "chaos", "reason": reason, "code": code}).encode()
    told = {"Content-Type": "application/json", **headers}

    async def refuse(call: Call) -> Answer:
        return Answer(code, body, told)

    return refuse


async def reset_before(call: Call) -> Answer:
    """The connection breaks before the neighbour has heard."""
    raise Reset


async def reset_after(call: Call) -> Answer:
    """It has its effect, but the answer is lost."""
    await call.forward()
    raise Reset


def slow(seconds: float) -> Plan:
    async def wait(call: Call) -> Answer:
        await asyncio.sleep(seconds)
        return await call.forward()

    return wait


def okta_says(code: int, error_code: str, reset_in: float | None = None) -> Plan:
    """Okta refuses; what was asked for has no effect. A 429 says in how many seconds to come."""
    body = json.dumps({"errorCode": error_code, "errorSummary": "chaos", "errorCauses": []})

    async def refuse(call: Call) -> Answer:
        now = time.time()
        headers = {"Content-Type": "application/json", "Date": formatdate(now, usegmt=True)}
        if reset_in is not None:
            headers |= {
                "x-rate-limit-limit": "100",
                "x-rate-limit-remaining": "0",
                "x-rate-limit-reset": str(round(now + reset_in)),
            }
        return Answer(code, body.encode(), headers)

    return refuse


KUBE_FAULTS: Final[Mapping[str, Plan]] = {
    "409": kube_says(409, "Conflict"),
    "429": kube_says(429, "TooManyRequests", **{"Retry-After": "1"}),
    "500": kube_says(500, "InternalError"),
    "503": kube_says(503, "ServiceUnavailable"),
    "reset": reset_before,
    "answer-lost": reset_after,
}

OKTA_FAULTS: Final[Mapping[str, Plan]] = {
    "429": okta_says(429, "E0000047", reset_in=3),
    "500": okta_says(500, "E0000009"),
    "503": okta_says(503, "E0000010"),
    "reset": reset_before,
    "answer-lost": reset_after,
    "slow": slow(9),
}


class Some:
    """The fault meets one of the chosen calls, or several, after so many; all else passes."""

    def __init__(self, chosen: Choice, fault: Plan, skip: int = 0, times: int = 1) -> None:
        self.met = 0
        self._chosen, self._fault = chosen, fault
        self._seen, self._first, self._last = 0, skip + 1, skip + times

    async def __call__(self, call: Call) -> Answer:
        if not self._chosen(call):
            return await call.forward()
        self._seen += 1
        if not self._first <= self._seen <= self._last:
            return await call.forward()
        self.met += 1
        return await self._fault(call)


def while_true(holds: Callable[[], bool], fault: Plan) -> Plan:
    """The fault meets everything as long as something holds."""

    async def plan(call: Call) -> Answer:
        return await (fault if holds() else let_pass)(call)

    return plan


def is_write(call: Call) -> bool:
    return call.exchange.method != "GET"
