"""The sign-in of a service app as pure flows: what is asked, in which form, and when again."""

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

import httpx
import jwt
import pytest
from joserfc.jwk import ECKey, RSAKey

from okta_rotator.api.conditions import Reason
from okta_rotator.api.connection import Dpop
from okta_rotator.okta.clock import OktaClock
from okta_rotator.okta.errors import RefusedError
from okta_rotator.okta.keys import PrivateKey, read_keys
from okta_rotator.okta.oauth import SCOPES, ServiceAppSignIn
from okta_rotator.rotation.trouble import Next
from tests.unit.okta_org import BASE, NOW, answer, api_error, oauth_error

URL = f"{BASE}/oauth2/v1/token"
CLIENT_ID = "0oa1serviceApp000001"
OLD, NEW = RSAKey.generate_key(2048), ECKey.generate_key("P-256")
BOTH = json.dumps(
    {
        "keys": [
            {**OLD.as_dict(private=True), "kid": "old"},
            {**NEW.as_dict(private=True), "kid": "new"},
        ]
    }
)
KEYS = read_keys(BOTH)
PUBLIC = {"old": OLD.as_pem(private=False), "new": NEW.as_pem(private=False)}

WRONG_SIGNATURE = oauth_error(401, "invalid_client", "The client_assertion signature is invalid.")
EXPIRED = (401, "invalid_client", "The client_assertion token is expired.")
NO_PROOF = (400, "invalid_dpop_proof", "The DPoP proof JWT header is missing.")
FROM_THE_FUTURE = (400, "invalid_dpop_proof", "The DPoP proof JWT is issued in the future.")
NO_NONCE = (400, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof.")


def grant(kind: str = "Bearer", seconds: int = 3600, **more: Any) -> httpx.Response:
    body = {"token_type": kind, "expires_in": seconds, "access_token": "eyJ.token.one", **more}
    return answer(200, body)


def refusal(
    error: tuple[int, str, str], *, nonce: str | None = None, at: datetime | None = None
) -> httpx.Response:
    response = oauth_error(*error)
    response.headers["X-Okta-Request-Id"] = "request"
    if nonce is not None:
        response.headers["DPoP-Nonce"] = nonce
    if at is not None:
        response.headers["Date"] = format_datetime(at, usegmt=True)
    return response


class Bench:
    """A sign-in with a clock that the test holds."""

    def __init__(self, dpop: Dpop = Dpop.AUTO, keys: tuple[PrivateKey, ...] = KEYS) -> None:
        self.now = NOW
        numbers: Iterator[int] = iter(range(1000))
        self.clock = OktaClock(lambda: self.now)
        self.sign_in = ServiceAppSignIn(
            CLIENT_ID,
            keys,
            dpop,
            now=lambda: self.now,
            clock=self.clock,
            draw=lambda: f"number-{next(numbers)}",
        )

    def asked(self, *answers: httpx.Response) -> list[httpx.Request]:
        """The requests for a token that are made where these answers come."""
        request = httpx.Request("POST", URL, headers={"Accept": "application/json"})
        return driven(self.sign_in.token_request.auth_flow(request), answers)

    def taken(self, *answers: httpx.Response) -> list[httpx.Request]:
        requests = self.asked(*answers)
        self.sign_in.take(answers[-1].content)
        return requests

    def called(self, *answers: httpx.Response) -> list[httpx.Headers]:
        """The headers of the calls that are made where these answers come."""
        headers: list[httpx.Headers] = []
        request = httpx.Request("GET", f"{BASE}/api/v1/apps/0oa1?limit=1#top")
        flow = self.sign_in.auth_flow(request)
        request = next(flow)
        for response in answers:
            headers.append(httpx.Headers(request.headers))
            try:
                request = flow.send(response)
            except StopIteration:
                break
        assert len(headers) == len(answers)
        return headers


def driven(flow: Any, answers: tuple[httpx.Response, ...]) -> list[httpx.Request]:
    requests = [next(flow)]
    for response in answers:
        try:
            requests.append(flow.send(response))
        except StopIteration:
            break
    assert len(requests) == len(answers)
    return requests


def form_of(request: httpx.Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}


def claims_of(request: httpx.Request) -> dict[str, Any]:
    """Those of its assertion, verified by another library with the key that it names."""
    assertion = form_of(request)["client_assertion"]
    key_id = jwt.get_unverified_header(assertion)["kid"]
    return dict(
        jwt.decode(
            assertion,
            PUBLIC[key_id],
            ["RS256", "ES256"],
            audience=URL,
            options={"verify_exp": False},
        )
    )


def key_of(request: httpx.Request) -> str:
    assertion = form_of(request)["client_assertion"]
    return str(jwt.get_unverified_header(assertion)["kid"])


def proof_of(headers: httpx.Headers) -> dict[str, Any]:
    """The claims of a proof, verified with the key that it carries."""
    header = jwt.get_unverified_header(headers["dpop"])
    assert header["typ"] == "dpop+jwt"
    assert "d" not in header["jwk"]
    key = jwt.PyJWK(header["jwk"], header["alg"])
    options: Any = {"verify_iat": False}
    return dict(jwt.decode(headers["dpop"], key, [header["alg"]], options=options))


def test_the_request_for_a_token_is_as_okta_documents_it() -> None:
    (request,) = Bench().asked(grant())

    form = form_of(request)
    claims = claims_of(request)
    assert (request.method, str(request.url)) == ("POST", URL)
    assert form["grant_type"] == "client_credentials"
    assert form["scope"].split() == list(SCOPES)
    assert form["client_assertion_type"].endswith(":jwt-bearer")
    assert claims == {
        "iss": CLIENT_ID,
        "sub": CLIENT_ID,
        "aud": URL,
        "exp": (NOW + timedelta(minutes=5)).timestamp(),
        "jti": "number-0",
    }
    assert "dpop" not in request.headers


def test_a_key_without_an_id_sends_none() -> None:
    (request,) = Bench(keys=read_keys(NEW.as_pem(private=True).decode())).asked(grant())

    assertion = form_of(request)["client_assertion"]
    assert jwt.get_unverified_header(assertion) == {"alg": "ES256"}


def test_the_first_key_that_okta_takes_is_used_from_then_on() -> None:
    bench = Bench()

    first = bench.asked(WRONG_SIGNATURE, grant())
    second = bench.asked(grant())

    assert [key_of(request) for request in [*first, *second]] == ["old", "new", "new"]


def test_after_a_key_is_retired_the_other_is_tried() -> None:
    bench = Bench()
    bench.asked(grant())

    assert [key_of(request) for request in bench.asked(WRONG_SIGNATURE, grant())] == ["old", "new"]


def test_each_key_is_refused_once() -> None:
    requests = Bench().asked(WRONG_SIGNATURE, WRONG_SIGNATURE)

    assert [key_of(request) for request in requests] == ["old", "new"]


@pytest.mark.parametrize(
    "response",
    [oauth_error(400, "invalid_scope"), oauth_error(403, "access_denied"), api_error(500, "E9")],
)
def test_what_is_no_fault_of_the_key_is_not_tried_with_another(response: httpx.Response) -> None:
    assert len(Bench().asked(response)) == 1


def test_a_proof_is_added_where_the_app_demands_it_and_kept_to() -> None:
    bench = Bench()

    first, second, third = bench.asked(
        refusal(NO_PROOF), refusal(NO_NONCE, nonce="nonce-1"), grant("DPoP")
    )
    (later,) = bench.asked(grant("DPoP"))

    assert "dpop" not in first.headers
    assert "nonce" not in proof_of(second.headers)
    assert proof_of(third.headers) == {
        "htm": "POST",
        "htu": URL,
        "iat": int(NOW.timestamp()),
        "jti": proof_of(third.headers)["jti"],
        "nonce": "nonce-1",
    }
    assert proof_of(later.headers)["nonce"] == "nonce-1"


def test_every_request_has_an_assertion_and_a_proof_of_its_own() -> None:
    requests = Bench(Dpop.REQUIRED).asked(refusal(NO_NONCE, nonce="nonce-1"), grant("DPoP"))

    assert len({claims_of(request)["jti"] for request in requests}) == 2
    assert len({proof_of(request.headers)["jti"] for request in requests}) == 2


def test_a_nonce_that_is_replaced_is_followed_and_an_empty_demand_is_not() -> None:
    bench = Bench(Dpop.REQUIRED)
    bench.asked(refusal(NO_NONCE, nonce="nonce-1"), grant("DPoP"))

    _, second = bench.asked(refusal(NO_NONCE, nonce="nonce-2"), grant("DPoP"))
    assert proof_of(second.headers)["nonce"] == "nonce-2"
    assert len(bench.asked(refusal(NO_NONCE, nonce="nonce-2"))) == 1
    assert len(bench.asked(refusal(NO_NONCE))) == 1
    assert len(bench.asked(refusal(NO_NONCE, nonce='a "quoted" one'))) == 1


def test_where_proofs_are_disabled_none_is_made() -> None:
    bench = Bench(Dpop.DISABLED)

    assert len(bench.asked(refusal(NO_PROOF, at=NOW + timedelta(hours=1)))) == 1
    assert len(bench.asked(refusal(NO_NONCE, nonce="nonce-1"))) == 1


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_that_differs_is_put_right_by_the_answer(hours: int) -> None:
    bench = Bench()
    oktas = NOW + timedelta(hours=hours)

    first, second = bench.asked(refusal(EXPIRED, at=oktas), grant())

    assert claims_of(second)["exp"] == (oktas + timedelta(minutes=5)).timestamp()
    assert key_of(first) == key_of(second) == "old"


def test_a_refusal_that_no_clock_explains_is_of_the_key() -> None:
    requests = Bench().asked(refusal(EXPIRED, at=NOW), refusal(EXPIRED, at=NOW))

    assert [key_of(request) for request in requests] == ["old", "new"]


def test_a_proof_from_the_future_is_made_again_by_oktas_time() -> None:
    bench = Bench(Dpop.REQUIRED)
    oktas = NOW - timedelta(seconds=1)

    _, second = bench.asked(refusal(FROM_THE_FUTURE, at=oktas), grant("DPoP"))

    assert proof_of(second.headers)["iat"] == oktas.timestamp()


def test_a_date_that_is_not_oktas_teaches_nothing() -> None:
    bench = Bench()
    date = format_datetime(NOW + timedelta(hours=1), usegmt=True)

    bench.asked(answer(502, headers={"Date": date}))

    assert bench.clock() == NOW


@pytest.mark.parametrize("year", [1971, 9999])
def test_a_date_that_no_clock_can_show_teaches_nothing(year: int) -> None:
    clock = OktaClock(lambda: NOW)
    date = format_datetime(datetime(year, 12, 31, tzinfo=UTC), usegmt=True)
    clock.learn(httpx.Response(200, headers={"Date": date, "x-okta-request-id": "r"}))
    assert clock() == NOW


def test_a_bearer_token_signs_calls_until_shortly_before_it_expires() -> None:
    bench = Bench()
    assert bench.sign_in.needs_token
    bench.taken(grant())

    (headers,) = bench.called(answer(200))

    assert headers["authorization"] == "Bearer eyJ.token.one"
    assert "dpop" not in headers
    bench.now = NOW + timedelta(minutes=58, seconds=59)
    assert not bench.sign_in.needs_token
    bench.now = NOW + timedelta(minutes=59)
    assert bench.sign_in.needs_token


def test_a_token_of_a_short_life_is_used_for_most_of_it() -> None:
    bench = Bench()
    bench.taken(grant(seconds=20))

    bench.now = NOW + timedelta(seconds=17)
    assert not bench.sign_in.needs_token
    bench.now = NOW + timedelta(seconds=18)
    assert bench.sign_in.needs_token


def test_a_bound_token_comes_with_a_proof_for_each_call() -> None:
    bench = Bench(Dpop.REQUIRED)
    bench.taken(grant("DPoP"))

    (headers,) = bench.called(answer(200))

    digest = hashlib.sha256(b"eyJ.token.one").digest()
    proof = proof_of(headers)
    assert headers["authorization"] == "DPoP eyJ.token.one"
    assert proof == {
        "htm": "GET",
        "htu": f"{BASE}/api/v1/apps/0oa1",
        "iat": int(NOW.timestamp()),
        "jti": proof["jti"],
        "ath": base64.urlsafe_b64encode(digest).decode().rstrip("="),
    }


def test_a_call_is_repeated_once_for_a_nonce_of_the_api() -> None:
    bench = Bench(Dpop.REQUIRED)
    bench.taken(refusal(NO_NONCE, nonce="of-the-token"), grant("DPoP"))
    challenge = {
        "WWW-Authenticate": 'DPoP error="use_dpop_nonce"',
        "DPoP-Nonce": "of-the-api",
    }

    first, second = bench.called(answer(401, headers=challenge), answer(200))

    assert "nonce" not in proof_of(first)
    assert proof_of(second)["nonce"] == "of-the-api"
    assert not bench.sign_in.needs_token


def test_each_of_several_calls_under_way_is_repeated_for_the_same_new_nonce() -> None:
    bench = Bench(Dpop.REQUIRED)
    bench.taken(refusal(NO_NONCE, nonce="of-the-token"), grant("DPoP"))
    demand = answer(401, headers={"WWW-Authenticate": 'DPoP error="use_dpop_nonce"'})
    demand.headers["DPoP-Nonce"] = "of-the-api"
    requests = [httpx.Request("POST", f"{BASE}/api/v1/apps/0oa{n}") for n in (1, 2)]
    flows = [bench.sign_in.auth_flow(request) for request in requests]
    for flow in flows:
        next(flow)

    again = [flow.send(demand) for flow in flows]

    assert [proof_of(one.headers)["nonce"] for one in again] == ["of-the-api"] * 2


INVALID_TOKEN = {"WWW-Authenticate": 'Bearer error="invalid_token", error_description="expired."'}


@pytest.mark.parametrize(
    "response",
    [
        answer(401, headers=INVALID_TOKEN),
        oauth_error(401, "invalid_token", "The token has expired."),
        api_error(401, "E0000011", "Invalid token provided"),
        answer(401, headers={"X-Okta-Request-Id": "request"}),
    ],
)
def test_a_token_that_okta_refuses_is_dropped(response: httpx.Response) -> None:
    bench = Bench()
    bench.taken(grant())

    bench.called(response)

    assert bench.sign_in.needs_token


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(401, content=b"<html>the proxy wants a password</html>"),
        api_error(401, "E0000015", "the feature"),
        api_error(403, "E0000006"),
        answer(403, headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'}),
        answer(200),
    ],
)
def test_any_other_answer_leaves_the_token(response: httpx.Response) -> None:
    bench = Bench()
    bench.taken(grant())

    bench.called(response)

    assert not bench.sign_in.needs_token


def test_a_late_refusal_of_an_old_token_leaves_the_new_one() -> None:
    bench = Bench()
    bench.taken(grant())
    flow = bench.sign_in.auth_flow(httpx.Request("GET", BASE))
    next(flow)

    bench.taken(grant(access_token="eyJ.token.two"))
    with pytest.raises(StopIteration):
        flow.send(answer(401, headers=INVALID_TOKEN))

    assert not bench.sign_in.needs_token


@pytest.mark.parametrize("scope", ["okta.apps.read", "", "okta.apps.read okta.users.read"])
def test_a_token_without_the_scopes_is_refused_with_what_to_do(scope: str) -> None:
    with pytest.raises(RefusedError, match=r"okta\.apps\.manage.*Okta API Scopes") as caught:
        Bench().taken(grant(scope=scope))
    trouble = caught.value.trouble
    assert (trouble.next, trouble.reason) == (Next.PERSON, Reason.INSUFFICIENT_SCOPE)


def test_more_scopes_than_asked_for_are_no_matter() -> None:
    bench = Bench()

    bench.taken(grant(scope="okta.users.read okta.apps.read okta.apps.manage"))

    assert not bench.sign_in.needs_token


def test_a_token_that_is_not_bound_is_refused_where_that_is_required() -> None:
    with pytest.raises(RefusedError, match="DPoP") as caught:
        Bench(Dpop.REQUIRED).taken(grant("Bearer"))
    assert caught.value.trouble.next is Next.PERSON


@pytest.mark.parametrize("mode", [Dpop.AUTO, Dpop.DISABLED])
@pytest.mark.parametrize("kind", ["Bearer", "bearer"])
def test_elsewhere_a_bearer_token_is_taken(mode: Dpop, kind: str) -> None:
    bench = Bench(mode)
    bench.taken(grant(kind))

    assert bench.called(answer(200))[0]["authorization"] == "Bearer eyJ.token.one"


@pytest.mark.parametrize(
    "body",
    [
        {"token_type": "Bearer", "expires_in": 3600},
        {"token_type": "MAC", "expires_in": 3600, "access_token": "a"},
        {"token_type": 1, "expires_in": 3600, "access_token": "a"},
        {"token_type": "Bearer", "expires_in": 0, "access_token": "a"},
        {"token_type": "Bearer", "expires_in": 3600, "access_token": "a\nX-Evil: 1"},
    ],
)
def test_a_body_that_holds_no_token_is_not_taken(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Bench().sign_in.take(answer(200, body).content)


def test_the_sign_in_hides_its_token() -> None:
    bench = Bench()
    assert not bench.sign_in.hidden

    bench.taken(grant())

    assert bench.sign_in.hidden == ("eyJ.token.one",)
    assert "eyJ" not in repr(vars(bench.sign_in))
