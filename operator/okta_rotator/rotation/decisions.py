"""What can be decided: a closed union of frozen values, each with its reason in `why`.

The first group is acted on, one effect each, and the decision is taken anew. The last group
(`Verdict`) ends a pass and is reported.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.okta_view import AuthMethod
from okta_rotator.rotation.state import State
from okta_rotator.rotation.target import TargetChange
from okta_rotator.rotation.trouble import Next, Trouble
from okta_rotator.rotation.values import SecretValue


class Step(StrEnum):
    """The writes of the state Secret, by what they mean."""

    INTENT = "intent"
    ADOPT = "adopt"
    TAKE_UP = "take-up"
    NOTE_AUTH_METHOD = "note-auth-method"
    NOTE_TARGET_KEYS = "note-target-keys"
    NOTE_ASKING = "note-asking"
    NOTE_REFUSAL = "note-refusal"
    NOTE_CANDIDATE = "note-candidate"
    NOTE_PREVIOUS = "note-previous"
    NOTE_IDS = "note-ids"
    NOTE_CLOCK = "note-clock"
    MARK_DISCARD = "mark-discard"
    UNMARK_DISCARD = "unmark-discard"
    FORGET_CANDIDATE = "forget-candidate"
    MOVE_ROLES = "move-roles"
    SWAP_ROLES = "swap-roles"
    RESTORE = "restore"
    BIND = "bind"
    ROLL_BACK = "roll-back"
    DECLINE_ROLLBACK = "decline-rollback"
    REPLACE_FOREIGN = "replace-foreign"
    STAND_IN = "stand-in"


@dataclass(frozen=True, slots=True)
class ReadApp:
    """GET the app in Okta."""

    why: str


@dataclass(frozen=True, slots=True)
class ListSecrets:
    """List the app's client secrets in Okta."""

    why: str


@dataclass(frozen=True, slots=True)
class ReadTarget:
    """Read the target Secret anew, right before a secret is taken out of use."""

    why: str


@dataclass(frozen=True, slots=True)
class Prove:
    """Introspect with a value, to learn whether Okta accepts it."""

    value: SecretValue = field(repr=False)
    method: AuthMethod
    is_active: bool
    """Whether it is the value that the state calls active."""
    why: str


@dataclass(frozen=True, slots=True)
class CreateSecret:
    """POST a client secret with the candidate's value."""

    value: SecretValue = field(repr=False)
    why: str


@dataclass(frozen=True, slots=True)
class ActivateSecret:
    """Bring back a client secret that was deactivated in Okta."""

    secret_id: str
    why: str


@dataclass(frozen=True, slots=True)
class DeactivateSecret:
    """Deactivate a client secret in Okta; that can be undone."""

    secret_id: str
    why: str


@dataclass(frozen=True, slots=True)
class DeleteSecret:
    """Delete an INACTIVE client secret in Okta; that cannot be undone."""

    secret_id: str
    why: str


@dataclass(frozen=True, slots=True)
class WriteState:
    """Write the state Secret, under the resourceVersion that was read."""

    step: Step
    state: State
    why: str


@dataclass(frozen=True, slots=True)
class Publish:
    """Make the target Secret hold what the state calls active."""

    change: TargetChange
    why: str


@dataclass(frozen=True, slots=True)
class DeleteTarget:
    """Delete the target Secret, with the resource."""

    why: str


@dataclass(frozen=True, slots=True)
class DeleteState:
    """Delete the state Secret: what it named is revoked."""

    why: str


@dataclass(frozen=True, slots=True)
class Settled:
    """Nothing is due. Look again at `next_look`, or on a change."""

    why: str
    next_look: datetime | None = None
    concern: Trouble | None = None
    """What will keep the next rotation from happening, as things stand."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """Something is due and cannot be done now."""

    trouble: Trouble
    counts: bool = True
    """Whether this is a new failure, for the back-off."""

    @property
    def why(self) -> str:
        return self.trouble.message


def needs_a_person(reason: Reason, message: str) -> Blocked:
    """Somebody has to change something first, which no back-off waits for."""
    return Blocked(Trouble(Next.PERSON, reason, message), counts=False)


@dataclass(frozen=True, slots=True)
class LetGo:
    """The resource is being deleted, and nothing of ours holds it any more."""

    why: str
    is_incomplete: bool = False
    """Whether something that was to go with it had to be left."""


Act = (
    ReadApp
    | ListSecrets
    | ReadTarget
    | Prove
    | CreateSecret
    | ActivateSecret
    | DeactivateSecret
    | DeleteSecret
    | WriteState
    | Publish
    | DeleteTarget
    | DeleteState
)
Verdict = Settled | Blocked | LetGo
Decision = Act | Verdict
