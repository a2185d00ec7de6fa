"""Which place is made free for the next secret, and for what a rotation waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from okta_rotator.api.names import REPLACE_FOREIGN_ANNOTATION, ROTATE_ANNOTATION
from okta_rotator.rotation.decide import decide
from okta_rotator.rotation.decisions import Blocked, WriteState
from okta_rotator.rotation.state import State, Trigger
from okta_rotator.rotation.trouble import Next
from tests.unit.rotation.builders import (
    NAME,
    OFF,
    A,
    P,
    credential,
    resource,
    rotating,
    secret,
    seen,
    snapshot,
    state,
    superseded,
    target,
)
from tests.unit.rotation.faults import START
from tests.unit.rotation.rows import (
    A_OFF,
    A_ON,
    F_ON,
    G_OFF,
    P_OFF,
    P_ON,
    S_OFF,
    S_ON,
    Row,
    check,
    rows,
)
from tests.unit.rotation.telling import told

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HELD = {"spec.previousSecret": {"inactiveHold": "2h"}}
FOR = {"spec.previousSecret": {"retention": "For", "duration": "24h"}}
NAMED = {REPLACE_FOREIGN_ANNOTATION: "f"}
ASKED = {ROTATE_ANNOTATION: "t"}

KEPT = state(previous=superseded("p", P, START))
KEPT_OFF = state(previous=superseded("p", P, START, state=OFF, deactivated_at=START))
ALONE = rotating(previous=None)
"""A rotation under way with no previous secret."""
PUBLISHED_P = target(P, "p")


def under_way(held: State, trigger: Trigger = Trigger.MANUAL) -> State:
    """A rotation that needs a place, over what that state holds."""
    return rotating(trigger, active=held.active, previous=held.previous)


@rows(
    Row("a stand-in goes first", ALONE, (A_ON, S_ON), "read target"),
    Row("a stand-in is deactivated", ALONE, (A_ON, S_ON), "deactivate s", live=True),
    Row("and deleted", ALONE, (A_ON, S_OFF), "delete s"),
    Row("previous goes when it has had its time", rotating(), (A_ON, P_ON), "read target"),
    Row("previous is deactivated", rotating(), (A_ON, P_ON), "deactivate p", live=True),
    Row("and deleted without a hold", rotating(), (A_ON, P_OFF), "delete p"),
    Row(
        "an inactive active one goes where the previous one is promised",
        under_way(KEPT),
        (A_OFF, P_ON),
        "write swap-roles",
        leaves="p1 a0 C",
        changes=FOR,
    ),
    Row(
        "an inactive active one goes where there is no previous one",
        ALONE,
        (A_OFF, F_ON),
        "delete a",
    ),
    Row("nothing is asked of a stranger", ALONE, (A_ON, F_ON), "blocked ForeignSecret"),
    Row("nor of an inactive one", ALONE, (A_ON, G_OFF), "blocked ForeignSecret"),
    Row(
        "a stranger's that was named is noted first",
        ALONE,
        (A_ON, F_ON),
        "write replace-foreign",
        leaves="a0 - C",
        asks=NAMED,
    ),
    Row(
        "then the target is read",
        replace(ALONE, handled_replace_foreign="f"),
        (A_ON, F_ON),
        "read target",
        asks=NAMED,
    ),
    Row(
        "then it is deactivated, also when the annotation is gone",
        replace(ALONE, handled_replace_foreign="f"),
        (A_ON, F_ON),
        "deactivate f",
        live=True,
    ),
    Row(
        "then it is deleted",
        replace(ALONE, handled_replace_foreign="f"),
        (A_ON, secret("f", F_ON.value or A, OFF)),
        "delete f",
        live=True,
    ),
    Row(
        "another stranger's than the one that was named is left",
        ALONE,
        (A_ON, G_OFF),
        "blocked ForeignSecret",
        asks=NAMED,
    ),
    Row(
        "what the target holds is retired for nobody",
        rotating(active=credential("a", None)),
        (A_ON, P_ON),
        "blocked TwoSecretsExist",
        target=PUBLISHED_P,
        live=True,
    ),
)
def test_a_place_is_made_free(row: Row) -> None:
    check(row)


@rows(
    Row("kept", under_way(KEPT), (A_ON, P_ON), "blocked RetentionPending", changes=FOR),
    Row("held", under_way(KEPT_OFF), (A_ON, P_OFF), "blocked RetentionPending", changes=HELD),
    Row(
        "the hold is over",
        under_way(KEPT_OFF),
        (A_ON, P_OFF),
        "delete p",
        changes=HELD,
        now=START + 2 * HOUR,
    ),
    Row(
        "its deactivation by a person is noted, and the hold counts from then",
        under_way(KEPT),
        (A_ON, P_OFF),
        "write note-previous",
        leaves="a0 p1 C",
        changes=HELD,
    ),
    Row(
        "a repair waits for nothing",
        under_way(KEPT, Trigger.REPAIR),
        (A_ON, P_ON),
        "deactivate p",
        changes=FOR,
        live=True,
    ),
    Row(
        "a candidate without a job is nobody's wish",
        replace(under_way(KEPT), job=None),
        (A_ON, P_ON),
        "deactivate p",
        changes=FOR,
        live=True,
    ),
)
def test_what_was_promised_is_kept_where_a_place_is_needed(row: Row) -> None:
    check(row)


@rows(
    Row("kept", KEPT, (A_ON, P_ON), "blocked RetentionPending", changes=FOR, asks=ASKED),
    Row("gone", KEPT, (A_ON,), "write note-previous", "a0 -", changes=FOR, asks=ASKED),
    Row("no previous", state(), (A_ON,), "write intent", "a0 - new", changes=FOR, asks=ASKED),
    Row("a stranger's", state(), (A_ON, F_ON), "blocked ForeignSecret", asks=ASKED),
    Row(
        "a stranger's that was named",
        state(),
        (A_ON, F_ON),
        "write replace-foreign",
        leaves="a0 -",
        asks={**ASKED, **NAMED},
    ),
    Row("no hold, no wait", KEPT, (A_ON, P_ON), "write intent", leaves="a0 p1 new", asks=ASKED),
    Row(
        "with a hold the previous one is deactivated first",
        KEPT,
        (A_ON, P_ON),
        "deactivate p",
        changes=HELD,
        asks=ASKED,
        live=True,
    ),
    Row(
        "and then held",
        KEPT_OFF,
        (A_ON, P_OFF),
        "blocked RetentionPending",
        changes=HELD,
        asks=ASKED,
    ),
)
def test_no_rotation_is_begun_before_its_place_can_be_had(row: Row) -> None:
    check(row)


def test_a_rotation_that_waits_says_until_when_and_how_to_end_it() -> None:
    asked = resource(FOR, annotations=ASKED)
    decision = decide(snapshot(resource=asked, state=KEPT, seen=seen(A_ON, P_ON)))
    assert isinstance(decision, Blocked)
    assert decision.trouble.next is Next.WAIT
    assert decision.trouble.until == START + DAY + HOUR
    assert not decision.counts
    assert "2026-03-02 11:00:00 UTC" in decision.why
    assert "okta-rotator.dev/revoke-previous" in decision.why


def test_a_stranger_in_the_way_is_named_with_the_command_that_has_it_taken_away() -> None:
    decision = decide(
        snapshot(resource=resource(annotations=ASKED), state=state(), seen=seen(A_ON, F_ON))
    )
    assert isinstance(decision, Blocked)
    assert f"{NAME} --overwrite {REPLACE_FOREIGN_ANNOTATION}=f" in decision.why


def test_the_named_secret_is_written_down_before_it_is_touched() -> None:
    asked = resource(annotations=NAMED)
    decision = decide(snapshot(resource=asked, state=ALONE, seen=seen(A_ON, F_ON)))
    assert isinstance(decision, WriteState)
    assert decision.state == replace(ALONE, handled_replace_foreign="f")


@pytest.mark.parametrize("live", [False, True])
def test_a_named_secret_that_the_target_holds_is_left(live: bool) -> None:
    held = snapshot(
        state=replace(ALONE, active=credential("a", None), handled_replace_foreign="f"),
        target=target(F_ON.value or A, "a"),
        seen=seen(A_ON, F_ON),
        target_is_live=live,
    )
    assert told(decide(held)) == ("blocked ForeignSecret" if live else "read target")


@rows(
    Row("time over", KEPT, (A_ON, P_ON), "deactivate p", changes=FOR, now=START + DAY, live=True),
    Row(
        "the target is read live before",
        KEPT,
        (A_ON, P_ON),
        "read target",
        changes=FOR,
        now=START + DAY,
    ),
    Row("not yet", KEPT, (A_ON, P_ON), "settled", changes=FOR, now=START + DAY - HOUR),
    Row("held", KEPT_OFF, (A_ON, P_OFF), "settled", changes=FOR, now=START + HOUR / 2),
    Row("hold over", KEPT_OFF, (A_ON, P_OFF), "delete p", changes=FOR, now=START + HOUR),
    Row(
        "the only active one stays",
        KEPT,
        (A_OFF, P_ON),
        "write swap-roles",
        "p1 a0 new",
        changes=FOR,
        now=START + DAY,
    ),
)
def test_the_previous_secret_goes_by_its_own_time(row: Row) -> None:
    check(row)


BOUND_P = rotating(Trigger.REPAIR, bound_secret_id="p")
LATER_THAN_PROMISED = START + 2 * DAY
NAMED_BESIDE = rotating(active=None, previous=credential("p", P, 1), handled_replace_foreign="f")


@rows(
    Row(
        "an inactive active one where the stand-in is the only active one",
        replace(rotating(Trigger.REPAIR), previous=None),
        (A_OFF, S_ON),
        "delete a",
        live=True,
    ),
    Row(
        "an inactive active one where the bound one is",
        BOUND_P,
        (A_OFF, P_ON),
        "delete a",
        live=True,
    ),
    Row(
        "an inactive active one where one without a value is",
        rotating(Trigger.REPAIR, previous=credential("p", None, 1)),
        (A_OFF, secret("p", P, shown=False)),
        "delete a",
        live=True,
    ),
    Row(
        "a stranger's that was named before the previous one",
        NAMED_BESIDE,
        (P_ON, F_ON),
        "deactivate f",
        target=None,
        live=True,
    ),
    Row(
        "and then it is deleted",
        NAMED_BESIDE,
        (P_ON, secret("f", F_ON.value or A, OFF)),
        "delete f",
        target=None,
        live=True,
    ),
)
def test_a_place_is_found_where_there_is_one(row: Row) -> None:
    check(row)


@rows(
    Row(
        "by the time that was promised",
        under_way(KEPT),
        (A_ON, P_ON),
        "deactivate p",
        changes=FOR,
        now=LATER_THAN_PROMISED,
        live=True,
    ),
    Row(
        "by no time at all",
        under_way(KEPT),
        (A_ON, P_ON),
        "deactivate p",
        changes=HELD,
        now=LATER_THAN_PROMISED,
        live=True,
    ),
    Row(
        "not before its time",
        under_way(KEPT),
        (A_ON, P_ON),
        "blocked RetentionPending",
        changes=FOR,
        now=START + HOUR,
        live=True,
    ),
)
def test_a_promise_that_came_with_a_new_spec_does_not_hold_a_rotation_for_ever(row: Row) -> None:
    check(row)
