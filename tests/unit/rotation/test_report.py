"""What status says: the table of conditions row by row, and the fields of the seed's response."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.api.rotation_status import RotationResult, RotationStatus
from okta_rotator.rotation.decisions import Blocked, Settled, Verdict
from okta_rotator.rotation.okta_view import Proof
from okta_rotator.rotation.report import report
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import Candidate, Trigger
from okta_rotator.rotation.trouble import Next, Trouble
from tests.unit.rotation.builders import (
    OFF,
    A,
    C,
    F,
    P,
    credential,
    invalid_resource,
    job,
    proof,
    resource,
    rotating,
    secret,
    seen,
    snapshot,
    state,
    strangers_secret,
    target,
)
from tests.unit.rotation.faults import START
from tests.unit.rotation.rows import A_OFF, A_ON, C_ON, FIRST, P_ON

HOUR = timedelta(hours=1)
NEXT = datetime(2026, 4, 1, tzinfo=UTC)
SETTLED = Settled("nothing is due", NEXT)
UNTIL = START + HOUR
RETRY = Trouble(Next.RETRY, Reason.OKTA_UNAVAILABLE, "Okta answers 503")
WAIT = Trouble(Next.WAIT, Reason.RATE_LIMITED, "the limit is used up", UNTIL)
PERSON = Trouble(Next.PERSON, Reason.ACCESS_DENIED, "Okta refuses the call")
REFUSED = Blocked(Trouble(Next.WAIT, Reason.VERIFICATION_FAILED, "refused", UNTIL), counts=False)
RENAMED = {"spec.secretsMapping": {"clientId": "ID", "clientSecret": "VALUE"}}


def conditions(status: RotationStatus) -> dict[str, str]:
    """`{"Ready": "True Published"}`."""
    return {c.type: f"{c.status} {c.reason}" for c in status.conditions or ()}


def after(old: RotationStatus, **fields: Any) -> Snapshot:
    return snapshot(resource=resource(status=old), **fields)


READY = "True Published"


@pytest.mark.parametrize(
    ("there", "verdict", "expected"),
    [
        pytest.param(snapshot(), SETTLED, {"Ready": READY}, id="published and nothing due"),
        pytest.param(
            snapshot(state=None, target=None),
            None,
            {"Ready": "False Progressing", "Reconciling": "True Progressing"},
            id="first rotation, just begun",
        ),
        pytest.param(
            snapshot(state=FIRST, target=None),
            None,
            {"Ready": "False Progressing", "Reconciling": "True Progressing"},
            id="first rotation under way",
        ),
        pytest.param(
            snapshot(resource=resource(RENAMED, generation=2)),
            None,
            {"Ready": "False Progressing", "Reconciling": "True Progressing"},
            id="a new generation under way",
        ),
        pytest.param(
            snapshot(state=FIRST, target=None),
            Blocked(RETRY),
            {"Ready": "False OktaUnavailable", "Reconciling": "True OktaUnavailable"},
            id="first rotation fails and comes again",
        ),
        pytest.param(
            snapshot(state=None, target=None),
            Blocked(PERSON, counts=False),
            {"Ready": "False AccessDenied", "Stalled": "True AccessDenied"},
            id="first rotation needs a person",
        ),
        pytest.param(
            snapshot(resource=invalid_resource()),
            Blocked(Trouble(Next.PERSON, Reason.INVALID_SPEC, "wrong"), counts=False),
            {"Ready": "False InvalidSpec", "Stalled": "True InvalidSpec"},
            id="this spec cannot be done",
        ),
        pytest.param(
            snapshot(state=rotating()),
            None,
            {"Ready": READY, "Rotating": "True RotationInProgress"},
            id="a rotation under way over a good value",
        ),
        pytest.param(
            snapshot(state=rotating()),
            REFUSED,
            {"Ready": READY, "Rotating": "True RotationInProgress"},
            id="a rotation that waits over a good value",
        ),
        pytest.param(
            snapshot(state=rotating()),
            Blocked(RETRY),
            {
                "Ready": READY,
                "Rotating": "True RotationInProgress",
                "RotationFailing": "True OktaUnavailable",
            },
            id="a rotation that fails over a good value",
        ),
        pytest.param(
            snapshot(),
            Blocked(PERSON, counts=False),
            {"Ready": READY, "RotationFailing": "True AccessDenied"},
            id="a rotation that a person must unblock, over a good value",
        ),
        pytest.param(
            snapshot(),
            Blocked(WAIT),
            {"Ready": READY, "RotationFailing": "True RateLimited"},
            id="a rotation that okta's limit holds up",
        ),
        pytest.param(
            snapshot(),
            Settled("nothing is due", NEXT, PERSON),
            {"Ready": READY, "RotationFailing": "True AccessDenied"},
            id="nothing due, and the next rotation is going to fail",
        ),
        pytest.param(
            snapshot(target=None),
            None,
            {"Ready": "False Progressing", "Reconciling": "True Progressing"},
            id="the target is gone and is being made again",
        ),
        pytest.param(
            snapshot(target=strangers_secret()),
            Blocked(Trouble(Next.PERSON, Reason.TARGET_CONFLICT, "theirs"), counts=False),
            {"Ready": "False TargetConflict", "Stalled": "True TargetConflict"},
            id="the target was taken over",
        ),
        pytest.param(
            snapshot(target=target(F), seen=seen(A_ON, refused_at=START)),
            REFUSED,
            {"Ready": "False VerificationFailed", "Reconciling": "True VerificationFailed"},
            id="the published value is refused, and is looked into",
        ),
        pytest.param(
            snapshot(seen=seen(A_ON, refused_at=START)),
            None,
            {"Ready": "False Progressing", "Reconciling": "True Progressing"},
            id="the published value is refused, and is replaced",
        ),
        pytest.param(
            snapshot(seen=seen(A_ON, proofs=proof(A, Proof.REFUSED))),
            None,
            {"Ready": "False Progressing", "Reconciling": "True Progressing"},
            id="the published value was refused in this pass",
        ),
        pytest.param(
            snapshot(seen=seen(A_OFF)),
            Blocked(Trouble(Next.PERSON, Reason.FOREIGN_SECRET, "theirs"), counts=False),
            {"Ready": "False ForeignSecret", "Stalled": "True ForeignSecret"},
            id="the published value is dead and cannot be replaced",
        ),
    ],
)
def test_the_table_of_conditions(
    there: Snapshot, verdict: Verdict | None, expected: dict[str, str]
) -> None:
    assert conditions(report(there, verdict)) == expected


@pytest.mark.parametrize(
    ("there", "verdict", "expected"),
    [
        (snapshot(state=None, target=None), None, RotationResult.PENDING),
        (snapshot(state=FIRST, target=None), None, RotationResult.IN_PROGRESS),
        (snapshot(), SETTLED, RotationResult.SUCCESS),
        (snapshot(), Settled("nothing is due", NEXT, PERSON), RotationResult.SUCCESS),
        (snapshot(state=rotating()), None, RotationResult.IN_PROGRESS),
        (snapshot(state=rotating()), REFUSED, RotationResult.IN_PROGRESS),
        (snapshot(state=rotating()), Blocked(RETRY), RotationResult.FAILED),
        (snapshot(), Blocked(PERSON, counts=False), RotationResult.FAILED),
    ],
)
def test_the_rotation_status_of_the_seed(
    there: Snapshot, verdict: Verdict | None, expected: RotationResult
) -> None:
    assert report(there, verdict).rotation_status is expected


def test_the_fields_of_the_seeds_response() -> None:
    status = report(snapshot(state=state(previous=credential("p", P, 1, OFF))), SETTLED)
    assert status.to_api() == {
        "type": "okta-client-secret",
        "observedGeneration": 1,
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Published",
                "message": "Secret my-rotation is up to date",
                "lastTransitionTime": "2026-03-01T10:00:00Z",
                "observedGeneration": 1,
            }
        ],
        "rotationStatus": "success",
        "activeIndex": 0,
        "credentials": [
            {"index": 0, "secretId": "a", "state": "ACTIVE", "createdAt": "2026-03-01T10:00:00Z"},
            {
                "index": 1,
                "secretId": "p",
                "state": "INACTIVE",
                "createdAt": "2026-03-01T10:00:00Z",
            },
        ],
        "lastRotationAttemptedAt": "2026-03-01T10:00:00Z",
        "lastRotatedAt": "2026-03-01T10:00:00Z",
        "nextRotationAt": "2026-04-01T00:00:00Z",
        "lastRotationJobId": "job-0",
        "connection": {"app": "okta", "name": "my-connection", "id": "conn-uid"},
        "stateGeneration": 5,
    }


def test_credentials_are_in_the_order_of_their_index() -> None:
    swapped = state(active=credential("b", P, 1), previous=credential("a", A, 0))
    status = report(snapshot(state=swapped), SETTLED)
    assert [one.index for one in status.credentials or ()] == [0, 1]
    assert status.active_index == 1


def test_status_holds_no_value() -> None:
    there = snapshot(state=rotating(), seen=seen(A_ON, P_ON, C_ON))
    for verdict in (None, SETTLED, Blocked(RETRY), REFUSED):
        text = report(there, verdict).model_dump_json()
        for value in (A, P, C):
            assert value.reveal() not in text


@pytest.mark.parametrize(
    ("content", "okta", "step"),
    [
        (rotating(), None, "create"),
        (rotating(), (A_ON,), "create"),
        (rotating(), (A_ON, C_ON), "verify"),
        (rotating(candidate=Candidate(C, 1, discard=True)), (A_ON, C_ON), "discard"),
    ],
)
def test_a_rotation_under_way_is_told_with_its_step(content: Any, okta: Any, step: str) -> None:
    there = snapshot(state=content) if okta is None else snapshot(state=content, seen=seen(*okta))
    progress = report(there, None).rotation
    assert progress is not None
    assert (progress.job_id, progress.trigger, progress.step) == ("job-1", "schedule", step)
    assert progress.started_at == START
    assert report(there, None).last_rotation_job_id == "job-1"


BERLIN = {"hours": 2, "minutes": 30, "timeZone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (snapshot(), NEXT),
        (snapshot(resource=resource({"spec.isAutoRotationEnabled": False})), None),
        (snapshot(state=None, target=None), None),
        (snapshot(state=state(active=None, last_rotated_at=None)), None),
        (snapshot(resource=resource({"spec.rotationInterval": 1})), NEXT.replace(month=3, day=3)),
        (
            snapshot(resource=resource({"spec.rotateAtUtc": {"hours": 12, "minutes": 30}})),
            datetime(2026, 3, 31, 12, 30, tzinfo=UTC),
        ),
        (
            snapshot(state=state(last_trigger=Trigger.SCHEDULE)),
            datetime(2026, 3, 31, tzinfo=UTC),
        ),
        (
            snapshot(
                state=state(last_trigger=Trigger.SCHEDULE, series_from=START - timedelta(days=1))
            ),
            datetime(2026, 3, 30, tzinfo=UTC),
        ),
        (snapshot(state=state(series_from=START - timedelta(days=9))), NEXT),
        (snapshot(resource=invalid_resource()), None),
        (
            snapshot(resource=resource({"spec.rotateAt": BERLIN})),
            datetime(2026, 4, 1, 0, 30, tzinfo=UTC),
        ),
    ],
)
def test_the_next_rotation(there: Snapshot, expected: datetime | None) -> None:
    assert report(there, SETTLED).next_rotation_at == expected


def test_the_transition_time_is_kept_while_the_status_of_a_condition_stays() -> None:
    old = report(snapshot(), SETTLED)
    later = report(after(old, now=START + HOUR), SETTLED)
    assert later.conditions == old.conditions
    lost = report(after(old, now=START + HOUR, target=None), None)
    (ready, *_) = lost.conditions or ()
    assert ready.last_transition_time == START + HOUR


def test_another_reason_does_not_move_the_transition_time() -> None:
    old = report(snapshot(state=FIRST, target=None), None)
    later = after(old, now=START + HOUR, state=FIRST, target=None)
    times = {c.last_transition_time for c in report(later, Blocked(RETRY)).conditions or ()}
    assert times == {START}


def test_the_generation_of_the_state_outlives_the_state() -> None:
    old = report(snapshot(), SETTLED)
    status = report(after(old, state=None), None)
    assert status.state_generation == 5
    assert status.credentials == old.credentials, "they witness what is ours"
    assert (status.active_index, status.last_rotated_at) == (old.active_index, old.last_rotated_at)


def test_an_attempt_is_never_told_to_be_earlier_than_before() -> None:
    old, now = RotationStatus(last_rotation_attempted_at=START + HOUR), START + 3 * HOUR
    told = [
        report(after(old, now=now, **given), verdict).last_rotation_attempted_at
        for given, verdict in (
            ({}, SETTLED),
            ({"state": rotating()}, None),
            ({"state": None}, None),
            ({"state": rotating(job=job(started_at=START + 2 * HOUR))}, None),
        )
    ]
    assert told == [START + HOUR] * 3 + [START + 2 * HOUR]
    assert report(snapshot(state=rotating()), None).last_rotation_attempted_at == START


def test_a_time_that_has_not_come_yet_is_not_believed() -> None:
    old = RotationStatus(last_rotation_attempted_at=START + HOUR)
    assert report(after(old), SETTLED).last_rotation_attempted_at == START


def test_a_handled_token_is_told() -> None:
    requests = report(snapshot(state=state(handled_rotate="t1")), SETTLED).handled_requests
    assert requests is not None
    assert requests.rotate == "t1"
    assert report(snapshot(), SETTLED).handled_requests is None


def test_a_status_reads_back_as_it_was_written() -> None:
    for verdict in (None, SETTLED, Blocked(RETRY), Blocked(WAIT), REFUSED):
        exact = START + timedelta(microseconds=123456)
        status = report(snapshot(state=rotating(), now=exact, seen=seen(A_ON)), verdict)
        assert RotationStatus.model_validate(status.to_api()) == status


def test_a_secret_that_okta_holds_besides_is_no_credential_of_ours() -> None:
    status = report(snapshot(seen=seen(A_ON, secret("f", F))), SETTLED)
    assert [one.secret_id for one in status.credentials or ()] == ["a"]
