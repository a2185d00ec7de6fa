"""What an answer of the Kubernetes API, or the lack of one, means for what happens next."""

from __future__ import annotations

import json

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.cluster.errors import (
    LONGEST_TEXT,
    ClusterError,
    ConflictError,
    NotFoundError,
    error_of_answer,
    error_of_failure,
)
from okta_rotator.rotation.trouble import Next


def status(message: object) -> bytes:
    return json.dumps({"kind": "Status", "message": message}).encode()


@pytest.mark.parametrize(
    ("code", "kind", "next_", "reason"),
    [
        (400, ClusterError, Next.PERSON, Reason.ACCESS_DENIED),
        (401, ClusterError, Next.RETRY, Reason.CLUSTER_UNAVAILABLE),
        (403, ClusterError, Next.PERSON, Reason.ACCESS_DENIED),
        (404, NotFoundError, Next.LOOK_AGAIN, Reason.CONFLICT),
        (409, ConflictError, Next.LOOK_AGAIN, Reason.CONFLICT),
        (410, ConflictError, Next.LOOK_AGAIN, Reason.CONFLICT),
        (413, ClusterError, Next.PERSON, Reason.ACCESS_DENIED),
        (422, ClusterError, Next.PERSON, Reason.ACCESS_DENIED),
        (429, ClusterError, Next.RETRY, Reason.CLUSTER_UNAVAILABLE),
        (500, ClusterError, Next.RETRY, Reason.CLUSTER_UNAVAILABLE),
        (503, ClusterError, Next.RETRY, Reason.CLUSTER_UNAVAILABLE),
        (504, ClusterError, Next.RETRY, Reason.CLUSTER_UNAVAILABLE),
    ],
)
def test_the_status_decides(code: int, kind: type[ClusterError], next_: Next, reason: str) -> None:
    error = error_of_answer(code, status("what it says"), "patch secrets/x")
    assert type(error) is kind
    assert error.status == code
    assert (error.trouble.next, error.trouble.reason) == (next_, reason)
    assert str(error) == "Kubernetes: patch secrets/x: what it says"


@pytest.mark.parametrize(
    ("code", "is_open"), [(409, False), (429, False), (500, True), (504, True)]
)
def test_a_failure_of_the_server_does_not_say_that_nothing_was_written(
    code: int, is_open: bool
) -> None:
    """As "etcdserver: request timed out" does not."""
    error = error_of_answer(code, status("what it says"), "patch secrets/x")
    assert error.trouble.may_have_landed is is_open


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"\xff\xfe", b"null", b"[]", b'"text"', status(None), status(3), status("")],
)
def test_a_body_that_says_nothing_leaves_the_status_to_be_told(body: bytes) -> None:
    assert str(error_of_answer(502, body, "get x")) == "Kubernetes: get x: HTTP 502"


def test_a_foreign_text_is_cut() -> None:
    error = error_of_answer(500, status("x" * 5000), "get x")
    assert len(str(error)) == LONGEST_TEXT + len("Kubernetes: get x: ")


def test_without_an_answer_only_the_kind_of_failure_is_told() -> None:
    error = error_of_failure(ConnectionResetError("Authorization: Bearer eyJ"), "post secrets")
    assert str(error) == "Kubernetes: post secrets: no answer (ConnectionResetError)"
    assert error.status is None
    assert error.trouble.next is Next.RETRY
    assert error.trouble.may_have_landed
