"""A thin client of the emulator's control API, for tests of whatever talks to Okta."""

import secrets
import string
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import httpx

Json = dict[str, Any]

_ALPHANUMERIC = string.ascii_letters + string.digits


def random_id(prefix: str) -> str:
    """An id in Okta's shape: a prefix of three and 17 alphanumerics."""
    return prefix + "".join(secrets.choice(_ALPHANUMERIC) for _ in range(17))


class EmulatorClient:
    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.http = httpx.Client(base_url=base_url, timeout=30, trust_env=False)
        self._control = httpx.Client(base_url=f"{base_url}/_emulator/", trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.http.close()
        self._control.close()

    def make_app(self, **fields: Any) -> Json:
        """A new app with a random id; the fields are those of the seed. Answers its state."""
        return self.add_app({"id": random_id("0oa"), **fields})

    def add_app(self, app: Mapping[str, Any]) -> Json:
        return dict(self._call("POST", "apps", app).json())

    def app_state(self, app_id: str) -> Json:
        return dict(self._call("GET", f"apps/{app_id}").json())

    def set_app_status(self, app_id: str, status: str) -> Json:
        return dict(self._call("PATCH", f"apps/{app_id}", {"status": status}).json())

    def change_app(self, app_id: str, **changes: Any) -> Json:
        """By the fields of the seed: status, method, jwks, grantedScopes, role and such."""
        return dict(self._call("PATCH", f"apps/{app_id}", changes).json())

    def revoke_access_tokens(self, app_id: str) -> None:
        self._call("DELETE", f"apps/{app_id}/access-tokens")

    def remove_app(self, app_id: str) -> None:
        self._call("DELETE", f"apps/{app_id}")

    def add_token(self, *, role: str = "admin", **fields: Any) -> str:
        """A new SSWS token; answers its value."""
        value = f"00Q{secrets.token_urlsafe(30)}"
        self._call("POST", "tokens", {"value": value, "role": role, **fields})
        return value

    def disable_token(self, value: str) -> None:
        self._call("POST", "tokens", {"value": value, "disabled": True})

    def remove_token(self, value: str) -> None:
        self._call("DELETE", "tokens", {"value": value})

    def set_org(self, **settings: Any) -> None:
        self._call("PUT", "org", settings)

    def set_unknowns(self, **switches: Any) -> None:
        """These, and the others as assumed."""
        self._call("PUT", "unknowns", switches)

    def set_clock(self, ahead: timedelta) -> None:
        """How far the emulator's clock is ahead of the machine's, or behind it."""
        self._call("PUT", "clock", {"offsetSeconds": ahead.total_seconds()})

    def void_nonces(self) -> None:
        """What the next DPoP proof holds is no nonce any more."""
        self._call("DELETE", "dpop-nonces")

    def events(self, kind: str = "") -> list[Json]:
        """The System Log, or what of it begins so."""
        events: list[Json] = self._call("GET", "events").json()
        return [event for event in events if event["eventType"].startswith(kind)]

    def alarms(self) -> list[Json]:
        """The events of five wrong secrets of an app within 24 hours."""
        return list(self._call("GET", "alarms").json())

    def peak_concurrency(self) -> int:
        return int(self._call("GET", "rate-limits").json()["peakConcurrency"])

    def set_rate_limits(self, **limits: Any) -> None:
        self._call("PUT", "rate-limits", limits)

    def set_latency(self, milliseconds: float) -> None:
        self._call("PUT", "latency", {"milliseconds": milliseconds})

    def add_fault(
        self,
        action: str,
        *,
        method: str | None = None,
        path: str = "",
        skip: int = 0,
        times: int | None = 1,
        **details: Any,
    ) -> None:
        """One more fault rule; `details` are those of the action, such as `errorCode`."""
        match = {"method": method, "path": path}
        rule = {"match": match, "skip": skip, "times": times, "action": {"type": action, **details}}
        self._call("POST", "faults", [rule])

    def faults(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """These rules and no others."""
        self._call("PUT", "faults", rules)

    def clear_faults(self) -> None:
        self._call("DELETE", "faults")

    def request_log(self, app_id: str | None = None) -> list[Json]:
        records: list[Json] = self._call("GET", "requests").json()
        return [record for record in records if app_id in (None, record["appId"])]

    def clear_request_log(self) -> None:
        self._call("DELETE", "requests")

    def reset(self) -> None:
        self._call("POST", "reset")

    def _call(self, method: str, path: str, body: object = None) -> httpx.Response:
        answer = self._control.request(method, path, json=body)
        if answer.is_error:
            raise ValueError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer
