"""Whatever the real API server accepts the models accept, and both mean the same by it.

Sound specs are drawn, and spoilt by values that a server and a model may judge differently: every
such value at every field, and at two fields at random. Nothing is stored: each spec is created as
a dry run.
"""

import json
import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from pydantic import ValidationError

from okta_rotator.api.base import ApiModel, spec_error_message
from okta_rotator.api.cluster_connection import ClusterConnectionSpec
from okta_rotator.api.connection import ConnectionSpec
from okta_rotator.api.names import (
    API_VERSION,
    CLUSTER_CONNECTION_KIND,
    CLUSTER_CONNECTION_PLURAL,
    CONNECTION_KIND,
    CONNECTION_PLURAL,
    ROTATION_KIND,
    ROTATION_PLURAL,
)
from okta_rotator.api.rotation import RotationSpec
from tests.cluster.drawn_specs import FULL, ODD, PLACES, SOUND, spoilt
from tests.controlplane.cluster import ControlPlane
from tests.resources import Json, changed

KINDS: dict[str, tuple[str, type[ApiModel]]] = {
    ROTATION_KIND: (ROTATION_PLURAL, RotationSpec),
    CONNECTION_KIND: (CONNECTION_PLURAL, ConnectionSpec),
    CLUSTER_CONNECTION_KIND: (CLUSTER_CONNECTION_PLURAL, ClusterConnectionSpec),
}
REFUSED = (httpx.codes.UNPROCESSABLE_ENTITY, httpx.codes.BAD_REQUEST)
TARGET_PLACES = [
    *("spec.target.name", "spec.target.type", "spec.secretsMapping.clientSecret"),
    *("spec.target.metadata.labels", "spec.target.metadata.annotations"),
]
MANY = settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


class Server:
    """The API server, asked what it would make of a spec or a Secret."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def stored(self, kind: str, spec: Any) -> Json | str:
        """The spec as it would be stored, or why it is refused."""
        plural = KINDS[kind][0]
        place = "" if kind == CLUSTER_CONNECTION_KIND else "namespaces/default/"
        path = f"/apis/{API_VERSION}/{place}{plural}?dryRun=All"
        metadata = {"name": "drawn"}
        body = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
        answer = self._client.post(path, json=body)
        if answer.status_code == httpx.codes.CREATED:
            stored: Json = answer.json()["spec"]
            return stored
        assert answer.status_code in REFUSED, answer.text
        message: str = answer.json()["message"]
        return message

    def would_hold(self, secret: Json) -> bool:
        """Whether the Secret can be made."""
        answer = self._client.post("/api/v1/namespaces/default/secrets?dryRun=All", json=secret)
        assert answer.status_code in {httpx.codes.CREATED, *REFUSED}, answer.text
        return answer.status_code == httpx.codes.CREATED


@pytest.fixture(scope="module")
def server(control_plane: ControlPlane, crds: None) -> Iterator[Server]:
    credentials = control_plane.credentials
    with httpx.Client(
        base_url=control_plane.server_url,
        headers={"Authorization": f"Bearer {credentials.token}"},
        verify=ssl.create_default_context(cafile=credentials.authority),
        trust_env=False,
    ) as client:
        yield Server(client)


def meaning(node: Any) -> Any:
    """The JSON with objects that are empty left out: they say as much as absent ones."""
    if not isinstance(node, dict):
        return node
    inner = {key: meaning(value) for key, value in node.items()}
    return {key: value for key, value in inner.items() if value != {}}


def text(node: Any) -> str:
    """As text, since to Python 1, 1.0 and True are equal."""
    return json.dumps(meaning(node), sort_keys=True)


def accept_alike(kind: str, stored: Json) -> None:
    model = KINDS[kind][1]
    try:
        read = model.model_validate(stored)
    except ValidationError as error:
        pytest.fail(f"accepted by the server: {stored}\nrefused: {spec_error_message(error)}")
    assert text(read.to_api()) == text(stored)


@MANY
@given(drawn=SOUND)
def test_sound_specs_are_accepted_by_both(server: Server, drawn: tuple[str, Json]) -> None:
    kind, spec = drawn
    model = KINDS[kind][1]
    stored = server.stored(kind, spec)
    assert not isinstance(stored, str), stored
    accept_alike(kind, stored)
    # The defaults of the models are those of the schema.
    assert model.model_validate(spec) == model.model_validate(stored)


@pytest.mark.parametrize(("form", "path"), PLACES)
def test_every_odd_value_is_judged_alike(server: Server, form: str, path: str) -> None:
    for odd in ODD:
        judge_alike(server, FULL[form]["kind"], changed(FULL[form], {path: odd})["spec"])


@MANY
@given(drawn=spoilt())
def test_odd_specs_are_judged_alike(server: Server, drawn: tuple[str, Json]) -> None:
    judge_alike(server, *drawn)


def judge_alike(server: Server, kind: str, spec: Any) -> None:
    stored = server.stored(kind, spec)
    if not isinstance(stored, str):
        accept_alike(kind, stored)
    elif not says_null(spec):
        with pytest.raises(ValidationError):
            KINDS[kind][1].model_validate(spec)


def says_null(spec: Any) -> bool:
    """Whether the spec holds null: absent to the models, mostly refused by the server."""
    return "null" in json.dumps(spec).replace('"null"', "")


@pytest.mark.parametrize("path", TARGET_PLACES)
def test_kubernetes_takes_every_target_that_is_accepted(server: Server, path: str) -> None:
    for odd in ODD:
        stored = server.stored(ROTATION_KIND, changed(FULL[ROTATION_KIND], {path: odd})["spec"])
        if not isinstance(stored, str):
            assert server.would_hold(target_secret(RotationSpec.model_validate(stored)))


def target_secret(spec: RotationSpec) -> Json:
    """The Secret that the spec asks for."""
    target = spec.target
    return {
        "metadata": {"name": target.name or "drawn", **target.metadata.to_api()},
        "type": target.type,
        "stringData": {spec.secrets_mapping.client_secret: "value"},
    }
