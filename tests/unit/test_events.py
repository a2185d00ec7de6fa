"""Events: each is a log line as well, whether it can be posted or not."""

from __future__ import annotations

import logging
from typing import Any, cast

import pytest

from okta_rotator.cluster import events as module
from okta_rotator.cluster.events import EventPoster, Subject
from okta_rotator.rotation.notices import Notice
from okta_rotator.rotation.snapshot import Key
from tests.unit.clocks import ManualClock

SUBJECT = Subject("OktaClientSecretRotation", Key("team-a", "web"), "uid-1")


def test_an_event_is_a_line_with_its_resource_reason_and_job(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    told: list[Notice] = []
    poster = EventPoster(cast(Any, None), ManualClock(), told.append)
    poster.post(SUBJECT, Notice("Rotated", "it holds x", job_id="j1"))
    poster.post(SUBJECT, Notice("AppInactive", "it is INACTIVE", is_warning=True))
    rotated, failed = caplog.records
    assert rotated.getMessage() == "OktaClientSecretRotation team-a/web: Rotated: it holds x"
    fields = {"kind": "OktaClientSecretRotation", "resource": SUBJECT.key, "jobId": "j1"}
    assert vars(rotated).items() >= {**fields, "reason": "Rotated"}.items()
    assert (rotated.levelname, failed.levelname) == ("INFO", "WARNING")
    assert [notice.reason for notice in told] == ["Rotated", "AppInactive"]


def test_one_that_is_dropped_is_logged_and_counted_all_the_same(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 1)
    told: list[Notice] = []
    poster = EventPoster(cast(Any, None), ManualClock(), told.append)
    for _ in range(2):
        poster.post(SUBJECT, Notice("NotRevoked", "left", is_warning=True))
    assert [one.getMessage() for one in caplog.records][-1].endswith("dropped: too many wait")
    assert len(told) == 2
