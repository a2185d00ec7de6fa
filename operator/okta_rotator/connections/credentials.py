"""The credentials of a connection: where its spec says they are, and what they make of it.

Pure; `book.py` reads the Secret.
"""

from __future__ import annotations

from okta_rotator.api.connection import ConnectionSpec, SecretReference
from okta_rotator.rotation.access import Access, ApiTokenCredentials, ServiceAppCredentials
from okta_rotator.rotation.values import SecretValue


def reference_of(spec: ConnectionSpec) -> SecretReference:
    """The Secret and its key that hold the credentials of the connection's method."""
    return _place(spec)[1]


def access_of(spec: ConnectionSpec, text: str) -> Access:
    """How to sign in with what the Secret holds."""
    return Access(
        instance_url=spec.instance_url,
        credentials=_credentials(spec, SecretValue(text)),
        ca_bundle=spec.ca_bundle,
        max_utilization_percent=spec.rate_limit.max_utilization_percent,
    )


def no_credentials(spec: ConnectionSpec, namespace: str, *, is_there: bool) -> str:
    """What to say where the Secret, or (`is_there`) its key, does not exist or is empty."""
    field, reference = _place(spec)
    missing = f"the Secret {reference.name}"
    if is_there:
        missing = f"the key {reference.key} of {missing}"
    verb = "Put it there" if is_there else "Create it"
    command = _patch(spec, reference) if is_there else _create(spec, reference)
    return (
        f"{missing} of spec.{field}.secretRef does not exist or is empty. "
        f"{verb}: kubectl -n {namespace} {command}"
    )


def _place(spec: ConnectionSpec) -> tuple[str, SecretReference]:
    if spec.oauth is not None:
        return "oauth.privateKey", spec.oauth.private_key.secret_ref
    if spec.api_token is not None:
        return "apiToken", spec.api_token.secret_ref
    raise ValueError("a connection without credentials")


def _credentials(
    spec: ConnectionSpec, text: SecretValue
) -> ApiTokenCredentials | ServiceAppCredentials:
    if spec.oauth is not None:
        return ServiceAppCredentials(spec.oauth.client_id, text, spec.oauth.dpop)
    return ApiTokenCredentials(text)


def _create(spec: ConnectionSpec, reference: SecretReference) -> str:
    make = f"create secret generic {reference.name}"
    if spec.oauth is not None:
        return f"{make} --from-file={reference.key}=<file>"
    return f"{make} --from-literal={reference.key}=<token>"


def _patch(spec: ConnectionSpec, reference: SecretReference) -> str:
    """A patch leaves the other keys of the Secret alone."""
    if spec.oauth is not None:
        encoded = "$(base64 < <file> | tr -d '\\n')"
        return f"patch secret {reference.name} -p \"{{data: {{'{reference.key}': {encoded}}}}}\""
    patch = f'{{"stringData":{{"{reference.key}":"<token>"}}}}'
    return f"patch secret {reference.name} -p '{patch}'"
