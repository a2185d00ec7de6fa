"""What nobody knows of Okta, each switch both ways."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.contract.conftest import AppMaker, ServiceMaker
from tests.contract.service_app import BOTH, told
from tests.emulator_client import EmulatorClient

EmulatorMaker = Callable[..., EmulatorClient]
Maker = Callable[..., "Tenant"]
ACCEPTED = (200, {"active": False})
REFUSED, NOT_FOUND = (400, "E0000001"), (404, "E0000007")


class Tenant:
    """An org with some switches, and its one app."""

    def __init__(self, emulator: EmulatorClient, app: dict[str, Any]) -> None:
        self.emulator = emulator
        self.app = app
        self._headers = {"Authorization": f"SSWS {emulator.add_token()}"}

    def call(self, method: str, path: str = "", **options: Any) -> httpx.Response:
        url = f"/api/v1/apps/{self.app['id']}/credentials/secrets{path}"
        return self.emulator.http.request(method, url, headers=self._headers, **options)

    def introspect(self, secret: dict[str, Any]) -> tuple[int, Any]:
        auth = (self.app["clientId"], secret["client_secret"])
        answer = self.emulator.http.post("/oauth2/v1/introspect", auth=auth, data={"token": "x"})
        return answer.status_code, answer.json()


@pytest.fixture
def tenant(own_emulator: EmulatorMaker) -> Maker:
    def make(app: dict[str, Any] | None = None, **unknowns: Any) -> Tenant:
        emulator = own_emulator({"unknowns": unknowns})
        return Tenant(emulator, emulator.make_app(**(app or {})))

    return make


def outcome(answer: httpx.Response) -> tuple[int, str | None]:
    body = answer.json()
    return answer.status_code, body.get("errorCode") if isinstance(body, dict) else None


def test_the_kind_of_an_unknown_app(tenant: Maker) -> None:
    org = tenant(unknownAppKind="OAuth2AppInstance")
    org.emulator.remove_app(org.app["id"])

    summary = org.call("GET").json()["errorSummary"]

    assert summary.endswith(f"{org.app['id']} (OAuth2AppInstance)")


@pytest.mark.parametrize(
    ("switch", "expected"),
    [("accepted", (201, None)), ("refused", REFUSED), ("not-found", NOT_FOUND)],
)
def test_a_secret_for_a_public_app(
    tenant: Maker, switch: str, expected: tuple[int, str | None]
) -> None:
    org = tenant({"tokenEndpointAuthMethod": "none"}, secretsOfPublicApp=switch)

    assert org.call("GET").json() == []
    assert outcome(org.call("POST")) == expected


@pytest.mark.parametrize(
    ("switch", "read", "write"),
    [
        ("accepted", (200, None), (201, None)),
        ("refused", REFUSED, REFUSED),
        ("not-found", NOT_FOUND, NOT_FOUND),
    ],
)
def test_the_secrets_of_an_inactive_app(
    tenant: Maker, switch: str, read: tuple[int, str | None], write: tuple[int, str | None]
) -> None:
    org = tenant({"status": "INACTIVE"}, secretsOfInactiveApp=switch)

    assert (outcome(org.call("GET")), outcome(org.call("POST"))) == (read, write)


@pytest.mark.parametrize(
    ("switch", "expected"), [("refused", REFUSED), ("accepted", REFUSED), ("not-found", NOT_FOUND)]
)
@pytest.mark.parametrize("kind", ["SAML_2_0", "SECURE_PASSWORD_STORE", "BOOKMARK"])
def test_the_secrets_of_an_app_that_is_no_oidc_client(
    tenant: Maker, kind: str, switch: str, expected: tuple[int, str]
) -> None:
    org = tenant({"signOnMode": kind}, secretsOfOtherApp=switch)

    assert (outcome(org.call("GET")), outcome(org.call("POST"))) == (expected, expected)


def test_the_cause_told_of_a_duplicate(tenant: Maker) -> None:
    org = tenant(causeOfDuplicate="client_secret: must be unique.")
    held = org.app["secrets"][0]["client_secret"]

    answer = org.call("POST", json={"client_secret": held})

    assert outcome(answer) == REFUSED
    assert answer.json()["errorCauses"] == [{"errorSummary": "client_secret: must be unique."}]


@pytest.mark.parametrize(
    ("switch", "expected"),
    [("accepted", (201, "INACTIVE")), ("ignored", (201, "ACTIVE")), ("refused", (400, None))],
)
def test_a_secret_that_is_inactive_from_the_start(
    tenant: Maker, switch: str, expected: tuple[int, str | None]
) -> None:
    org = tenant(inactiveOnCreate=switch)

    answer = org.call("POST", json={"status": "INACTIVE"})

    assert (answer.status_code, answer.json().get("status")) == expected


@pytest.mark.parametrize(("switch", "expected"), [("accepted", 200), ("refused", 400)])
@pytest.mark.parametrize("verb", ["activate", "deactivate"])
def test_a_step_into_the_state_that_is_there_already(
    tenant: Maker, verb: str, switch: str, expected: int
) -> None:
    org = tenant(repeatedLifecycle=switch)
    status = "ACTIVE" if verb == "activate" else "INACTIVE"
    secret = org.call("POST", json={"status": status}).json()

    answer = org.call("POST", f"/{secret['id']}/lifecycle/{verb}")

    assert answer.status_code == expected


@pytest.mark.parametrize(("switch", "expected"), [("accepted", 200), ("refused", 400)])
def test_the_only_active_secret_beside_an_inactive_one(
    tenant: Maker, switch: str, expected: int
) -> None:
    org = tenant(onlyActiveSecret=switch)
    active = org.app["secrets"][0]
    deactivate = f"/{active['id']}/lifecycle/deactivate"

    alone = org.call("POST", deactivate)
    org.call("POST", json={"status": "INACTIVE"})

    assert alone.status_code == 400
    assert org.call("POST", deactivate).status_code == expected


@pytest.mark.parametrize("needed", [False, True])
def test_introspection_by_an_app_that_could_be_granted_nothing(tenant: Maker, needed: bool) -> None:
    org = tenant({"applicationType": "service"}, introspectionNeedsGrant=needed)

    status, body = org.introspect(org.app["secrets"][0])

    assert (status, body.get("error")) == ((400, "unauthorized_client") if needed else (200, None))


def test_a_new_secret_may_take_a_while_to_be_accepted(tenant: Maker) -> None:
    org = tenant(newSecretDelaySeconds=30)
    new = org.call("POST").json()

    early = org.introspect(new)
    org.emulator.set_clock(timedelta(seconds=31))

    assert early[0] == 401
    assert org.introspect(new) == ACCEPTED
    assert org.introspect(org.app["secrets"][0]) == ACCEPTED


def test_an_old_secret_may_be_accepted_for_a_while(tenant: Maker) -> None:
    org = tenant(oldSecretDelaySeconds=30)
    old = org.app["secrets"][0]
    org.call("POST")
    org.call("POST", f"/{old['id']}/lifecycle/deactivate")

    deactivated = org.introspect(old)
    org.call("DELETE", f"/{old['id']}")
    deleted = org.introspect(old)
    org.emulator.set_clock(timedelta(seconds=31))

    assert (deactivated, deleted) == (ACCEPTED, ACCEPTED)
    assert org.introspect(old)[0] == 401


def test_a_secret_taken_back_in_time_stays_accepted(tenant: Maker) -> None:
    org = tenant(oldSecretDelaySeconds=30)
    old = org.app["secrets"][0]
    org.call("POST")

    for verb in ("deactivate", "activate"):
        org.call("POST", f"/{old['id']}/lifecycle/{verb}")
    org.emulator.set_clock(timedelta(seconds=31))

    assert org.introspect(old) == ACCEPTED


def test_ungranted_scopes_may_be_refused(
    own_emulator: EmulatorMaker, make_service: ServiceMaker
) -> None:
    service = make_service(own_emulator({"unknowns": {"ungrantedScopes": "refused"}}))

    answer = service.ask(scope=f"{BOTH} okta.users.read")

    text = "The following scopes are not allowed for this request: [okta.users.read]."
    assert told(answer) == (400, "invalid_scope", text)


def test_switches_are_set_behind_the_client_s_back_and_reset(tenant: Maker) -> None:
    org = tenant()

    org.emulator.set_unknowns(secretsOfInactiveApp="refused")
    org.emulator.set_app_status(org.app["id"], "INACTIVE")
    refused = outcome(org.call("GET"))
    org.emulator.set_unknowns()

    assert refused == REFUSED
    assert outcome(org.call("GET")) == (200, None)


def test_an_app_that_changes_to_a_key_pair_loses_its_secrets(make_app: AppMaker) -> None:
    app = make_app(secrets=[{}, {}])

    state = app.emulator.change_app(app.id, tokenEndpointAuthMethod="private_key_jwt")

    assert state["secrets"] == []
    assert outcome(app.call("POST")) == REFUSED


def test_an_unknown_switch_is_refused_by_its_name(tenant: Maker) -> None:
    with pytest.raises(ValueError, match="colour: Extra inputs"):
        tenant().emulator.set_unknowns(colour="red")
