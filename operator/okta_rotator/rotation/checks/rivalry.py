"""Two resources for one app or one target: which of them comes first, and the other does nothing.

Of those for one target, which share a namespace, the one that has come further, then the older
one. Those for one app may be of tenants who do not trust each other: of them a resource counts only
if its own connection has reached the app, or if Okta holds a value of its state, which nobody can
forge. So nobody keeps another from an app by naming it first, nor by writing a state Secret.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.decisions import Blocked, ListSecrets, needs_a_person
from okta_rotator.rotation.facts import listed
from okta_rotator.rotation.okta_view import OktaSecret
from okta_rotator.rotation.snapshot import Neighbour, Snapshot
from okta_rotator.rotation.state import Standing, claimed_values
from okta_rotator.rotation.trouble import Next, Trouble
from okta_rotator.rotation.values import SecretValue

PATIENCE_WITH_A_CLAIM: Final = timedelta(seconds=30)
"""So long after its start a process leaves the others time to reach the apps that they began with.

Longer than a write of the process before it may take to land in Okta.
"""

_Rank = tuple[int, bool, float, datetime, str]


def another_resource_comes_first(s: Snapshot) -> Blocked | None:
    """By what is known without a look at Okta.

    Who has not reached the app yet is told of no other that has: it hears first what Okta says.
    """
    is_judged = s.claim is not None or s.standing is Standing.LIVE
    rivals = [
        one
        for one in s.neighbours
        if one.shares_target or (is_judged and one.claim is not None and not _both_begin(s, one))
    ]
    first = min(rivals, key=_rank, default=None)
    mine = _ranked(s.standing, s.resource.created_at, s.resource.uid)
    return _conflict(s, first) if first is not None and _rank(first) < mine else None


def claims_are_held_against_okta(s: Snapshot) -> ListSecrets | Blocked | None:
    """Another one has begun, in its own words, and that decides who comes first."""
    claims = [
        one
        for one in s.neighbours
        if not one.shares_target
        and one.standing is not Standing.NEW
        and (one.claim is None or _both_begin(s, one))
        and _rank_at_best(one) < _own_rank(s, is_held=False)
    ]
    if not claims:
        return None
    if not s.seen.listed_in_this_pass:
        return ListSecrets("another resource says that it has a client secret of this app")
    counting = [one for one in claims if one.claim is not None or _okta_holds(s, one.values)]
    first = min(counting, key=lambda one: _rank_by_okta(s, one), default=None)
    mine = _own_rank(s, is_held=_okta_holds(s, claimed_values(s.state)))
    if first is not None and _rank_by_okta(s, first) < mine:
        return _conflict(s, first)
    return _first_they_are_let_speak(s, claims)


def _first_they_are_let_speak(s: Snapshot, claims: list[Neighbour]) -> Blocked | None:
    """What an earlier process sent for one of them may not be in Okta's list yet."""
    is_open = any(one.claim is None for one in claims)
    until = (s.seen.since or s.now) + PATIENCE_WITH_A_CLAIM
    if not is_open or s.standing is Standing.LIVE or s.now >= until:
        return None
    message = "another resource may have begun with the same Okta app; that is waited for"
    return Blocked(Trouble(Next.WAIT, Reason.PROGRESSING, message, until), counts=False)


def may_use(one: Neighbour, secret: OktaSecret) -> bool:
    """Whether the app of another resource may sign in with it: what cannot be read may hold it."""
    is_closed = one.standing is Standing.LIVE and not one.values
    return any(map(secret.holds, one.values)) or (is_closed and one.claim is not None)


def named_to(s: Snapshot, one: Neighbour) -> str:
    """The name of another resource, where it is of the same namespace and so no secret."""
    if one.key.namespace == s.resource.key.namespace:
        return f"the OktaClientSecretRotation {one.key.name}"
    return "another resource in another namespace"


def _conflict(s: Snapshot, first: Neighbour) -> Blocked:
    what = "has the same target Secret" if first.shares_target else "rotates the same Okta app"
    return needs_a_person(
        Reason.CONFLICT,
        f"{named_to(s, first)} {what}, and came first. Delete one of the two; this one does "
        "nothing as long as the other is there.",
    )


def _both_begin(s: Snapshot, one: Neighbour) -> bool:
    """Neither has a secret yet that works: Okta's list may tell whose is on its way."""
    return s.standing is one.standing is Standing.BEGUN and not one.shares_target


def _rank(one: Neighbour) -> _Rank:
    return _ranked(one.standing, one.created_at, one.uid)


def _rank_at_best(one: Neighbour) -> _Rank:
    return _ranked(one.standing, one.created_at, one.uid, is_held=True, claim=one.claim)


def _rank_by_okta(s: Snapshot, one: Neighbour) -> _Rank:
    is_held = _okta_holds(s, one.values)
    return _ranked(one.standing, one.created_at, one.uid, is_held=is_held, claim=one.claim)


def _own_rank(s: Snapshot, is_held: bool) -> _Rank:
    resource = s.resource
    return _ranked(s.standing, resource.created_at, resource.uid, is_held=is_held, claim=s.claim)


def _ranked(
    standing: Standing,
    created_at: datetime,
    uid: str,
    *,
    is_held: bool = False,
    claim: int | None = None,
) -> _Rank:
    """The lowest comes first. Of two that begin, the one that is in Okta, then the one that reached
    the app first: who reaches it late takes nothing over, however old it is."""
    begins = standing is Standing.BEGUN
    order = math.inf if claim is None else claim
    return -standing, begins and not is_held, order if begins else 0, created_at, uid


def _okta_holds(s: Snapshot, values: tuple[SecretValue, ...]) -> bool:
    return any(one.holds(value) for one in listed(s) for value in values)
