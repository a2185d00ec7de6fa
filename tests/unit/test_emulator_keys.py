"""Keys and what is used once, without HTTP."""

import re

import pytest

from okta_emulator.keys import PublicKey, public_key
from okta_emulator.once import Once

RFC_9449 = {
    "kty": "EC",
    "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
    "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    "crv": "P-256",
}
RFC_7638 = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
    "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Q"
    "vzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZ"
    "u0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}


@pytest.mark.parametrize(
    ("jwk", "thumbprint"),
    [
        (RFC_9449, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"),
        (RFC_7638, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
    ],
)
def test_a_thumbprint_is_that_of_the_example(jwk: dict[str, str], thumbprint: str) -> None:
    assert public_key(jwk).thumbprint == thumbprint


@pytest.mark.parametrize(
    ("jwk", "fitting"),
    [
        (RFC_9449, {"ES256"}),
        (RFC_7638, {"RS256"}),
        ({**RFC_7638, "alg": "RS512"}, {"RS512"}),
        ({name: RFC_7638[name] for name in ("kty", "n", "e")}, {"RS256", "RS384", "RS512"}),
    ],
)
def test_a_key_fits_its_algorithms_and_no_others(jwk: dict[str, str], fitting: set[str]) -> None:
    known = {"RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "HS256", "PS256", "none"}

    assert {algorithm for algorithm in known if public_key(jwk).fits(algorithm)} == fitting


@pytest.mark.parametrize(
    ("jwk", "clause"),
    [
        (None, "kty"),
        ({"kty": "oct", "k": "eA"}, "kty"),
        ({**RFC_9449, "d": "eA"}, "private"),
        ({**RFC_9449, "y": "eA"}, "read"),
        ({"kty": "RSA", "e": "AQAB"}, "read"),
        ({"kty": "RSA", "e": 5, "n": []}, "read"),
    ],
)
def test_what_is_no_public_key_is_refused(jwk: object, clause: str) -> None:
    with pytest.raises(ValueError, match=re.escape(clause)):
        public_key(jwk)


def test_a_key_is_compared_by_what_is_public() -> None:
    assert public_key(RFC_9449) == PublicKey(RFC_9449, None)


def test_what_is_spent_can_be_spent_again_when_it_is_over() -> None:
    once = Once()

    uses = [once.spend("one", until=20, now=now) for now in (10, 19, 20, 21)]

    assert uses == [True, False, True, True]


def test_what_is_over_is_forgotten() -> None:
    once = Once()
    for second in range(1000):
        once.spend(str(second), until=second + 10, now=second)

    assert len(once) <= 11
