"""The client against the emulator: reading, the life of a secret, and what is refused."""

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.okta.errors import LostRaceError, OktaError, RefusedError
from okta_rotator.rotation.okta_view import AuthMethod, OktaApp, Proof, SecretState
from okta_rotator.rotation.values import RANDOM_BYTES, SecretValue, make_value, secret_hash
from tests.contract.conftest import AppMaker, AppUnderTest
from tests.contract.okta_client import okta_of
from tests.emulator_client import random_id

VALUE = make_value("uid", bytes(RANDOM_BYTES))
OTHER = make_value("another uid", bytes(RANDOM_BYTES))


async def test_the_org_knows_itself_and_the_token(app: AppUnderTest) -> None:
    async with okta_of(app) as okta:
        organization = await okta.read_organization()
        await okta.check_sign_in()

    assert organization.id.startswith("00o")
    assert organization.host


@pytest.mark.parametrize("role", ["admin", "read-only"])
async def test_a_token_of_any_role_signs_in(app: AppUnderTest, role: str) -> None:
    async with okta_of(app, token=app.emulator.add_token(role=role)) as okta:
        await okta.check_sign_in()


async def test_an_unknown_token_does_not(app: AppUnderTest) -> None:
    async with okta_of(app, token="00Q" + "x" * 39) as okta:
        with pytest.raises(RefusedError) as caught:
            await okta.check_sign_in()
    assert caught.value.trouble.reason is Reason.INVALID_TOKEN


@pytest.mark.parametrize("method", AuthMethod)
async def test_an_app_is_read(make_app: AppMaker, method: AuthMethod) -> None:
    app = make_app(clientId="my-client-" + random_id("0oa"), tokenEndpointAuthMethod=method)

    async with okta_of(app) as okta:
        found = await okta.read_app(app.id)

    assert found == OktaApp(app.id, app.client_id, "ACTIVE", "OPENID_CONNECT", method)


async def test_a_secret_lives_as_a_rotation_needs_it(app: AppUnderTest) -> None:
    async with okta_of(app) as okta:
        (old,) = await okta.list_secrets(app.id)
        new = await okta.create_secret(app.id, VALUE)
        both = await okta.list_secrets(app.id)
        retired = await okta.deactivate_secret(app.id, old.id)
        again = await okta.deactivate_secret(app.id, old.id)
        await okta.delete_secret(app.id, old.id)
        await okta.delete_secret(app.id, old.id)
        left = await okta.list_secrets(app.id)

    assert both == (old, new)
    assert (new.value, new.state, new.hash) == (VALUE, SecretState.ACTIVE, secret_hash(VALUE))
    assert retired.state is again.state is SecretState.INACTIVE
    assert left == (new,)


async def test_lost_races_are_told_as_such(app: AppUnderTest) -> None:
    async with okta_of(app) as okta:
        (old,) = await okta.list_secrets(app.id)
        races = [okta.deactivate_secret(app.id, old.id), okta.delete_secret(app.id, old.id)]
        races.append(okta.deactivate_secret(app.id, random_id("ocs")))
        for race in races:
            with pytest.raises(LostRaceError):
                await race
        await okta.create_secret(app.id, VALUE)
        with pytest.raises(LostRaceError) as caught:
            await okta.create_secret(app.id, OTHER)
    assert caught.value.trouble.reason is Reason.TWO_SECRETS_EXIST


async def reason_of(app: AppUnderTest, app_id: str, token: str | None = None) -> set[Reason]:
    """Why reading, creating and deactivating at this app id are refused."""
    reasons = set()
    async with okta_of(app, token=token) as okta:
        for call in (
            okta.create_secret(app_id, VALUE),
            okta.deactivate_secret(app_id, random_id("ocs")),
            okta.delete_secret(app_id, random_id("ocs")),
        ):
            with pytest.raises(OktaError) as caught:
                await call
            reasons.add(caught.value.trouble.reason)
    return reasons


async def test_an_unknown_app_is_told_from_an_unknown_secret(app: AppUnderTest) -> None:
    assert await reason_of(app, random_id("0oa")) == {Reason.APP_NOT_FOUND}


async def test_a_role_that_only_reads_may_not_write(app: AppUnderTest) -> None:
    token = app.emulator.add_token(role="read-only")

    assert await reason_of(app, app.id, token) == {Reason.INSUFFICIENT_PERMISSION}


@pytest.mark.parametrize("method", ["private_key_jwt", "none"])
async def test_an_app_without_client_secrets_is_not_eligible(
    make_app: AppMaker, method: str
) -> None:
    app = make_app(tokenEndpointAuthMethod=method)

    async with okta_of(app) as okta:
        with pytest.raises(RefusedError) as caught:
            await okta.create_secret(app.id, VALUE)
    assert caught.value.trouble.reason is Reason.APP_NOT_ELIGIBLE


@pytest.mark.parametrize("method", AuthMethod)
async def test_a_secret_is_proved_by_the_apps_method(
    make_app: AppMaker, method: AuthMethod
) -> None:
    app = make_app(tokenEndpointAuthMethod=method)
    current = SecretValue(app.secrets[0]["client_secret"])

    async with okta_of(app) as okta:
        assert await okta.introspect(app.client_id, current, method) is Proof.ACCEPTED
        assert await okta.introspect(app.client_id, VALUE, method) is Proof.REFUSED


@pytest.mark.parametrize("used", AuthMethod)
async def test_another_method_or_an_inactive_app_refuses(
    make_app: AppMaker, used: AuthMethod
) -> None:
    method = next(method for method in AuthMethod if method is not used)
    app = make_app(tokenEndpointAuthMethod=method)
    current = SecretValue(app.secrets[0]["client_secret"])

    async with okta_of(app) as okta:
        assert await okta.introspect(app.client_id, current, used) is Proof.REFUSED
        app.emulator.set_app_status(app.id, "INACTIVE")
        assert await okta.introspect(app.client_id, current, method) is Proof.REFUSED


@pytest.mark.parametrize("method", AuthMethod)
async def test_a_client_that_okta_does_not_know_any_more_is_refused(
    app: AppUnderTest, method: AuthMethod
) -> None:
    async with okta_of(app) as okta:
        assert await okta.introspect(random_id("0oa"), VALUE, method) is Proof.REFUSED
