"""What Okta was last seen to hold and to say, and how each call changes that. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from okta_rotator.rotation.okta_view import AuthMethod, OktaApp, OktaSecret, Proof, SecretState
from okta_rotator.rotation.trouble import Trouble
from okta_rotator.rotation.values import SecretValue

LATE_EFFECT: Final = timedelta(seconds=10)
"""A call's whole deadline: a write without an answer may land within it, and not later."""

LATE_SECRET: Final = timedelta(seconds=15)
"""A Secret whose creation had no answer may come within it, and not later."""

RECHECK_AGAIN: Final = timedelta(minutes=5)
"""How soon a recheck that had no answer is repeated."""

FIGHT: Final = timedelta(minutes=1)
"""Within this time repairs of one target are counted."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What Okta was last seen to hold and to say; None and empty: not seen."""

    app: OktaApp | None = None
    """Read in this pass."""
    secrets: tuple[OktaSecret, ...] | None = None
    """As listed, and followed through our own writes since."""
    listed_in_this_pass: bool = False
    proofs: Mapping[tuple[SecretValue, AuthMethod], tuple[Proof, datetime]] = field(
        default_factory=dict, repr=False
    )
    """Introspections of this pass, and when each was made."""
    refused_at: datetime | None = None
    """When the active value was first refused, until it is accepted again."""
    since: datetime | None = None
    """When this process first looked at the resource."""
    asked_at: datetime | None = None
    """When Okta last answered whether it accepts the active value."""
    ask_again_at: datetime | None = None
    """A recheck of the active value had no answer; until then it is not repeated."""
    may_have_asked: bool = False
    """An earlier process, or a call without an answer, may have put a value to Okta in vain."""
    refusal_is_unnoted: bool = False
    """Okta refused a value, and the state does not say so yet."""
    tried: frozenset[str] = frozenset()
    """The requests that were there when the last attempt failed: a new one is tried at once."""
    repaired_at: tuple[datetime, ...] = ()
    """When the target was put right after another hand's change, within the last minute."""
    trouble: Trouble | None = None
    """Of the last call of this pass, if it failed."""
    unsettled_until: datetime | None = None
    """A write without an answer may land until then."""
    secret_may_come_until: datetime | None = None
    """Until then, one of our Secrets may come to be that was not there when it was read.

    Of writes to Kubernetes only a creation can land so late: all others name the version read.
    """

    def for_a_new_pass(self) -> Seen:
        """What outlives a pass: a refusal too, until it is written down, for it was counted."""
        refused = {asked: said for asked, said in self.proofs.items() if said[0] is Proof.REFUSED}
        proofs = refused if self.refusal_is_unnoted else {}
        return replace(self, app=None, listed_in_this_pass=False, proofs=proofs, trouble=None)

    def clamped(self, now: datetime) -> Seen:
        """The same at the beginning of a pass, by a clock that may have been put back since.

        What is over is forgotten here alone: the Secrets are read after this, and not before.
        """
        late, come = now + LATE_EFFECT, self.secret_may_come_until
        return replace(
            self,
            proofs={asked: (proof, min(at, now)) for asked, (proof, at) in self.proofs.items()},
            refused_at=_earlier(self.refused_at, now),
            asked_at=_earlier(self.asked_at, now),
            since=_earlier(self.since, now),
            ask_again_at=_earlier(self.ask_again_at, now + RECHECK_AGAIN),
            unsettled_until=_earlier(self.unsettled_until, late),
            secret_may_come_until=min(come, now + LATE_SECRET) if come and come > now else None,
            repaired_at=tuple(at for at in self.repaired_at if at <= now),
        )


def after_reading_app(seen: Seen, app: OktaApp) -> Seen:
    return replace(seen, app=app)


def after_listing(seen: Seen, secrets: tuple[OktaSecret, ...]) -> Seen:
    return replace(seen, secrets=secrets, listed_in_this_pass=True, unsettled_until=None)


def after_creating(seen: Seen, created: OktaSecret) -> Seen:
    return replace(seen, secrets=(*(seen.secrets or ()), created))


def after_changing(seen: Seen, changed: OktaSecret) -> Seen:
    """What Okta refused while it was INACTIVE, it may accept now."""
    others = tuple(changed if one.id == changed.id else one for one in seen.secrets or ())
    proofs = seen.proofs
    if changed.state is SecretState.ACTIVE:
        proofs = {q: said for q, said in proofs.items() if not changed.holds(q[0])}
    return replace(seen, secrets=others, proofs=proofs)


def after_deleting(seen: Seen, secret_id: str) -> Seen:
    return replace(seen, secrets=tuple(o for o in seen.secrets or () if o.id != secret_id))


def after_proof(
    seen: Seen,
    question: tuple[SecretValue, AuthMethod],
    proof: Proof,
    now: datetime,
    is_active: bool,
) -> Seen:
    told = replace(
        seen,
        proofs={**seen.proofs, question: (proof, now)},
        refusal_is_unnoted=seen.refusal_is_unnoted or proof is Proof.REFUSED,
    )
    if not is_active:
        is_good = proof is Proof.ACCEPTED
        return replace(told, may_have_asked=told.may_have_asked and not is_good)
    told = replace(told, asked_at=now, ask_again_at=None)
    if proof is Proof.CANNOT_TELL:
        return told
    refused_at = None if proof is Proof.ACCEPTED else seen.refused_at or now
    return replace(told, refused_at=refused_at)


def after_new_active(seen: Seen, now: datetime) -> Seen:
    """Another value is the active one now; what was said of the old one is no matter."""
    return replace(seen, refused_at=None, may_have_asked=False, asked_at=now, ask_again_at=None)


def after_noting_a_refusal(seen: Seen) -> Seen:
    """What may have been asked before is on record now."""
    return replace(seen, may_have_asked=False, refusal_is_unnoted=False)


def after_reading_the_state(seen: Seen, noted: tuple[datetime, ...]) -> Seen:
    """What is written down already need not be carried on."""
    if not seen.refusal_is_unnoted:
        return seen
    newest = max(noted, default=None)
    proofs = {q: said for q, said in seen.proofs.items() if newest is None or said[1] > newest}
    return replace(seen, proofs=proofs, refusal_is_unnoted=bool(proofs))


def after_taking_over(seen: Seen) -> Seen:
    """A state was made from what Okta holds; what it refused meanwhile is in it."""
    return replace(seen, refusal_is_unnoted=False)


def after_an_unanswered_proof(seen: Seen, is_active: bool, now: datetime) -> Seen:
    """Okta may have counted a refusal that nobody has seen: one, however often that happens."""
    again_at = now + RECHECK_AGAIN if is_active else seen.ask_again_at
    return replace(seen, ask_again_at=again_at, may_have_asked=True)


def after_a_failure(seen: Seen, requests: frozenset[str]) -> Seen:
    return replace(seen, tried=requests)


def after_a_repair(seen: Seen, now: datetime) -> Seen:
    recent = tuple(at for at in seen.repaired_at if now - at < FIGHT)
    return replace(seen, repaired_at=(*recent, now))


def after_trouble(seen: Seen, trouble: Trouble, now: datetime) -> Seen:
    """A failed call ends the asking for this pass; a write that may land makes the list unknown."""
    told = replace(seen, trouble=trouble)
    if not trouble.may_have_landed:
        return told
    return replace(told, secrets=None, listed_in_this_pass=False, unsettled_until=now + LATE_EFFECT)


def after_an_unanswered_creation(seen: Seen, now: datetime) -> Seen:
    """Of a Secret: it may come yet."""
    return replace(seen, secret_may_come_until=now + LATE_SECRET)


def after_lost_race(seen: Seen, now: datetime) -> Seen:
    """Okta holds something else than we knew. What we have just ended may be published by now."""
    return replace(seen, secrets=None, listed_in_this_pass=False, ask_again_at=now)


def before_a_person_acts(seen: Seen) -> Seen:
    """A person is waited for, who may act in Okta: what it holds is not known the next time."""
    return replace(seen, secrets=None, listed_in_this_pass=False)


def at_start(seen: Seen, now: datetime, may_have_asked: bool) -> Seen:
    """A new process does not know what its forerunner sent last, nor what it has asked."""
    return replace(seen, unsettled_until=now + LATE_EFFECT, may_have_asked=may_have_asked)


def _earlier(one: datetime | None, other: datetime) -> datetime | None:
    return None if one is None else min(one, other)
