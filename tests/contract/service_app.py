"""A client of Okta's own API, written for tests: each part of a request may be made wrong."""

import base64
import hashlib
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import JWKRegistry
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.emulator_client import EmulatorClient

TOKEN = "/oauth2/v1/token"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
BOTH = "okta.apps.read okta.apps.manage"
CURVES: dict[str, Any] = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}

Claims = dict[str, Any]
Told = tuple[int, str, str]


@dataclass(frozen=True)
class KeyPair:
    algorithm: str
    private: Any = field(repr=False)
    public: Claims

    @property
    def pem(self) -> str:
        form = serialization.PrivateFormat.PKCS8
        encryption = serialization.NoEncryption()
        return str(
            self.private.private_bytes(serialization.Encoding.PEM, form, encryption), "ascii"
        )

    def sign(self, claims: Claims, header: Claims) -> str:
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, self.private, self.algorithm, headers=header)


def key_pair(algorithm: str = "ES256", kid: str | None = "one") -> KeyPair:
    named = {} if kid is None else {"kid": kid}
    if algorithm in CURVES:
        curve = ec.generate_private_key(CURVES[algorithm]())
        return KeyPair(algorithm, curve, {**ECAlgorithm.to_jwk(curve.public_key(), True), **named})
    private = rsa.generate_private_key(65537, 2048)
    return KeyPair(algorithm, private, {**RSAAlgorithm.to_jwk(private.public_key(), True), **named})


def jwk(*keys: KeyPair) -> str:
    """Private keys as a JWK Set."""
    kinds = {"R": "RSA", "E": "EC"}
    imported = [JWKRegistry.import_key(key.pem, kinds[key.algorithm[0]]) for key in keys]
    return json.dumps(
        {
            "keys": [
                {**one.as_dict(private=True), "kid": key.public["kid"]}
                for one, key in zip(imported, keys, strict=True)
            ]
        }
    )


def pem(key: KeyPair) -> str:
    """A private key as PEM, under a line that names it."""
    return f"kid: {key.public['kid']}\n{key.pem}" if "kid" in key.public else key.pem


def told(answer: httpx.Response) -> Told:
    """What an OAuth endpoint says of an error."""
    body = answer.json()
    return answer.status_code, body["error"], body["error_description"]


def challenge(answer: httpx.Response) -> Told:
    """What the header of a refused access token says."""
    scheme, _, fields = answer.headers["www-authenticate"].partition(" ")
    pairs = dict(part.split("=", 1) for part in fields.split(", "))
    return answer.status_code, scheme, pairs["error_description"].strip('"')


@dataclass(frozen=True)
class ServiceApp:
    emulator: EmulatorClient
    id: str
    client_id: str
    key: KeyPair
    dpop_key: KeyPair

    def assertion(
        self, *, key: KeyPair | None = None, header: Claims | None = None, **claims: Any
    ) -> str:
        """Good, but for the claims and the header given; None leaves a claim out."""
        key, now = key or self.key, int(time.time())
        content = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.emulator.base_url + TOKEN,
            "iat": now,
            "exp": now + 300,
            "jti": uuid.uuid4().hex,
            **claims,
        }
        kid = key.public.get("kid")
        return key.sign(content, header or ({} if kid is None else {"kid": kid}))

    def proof(
        self,
        method: str,
        path: str,
        *,
        key: KeyPair | None = None,
        header: Claims | None = None,
        **claims: Any,
    ) -> str:
        key = key or self.dpop_key
        content = {
            "htm": method,
            "htu": self.emulator.base_url + path,
            "iat": int(time.time()),
            "jti": uuid.uuid4().hex,
            **claims,
        }
        return key.sign(content, {"typ": "dpop+jwt", "jwk": key.public, **(header or {})})

    def ask(
        self, assertion: str | None = None, proof: str | None = None, **form: Any
    ) -> httpx.Response:
        """Asks for a token; None leaves a field of the form out."""
        content = {
            "grant_type": "client_credentials",
            "scope": BOTH,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion or self.assertion(),
            **form,
        }
        sent = {name: value for name, value in content.items() if value is not None}
        headers = {} if proof is None else {"DPoP": proof}
        return self.emulator.http.post(TOKEN, data=sent, headers=headers)

    def nonce(self) -> str:
        return str(self.ask(proof=self.proof("POST", TOKEN)).headers["dpop-nonce"])

    def sign_in(self, *, dpop: bool = False, **form: Any) -> str:
        proof = self.proof("POST", TOKEN, nonce=self.nonce()) if dpop else None
        return str(self.ask(proof=proof, **form).json()["access_token"])

    def get(self, path: str, headers: Mapping[str, str]) -> httpx.Response:
        return self.emulator.http.get(path, headers=headers)

    def dpop_headers(self, token: str, method: str, path: str, **claims: Any) -> dict[str, str]:
        proof = self.proof(method, path, **{"ath": ath(token), **claims})
        return {"Authorization": f"DPoP {token}", "DPoP": proof}


def ath(token: str) -> str:
    return encoded(hashlib.sha256(token.encode()).digest())


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims_of(token: str) -> Claims:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def make_service_app(
    emulator: EmulatorClient, key: KeyPair, dpop_key: KeyPair, **fields: Any
) -> ServiceApp:
    seed = {
        "applicationType": "service",
        "tokenEndpointAuthMethod": "private_key_jwt",
        "jwks": {"keys": [key.public]},
        "grantedScopes": BOTH.split(),
        **fields,
    }
    state = emulator.make_app(**seed)
    return ServiceApp(emulator, state["id"], state["clientId"], key, dpop_key)
