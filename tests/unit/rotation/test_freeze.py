"""`spec.freeze` of a connection: no scheduled rotation before its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.api.connection import ConnectionSpec, Freeze
from okta_rotator.api.names import ROTATE_ANNOTATION
from okta_rotator.rotation.decide import decide
from okta_rotator.rotation.decisions import Blocked, Settled
from okta_rotator.rotation.report import report
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import Trigger
from tests.resources import connection
from tests.unit.rotation.builders import CONNECTION, resource, rotating, seen, snapshot, state
from tests.unit.rotation.faults import START
from tests.unit.rotation.rows import A_ON
from tests.unit.rotation.telling import told

DUE = datetime(2026, 4, 1, tzinfo=UTC)
"""30 days after `START`, a Wednesday."""
END = DUE + timedelta(days=5, hours=3)
FROZEN = replace(CONNECTION, freeze=Freeze(until="2026-04-06T05:00:00+02:00", reason="Easter"))
WINDOW = {"policy": "Allow", "schedule": "0 2 * * WED", "duration": "4h", "timeZone": "UTC"}


def frozen(now: datetime, **fields: Any) -> Snapshot:
    return snapshot(**{"now": now, "connection": FROZEN, "seen": seen(A_ON), **fields})


def test_a_rotation_that_falls_due_waits_until_the_end_and_says_why() -> None:
    s = frozen(DUE)
    decision = decide(s)
    assert isinstance(decision, Settled)
    assert decision.next_look is not None
    assert decision.next_look <= END
    status = report(s, decision)
    assert status.next_rotation_at == END
    (ready,) = status.conditions or ()
    assert (ready.type, ready.status) == ("Ready", "True")
    assert ready.message.endswith(
        "; the rotation that is due since 2026-04-01 00:00 UTC waits until 2026-04-06 03:00 UTC: "
        "the connection my-connection is frozen until 2026-04-06 03:00 UTC (Easter)"
    )
    assert told(decide(frozen(END))) == "write intent"


def test_before_it_is_due_only_the_time_of_the_next_one_has_moved() -> None:
    s = frozen(START)
    status = report(s, decide(s))  # type: ignore[arg-type]
    assert status.next_rotation_at == END
    assert "waits" not in (status.conditions or ())[0].message


def test_one_that_falls_due_after_the_end_is_not_moved() -> None:
    long = resource({"spec.rotationInterval": 60})
    s = frozen(START, resource=long)
    assert report(s, decide(s)).next_rotation_at == datetime(2026, 5, 1, tzinfo=UTC)  # type: ignore[arg-type]


def test_after_the_end_it_still_waits_for_its_window() -> None:
    windowed = resource({"spec.windows": [WINDOW]})
    opening = datetime(2026, 4, 8, 2, tzinfo=UTC)
    s = frozen(DUE, resource=windowed)
    assert report(s, decide(s)).next_rotation_at == opening  # type: ignore[arg-type]
    assert told(decide(frozen(END, resource=windowed))) == "settled"
    assert told(decide(frozen(opening, resource=windowed))) == "write intent"


def test_what_waits_for_a_window_as_well_says_so() -> None:
    s = frozen(DUE, resource=resource({"spec.windows": [WINDOW]}))
    (ready,) = report(s, decide(s)).conditions or ()  # type: ignore[arg-type]
    assert ready.message.endswith(
        "waits until 2026-04-08 02:00 UTC: the connection my-connection is frozen until "
        "2026-04-06 03:00 UTC, and then for spec.windows (Easter)"
    )


def test_a_scheduled_rotation_that_has_begun_goes_on_after_the_freeze() -> None:
    begun = frozen(DUE, state=rotating(Trigger.SCHEDULE))
    decision = decide(begun)
    assert isinstance(decision, Blocked)
    assert (decision.trouble.reason, decision.trouble.until) == (Reason.WINDOW_CLOSED, END)
    assert not isinstance(decide(replace(begun, now=END)), Blocked)
    assert not isinstance(decide(frozen(DUE, state=rotating(Trigger.MANUAL))), Blocked)


def test_the_first_one_and_what_a_person_asks_for_do_not_wait() -> None:
    assert told(decide(frozen(DUE, state=None, target=None, seen=seen()))) == "write intent"
    asked = resource(annotations={ROTATE_ANNOTATION: "now"})
    assert told(decide(frozen(DUE, resource=asked))) == "write intent"


def test_nor_does_a_repair() -> None:
    assert told(decide(frozen(DUE, state=state(), seen=seen()))) == "write intent"


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("2026-12-27", "must be an instant with its offset from UTC"),
        ("2026-12-27T00:00:00", "must be an instant with its offset from UTC"),
        ("2026-02-30T00:00:00Z", "must be a day and a time that there is"),
        ("1999-12-31T23:59:59Z", "from the year 2000 on"),
        ("2000-01-01T00:30:00+01:00", "from the year 2000 on"),
        ("2026-12-27T24:00:00Z", "must be a day and a time that there is"),
    ],
)
def test_what_is_no_instant_is_refused(until: str, words: str) -> None:
    spec = connection({"spec.freeze": {"until": until, "reason": "x"}})["spec"]
    with pytest.raises(ValueError, match=words):
        ConnectionSpec.model_validate(spec)
