"""What is to be done about the lease, by what was seen of it and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from okta_rotator.cluster.lease import (
    DURATION,
    MARGIN,
    Lease,
    Lost,
    View,
    Wait,
    Write,
    after_reading,
    after_the_end,
    after_writing,
    decide,
    given_up_body,
    held_body,
    may_write,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STAMP = "2026-03-01T12:00:00.000000Z"
AT = 500.0


def lease(holder: str | None = "other", version: str = "1", **spec: Any) -> Lease:
    spec = {"leaseDurationSeconds": 30, "holderIdentity": holder} | spec
    return Lease({"metadata": {"resourceVersion": version, "name": "okta-rotator"}, "spec": spec})


def seen(*leases: Lease | None) -> View:
    """What is known after these were seen: the first of them at AT, the next 2 s later."""
    view = View("me")
    for number, one in enumerate(leases):
        view = after_reading(view, one, AT + 2 * number)
    return view


HELD = after_writing(seen(lease("me")), lease("me", "2"), AT)


def test_where_there_is_none_it_is_made() -> None:
    assert decide(seen(None), AT) == Write()


@pytest.mark.parametrize("duration", [None, 5, 30, 60])
def test_another_holder_is_waited_out_from_when_it_was_seen_and_by_its_own_duration(
    duration: int | None,
) -> None:
    view, promised = seen(lease(leaseDurationSeconds=duration)), duration or DURATION
    assert decide(view, AT) == Wait(AT + promised)
    assert decide(view, AT + promised - 0.01) == Wait(AT + promised)
    assert decide(view, AT + promised) == Write()


def test_the_wall_clock_of_the_holder_is_no_matter() -> None:
    long_ago, ahead = "2001-01-01T00:00:00.000000Z", "2099-01-01T00:00:00.000000Z"
    for renewed in (long_ago, ahead, None):
        view = seen(lease(renewTime=renewed))
        assert decide(view, AT) == Wait(AT + DURATION)
        assert decide(view, AT + DURATION) == Write()


def test_a_renewal_is_waited_out_anew_and_a_second_look_is_none() -> None:
    assert decide(seen(lease(), lease()), AT) == Wait(AT + DURATION)
    assert decide(seen(lease(), lease(version="2")), AT) == Wait(AT + 2 + DURATION)


def test_what_was_given_up_is_free_at_once() -> None:
    assert decide(seen(Lease(given_up_body(lease("other"), NOW))), AT) == Write()
    assert decide(seen(lease(), Lease(given_up_body(lease(version="2"), NOW))), AT + 2) == Write()


@pytest.mark.parametrize("holder", ["", None])
def test_a_holder_that_a_hand_has_wiped_out_is_waited_out(holder: str | None) -> None:
    """It need not know yet."""
    assert decide(seen(lease(holder)), AT) == Wait(AT + DURATION)


def test_a_deletion_is_waited_out_by_who_knew_the_holder() -> None:
    view = seen(lease(), None, None, None)
    assert decide(view, AT + 6) == Wait(AT + 2 + DURATION)
    assert decide(view, AT + 2 + DURATION) == Write()


def test_a_take_over_without_an_answer_is_found_to_be_ours() -> None:
    assert decide(seen(lease(), lease("me", "2")), AT + 2) == Write()


def test_who_holds_it_renews_it() -> None:
    assert decide(HELD, AT + 5) == Write()
    assert decide(after_reading(HELD, None, AT + 5), AT + 5) == Write()


def test_who_could_not_renew_it_in_time_has_lost_it() -> None:
    end = AT + DURATION - MARGIN
    assert decide(HELD, end - 0.01) == Write()
    assert decide(HELD, end) == Lost("it could not be renewed in time")


@pytest.mark.parametrize(
    ("holder", "named"), [("other", "other"), ("", "nobody"), (None, "nobody")]
)
def test_who_finds_another_holder_has_lost_it(holder: str | None, named: str) -> None:
    view = after_reading(HELD, lease(holder, "3"), AT + 5)
    assert decide(view, AT + 5) == Lost(f"{named} holds it now")


def test_it_may_be_written_as_long_as_the_claim_outlasts_the_write() -> None:
    end = AT + DURATION - MARGIN
    assert may_write(HELD, end - 10.01, 10)
    assert not may_write(HELD, end - 10, 10)
    assert may_write(HELD, end - 0.01, 0)
    assert not may_write(HELD, end, 0)
    assert not may_write(seen(lease()), AT, 0)


def test_after_the_end_nothing_brings_it_back() -> None:
    view = after_writing(after_the_end(HELD), lease("me", "3"), AT + 5)
    assert not may_write(view, AT + 5, 0)
    assert isinstance(decide(view, AT + 5), Lost)


def test_the_first_lease() -> None:
    body = held_body(View("me"), "home", "okta-rotator", NOW)
    assert body["metadata"] == {"namespace": "home", "name": "okta-rotator"}
    assert body["spec"] == {
        "holderIdentity": "me",
        "leaseDurationSeconds": 30,
        "acquireTime": STAMP,
        "renewTime": STAMP,
    }


def test_a_take_over_counts_and_keeps_what_others_have_put_there() -> None:
    old = lease(leaseTransitions=4, acquireTime="then", preferredHolder="x")
    body = held_body(seen(old), "home", "okta-rotator", NOW)
    assert body["metadata"] == old.body["metadata"]
    assert body["spec"]["leaseTransitions"] == 5
    assert (body["spec"]["acquireTime"], body["spec"]["preferredHolder"]) == (STAMP, "x")


def test_a_renewal_is_no_take_over() -> None:
    old = lease("me", leaseTransitions=4, acquireTime="then")
    body = held_body(replace(HELD, lease=old), "home", "okta-rotator", NOW)
    assert (body["spec"]["leaseTransitions"], body["spec"]["acquireTime"]) == (4, "then")
    assert body["spec"]["renewTime"] == STAMP
