"""Secrets on a real API server: preconditions, lost races, and who owns what afterwards."""

from __future__ import annotations

import base64
import json
import secrets as random
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from okta_rotator.cluster.errors import ClusterError, ConflictError, NotFoundError
from okta_rotator.cluster.kube_api import KubeApi
from okta_rotator.cluster.resources import rotation_resource
from okta_rotator.cluster.secrets import Secrets
from okta_rotator.rotation.snapshot import Resource, SecretObject
from okta_rotator.rotation.target import TargetChange
from okta_rotator.rotation.trouble import Next
from tests.cluster.kube import configuration_of
from tests.controlplane import ControlPlane
from tests.resources import CREATED, rotation

STATE = "my-rotation-okta-rotator-state"


class Bench:
    def __init__(self, control_plane: ControlPlane, namespace: str, api: KubeApi) -> None:
        self.control_plane = control_plane
        self.namespace = namespace
        self.api = api
        self.secrets = Secrets(api)
        made = rotation()
        made["metadata"] |= {"namespace": namespace, "uid": "uid-1"}
        made["metadata"] |= {"resourceVersion": "1", "creationTimestamp": CREATED}
        self.resource: Resource = rotation_resource(made)

    def kubectl(self, *args: str, input: str | None = None) -> str:
        return self.control_plane.kubectl("-n", self.namespace, *args, input=input).stdout

    async def read(self, name: str = "target") -> SecretObject:
        secret = await self.secrets.read(self.namespace, name)
        assert secret is not None
        return secret

    async def write(
        self,
        existing: SecretObject | None = None,
        labels: dict[str, str | None] | None = None,
        annotations: dict[str, str | None] | None = None,
        data: dict[str, str | None] | None = None,
    ) -> SecretObject:
        change = TargetChange(
            "target", "Opaque", labels or {}, annotations or {}, data or {}, existing
        )
        return await self.secrets.write_target(self.resource, change)


@pytest.fixture
async def bench(control_plane: ControlPlane, namespace: str) -> AsyncIterator[Bench]:
    api = KubeApi(await configuration_of(control_plane))
    yield Bench(control_plane, namespace, api)
    await api.close()


async def test_what_is_not_there_is_none(bench: Bench) -> None:
    assert await bench.secrets.read(bench.namespace, "no-such") is None
    assert await bench.secrets.read("no-such-namespace", "no-such") is None


async def test_the_state_is_created_once(bench: Bench) -> None:
    created = await bench.secrets.create_state(bench.resource, {"record": "1"})
    assert created == await bench.read(STATE)
    assert created.labels == {"okta-rotator.dev/rotation": "uid-1"}
    assert created.annotations == {"okta-rotator.dev/rotation-name": "my-rotation"}
    assert created.type == "okta-rotator.dev/state"
    with pytest.raises(ConflictError) as caught:
        await bench.secrets.create_state(bench.resource, {"record": "2"})
    assert caught.value.trouble.next is Next.LOOK_AGAIN
    assert (await bench.read(STATE)).data == {"record": "1"}


async def test_the_state_is_replaced_whole_and_only_as_it_was_read(bench: Bench) -> None:
    first = await bench.secrets.create_state(bench.resource, {"record": "1", "candidate": "okr"})
    second = await bench.secrets.replace_state(first, bench.resource, {"record": "2"})
    assert second.data == {"record": "2"}
    assert second.uid == first.uid
    with pytest.raises(ConflictError):
        await bench.secrets.replace_state(first, bench.resource, {"record": "3"})
    assert (await bench.read(STATE)).data == {"record": "2"}


async def test_the_state_is_not_replaced_where_it_was_made_anew(bench: Bench) -> None:
    first = await bench.secrets.create_state(bench.resource, {"record": "1"})
    bench.kubectl("delete", "secret", STATE)
    with pytest.raises(NotFoundError) as caught:
        await bench.secrets.replace_state(first, bench.resource, {"record": "2"})
    assert caught.value.trouble.next is Next.LOOK_AGAIN
    other = await bench.secrets.create_state(bench.resource, {"record": "3"})
    with pytest.raises(ConflictError):
        await bench.secrets.replace_state(first, bench.resource, {"record": "2"})
    # Of that version, but of another object.
    forged = replace(other, uid=first.uid)
    with pytest.raises(ConflictError):
        await bench.secrets.replace_state(forged, bench.resource, {"record": "2"})
    assert (await bench.read(STATE)).data == {"record": "3"}


async def test_a_target_is_created_and_never_over_a_strangers(bench: Bench) -> None:
    bench.kubectl("create", "secret", "generic", "target", "--from-literal=a=theirs")
    with pytest.raises(ConflictError):
        await bench.write(data={"a": "ours"})
    assert (await bench.read()).data == {"a": "theirs"}
    bench.kubectl("delete", "secret", "target")
    created = await bench.write(labels={"team": "a"}, data={"a": "ours"})
    assert (created.data, created.labels) == ({"a": "ours"}, {"team": "a"})


async def test_a_target_is_changed_key_by_key_and_only_as_it_was_read(bench: Bench) -> None:
    bench.kubectl("create", "secret", "generic", "target", "--from-literal=theirs=1")
    read = await bench.read()
    changed = await bench.write(read, {"team": "a"}, {"note": "b"}, {"ours": "2"})
    assert changed.data == {"theirs": "1", "ours": "2"}
    with pytest.raises(ConflictError):
        await bench.write(read, data={"ours": "3"})
    last = await bench.write(changed, {"team": None}, {"note": None}, {"ours": None})
    assert (last.data, dict(last.labels), dict(last.annotations)) == ({"theirs": "1"}, {}, {})


async def test_a_target_that_was_made_anew_is_not_changed(bench: Bench) -> None:
    """Its uid alone would be told as a fault of the request, and so as one for a person."""
    read = await bench.write(data={"a": "1"})
    bench.kubectl("delete", "secret", "target")
    with pytest.raises(NotFoundError):
        await bench.write(read, data={"a": "2"})
    bench.kubectl("create", "secret", "generic", "target", "--from-literal=a=theirs")
    with pytest.raises(ConflictError):
        await bench.write(read, data={"a": "2"})
    assert (await bench.read()).data == {"a": "theirs"}


async def test_another_hand_between_read_and_write_wins(bench: Bench) -> None:
    read = await bench.write(data={"a": "1"})
    bench.kubectl("annotate", "secret", "target", "by=hand")
    with pytest.raises(ConflictError):
        await bench.write(read, data={"a": "2"})
    with pytest.raises(ConflictError):
        await bench.secrets.delete(read)
    assert (await bench.read()).data == {"a": "1"}


async def test_only_that_very_secret_is_deleted_and_none_is_no_trouble(bench: Bench) -> None:
    first = await bench.write(data={"a": "1"})
    await bench.secrets.delete(first)
    await bench.secrets.delete(first)
    assert await bench.secrets.read(bench.namespace, "target") is None
    other = await bench.write(data={"a": "2"})
    with pytest.raises(ConflictError):
        await bench.secrets.delete(first)
    with pytest.raises(ConflictError):
        await bench.secrets.delete(replace(other, uid=first.uid))
    await bench.secrets.delete(other)


async def test_values_come_back_as_they_were_written(bench: Bench) -> None:
    data = {"ascii": "okr_" + random.token_urlsafe(45), "unicode": "grün \N{SNOWMAN}", "empty": ""}
    written = await bench.write(data=dict(data))
    assert written.data == data
    raw = json.loads(bench.kubectl("get", "secret", "target", "-o", "json"))["data"]
    assert base64.b64decode(raw["unicode"]).decode() == data["unicode"]


async def test_binary_data_of_others_is_read_and_left_as_it_is(bench: Bench) -> None:
    blob = bytes(range(256))
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "target"},
        "data": {"blob": base64.b64encode(blob).decode()},
    }
    bench.kubectl("create", "-f", "-", input=json.dumps(manifest))
    read = await bench.read()
    assert read.data["blob"] != ""
    await bench.write(read, data={"a": "1"})
    raw = json.loads(bench.kubectl("get", "secret", "target", "-o", "json"))["data"]
    assert base64.b64decode(raw["blob"]) == blob


async def test_our_metadata_is_ours_until_another_takes_it(bench: Bench) -> None:
    created = await bench.write(labels={"a": "1", "b": "1"}, annotations={"note": "1"})
    assert created.our_metadata == {"labels/a", "labels/b", "annotations/note"}
    bench.kubectl("label", "secret", "target", "c=1", "--field-manager=person")
    bench.kubectl("label", "secret", "target", "a=2", "--overwrite", "--field-manager=person")
    bench.kubectl("annotate", "secret", "target", "other=1", "--field-manager=person")
    touched = await bench.read()
    assert touched.our_metadata == {"labels/b", "annotations/note"}
    assert touched.labels == {"a": "2", "b": "1", "c": "1"}
    # What we put right is ours again, and what we take away is nobody's.
    repaired = await bench.write(touched, labels={"a": "1", "b": None})
    assert repaired.our_metadata == {"labels/a", "annotations/note"}
    assert repaired.labels == {"a": "1", "c": "1"}


async def test_our_metadata_survives_a_server_side_apply_by_another(bench: Bench) -> None:
    await bench.write(labels={"a": "1", "b": "1"})
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "target", "labels": {"b": "1", "c": "1"}},
    }
    apply = ["apply", "--server-side", "--field-manager=flux", "-f", "-"]
    bench.kubectl(*apply, input=json.dumps(manifest))
    # Both own `b` then: what we no longer want of it, the other still may.
    assert (await bench.read()).our_metadata == {"labels/a", "labels/b"}


async def test_a_terminating_namespace_refuses_new_secrets_but_not_changes(bench: Bench) -> None:
    existing = await bench.write(data={"a": "1"})
    bench.control_plane.kubectl("delete", "namespace", bench.namespace, "--wait=false")
    with pytest.raises(ClusterError) as caught:
        await bench.secrets.create_state(bench.resource, {"record": "1"})
    assert caught.value.status == 403
    assert caught.value.trouble.next is Next.PERSON
    await bench.secrets.delete(existing)


async def test_no_error_repeats_a_value(bench: Bench) -> None:
    read = await bench.write(data={"a": "1"})
    hidden = "okr_hidden-value"
    with pytest.raises(ClusterError) as caught:
        await bench.write(read, data={"not a key!": hidden})
    assert caught.value.trouble.next is Next.PERSON
    assert hidden not in str(caught.value)
    assert base64.b64encode(hidden.encode()).decode()[:8] not in str(caught.value)
