"""The Management API over plain HTTP: what an SDK hides or cannot send."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from tests.contract.conftest import AppMaker, AppUnderTest
from tests.emulator_client import EmulatorClient, random_id


def error_of(answer: httpx.Response) -> tuple[int, str, str]:
    body = answer.json()
    assert set(body) == {"errorCode", "errorSummary", "errorLink", "errorId", "errorCauses"}
    assert body["errorLink"] == body["errorCode"]
    assert body["errorId"].startswith("oae")
    return answer.status_code, body["errorCode"], body["errorSummary"]


INVALID_SESSION = (403, "E0000005", "Invalid session")
INVALID_TOKEN = (401, "E0000011", "Invalid token provided")


@pytest.mark.parametrize("authorization", [None, "Basic YTpi", "Bearer", ""])
def test_a_call_without_a_token_has_an_invalid_session(
    app: AppUnderTest, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}

    assert error_of(app.emulator.http.get(app.path, headers=headers)) == INVALID_SESSION


@pytest.mark.parametrize("space", ["", " "])
def test_a_token_is_read_with_or_without_a_space(app: AppUnderTest, space: str) -> None:
    headers = {"Authorization": f"SSWS{space}{app.token}"}

    assert app.emulator.http.get(app.path, headers=headers).status_code == 200


def test_a_removed_token_is_invalid(app: AppUnderTest) -> None:
    headers = {"Authorization": f"SSWS {app.emulator.add_token()}"}
    assert app.emulator.http.get(app.path, headers=headers).status_code == 200

    app.emulator.remove_token(headers["Authorization"].removeprefix("SSWS "))

    assert error_of(app.emulator.http.get(app.path, headers=headers)) == INVALID_TOKEN


def test_a_disabled_token_is_invalid(app: AppUnderTest) -> None:
    token = app.emulator.add_token()

    app.emulator.disable_token(token)

    headers = {"Authorization": f"SSWS {token}"}
    assert error_of(app.emulator.http.get(app.path, headers=headers)) == INVALID_TOKEN


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_read_only_token_is_refused_every_write(app: AppUnderTest, method: str) -> None:
    headers = {"Authorization": f"SSWS {app.emulator.add_token(role='read-only')}"}
    paths = {
        "POST": ["", f"/{app.secrets[0]['id']}/lifecycle/deactivate"],
        "DELETE": [f"/{app.secrets[0]['id']}"],
    }

    for path in paths[method]:
        url = f"{app.path}/credentials/secrets{path}"
        answer = app.emulator.http.request(method, url, headers=headers)
        assert error_of(answer)[:2] == (403, "E0000006")
    assert app.state()["secrets"] == app.secrets


@pytest.mark.parametrize(
    "body", ["{", "[]", '"text"', '{"client_secret": 5}', '{"status": "GONE"}', b"\xff"]
)
def test_a_malformed_body_is_refused(app: AppUnderTest, body: str | bytes) -> None:
    summary = "The request body was not well-formed."

    assert error_of(app.call("POST", content=body)) == (400, "E0000003", summary)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"client_secret": null}', b'{"other": 1}'])
def test_a_body_without_a_value_lets_okta_generate_one(app: AppUnderTest, body: bytes) -> None:
    answer = app.call("POST", content=body)

    assert answer.status_code == 201
    assert re.fullmatch(r"[A-Za-z0-9_-]{64}", answer.json()["client_secret"])


def test_a_wrong_method_is_refused(app: AppUnderTest) -> None:
    expected = (405, "E0000022", "The endpoint does not support the provided HTTP method")

    assert error_of(app.call("PATCH")) == expected
    assert error_of(app.call("GET", f"/{app.secrets[0]['id']}/lifecycle/activate")) == expected


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/", "/api/v1/apps/x/credentials/secrets/"])
def test_an_unknown_path_is_not_found(okta_emulator: EmulatorClient, path: str) -> None:
    expected = (404, "E0000008", "The requested path was not found")

    assert error_of(okta_emulator.http.get(path)) == expected


def test_an_org_without_the_feature_has_no_secrets(
    own_emulator: Callable[..., EmulatorClient],
) -> None:
    emulator = own_emulator({"org": {"secretsManagement": False}})
    path = f"/api/v1/apps/{emulator.make_app()['id']}"
    headers = {"Authorization": f"SSWS {emulator.add_token()}"}

    refusal = emulator.http.get(f"{path}/credentials/secrets", headers=headers)

    assert error_of(refusal)[:2] == (401, "E0000015")
    assert emulator.http.get(path, headers=headers).status_code == 200


def test_an_org_may_allow_the_same_value_twice(
    own_emulator: Callable[..., EmulatorClient],
) -> None:
    emulator = own_emulator({"org": {"uniqueSecrets": False}})
    app = emulator.make_app()
    headers = {"Authorization": f"SSWS {emulator.add_token()}"}

    answer = emulator.http.post(
        f"/api/v1/apps/{app['id']}/credentials/secrets",
        headers=headers,
        json={"client_secret": app["secrets"][0]["client_secret"]},
    )

    assert answer.status_code == 201


def test_an_app_that_is_no_oidc_client_has_no_secrets(make_app: AppMaker) -> None:
    app = make_app(signOnMode="SAML_2_0")

    assert error_of(app.call("GET"))[:2] == (404, "E0000007")


def test_an_inactive_app_keeps_a_working_lifecycle(app: AppUnderTest) -> None:
    app.emulator.set_app_status(app.id, "INACTIVE")

    assert app.call("POST").status_code == 201


def test_a_custom_client_id_is_no_app_id(make_app: AppMaker) -> None:
    app = make_app(clientId=random_id("my-client-"))
    headers = {"Authorization": f"SSWS {app.token}"}

    answer = app.emulator.http.get(f"/api/v1/apps/{app.client_id}", headers=headers)

    assert error_of(answer)[:2] == (404, "E0000007")


def test_a_secret_has_okta_fields_in_okta_order(app: AppUnderTest) -> None:
    secret = app.call("POST").json()

    href = f"{app.emulator.base_url}{app.path}/credentials/secrets/{secret['id']}"
    assert list(secret) == [
        "id",
        "created",
        "lastUpdated",
        "status",
        "client_secret",
        "secret_hash",
        "_links",
    ]
    assert re.fullmatch(r"ocs[A-Za-z0-9]{17}", secret["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z", secret["created"])
    assert secret["_links"] == {
        "deactivate": {"href": f"{href}/lifecycle/deactivate", "hints": {"allow": ["POST"]}}
    }


def test_an_inactive_secret_links_to_activation_and_deletion(app: AppUnderTest) -> None:
    secret = app.call("POST", json={"status": "INACTIVE"}).json()

    href = f"{app.emulator.base_url}{app.path}/credentials/secrets/{secret['id']}"
    assert secret["_links"] == {
        "activate": {"href": f"{href}/lifecycle/activate", "hints": {"allow": ["POST"]}},
        "delete": {"href": href, "hints": {"allow": ["DELETE"]}},
    }


def test_a_change_of_status_moves_last_updated_and_not_created(
    own_emulator: Callable[..., EmulatorClient],
) -> None:
    now = [datetime(2026, 1, 1, 12, 0, 0, 999_999, tzinfo=UTC)]
    emulator = own_emulator({}, clock=lambda: now[0])
    app = emulator.make_app(secrets=[{}, {}])
    path = f"/api/v1/apps/{app['id']}/credentials/secrets/{app['secrets'][0]['id']}/lifecycle"
    headers = {"Authorization": f"SSWS {emulator.add_token()}"}
    times: list[tuple[str, str]] = []

    for verb in ("activate", "deactivate", "deactivate", "activate"):
        now[0] += timedelta(minutes=1)
        secret = emulator.http.post(f"{path}/{verb}", headers=headers).json()
        times.append((secret["created"], secret["lastUpdated"]))

    assert times == [
        ("2026-01-01T12:00:00.000Z", "2026-01-01T12:00:00.000Z"),
        ("2026-01-01T12:00:00.000Z", "2026-01-01T12:02:00.000Z"),
        ("2026-01-01T12:00:00.000Z", "2026-01-01T12:02:00.000Z"),
        ("2026-01-01T12:00:00.000Z", "2026-01-01T12:04:00.000Z"),
    ]


def test_deleting_answers_204_without_a_body_and_the_second_time_404(app: AppUnderTest) -> None:
    secret = app.call("POST", json={"status": "INACTIVE"}).json()

    first, second = (app.call("DELETE", f"/{secret['id']}") for _ in range(2))

    assert (first.status_code, first.content) == (204, b"")
    assert error_of(second)[:2] == (404, "E0000007")


def test_every_answer_has_okta_headers(app: AppUnderTest) -> None:
    before = time.time()
    answers = [app.call("GET"), app.call("GET", "/unknown"), app.emulator.http.get("/nothing")]

    for answer in answers:
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-cache, no-store"
        assert (answer.headers["pragma"], answer.headers["expires"]) == ("no-cache", "0")
        assert answer.headers["set-cookie"].startswith("JSESSIONID=")
        assert abs(parsedate_to_datetime(answer.headers["date"]).timestamp() - before) < 5
        assert before < int(answer.headers["x-rate-limit-reset"]) <= before + 65
    assert len({answer.headers["x-okta-request-id"] for answer in answers}) == len(answers)


def test_the_secrets_and_the_app_have_rate_limits_apart(
    own_emulator: Callable[..., EmulatorClient],
) -> None:
    emulator = own_emulator({"rateLimits": {"apps": 2, "appById": 3}})
    path = f"/api/v1/apps/{emulator.make_app()['id']}"
    headers = {"Authorization": f"SSWS {emulator.add_token()}"}

    def remaining(url: str) -> tuple[int, str]:
        answer = emulator.http.get(url, headers=headers)
        return answer.status_code, answer.headers["x-rate-limit-remaining"]

    secrets = [remaining(f"{path}/credentials/secrets") for _ in range(3)]

    assert secrets == [(200, "1"), (200, "0"), (429, "0")]
    assert remaining(path) == (200, "2")


def test_a_call_beyond_the_limit_has_no_effect_and_is_told_so(
    own_emulator: Callable[..., EmulatorClient],
) -> None:
    emulator = own_emulator({"rateLimits": {"apps": 1}})
    app = emulator.make_app()
    headers = {"Authorization": f"SSWS {emulator.add_token()}"}
    path = f"/api/v1/apps/{app['id']}/credentials/secrets"
    emulator.http.get(path, headers=headers)

    answer = emulator.http.post(path, headers=headers)

    summary = "API call exceeded rate limit due to too many requests."
    assert error_of(answer) == (429, "E0000047", summary)
    assert "retry-after" not in answer.headers
    assert len(emulator.app_state(app["id"])["secrets"]) == 1


@pytest.mark.parametrize(
    ("method", "link"),
    [
        ("client_secret_basic", "secrets"),
        ("client_secret_post", "secrets"),
        ("client_secret_jwt", "secrets"),
        ("private_key_jwt", "jwks"),
        ("none", None),
    ],
)
def test_an_app_tells_its_method_and_never_its_secret(
    make_app: AppMaker, method: str, link: str | None
) -> None:
    app = make_app(tokenEndpointAuthMethod=method, label="Orders", applicationType="service")
    headers = {"Authorization": f"SSWS {app.token}"}

    answer = app.emulator.http.get(app.path, headers=headers)

    body: dict[str, Any] = answer.json()
    links = [entry["name"] for entry in body["_links"].get("clientCredentials", [])]
    assert "client_secret" not in body["credentials"]["oauthClient"]
    assert all(secret["client_secret"] not in answer.text for secret in app.secrets)
    assert body["credentials"]["oauthClient"]["client_id"] == app.client_id
    assert body["credentials"]["oauthClient"]["token_endpoint_auth_method"] == method
    assert body["settings"]["oauthClient"]["application_type"] == "service"
    assert (body["name"], body["label"], body["status"]) == ("oidc_client", "Orders", "ACTIVE")
    assert links == ([link] if link else [])


def test_the_org_is_known_without_a_token(okta_emulator: EmulatorClient) -> None:
    body = okta_emulator.http.get("/.well-known/okta-organization").json()

    assert body["id"].startswith("00o")
    assert body["pipeline"] == "idx"
    assert body["_links"]["organization"]["href"] == okta_emulator.base_url


def test_the_org_and_the_owner_of_the_token_are_told_to_its_bearer(
    own_emulator: Callable[..., EmulatorClient],
) -> None:
    emulator = own_emulator(
        {
            "org": {"id": "00o1n8sbwArJ7OQRw406", "subdomain": "acme"},
            "tokens": [{"value": "00Qseeded", "owner": "ci@acme.example"}],
        }
    )
    headers = {"Authorization": "SSWS 00Qseeded"}

    org = emulator.http.get("/api/v1/org", headers=headers).json()
    me = emulator.http.get("/api/v1/users/me", headers=headers).json()

    assert (org["id"], org["subdomain"]) == ("00o1n8sbwArJ7OQRw406", "acme")
    assert me["profile"]["login"] == "ci@acme.example"
    assert error_of(emulator.http.get("/api/v1/org")) == INVALID_SESSION
