"""How often Okta is asked about a value that it refuses, and what follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.decide import decide
from okta_rotator.rotation.decisions import Blocked, Prove, WriteState
from okta_rotator.rotation.okta_view import AuthMethod, Proof
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import Trigger
from okta_rotator.rotation.trouble import Next
from tests.unit.rotation.builders import (
    A,
    C,
    proof,
    resource,
    rotating,
    seen,
    snapshot,
    state,
)
from tests.unit.rotation.fake_okta import APP
from tests.unit.rotation.faults import START
from tests.unit.rotation.rows import A_ON, C_ON, FIRST
from tests.unit.rotation.telling import job_of, told

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
REFUSED = proof(A, Proof.REFUSED)
NOTED = state(refused_tries=(START,))


def missing(**fields: Any) -> Snapshot:
    """The target is gone, so the active value is asked about before it is published."""
    return snapshot(**{"target": None, "state": NOTED, **fields})


def test_a_refusal_of_the_active_value_is_noted_then_looked_into_then_waited_for() -> None:
    unread = replace(seen(A_ON, app=None, proofs=REFUSED), listed_in_this_pass=False)
    unlisted = replace(unread, app=APP)
    looked_at = replace(unlisted, listed_in_this_pass=True)
    assert told(decide(missing(state=state(), seen=unread))) == "write note-refusal"
    assert told(decide(missing(seen=unread))) == "read app"
    assert told(decide(missing(seen=unlisted))) == "list"
    waiting = decide(missing(seen=looked_at))
    assert isinstance(waiting, Blocked)
    assert (waiting.trouble.next, waiting.trouble.until) == (Next.WAIT, START + MINUTE)
    assert not waiting.counts


def test_a_look_within_the_minute_does_not_ask_again_and_one_after_it_does() -> None:
    known = replace(seen(A_ON, app=None, refused_at=START), listed_in_this_pass=False)
    early = decide(missing(seen=known, now=START + MINUTE / 2))
    assert told(early) == "blocked VerificationFailed"
    on_time = {"seen": known, "now": START + MINUTE}
    assert told(decide(missing(**on_time))) == "write note-asking"
    recorded = replace(NOTED, asked_at=START + MINUTE)
    assert told(decide(missing(state=recorded, **on_time))) == "prove A"


def test_another_auth_method_is_tried_at_once() -> None:
    other = replace(APP, auth_method="client_secret_post")
    known = seen(A_ON, app=other, proofs=REFUSED, refused_at=START)
    asked = decide(missing(state=replace(NOTED, asked_at=START), seen=known))
    assert isinstance(asked, Prove)
    assert asked.method is AuthMethod.POST


def test_a_refusal_that_stands_after_a_minute_is_a_reason_to_rotate() -> None:
    later = START + MINUTE
    known = seen(A_ON, proofs=proof(A, Proof.REFUSED, later), refused_at=START)
    content = state(refused_tries=(START, later))
    begun = decide(missing(state=content, seen=known, now=later))
    assert job_of(begun).trigger is Trigger.REPAIR
    again = decide(snapshot(state=content, seen=known, now=later))
    assert job_of(again).trigger is Trigger.REPAIR


def test_a_refused_value_is_not_published_while_it_is_replaced() -> None:
    known = seen(A_ON, refused_at=START)
    begun = rotating(Trigger.REPAIR, previous=None)
    assert told(decide(missing(state=begun, seen=known))) == "create C"
    accepted_once = replace(known, refused_at=None)
    assert told(decide(missing(state=begun, seen=accepted_once))) == "prove A"


def test_after_four_refusals_no_value_is_tried_before_the_oldest_is_a_day_old() -> None:
    tries = tuple(START + n * HOUR for n in range(4))
    now = START + 5 * HOUR
    used_up = rotating(refused_tries=tries, job=None)
    decision = decide(snapshot(state=used_up, seen=seen(A_ON, C_ON), now=now))
    assert isinstance(decision, Blocked)
    assert decision.trouble.next is Next.WAIT
    assert decision.trouble.until == START + 24 * HOUR
    after = decide(snapshot(state=used_up, seen=seen(A_ON, C_ON), now=START + 24 * HOUR))
    assert told(after) == "prove C"


def test_more_than_four_refusals_wait_until_no_more_than_three_are_left() -> None:
    tries = tuple(START + n * HOUR for n in range(6))
    used_up = rotating(refused_tries=tries, job=None)
    decision = decide(snapshot(state=used_up, seen=seen(A_ON, C_ON), now=START + 5 * HOUR))
    assert isinstance(decision, Blocked)
    assert decision.trouble.until == START + 26 * HOUR


def test_no_rotation_is_begun_while_its_secret_could_not_be_tried() -> None:
    late = START + timedelta(days=31)
    used_up = state(refused_tries=(late,) * 4)
    decision = decide(snapshot(state=used_up, seen=seen(A_ON), now=late + HOUR))
    assert told(decision) == "blocked VerificationFailed"


def test_drift_is_repaired_unproven_when_no_more_refusals_may_be_risked() -> None:
    used_up = state(refused_tries=(START,) * 4)
    assert told(decide(missing(state=used_up))) == "publish"


def test_a_value_that_okta_refused_is_not_published_when_it_may_not_be_asked_again() -> None:
    used_up = state(refused_tries=(START,) * 4)
    known = replace(seen(A_ON, refused_at=START), listed_in_this_pass=False)
    decision = decide(missing(state=used_up, seen=known, now=START + HOUR))
    assert isinstance(decision, Blocked)
    assert decision.trouble.until == START + 24 * HOUR


def test_a_refusal_of_an_earlier_job_is_not_counted_against_this_one() -> None:
    earlier = rotating(refused_tries=(START - HOUR, START - HOUR))
    noted = decide(snapshot(state=earlier, seen=seen(A_ON, C_ON, proofs=proof(C, Proof.REFUSED))))
    assert told(noted) == "write note-refusal"
    assert isinstance(noted, WriteState)
    waiting = decide(
        snapshot(state=noted.state, seen=seen(A_ON, C_ON, proofs=proof(C, Proof.REFUSED)))
    )
    assert told(waiting) == "blocked VerificationFailed"


def test_the_second_try_comes_after_the_timeout_of_the_spec() -> None:
    patient = resource({"spec.verification.timeoutSeconds": 600})
    once = rotating(refused_tries=(START,))
    early = decide(snapshot(state=once, resource=patient, seen=seen(A_ON, C_ON)))
    assert isinstance(early, Blocked)
    assert early.trouble.until == START + 10 * MINUTE
    due = START + 10 * MINUTE
    again = decide(snapshot(state=once, resource=patient, seen=seen(A_ON, C_ON), now=due))
    assert told(again) == "prove C"


def test_without_verification_nothing_is_asked() -> None:
    off = resource({"spec.verification.enabled": False})
    moved = decide(snapshot(state=rotating(), resource=off, seen=seen(A_ON, C_ON)))
    assert told(moved) == "write move-roles"
    assert told(decide(missing(resource=off, state=state()))) == "publish"


def test_an_auth_method_that_nobody_knows_cannot_prove_anything() -> None:
    unknown = rotating(auth_method=None)
    assert told(decide(missing(state=unknown))) == "publish"


def test_messages_hold_no_value() -> None:
    known = seen(A_ON, C_ON, proofs={**REFUSED, **proof(C, Proof.REFUSED)})
    for content in (state(), NOTED, rotating(), FIRST):
        for there in (None, snapshot().target):
            decision = decide(snapshot(state=content, target=there, seen=known))
            assert A.reveal() not in f"{decision!r} {decision.why}"
            assert C.reveal() not in f"{decision!r} {decision.why}"


def test_the_reasons_are_those_that_users_meet() -> None:
    silent = seen(A_ON, C_ON, proofs=proof(C, Proof.CANNOT_TELL))
    decision = decide(snapshot(state=rotating(), seen=silent))
    assert isinstance(decision, Blocked)
    assert decision.trouble.reason is Reason.CANNOT_VERIFY
    assert "spec.verification.enabled" in decision.why
