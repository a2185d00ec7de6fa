"""A service app's sign-in at the emulator: keys, DPoP, clocks, and what goes wrong midway."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.api.connection import Dpop
from okta_rotator.okta.client import OktaClient
from okta_rotator.okta.errors import OktaError, RefusedError
from okta_rotator.okta.sessions import Sessions
from okta_rotator.rotation.access import Access, ServiceAppCredentials
from okta_rotator.rotation.okta_view import AuthMethod, Proof, SecretState
from okta_rotator.rotation.trouble import Next
from okta_rotator.rotation.values import RANDOM_BYTES, SecretValue, make_value
from tests.contract.conftest import AppUnderTest, ServiceMaker
from tests.contract.service_app import ServiceApp, jwk, key_pair, pem
from tests.emulator_client import EmulatorClient

VALUE = make_value("uid", bytes(RANDOM_BYTES))


@asynccontextmanager
async def signed_in_as(
    service: ServiceApp,
    keys: str | None = None,
    dpop: Dpop = Dpop.AUTO,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AsyncIterator[OktaClient]:
    sessions = Sessions(
        domains=(), allow_insecure=True, now=now, on_call=lambda endpoint, status, seconds: None
    )
    private = SecretValue(keys or pem(service.key))
    credentials = ServiceAppCredentials(service.client_id, private, dpop)
    try:
        yield sessions.connect(Access(service.emulator.base_url, credentials), "uid-1")
    finally:
        await sessions.close()


async def rotate(okta: OktaClient, app: AppUnderTest, between: Callable[[], None]) -> None:
    """A whole rotation, with something that happens before each of its calls."""
    between()
    assert (await okta.read_app(app.id)).client_id == app.client_id
    between()
    (old,) = await okta.list_secrets(app.id)
    between()
    new = await okta.create_secret(app.id, VALUE)
    assert await okta.introspect(app.client_id, VALUE, AuthMethod.BASIC) is Proof.ACCEPTED
    between()
    assert (await okta.deactivate_secret(app.id, old.id)).state is SecretState.INACTIVE
    between()
    await okta.delete_secret(app.id, old.id)
    assert [secret.id for secret in await okta.list_secrets(app.id)] == [new.id]


def nothing() -> None:
    """Nothing happens."""


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "RS512", "ES384"])
@pytest.mark.parametrize("form", [jwk, pem])
async def test_a_rotation_by_each_kind_of_key(
    make_service: ServiceMaker, app: AppUnderTest, algorithm: str, form: Callable[..., str]
) -> None:
    key = key_pair(algorithm)
    text = form(key)
    if algorithm == "RS512":
        named = json.loads(jwk(key))
        named["keys"][0]["alg"] = algorithm
        text = json.dumps(named)

    async with signed_in_as(make_service(key=key), text) as okta:
        await okta.check_sign_in()
        await rotate(okta, app, nothing)


@pytest.mark.parametrize("is_demanded", [True, False])
@pytest.mark.parametrize("mode", [Dpop.AUTO, Dpop.REQUIRED])
@pytest.mark.parametrize("at_api", [True, False])
async def test_a_rotation_with_proofs_of_possession(
    own_emulator: Callable[..., EmulatorClient],
    make_service: ServiceMaker,
    is_demanded: bool,
    mode: Dpop,
    at_api: bool,
) -> None:
    emulator = own_emulator({"unknowns": {"nonceAtApi": at_api}})
    service = make_service(emulator, dpopBoundAccessTokens=is_demanded)

    async with signed_in_as(service, dpop=mode) as okta:
        await rotate(okta, app_of(emulator, service), nothing)


async def test_a_rotation_without_proofs_of_possession(
    make_service: ServiceMaker, app: AppUnderTest
) -> None:
    async with signed_in_as(make_service(), dpop=Dpop.DISABLED) as okta:
        await rotate(okta, app, nothing)


def app_of(emulator: EmulatorClient, service: ServiceApp) -> AppUnderTest:
    state = emulator.make_app()
    return AppUnderTest(emulator, "", state["id"], state["clientId"], state["secrets"])


async def test_required_proofs_that_okta_does_not_bind_need_a_person(
    own_emulator: Callable[..., EmulatorClient], make_service: ServiceMaker
) -> None:
    emulator = own_emulator({"unknowns": {"unaskedProof": "bearer"}})

    async with signed_in_as(make_service(emulator), dpop=Dpop.REQUIRED) as okta:
        with pytest.raises(RefusedError, match="DPoP"):
            await okta.check_sign_in()


async def test_disabled_proofs_that_okta_demands_need_a_person(make_service: ServiceMaker) -> None:
    async with signed_in_as(make_service(dpopBoundAccessTokens=True), dpop=Dpop.DISABLED) as okta:
        with pytest.raises(RefusedError, match=r"spec\.oauth\.dpop"):
            await okta.check_sign_in()


@pytest.mark.parametrize("form", ["jwks", "pem"])
async def test_a_key_is_rolled_over_without_a_gap(
    make_service: ServiceMaker, app: AppUnderTest, form: str
) -> None:
    old, new = key_pair(kid="old"), key_pair("RS256", kid="new")
    service = make_service(key=old)
    both = jwk(old, new) if form == "jwks" else pem(old) + pem(new)

    async with signed_in_as(service, both) as okta:
        await okta.check_sign_in()
        service.emulator.change_app(service.id, jwks={"keys": [old.public, new.public]})
        await okta.check_sign_in()
        service.emulator.change_app(service.id, jwks={"keys": [new.public]})
        await okta.check_sign_in()
        await rotate(okta, app, nothing)


@pytest.mark.parametrize(
    "keys", [pem(key_pair(kid="one")), pem(key_pair(kid="another")), pem(key_pair("RS256", None))]
)
async def test_a_key_that_is_not_registered_is_refused(
    make_service: ServiceMaker, keys: str
) -> None:
    async with signed_in_as(make_service(), keys) as okta:
        with pytest.raises(RefusedError, match="private keys") as caught:
            await okta.check_sign_in()
    trouble = caught.value.trouble
    assert (trouble.next, trouble.reason) == (Next.PERSON, Reason.INVALID_TOKEN)


async def test_the_right_key_under_another_name_is_refused(make_service: ServiceMaker) -> None:
    service = make_service()
    text = f"kid: another\n{service.key.pem}"

    async with signed_in_as(service, text) as okta:
        with pytest.raises(RefusedError, match="under the same kid") as caught:
            await okta.check_sign_in()
    assert caught.value.trouble.reason is Reason.INVALID_TOKEN


async def test_an_unknown_service_app_is_refused(service: ServiceApp) -> None:
    stranger = ServiceApp(service.emulator, "0oa0", "0oa0stranger", service.key, service.dpop_key)

    async with signed_in_as(stranger) as okta:
        with pytest.raises(RefusedError, match=r"spec\.oauth\.clientId"):
            await okta.check_sign_in()


@pytest.mark.parametrize("answer", ["dropped", "refused"])
@pytest.mark.parametrize("granted", [[], ["okta.apps.read"], ["okta.apps.manage"]])
async def test_scopes_that_are_not_granted_need_a_person(
    own_emulator: Callable[..., EmulatorClient],
    make_service: ServiceMaker,
    answer: str,
    granted: list[str],
) -> None:
    emulator = own_emulator({"unknowns": {"ungrantedScopes": answer}})

    async with signed_in_as(make_service(emulator, grantedScopes=granted)) as okta:
        with pytest.raises(RefusedError, match="Okta API Scopes") as caught:
            await okta.check_sign_in()
    assert caught.value.trouble.reason is Reason.INSUFFICIENT_SCOPE


async def test_a_role_that_may_not_write_needs_a_person(
    make_service: ServiceMaker, app: AppUnderTest
) -> None:
    async with signed_in_as(make_service(role="read-only")) as okta:
        await okta.read_app(app.id)
        with pytest.raises(RefusedError, match="service app") as caught:
            await okta.create_secret(app.id, VALUE)
    assert caught.value.trouble.reason is Reason.INSUFFICIENT_PERMISSION


@pytest.mark.parametrize("hours", [-30, -1, 1, 30])
@pytest.mark.parametrize("is_bound", [False, True])
async def test_clocks_that_differ_do_not_matter(
    make_service: ServiceMaker, app: AppUnderTest, hours: int, is_bound: bool
) -> None:
    service = make_service(dpopBoundAccessTokens=is_bound)

    def ours() -> datetime:
        return datetime.now(UTC) + timedelta(hours=hours)

    async with signed_in_as(service, now=ours) as okta:
        await rotate(okta, app, nothing)


@pytest.mark.parametrize("is_bound", [False, True])
@pytest.mark.parametrize(
    "carrier", ["header", "oauth-body", "header-and-oauth-body", "header-and-api-body"]
)
async def test_tokens_that_die_in_mid_rotation_are_replaced(
    own_emulator: Callable[..., EmulatorClient],
    make_service: ServiceMaker,
    carrier: str,
    is_bound: bool,
) -> None:
    emulator = own_emulator({"unknowns": {"refusedToken": carrier}})
    service = make_service(emulator, dpopBoundAccessTokens=is_bound)

    def revoke() -> None:
        emulator.revoke_access_tokens(service.id)

    async with signed_in_as(service) as okta:
        await rotate(okta, app_of(emulator, service), revoke)


@pytest.mark.parametrize("is_bound", [False, True])
async def test_tokens_that_expire_in_mid_rotation_are_replaced(
    own_emulator: Callable[..., EmulatorClient], make_service: ServiceMaker, is_bound: bool
) -> None:
    """Sooner than we reckon: it is Okta's clock that jumps, by more than an hour each time."""
    emulator = own_emulator({})
    service = make_service(emulator, dpopBoundAccessTokens=is_bound)
    ahead = iter(timedelta(hours=2 * number) for number in range(9))

    async with signed_in_as(service) as okta:
        await rotate(okta, app_of(emulator, service), lambda: emulator.set_clock(next(ahead)))


@pytest.mark.parametrize("at_api", [False, True])
async def test_nonces_that_end_in_mid_rotation_are_replaced(
    own_emulator: Callable[..., EmulatorClient], make_service: ServiceMaker, at_api: bool
) -> None:
    emulator = own_emulator({"unknowns": {"nonceAtApi": at_api}})
    service = make_service(emulator, dpopBoundAccessTokens=True)

    def void() -> None:
        emulator.void_nonces()
        emulator.revoke_access_tokens(service.id)

    async with signed_in_as(service) as okta:
        await rotate(okta, app_of(emulator, service), void)


@pytest.mark.parametrize("used", ["client_assertion_already_used", "dpop_proof_already_used"])
async def test_what_was_used_already_is_signed_anew(
    own_emulator: Callable[..., EmulatorClient], make_service: ServiceMaker, used: str
) -> None:
    emulator = own_emulator({})
    emulator.add_fault("status", path="/v1/token", errorCode=used)

    async with signed_in_as(make_service(emulator, dpopBoundAccessTokens=True)) as okta:
        await okta.check_sign_in()


@pytest.mark.parametrize("action", ["drop-before", "drop-after"])
async def test_an_answer_with_a_token_that_is_lost_is_asked_for_again(
    own_emulator: Callable[..., EmulatorClient], make_service: ServiceMaker, action: str
) -> None:
    emulator = own_emulator({})
    emulator.add_fault(action, path="/v1/token", times=2)

    async with signed_in_as(make_service(emulator)) as okta:
        await okta.check_sign_in()


async def test_a_service_app_that_is_deactivated_is_refused(make_service: ServiceMaker) -> None:
    service = make_service()

    async with signed_in_as(service) as okta:
        await okta.check_sign_in()
        service.emulator.change_app(service.id, status="INACTIVE")
        with pytest.raises(RefusedError) as caught:
            await okta.check_sign_in()
    assert caught.value.trouble.reason is Reason.INVALID_TOKEN


async def test_no_sign_in_rings_the_alarm_of_wrong_secrets(make_service: ServiceMaker) -> None:
    service = make_service()

    for _ in range(6):
        async with signed_in_as(service, pem(key_pair(kid="one"))) as okta:
            with pytest.raises(OktaError):
                await okta.check_sign_in()

    assert service.client_id not in json.dumps(service.emulator.alarms())
