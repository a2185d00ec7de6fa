"""The client under test, as the contract tests of it open it at an emulated app's org."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from okta_rotator.okta.auth import ApiTokenSignIn
from okta_rotator.okta.client import DEADLINE, OktaClient
from okta_rotator.okta.transport import AiohttpTransport
from okta_rotator.rotation.values import SecretValue
from tests.contract.conftest import AppUnderTest


@asynccontextmanager
async def okta_of(
    app: AppUnderTest, *, token: str | None = None, deadline: float = DEADLINE
) -> AsyncIterator[OktaClient]:
    """With the app's own token, unless another is given."""
    transport = AiohttpTransport()
    try:
        yield OktaClient(
            app.emulator.base_url,
            ApiTokenSignIn(SecretValue(token or app.token)),
            transport,
            now=lambda: datetime.now(UTC),
            deadline=deadline,
        )
    finally:
        await transport.aclose()
