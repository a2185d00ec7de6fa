"""What the contract tests of the emulator share: one app, its paths, and clients."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from okta.client import Client as OktaClient

from okta_emulator import Emulator, EmulatorServer, Seed
from tests.contract.crowd import Org
from tests.contract.service_app import KeyPair, ServiceApp, key_pair, make_service_app
from tests.emulator_client import EmulatorClient
from tests.okta_fixtures import without_alarm


@dataclass(frozen=True)
class AppUnderTest:
    """An app with its state and a way to call its secrets endpoints."""

    emulator: EmulatorClient
    token: str
    id: str
    client_id: str
    secrets: list[dict[str, Any]]

    @property
    def path(self) -> str:
        return f"/api/v1/apps/{self.id}"

    def call(self, method: str, path: str = "", **options: Any) -> httpx.Response:
        """Call below the app's secrets, as an admin."""
        headers = {"Authorization": f"SSWS {self.token}"}
        url = f"{self.path}/credentials/secrets{path}"
        return self.emulator.http.request(method, url, headers=headers, **options)

    def state(self) -> dict[str, Any]:
        return self.emulator.app_state(self.id)


AppMaker = Callable[..., AppUnderTest]


@pytest.fixture
def make_app(okta_emulator: EmulatorClient, okta_token: str) -> AppMaker:
    def make(**fields: Any) -> AppUnderTest:
        state = okta_emulator.make_app(**fields)
        return AppUnderTest(
            okta_emulator, okta_token, state["id"], state["clientId"], state["secrets"]
        )

    return make


@pytest.fixture
def app(make_app: AppMaker) -> AppUnderTest:
    return make_app()


@pytest.fixture
def sdk(okta_emulator: EmulatorClient, okta_token: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    return sdk_client(okta_emulator.base_url, okta_token, monkeypatch)


def sdk_client(url: str, token: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Okta's own SDK; Any, because its annotations promise other results than it returns."""
    # Plain HTTP is a privilege that it grants by this variable alone.
    monkeypatch.setenv("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "true")
    return OktaClient({"orgUrl": url, "token": token})


@pytest.fixture(autouse=True)
def quiet_orgs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """None of the orgs that a test has in its own process rings the alarm of five wrong secrets."""
    made: list[Org] = []
    make = Org.__init__

    def noted(self: Org, *args: Any, **named: Any) -> None:
        make(self, *args, **named)
        made.append(self)

    monkeypatch.setattr(Org, "__init__", noted)
    yield
    for org in made:
        assert org.emulator.log.alarms() == []


@pytest.fixture
def own_emulator() -> Iterator[Callable[..., EmulatorClient]]:
    """An emulator of the test's own, for settings that reach beyond one app.

    Only a test of the alarm of five wrong secrets may ring it.
    """
    with ExitStack() as running:

        def start(
            seed: dict[str, Any], *, may_ring: bool = False, **options: Any
        ) -> EmulatorClient:
            emulator = Emulator(Seed.model_validate(seed), **options)
            server = running.enter_context(EmulatorServer(emulator))
            client = running.enter_context(EmulatorClient(server.url))
            if not may_ring:
                running.enter_context(without_alarm(client))
            return client

        yield start


@pytest.fixture(scope="session")
def service_key() -> KeyPair:
    return key_pair()


@pytest.fixture(scope="session")
def dpop_key() -> KeyPair:
    return key_pair(kid=None)


ServiceMaker = Callable[..., ServiceApp]


@pytest.fixture
def make_service(
    okta_emulator: EmulatorClient, service_key: KeyPair, dpop_key: KeyPair
) -> ServiceMaker:
    """A service app of the shared emulator, or of the one given."""

    def make(emulator: EmulatorClient = okta_emulator, **fields: Any) -> ServiceApp:
        return make_service_app(emulator, fields.pop("key", service_key), dpop_key, **fields)

    return make


@pytest.fixture
def service(make_service: ServiceMaker) -> ServiceApp:
    return make_service()


@pytest.fixture
def bound(make_service: ServiceMaker) -> ServiceApp:
    """An app that requires DPoP."""
    return make_service(dpopBoundAccessTokens=True)
