"""Private keys as a Secret may hold them: what is read, what is refused, and what they sign."""

import json
from typing import Any

import jwt
import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from okta_rotator.okta.keys import MOST_KEYS, KeysError, new_key, read_keys

RSA = RSAKey.generate_key(2048)
EC = ECKey.generate_key("P-256")
PUBLIC = {"rsa": RSA.as_pem(private=False), "ec": EC.as_pem(private=False)}


def pem(key: RSAKey | ECKey | OKPKey) -> str:
    return key.as_pem(private=True).decode()


def jwk(key: RSAKey | ECKey | OKPKey | OctKey, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=True), **more}


@pytest.mark.parametrize(
    ("text", "kind", "algorithm", "key_id"),
    [
        (pem(RSA), "rsa", "RS256", None),
        (pem(EC), "ec", "ES256", None),
        ("\n  " + pem(EC).replace("\n", "\r\n"), "ec", "ES256", None),
        (f"kid: my-key\n{pem(EC)}", "ec", "ES256", "my-key"),
        (json.dumps(jwk(RSA, kid="one", use="sig", alg="RS256")), "rsa", "RS256", "one"),
        (json.dumps(jwk(RSA, alg="RS512")), "rsa", "RS512", None),
        (json.dumps({"kty": "RSA", **{n: jwk(RSA)[n] for n in "ned"}}), "rsa", "RS256", None),
        (json.dumps(jwk(EC, kid="two")), "ec", "ES256", "two"),
    ],
)
def test_a_key_is_read_and_another_library_verifies_what_it_signs(
    text: str, kind: str, algorithm: str, key_id: str | None
) -> None:
    (key,) = read_keys(text)
    signed = key.sign({"typ": "JWT"}, {"sub": "me"})

    assert (key.algorithm, key.id) == (algorithm, key_id)
    assert jwt.decode(signed, PUBLIC[kind], [algorithm]) == {"sub": "me"}
    assert jwt.get_unverified_header(signed) == {"alg": algorithm, "typ": "JWT"}


@pytest.mark.parametrize(
    "text",
    [
        f"kid: old\n{pem(RSA)}\nkid: new\n{pem(EC)}",
        json.dumps({"keys": [jwk(RSA, kid="old"), jwk(EC, kid="new")]}),
    ],
)
def test_several_keys_keep_their_order_and_their_ids(text: str) -> None:
    assert [(key.id, key.algorithm) for key in read_keys(text)] == [
        ("old", "RS256"),
        ("new", "ES256"),
    ]


def test_an_id_is_of_the_block_that_follows() -> None:
    first, second = read_keys(f"{pem(RSA)}kid: new\n{pem(EC)}")

    assert (first.id, second.id) == (None, "new")


def broken(text: str) -> str:
    lines = text.splitlines()
    return "\n".join([lines[0], "AAAA" + lines[1][4:], *lines[2:]])


SHORT = (
    "-----BEGIN RSA PRIVATE KEY-----\n"
    "MIIBOwIBAAJBAJ1h0V2sQ0mIg1kJmT7pDq9cYw0tH7kK3i7yqk3c0F1x0P8w1Yc3\n"
    "-----END RSA PRIVATE KEY-----\n"
)

REFUSED = {
    "nothing": ("", "no private key"),
    "prose": ("00Q-an-api-token-by-mistake", "no private key"),
    "a public PEM": (PUBLIC["rsa"].decode(), "no private key"),
    "a damaged PEM": (broken(pem(RSA)), "damaged"),
    "a cut PEM": (SHORT, "damaged"),
    "a PEM with a passphrase": (EC.as_pem(private=True, password="pass").decode(), "passphrase"),
    "a PEM of another kind": (pem(OKPKey.generate_key("Ed25519")), "no kind"),
    "a PEM of a strange curve": (pem(ECKey.generate_key("secp256k1")), "algorithm"),
    "no JSON": ('{"kty": "RSA"', "not JSON"),
    "a JWK of another kind": (json.dumps(jwk(OctKey.generate_key(256))), "no kind"),
    "a public JWK": (json.dumps(RSA.as_dict(private=False)), "public"),
    "a damaged JWK": (json.dumps(jwk(EC, x="AAAA")), "damaged"),
    "a JWK without its curve": (json.dumps(jwk(EC, crv="P-999")), "damaged"),
    "a JWK for another algorithm": (json.dumps(jwk(RSA, alg="PS256")), "algorithm"),
    "an id that is none": (json.dumps(jwk(EC, kid=17)), "kid"),
    "an id with a line break": (json.dumps(jwk(EC, kid="a\nb")), "kid"),
    "keys that are no list": ('{"keys": 1}', "no kind"),
    "no keys": ('{"keys": []}', "no private key"),
    "too many keys": (json.dumps({"keys": [jwk(EC)] * (MOST_KEYS + 1)}), "more than"),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_key_is_refused_without_repeating_it(text: str, words: str) -> None:
    with pytest.raises(KeysError, match=words) as caught:
        read_keys(text)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert not any(word in str(caught.value) for word in text.split() if len(word) > 10)


def test_a_short_key_is_refused() -> None:
    with pytest.warns(UserWarning, match="2048"):
        short = RSAKey.generate_key(1024)
    with pytest.raises(KeysError, match="2048"):
        read_keys(pem(short))


def test_a_key_shows_only_its_public_half() -> None:
    key = new_key()
    (read,) = read_keys(json.dumps(jwk(RSA, kid="one")))

    assert set(key.public) == {"kty", "crv", "x", "y"}
    assert set(read.public) == {"kty", "n", "e"}
    assert repr(read) == "PrivateKey(RS256, kid='one')"
