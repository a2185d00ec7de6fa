"""The System Log of credentials and tokens, and the alarm of five wrong secrets within a day."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.conftest import ServiceMaker
from tests.contract.service_app import BOTH, TOKEN, key_pair
from tests.emulator_client import EmulatorClient
from tests.okta_fixtures import without_alarm

EmulatorMaker = Callable[..., EmulatorClient]

LIFECYCLE = "app.oauth2.credentials.lifecycle."
GRANT = "app.oauth2.token.grant.access_token"
WRONG = "app.oauth2.invalid_client_credentials"


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["eventType"].removeprefix(LIFECYCLE) for event in events]


def test_each_step_of_a_secret_s_life_is_logged_with_who_and_what(
    own_emulator: EmulatorMaker,
) -> None:
    emulator = own_emulator({})
    app, token = emulator.make_app(), emulator.add_token(owner="ci@acme.example")
    path, headers = (
        f"/api/v1/apps/{app['id']}/credentials/secrets",
        {"Authorization": f"SSWS {token}"},
    )
    created = emulator.http.post(path, headers=headers).json()
    one = f"{path}/{created['id']}"

    for verb in ("deactivate", "activate", "activate", "deactivate"):
        emulator.http.post(f"{one}/lifecycle/{verb}", headers=headers)
    emulator.http.delete(one, headers=headers)

    events = emulator.events(LIFECYCLE)
    assert kinds(events) == ["create", "deactivate", "activate", "deactivate", "delete"]
    assert {event["actor"]["displayName"] for event in events} == {"ci@acme.example"}
    assert all(
        [target["id"] for target in event["target"]] == [app["id"], created["id"]]
        for event in events
    )
    assert created["client_secret"] not in str(events)


def test_every_sight_of_a_secret_is_logged(own_emulator: EmulatorMaker) -> None:
    emulator = own_emulator({})
    app, headers = emulator.make_app(), {"Authorization": f"SSWS {emulator.add_token()}"}
    path = f"/api/v1/apps/{app['id']}"

    for below in ("/credentials/secrets", f"/credentials/secrets/{app['secrets'][0]['id']}", ""):
        emulator.http.get(path + below, headers=headers)

    assert kinds(emulator.events()) == ["app.oauth2.client.read_client_secret"] * 2


def test_a_refused_step_is_not_logged(own_emulator: EmulatorMaker) -> None:
    emulator = own_emulator({})
    app, headers = emulator.make_app(), {"Authorization": f"SSWS {emulator.add_token()}"}
    one = f"/api/v1/apps/{app['id']}/credentials/secrets/{app['secrets'][0]['id']}"

    refused = emulator.http.delete(one, headers=headers)

    assert refused.status_code == 400
    assert emulator.events() == []


def test_grants_are_logged_given_and_refused(
    own_emulator: EmulatorMaker, make_service: ServiceMaker
) -> None:
    emulator = own_emulator({})
    service = make_service(emulator)

    service.ask()
    service.ask(scope="okta.users.read")

    given, refused = emulator.events(GRANT)
    assert (given["outcome"]["result"], given["actor"]["id"]) == ("SUCCESS", service.client_id)
    assert given["debugContext"]["debugData"] == {
        "clientAuthType": "private_key_jwt",
        "grantType": "client_credentials",
        "requestedScopes": BOTH,
    }
    assert refused["outcome"] == {"result": "FAILURE", "reason": "no_org_scopes_granted"}


def test_a_rollover_of_keys_is_logged(
    own_emulator: EmulatorMaker, make_service: ServiceMaker
) -> None:
    emulator = own_emulator({})
    service = make_service(emulator)

    emulator.change_app(service.id, jwks={"keys": [key_pair(kid="two").public]})

    assert kinds(emulator.events()) == ["create", "delete"]
    assert [event["target"][1]["id"] for event in emulator.events()] == ["two", "one"]


@pytest.mark.parametrize("shown", ["hash", "id", "mask"])
def test_what_a_grant_shows_of_a_secret_is_not_known(
    own_emulator: EmulatorMaker, shown: str
) -> None:
    emulator = own_emulator({"unknowns": {"debugClientSecret": shown}})
    app = emulator.make_app()
    secret = app["secrets"][0]
    form = {"grant_type": "client_credentials", "scope": BOTH}

    emulator.http.post(TOKEN, data=form, auth=(app["clientId"], secret["client_secret"]))

    (event,) = emulator.events(GRANT)
    expected = {"hash": secret["secret_hash"], "id": secret["id"], "mask": "********"}
    assert event["debugContext"]["debugData"]["clientSecret"] == expected[shown]


def introspect(emulator: EmulatorClient, app: dict[str, Any], secret: str) -> None:
    auth = (app["clientId"], secret)
    emulator.http.post("/oauth2/v1/introspect", auth=auth, data={"token": "x"})


def test_the_fifth_wrong_secret_within_a_day_rings(own_emulator: EmulatorMaker) -> None:
    emulator = own_emulator({}, may_ring=True)
    app, other = emulator.make_app(), emulator.make_app()
    good = app["secrets"][0]["client_secret"]

    for hour in range(4):
        emulator.set_clock(timedelta(hours=hour))
        introspect(emulator, app, "a-secret-that-is-wrong")
        introspect(emulator, app, good)
        introspect(emulator, other, "a-secret-that-is-wrong")
    quiet = emulator.alarms()
    introspect(emulator, app, "a-secret-that-is-wrong")

    assert quiet == []
    assert [alarm["target"][0]["id"] for alarm in emulator.alarms()] == [app["id"]]
    assert kinds(emulator.alarms()) == [WRONG]
    assert emulator.app_state(app["id"])["refusedIntrospections"]["isSuspicious"]
    assert not emulator.app_state(other["id"])["refusedIntrospections"]["isSuspicious"]


def test_wrong_secrets_of_more_than_a_day_do_not_ring(own_emulator: EmulatorMaker) -> None:
    emulator = own_emulator({})
    app = emulator.make_app()

    for step in range(9):
        emulator.set_clock(timedelta(hours=6 * step))
        introspect(emulator, app, "a-secret-that-is-wrong")

    assert emulator.alarms() == []


def test_a_test_that_rings_the_alarm_fails(own_emulator: EmulatorMaker) -> None:
    emulator = own_emulator({}, may_ring=True)
    app = emulator.make_app()

    def test() -> None:
        with without_alarm(emulator):
            for _ in range(5):
                introspect(emulator, app, "a-secret-that-is-wrong")

    with pytest.raises(AssertionError, match="five wrong client secrets"):
        test()


def test_a_wrong_secret_counts_at_the_token_endpoint_too(own_emulator: EmulatorMaker) -> None:
    emulator = own_emulator({}, may_ring=True)
    app = emulator.make_app()

    for _ in range(5):
        form = {"grant_type": "client_credentials"}
        emulator.http.post(TOKEN, data=form, auth=(app["clientId"], "a-secret-that-is-wrong"))

    assert len(emulator.alarms()) == 1


def test_a_wrong_key_does_not_count_as_a_secret(
    own_emulator: EmulatorMaker, make_service: ServiceMaker
) -> None:
    emulator = own_emulator({})
    service = make_service(emulator)

    for _ in range(5):
        service.ask(service.assertion(key=key_pair(kid="one")))

    assert emulator.alarms() == []
    assert {event["outcome"]["result"] for event in emulator.events(GRANT)} == {"FAILURE"}
