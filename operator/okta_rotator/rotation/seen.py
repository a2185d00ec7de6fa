"""What Okta was last seen to hold and to say, and how each call changes that. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from okta_rotator.rotation.okta_view import AuthMethod, OktaApp, OktaSecret, Proof
from okta_rotator.rotation.trouble import Trouble
from okta_rotator.rotation.values import SecretValue

LATE_EFFECT: Final = timedelta(seconds=10)
"""A call's whole deadline: a write without an answer may land within it, and not later."""


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
    trouble: Trouble | None = None
    """Of the last call of this pass, if it failed."""
    unsettled_until: datetime | None = None
    """A write without an answer may land until then."""

    def for_a_new_pass(self) -> Seen:
        """What outlives a pass."""
        return replace(self, app=None, listed_in_this_pass=False, proofs={}, trouble=None)


def after_reading_app(seen: Seen, app: OktaApp) -> Seen:
    return replace(seen, app=app)


def after_listing(seen: Seen, secrets: tuple[OktaSecret, ...]) -> Seen:
    return replace(seen, secrets=secrets, listed_in_this_pass=True, unsettled_until=None)


def after_creating(seen: Seen, created: OktaSecret) -> Seen:
    return replace(seen, secrets=(*(seen.secrets or ()), created))


def after_changing(seen: Seen, changed: OktaSecret) -> Seen:
    others = tuple(changed if one.id == changed.id else one for one in seen.secrets or ())
    return replace(seen, secrets=others)


def after_deleting(seen: Seen, secret_id: str) -> Seen:
    return replace(seen, secrets=tuple(o for o in seen.secrets or () if o.id != secret_id))


def after_proof(
    seen: Seen,
    question: tuple[SecretValue, AuthMethod],
    proof: Proof,
    now: datetime,
    is_active: bool,
) -> Seen:
    told = replace(seen, proofs={**seen.proofs, question: (proof, now)})
    if not is_active or proof is Proof.CANNOT_TELL:
        return told
    refused_at = None if proof is Proof.ACCEPTED else seen.refused_at or now
    return replace(told, refused_at=refused_at)


def after_new_active(seen: Seen) -> Seen:
    """Another value is the active one now; what was said of the old one is no matter."""
    return replace(seen, refused_at=None)


def after_trouble(seen: Seen, trouble: Trouble, now: datetime) -> Seen:
    """A failed call ends the asking for this pass; a write that may land makes the list unknown."""
    told = replace(seen, trouble=trouble)
    if not trouble.may_have_landed:
        return told
    return replace(told, secrets=None, listed_in_this_pass=False, unsettled_until=now + LATE_EFFECT)


def after_lost_race(seen: Seen) -> Seen:
    """Okta holds something else than we knew."""
    return replace(seen, secrets=None, listed_in_this_pass=False)


def before_a_person_acts(seen: Seen) -> Seen:
    """A person is waited for, who may act in Okta: what it holds is not known the next time."""
    return replace(seen, secrets=None, listed_in_this_pass=False)


def at_start(seen: Seen, now: datetime) -> Seen:
    """A process that finds a job under way does not know what its forerunner sent last."""
    return replace(seen, unsettled_until=now + LATE_EFFECT)
