"""Our finalizer comes off, that of a very object and no other, whoever changes it meanwhile."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, cast

import pytest

from okta_rotator.api.names import FINALIZER, ROTATION_PLURAL
from okta_rotator.cluster.errors import ClusterError, error_of_answer
from okta_rotator.cluster.finalizers import TRIES, Release, list_held, release
from tests.resources import Json, changed, rotation

LIST = f"/apis/okta-rotator.dev/v1alpha1/namespaces/team-a/{ROTATION_PLURAL}"
OTHER = "example.com/theirs"


def held(*finalizers: str, **changes: Any) -> Json:
    metadata = {"metadata.namespace": "team-a", "metadata.uid": "u"}
    return changed(rotation(), {**metadata, "metadata.finalizers": list(finalizers), **changes})


class OneResource:
    """An API server with one rotation, which applies JSON patches as far as these need it.

    `before_patch` is what somebody else does right before each patch lands.
    """

    def __init__(self, body: Json | None) -> None:
        self.body = copy.deepcopy(body)
        self.before_patch: Callable[[], None] = lambda: None
        self.patches = 0

    async def get(self, path: str, **_: str) -> Json:
        assert path == LIST
        return {"items": [] if self.body is None else [copy.deepcopy(self.body)]}

    async def patch(self, path: str, body: list[Json], _kind: str, **__: str) -> Json:
        assert path == f"{LIST}/my-rotation"
        self.patches += 1
        self.before_patch()
        if self.body is None:
            raise error_of_answer(404, b"", path)
        (uid, test, remove) = body
        finalizers = self.body["metadata"].get("finalizers", [])
        index = int(remove["path"].rpartition("/")[2])
        is_so = uid["value"] == self.body["metadata"]["uid"] and test["path"] == remove["path"]
        if not is_so or finalizers[index : index + 1] != [test["value"]]:
            raise error_of_answer(422, b'{"message": "the test failed"}', path)
        del finalizers[index]
        return self.body

    def finalizers(self) -> list[str]:
        assert self.body is not None
        return list(self.body["metadata"]["finalizers"])


async def released(api: OneResource, body: Json) -> Release:
    return await release(cast(Any, api), body)


@pytest.mark.parametrize(
    "finalizers", [(FINALIZER,), (OTHER, FINALIZER), (FINALIZER, OTHER), (OTHER, FINALIZER, "b/c")]
)
async def test_others_stay(finalizers: tuple[str, ...]) -> None:
    body = held(*finalizers)
    api = OneResource(body)
    assert await released(api, body) is Release.RELEASED
    assert api.finalizers() == [one for one in finalizers if one != FINALIZER]


async def test_a_resource_whose_finalizers_change_meanwhile_is_read_again() -> None:
    body = held(OTHER, FINALIZER)
    api = OneResource(body)

    def change() -> None:
        assert api.body is not None
        api.body["metadata"]["finalizers"] = [FINALIZER, OTHER]
        api.before_patch = lambda: None

    api.before_patch = change
    assert await released(api, body) is Release.RELEASED
    assert (api.finalizers(), api.patches) == ([OTHER], 2)


@pytest.mark.parametrize("uid", [None, "another"])
async def test_one_that_went_meanwhile_is_gone_and_its_successor_is_left_alone(
    uid: str | None,
) -> None:
    body = held(FINALIZER)
    api = OneResource(None if uid is None else changed(body, {"metadata.uid": uid}))
    assert await released(api, body) is Release.GONE
    assert uid is None or api.finalizers() == [FINALIZER]


async def test_one_that_somebody_else_freed_is_free() -> None:
    body = held(OTHER, FINALIZER)
    assert await released(OneResource(held(OTHER)), body) is Release.FREE


async def test_one_that_waited_for_this_alone_is_deleted_by_it() -> None:
    deleting = {"metadata.deletionTimestamp": "2026-01-01T00:00:00Z"}
    body = held(FINALIZER, **deleting)
    assert await released(OneResource(body), body) is Release.DELETED
    body = held(FINALIZER, OTHER, **deleting)
    assert await released(OneResource(body), body) is Release.RELEASED


async def test_a_patch_that_is_refused_for_another_reason_is_told_in_the_end() -> None:
    body = held(FINALIZER)
    api = OneResource(body)

    def refuse() -> None:
        raise error_of_answer(422, b'{"message": "spec.x: is invalid"}', "patch")

    api.before_patch = refuse
    with pytest.raises(ClusterError, match="is invalid"):
        await released(api, body)
    assert api.patches == TRIES


async def test_only_those_with_our_finalizer_are_found() -> None:
    for body, count in ((held(OTHER), 0), (held(FINALIZER), 1)):
        assert len(await list_held(cast(Any, OneResource(body)), ["team-a"])) == count
