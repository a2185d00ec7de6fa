"""Who may do what at the Management API: scopes and roles, and how a refusal is told."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.contract.conftest import AppMaker, AppUnderTest, ServiceMaker
from tests.contract.service_app import BOTH, ServiceApp, challenge
from tests.emulator_client import EmulatorClient

SCOPES = "The access token provided does not contain the required scopes."
FORBIDDEN = (403, "E0000006")
INVALID_SESSION = (403, "E0000005")
EVERYTHING = ("okta.apps.read", "okta.apps.clientCredentials.read", "okta.apps.manage")

EmulatorMaker = Callable[..., EmulatorClient]


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errorCode"]


def call(app: AppUnderTest, authorization: str, method: str = "GET", path: str = "") -> Any:
    url = f"{app.path}/credentials/secrets{path}"
    headers = {"Authorization": authorization}
    return app.emulator.http.request(method, url, headers=headers)


def bearer(service: ServiceApp, **form: Any) -> str:
    return f"Bearer {service.sign_in(**form)}"


def writes(app: AppUnderTest) -> list[tuple[str, str]]:
    one = f"/{app.secrets[0]['id']}"
    lifecycle = [("POST", f"{one}/lifecycle/{verb}") for verb in ("activate", "deactivate")]
    return [("POST", ""), ("DELETE", one), *lifecycle]


def test_a_scope_to_read_does_not_write(app: AppUnderTest, service: ServiceApp) -> None:
    token = bearer(service, scope="okta.apps.read")

    for method, path in writes(app):
        answer = call(app, token, method, path)
        assert challenge(answer) == (403, "Bearer", SCOPES)
        assert 'scope="okta.apps.manage"' in answer.headers["www-authenticate"]
    assert call(app, token).status_code == 200


def test_a_scope_to_write_does_not_read(app: AppUnderTest, service: ServiceApp) -> None:
    token = bearer(service, scope="okta.apps.manage")

    refused = service.get(app.path, {"Authorization": token})

    assert challenge(refused) == (403, "Bearer", SCOPES)
    assert call(app, token, "POST").status_code == 201


def test_or_a_scope_to_write_implies_to_read(
    own_emulator: EmulatorMaker, make_service: ServiceMaker
) -> None:
    emulator = own_emulator({"unknowns": {"manageImpliesRead": True}})
    path = f"/api/v1/apps/{emulator.make_app()['id']}"
    service = make_service(emulator, permissions=["okta.apps.manage"])

    answer = service.get(path, {"Authorization": bearer(service, scope="okta.apps.manage")})

    assert answer.status_code == 200


def test_a_refusal_is_told_as_it_was_seen_live(
    app: AppUnderTest, make_service: ServiceMaker
) -> None:
    service = make_service(dpopBoundAccessTokens=True)
    token = service.sign_in(dpop=True)

    answer = service.get("/api/v1/org", service.dpop_headers(token, "GET", "/api/v1/org"))

    org = service.emulator.base_url
    assert answer.headers["www-authenticate"] == (
        'DPoP algs="RS256 RS384 RS512 ES256 ES384 ES512", '
        f'authorization_uri="{org}/oauth2/v1/authorize", realm="{org}", scope="okta.orgs.read", '
        f'error="insufficient_scope", error_description="{SCOPES}", resource="/api/v1/org"'
    )
    assert (answer.status_code, answer.content) == (403, b"")


@pytest.mark.parametrize(
    ("carrier", "in_header", "body"),
    [
        ("header", True, None),
        ("oauth-body", False, {"error": "insufficient_scope", "error_description": SCOPES}),
        (
            "header-and-oauth-body",
            True,
            {"error": "insufficient_scope", "error_description": SCOPES},
        ),
        ("header-and-api-body", True, "E0000006"),
    ],
)
def test_the_carrier_of_a_refusal_is_not_known(
    own_emulator: EmulatorMaker,
    make_service: ServiceMaker,
    carrier: str,
    in_header: bool,
    body: object,
) -> None:
    service = make_service(own_emulator({"unknowns": {"refusedToken": carrier}}))

    answer = service.get("/api/v1/org", {"Authorization": bearer(service)})

    assert answer.status_code == 403
    assert ("www-authenticate" in answer.headers) == in_header
    told = answer.json() if answer.content else {}
    assert told.get("errorCode", told or None) == body


@pytest.mark.parametrize("scheme", ["Bearer", "DPoP"])
def test_what_was_never_issued_is_refused(app: AppUnderTest, scheme: str) -> None:
    answer = call(app, f"{scheme} eyJhbGciOi")

    assert challenge(answer) == (401, scheme, "The access token is invalid.")


def test_the_token_of_a_removed_app_is_refused(app: AppUnderTest, service: ServiceApp) -> None:
    token = bearer(service)

    service.emulator.remove_app(service.id)

    assert challenge(call(app, token))[0] == 401


def test_an_access_token_has_no_user(service: ServiceApp) -> None:
    answer = service.get("/api/v1/users/me", {"Authorization": bearer(service)})

    assert code_of(answer) == INVALID_SESSION


def test_an_access_token_with_the_scope_reads_the_org(make_service: ServiceMaker) -> None:
    service = make_service(grantedScopes=["okta.orgs.read"])
    token = bearer(service, scope="okta.orgs.read")

    assert service.get("/api/v1/org", {"Authorization": token}).status_code == 200


def outcomes(app: AppUnderTest, authorization: str) -> dict[str, int]:
    read = app.emulator.http.get(app.path, headers={"Authorization": authorization})
    return {
        "read": read.status_code,
        "list": call(app, authorization).status_code,
        "write": call(app, authorization, "POST").status_code,
    }


ROLES: list[tuple[dict[str, Any], dict[str, int]]] = [
    ({"role": "admin"}, {"read": 200, "list": 200, "write": 201}),
    ({"role": "read-only"}, {"read": 200, "list": 200, "write": 403}),
    ({"role": "none"}, {"read": 403, "list": 403, "write": 403}),
    ({"permissions": EVERYTHING}, {"read": 200, "list": 200, "write": 201}),
    ({"permissions": EVERYTHING[::2]}, {"read": 200, "list": 403, "write": 201}),
    ({"permissions": EVERYTHING[:2]}, {"read": 200, "list": 200, "write": 403}),
    ({"permissions": EVERYTHING[2:]}, {"read": 403, "list": 403, "write": 201}),
]


@pytest.mark.parametrize(("role", "expected"), ROLES)
def test_a_role_is_what_the_owner_of_an_api_token_may(
    app: AppUnderTest, role: dict[str, Any], expected: dict[str, int]
) -> None:
    token = app.emulator.add_token(**role)

    assert outcomes(app, f"SSWS {token}") == expected


@pytest.mark.parametrize(("role", "expected"), ROLES)
def test_a_role_is_what_a_service_app_may_beside_its_scopes(
    app: AppUnderTest, make_service: ServiceMaker, role: dict[str, Any], expected: dict[str, int]
) -> None:
    service = make_service(**role)

    assert outcomes(app, bearer(service, scope=BOTH)) == expected


def test_a_role_that_is_too_small_is_told_so(app: AppUnderTest, make_service: ServiceMaker) -> None:
    token = bearer(make_service(role="none"))

    assert code_of(call(app, token)) == FORBIDDEN


def test_a_role_is_changed_behind_the_client_s_back(app: AppUnderTest, service: ServiceApp) -> None:
    token = bearer(service)

    service.emulator.change_app(service.id, permissions=EVERYTHING[:2])

    assert code_of(call(app, token, "POST")) == FORBIDDEN
    assert call(app, token).status_code == 200


def test_who_may_not_read_credentials_may_see_only_hashes(own_emulator: EmulatorMaker) -> None:
    emulator = own_emulator({"unknowns": {"withoutCredentialsRead": "masked"}})
    path = f"/api/v1/apps/{emulator.make_app()['id']}/credentials/secrets"
    headers = {"Authorization": f"SSWS {emulator.add_token(permissions=EVERYTHING[::2])}"}

    listed = emulator.http.get(path, headers=headers).json()
    created = emulator.http.post(path, headers=headers).json()

    assert [secret.get("client_secret") for secret in listed] == [None]
    assert listed[0]["secret_hash"]
    assert len(created["client_secret"]) == 64


def test_an_org_without_the_feature_says_so_to_every_token(
    own_emulator: EmulatorMaker, make_service: ServiceMaker
) -> None:
    emulator = own_emulator({"org": {"secretsManagement": False}})
    service = make_service(emulator)
    path = f"/api/v1/apps/{emulator.make_app()['id']}/credentials/secrets"

    refused = service.get(path, {"Authorization": bearer(service)})

    assert code_of(refused) == (401, "E0000015")


def test_a_fault_may_speak_as_to_a_refused_token(make_app: AppMaker) -> None:
    app = make_app()
    app.emulator.add_fault("status", path=app.id, errorCode="token_expired")

    assert challenge(app.call("GET")) == (401, "Bearer", "The token has expired.")
    assert app.call("GET").status_code == 200
