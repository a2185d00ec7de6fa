"""The control API and the command, as a test or a person uses them."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from okta_emulator import Emulator
from okta_emulator.cli import app as command
from okta_emulator.gateway import Gateway
from tests.contract.conftest import AppUnderTest
from tests.emulator_client import EmulatorClient, random_id
from tests.okta_fixtures import emulator_process


def test_an_app_is_made_with_one_active_secret(app: AppUnderTest) -> None:
    assert [secret["status"] for secret in app.secrets] == ["ACTIVE"]


def test_adding_an_app_again_replaces_it(app: AppUnderTest) -> None:
    app.emulator.http.post(
        "/oauth2/v1/introspect", auth=(app.client_id, "wrong-secret-value"), data={"token": "x"}
    )

    state = app.emulator.add_app({"id": app.id, "label": "Again", "secrets": []})

    assert (state["label"], state["secrets"]) == ("Again", [])
    assert state["refusedIntrospections"]["total"] == 0


def test_a_removed_app_is_unknown(app: AppUnderTest) -> None:
    app.emulator.remove_app(app.id)

    assert app.call("GET").json()["errorCode"] == "E0000007"
    with pytest.raises(ValueError, match="404"):
        app.state()


def test_a_status_is_set(app: AppUnderTest) -> None:
    assert app.emulator.set_app_status(app.id, "INACTIVE")["status"] == "INACTIVE"


@pytest.mark.parametrize(
    ("app", "clause"),
    [
        ({"id": "x"}, "id: String should match pattern"),
        ({"id": random_id("0oa"), "status": "GONE"}, "status: Input should be"),
        ({"id": random_id("0oa"), "colour": "red"}, "colour: Extra inputs are not permitted"),
        (
            {"id": random_id("0oa"), "secrets": [{"clientSecret": "too-short"}]},
            "secrets.0.clientSecret: String should have at least 14 characters",
        ),
    ],
)
def test_an_unfit_app_is_refused_by_the_name_of_its_field(
    okta_emulator: EmulatorClient, app: dict[str, Any], clause: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(clause)) as refusal:
        okta_emulator.add_app(app)

    assert "too-short" not in str(refusal.value)


def test_a_body_that_is_no_json_is_refused(okta_emulator: EmulatorClient) -> None:
    answer = okta_emulator.http.post("/_emulator/apps", content="{")

    assert (answer.status_code, answer.json()) == (400, {"error": "the body is not JSON"})


def test_a_reset_returns_to_the_seed(own_emulator: Callable[..., EmulatorClient]) -> None:
    kept, gone = random_id("0oa"), random_id("0oa")
    emulator = own_emulator({"apps": [{"id": kept}], "tokens": [{"value": "00Qkept"}]})
    emulator.add_app({"id": gone})
    emulator.set_app_status(kept, "INACTIVE")
    emulator.set_org(secretsManagement=False)
    emulator.set_rate_limits(appById=1)
    emulator.faults([{"action": {"type": "drop-before"}}])

    emulator.reset()

    headers = {"Authorization": "SSWS 00Qkept"}
    answers = [emulator.http.get(f"/api/v1/apps/{kept}", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert emulator.app_state(kept)["status"] == "ACTIVE"
    assert emulator.http.get(f"/api/v1/apps/{gone}", headers=headers).status_code == 404
    assert len(emulator.request_log()) == 3


def test_the_org_keeps_its_id_when_its_settings_change(
    own_emulator: Callable[..., EmulatorClient],
) -> None:
    emulator = own_emulator({"org": {"id": "00o1n8sbwArJ7OQRw406"}})

    emulator.set_org(subdomain="renamed")

    org = emulator.http.get("/.well-known/okta-organization").json()
    assert org["id"] == "00o1n8sbwArJ7OQRw406"


def test_an_org_that_turns_the_feature_off_keeps_the_newest_secrets(
    own_emulator: Callable[..., EmulatorClient],
) -> None:
    emulator = own_emulator({})
    old, new = {"created": "2023-02-21T20:08:24Z"}, {"created": "2024-02-21T20:08:24Z"}
    app = emulator.make_app(secrets=[new, old])

    emulator.set_org(subdomain="renamed")
    kept = emulator.app_state(app["id"])["secrets"]
    emulator.set_org(secretsManagement=False)

    assert kept == app["secrets"]
    assert emulator.app_state(app["id"])["secrets"] == app["secrets"][1:]


def test_faults_and_the_log_are_listed_and_cleared(
    own_emulator: Callable[..., EmulatorClient],
) -> None:
    emulator = own_emulator({})
    emulator.add_fault("delay", path="nothing", seconds=0)
    emulator.http.get("/nothing")

    listed = emulator.http.get("/_emulator/faults").json()
    emulator.clear_faults()
    emulator.clear_request_log()

    assert [(rule["action"]["type"], rule["matched"]) for rule in listed] == [("delay", 1)]
    assert emulator.http.get("/_emulator/faults").json() == []
    assert emulator.request_log() == []


@pytest.mark.parametrize("client", [("127.0.0.1", 1), ("::1", 1)])
async def test_the_control_api_is_served_to_loopback(client: tuple[str, int]) -> None:
    assert (await control_answer(client)).status_code == 200


async def test_the_control_api_does_not_exist_for_others() -> None:
    answer = await control_answer(("192.0.2.7", 1))

    assert (answer.status_code, answer.json()["errorCode"]) == (404, "E0000008")


async def control_answer(client: tuple[str, int]) -> httpx.Response:
    transport = httpx.ASGITransport(Gateway(Emulator()), client=client)
    async with httpx.AsyncClient(transport=transport, base_url="http://okta") as http:
        return await http.get("/_emulator/requests")


def test_the_command_serves_a_seed(tmp_path: Path) -> None:
    seed = tmp_path / "apps.yaml"
    seed.write_text("tokens: [{value: 00Qseeded}]\napps: [{id: 0oa1nkheCuDn82XVI0g4}]\n")

    with emulator_process("--seed", str(seed), "--latency-ms", "1") as emulator:
        answer = emulator.http.get(
            "/api/v1/apps/0oa1nkheCuDn82XVI0g4", headers={"Authorization": "SSWS 00Qseeded"}
        )

    assert answer.json()["id"] == "0oa1nkheCuDn82XVI0g4"


def test_the_command_refuses_an_unfit_seed_and_names_the_field(tmp_path: Path) -> None:
    seed = tmp_path / "apps.yaml"
    seed.write_text("apps: [{id: 0oa1nkheCuDn82XVI0g4, status: GONE}]\n")

    result = CliRunner().invoke(command, ["--seed", str(seed)], terminal_width=200)

    assert result.exit_code == 2
    assert "apps.0.status" in result.output


def test_the_command_tells_of_a_port_that_is_taken(okta_emulator: EmulatorClient) -> None:
    port = str(httpx.URL(okta_emulator.base_url).port)

    result = CliRunner().invoke(command, ["--port", port], terminal_width=200)

    assert result.exit_code == 2
    assert "cannot listen on 127.0.0.1" in result.output


def test_the_command_explains_itself() -> None:
    run = [sys.executable, "-m", "okta_emulator", "--help"]

    output = subprocess.run(run, capture_output=True, text=True, check=True, env=environment())

    assert "--latency-ms" in output.stdout


def environment() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(__file__).parents[2] / "operator"), "COLUMNS": "120"}
