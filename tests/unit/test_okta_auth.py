"""Signing requests: the sign-in flow, and a client's proof of its secret."""

import base64
from datetime import timedelta

import httpx
import jwt
import pytest

from okta_rotator.okta.auth import (
    ApiTokenSignIn,
    Moment,
    client_proof,
)
from okta_rotator.rotation.okta_view import AuthMethod
from okta_rotator.rotation.values import SecretValue
from tests.unit.okta_org import BASE, NOW, TOKEN

SECRET = SecretValue("colon:percent%plus+and-thirty-two-more")
CLIENT_ID = "0oa_client$-_.+!*'(),"
MOMENT = Moment(f"{BASE}/oauth2/v1/introspect", NOW, "nonce")


def test_the_api_token_signs_a_request_once() -> None:
    request = httpx.Request("GET", BASE)
    flow = ApiTokenSignIn(TOKEN).auth_flow(request)

    assert next(flow) is request
    assert request.headers["Authorization"] == f"SSWS {TOKEN.reveal()}"
    with pytest.raises(StopIteration):
        flow.send(httpx.Response(401))


def test_basic_is_plain_base64() -> None:
    header = client_proof(AuthMethod.BASIC, CLIENT_ID, SECRET, MOMENT).headers["Authorization"]

    scheme, _, text = header.partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(text).decode() == f"{CLIENT_ID}:{SECRET.reveal()}"


def test_post_puts_both_into_the_form() -> None:
    proof = client_proof(AuthMethod.POST, CLIENT_ID, SECRET, MOMENT)

    assert proof.form == {"client_id": CLIENT_ID, "client_secret": SECRET.reveal()}
    assert not proof.headers


def test_the_assertion_is_a_jwt_that_another_library_accepts() -> None:
    assertion = client_proof(AuthMethod.JWT, CLIENT_ID, SECRET, MOMENT).form["client_assertion"]

    claims = jwt.decode(
        assertion,
        SECRET.reveal(),
        ["HS256"],
        audience=MOMENT.audience,
        options={"verify_exp": False},
    )
    assert claims == {
        "iss": CLIENT_ID,
        "sub": CLIENT_ID,
        "aud": MOMENT.audience,
        "exp": (NOW + timedelta(minutes=5)).timestamp(),
        "jti": "nonce",
    }


def test_nothing_that_signs_shows_what_it_signs_with() -> None:
    shown = [repr(ApiTokenSignIn(TOKEN)), repr(vars(ApiTokenSignIn(TOKEN))["_header"])]
    shown += [repr(client_proof(method, CLIENT_ID, SECRET, MOMENT)) for method in AuthMethod]

    assert not any(TOKEN.reveal() in text or SECRET.reveal() in text for text in shown)
    assert not any("Basic " in text or "eyJ" in text for text in shown)
