"""What a service app is granted at the token endpoint: scopes, and tokens that end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.conftest import AppMaker, ServiceMaker
from tests.contract.service_app import (
    BOTH,
    ServiceApp,
    challenge,
    claims_of,
    told,
)
from tests.emulator_client import EmulatorClient


@pytest.mark.parametrize(
    ("scope", "error", "description"),
    [
        (
            None,
            "invalid_scope",
            "The authorization server resource does not have any configured default scopes, "
            "'scope' must be provided.",
        ),
        (
            "okta.apps.read nonsense",
            "invalid_scope",
            "One or more scopes are not configured for the authorization server resource.",
        ),
        (
            "openid",
            "invalid_scope",
            "Cannot request 'openid' scopes using client credentials.",
        ),
        (
            "okta.users.read",
            "consent_required",
            "You are not allowed any of the requested scopes.",
        ),
    ],
)
def test_scopes_that_cannot_be_given_are_refused(
    service: ServiceApp, scope: str | None, error: str, description: str
) -> None:
    assert told(service.ask(scope=scope)) == (400, error, description)


def test_an_ungranted_scope_is_left_out_without_a_word(service: ServiceApp) -> None:
    body = service.ask(scope="okta.users.read okta.apps.read").json()

    assert body["scope"] == "okta.apps.read"
    assert claims_of(body["access_token"])["scp"] == ["okta.apps.read"]


def test_a_consent_is_given_and_taken_behind_the_client_s_back(make_service: ServiceMaker) -> None:
    app = make_service(grantedScopes=[])
    before = told(app.ask())[1]

    app.emulator.change_app(app.id, grantedScopes=["okta.apps.read"])

    assert before == "consent_required"
    assert app.ask().json()["scope"] == "okta.apps.read"


def test_a_client_may_be_confined_to_a_network(make_service: ServiceMaker) -> None:
    near = make_service(networks=["127.0.0.0/8", "::1/128"])
    far = make_service(networks=["192.0.2.0/24"])

    assert near.ask().status_code == 200
    assert told(far.ask()) == (
        403,
        "access_denied",
        "The request is made from outside the client's permitted network zones.",
    )


def test_a_token_ends_after_its_hour(
    own_emulator: Callable[..., EmulatorClient], make_service: ServiceMaker
) -> None:
    emulator = own_emulator({})
    app, path = make_service(emulator), f"/api/v1/apps/{emulator.make_app()['id']}"
    headers = {"Authorization": f"Bearer {app.sign_in()}"}

    emulator.set_clock(timedelta(minutes=59))
    in_time = app.get(path, headers).status_code
    emulator.set_clock(timedelta(minutes=61))

    assert in_time == 200
    assert challenge(app.get(path, headers)) == (401, "Bearer", "The token has expired.")


def test_an_org_may_let_tokens_end_sooner(
    own_emulator: Callable[..., EmulatorClient], make_service: ServiceMaker
) -> None:
    app = make_service(own_emulator({"org": {"accessTokenSeconds": 7}}))

    assert app.ask().json()["expires_in"] == 7


def test_tokens_are_revoked_behind_the_client_s_back(
    service: ServiceApp, make_app: AppMaker
) -> None:
    path, headers = make_app().path, {"Authorization": f"Bearer {service.sign_in()}"}

    service.emulator.revoke_access_tokens(service.id)

    refusal = (401, "Bearer", "The access token has been revoked.")
    assert challenge(service.get(path, headers)) == refusal
    renewed = {"Authorization": f"Bearer {service.sign_in()}"}
    assert service.get(path, renewed).status_code == 200


def test_introspection_knows_the_tokens_of_its_asker(
    service: ServiceApp, make_service: ServiceMaker
) -> None:
    token, path = service.sign_in(), "/oauth2/v1/introspect"

    def introspected(app: ServiceApp) -> dict[str, Any]:
        assertion = app.assertion(aud=app.emulator.base_url + path)
        form = {"token": token, "client_assertion": assertion}
        kind = {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
        return dict(app.emulator.http.post(path, data=form | kind).json())

    own = introspected(service)

    assert (own["active"], own["scope"], own["client_id"]) == (True, BOTH, service.client_id)
    assert introspected(make_service()) == {"active": False}
    service.emulator.revoke_access_tokens(service.id)
    assert introspected(service) == {"active": False}
