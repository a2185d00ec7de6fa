"""The decision of the rotation: an ordered list of named checks that reads as its specification.

`engine.py` calls `decide` with a frozen snapshot, acts on the answer, and asks again, until the
answer is a verdict. Nothing here reads a clock, draws randomness or touches the world.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from okta_rotator.rotation.checks import (
    deletion,
    first_look,
    job,
    ownership,
    publication,
    reach,
    requests,
    rivalry,
    table,
    timing,
)
from okta_rotator.rotation.decisions import Decision
from okta_rotator.rotation.snapshot import Snapshot

Check = Callable[[Snapshot], Decision | None]

CHECKS: Final[tuple[Check, ...]] = (
    # Going away needs neither Okta nor a connection.
    # With Revoke, what the state names goes first, unless a living resource uses it.
    deletion.deleted_resource_takes_its_target_along,
    deletion.late_secret_is_waited_for,
    deletion.deleted_resource_revokes_its_secrets,
    deletion.deleted_resource_is_let_go,
    ownership.resource_is_paused,
    # What only a person can put right.
    ownership.spec_is_invalid,
    ownership.state_is_unreadable,
    ownership.state_is_of_another_app,
    rivalry.another_resource_comes_first,
    ownership.target_is_a_strangers,
    ownership.clock_was_put_back,
    # Publication is a rule: it comes before every step, and holds while one is blocked.
    publication.state_in_doubt_is_held_against_okta,
    publication.target_is_newer_than_the_state,
    publication.keys_are_noted_before_they_are_written,
    publication.target_is_fought_over,
    publication.target_differs,
    ownership.token_is_too_long,
    requests.revocation_is_bound,
    publication.published_value_is_rechecked,
    publication.refusal_is_noted_at_once,
    timing.rotation_waits_for_an_opening,
    # From here on Okta is needed, and only for good reason.
    reach.nothing_needs_okta,
    reach.failure_is_recent,
    reach.okta_cannot_be_asked,
    reach.a_write_may_still_land,
    reach.app_is_unread,
    reach.app_cannot_rotate,
    reach.auth_method_is_noted,
    reach.secrets_are_unlisted,
    rivalry.claims_are_held_against_okta,
    reach.values_are_hidden,
    # What the state and Okta say.
    first_look.no_state_and_okta_is_empty,
    first_look.no_state_and_target_holds_ours,
    first_look.no_state_and_another_rotator_was_here,
    first_look.no_state_and_one_secret,
    first_look.no_state_and_target_holds_one_of_two,
    first_look.no_state_and_two_secrets,
    table.stand_in_is_forgotten,
    table.value_is_held_twice,
    table.known_value_has_another_id,
    table.state_knows_none_of_ours,
    table.list_is_behind,
    table.missing_active_is_looked_for,
    table.active_is_gone_and_previous_is_not,
    job.discarded_candidate_is_removed,
    job.inactive_candidate_is_discarded,
    job.active_candidate_is_verified,
    job.slot_is_freed_or_used,
    table.active_is_gone,
    table.active_is_refused,
    table.state_is_of_an_earlier_resource,
    requests.bound_secret_is_ended,
    table.another_of_ours_is_there,
    table.previous_has_changed,
    requests.rollback_is_asked_for,
    job.previous_has_had_its_time,
    # Only now is a new rotation begun.
    job.rotation_is_due,
    job.nothing_is_due,
)


def decide(snapshot: Snapshot) -> Decision:
    """The next thing to do, by the first check that has something to say."""
    for check in CHECKS:
        decision = check(snapshot)
        if decision is not None:
            return decision
    raise AssertionError("the last check always decides")
