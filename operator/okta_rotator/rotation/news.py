"""What a pass tells beside the transitions of status, and what it has told already."""

from __future__ import annotations

from datetime import timedelta

from okta_rotator.api.rotation import RotationSpec
from okta_rotator.rotation.agenda import endangered_retirement
from okta_rotator.rotation.decisions import LetGo, Step, Verdict, WriteState
from okta_rotator.rotation.notices import NOT_REVOKED, Notice
from okta_rotator.rotation.report import trouble_of
from okta_rotator.rotation.snapshot import Resource, Snapshot
from okta_rotator.rotation.upcoming import windows_open_seldom


class News:
    """Remembers what this process has told of each resource, so that it is told once."""

    def __init__(self) -> None:
        self._warned_of: dict[str, str] = {}
        """The previous secret whose end was told to be in danger, by uid."""
        self._left: set[str] = set()
        """The resources that were let go with something left in Okta: few, and kept for good.

        A pass that is under way when its resource goes comes to the same end once more.
        """

    def forget(self, uid: str) -> None:
        """The resource is gone."""
        self._warned_of.pop(uid, None)

    def of_leaving(self, resource: Resource, verdict: LetGo) -> list[Notice]:
        """A resource may be seen to several times until its finalizer is off."""
        if not verdict.is_incomplete or resource.uid in self._left:
            return []
        self._left.add(resource.uid)
        return [Notice(NOT_REVOKED, verdict.why, is_warning=True)]

    def of_the_previous(self, s: Snapshot, verdict: Verdict) -> list[Notice]:
        """Whether something is in the way of its end."""
        trouble, previous = trouble_of(verdict), s.state.previous if s.state is not None else None
        message = endangered_retirement(s, trouble) if trouble is not None else None
        uid = s.resource.uid
        if message is None or previous is None or self._warned_of.get(uid) == previous.secret_id:
            return []
        self._warned_of[uid] = previous.secret_id
        return [Notice("RetirementEndangered", message, is_warning=True)]


def advice(s: Snapshot, told_generation: int | None) -> list[Notice]:
    """Once for each spec: what will come of it otherwise than one may think."""
    spec = s.resource.spec
    if told_generation == s.resource.generation or spec is None:
        return []
    found = {
        "WindowsOpenSeldom": windows_open_seldom(s),
        "RetentionOutlastsInterval": retention_outlasts_the_interval(spec),
    }
    return [Notice(reason, it, is_warning=True) for reason, it in found.items() if it is not None]


def retention_outlasts_the_interval(spec: RotationSpec) -> str | None:
    """What to say where the previous secret is promised for longer than until the next rotation."""
    rule, interval = spec.previous_secret, timedelta(days=spec.rotation_interval)
    kept_for = rule.kept_for
    if kept_for is None or not spec.is_auto_rotation_enabled or kept_for + rule.hold <= interval:
        return None
    return (
        "spec.previousSecret: duration and inactiveHold together are longer than rotationInterval, "
        "so each scheduled rotation waits until the previous client secret may be deleted: "
        "shorten one of the two"
    )


def of_a_write(decision: WriteState) -> list[Notice]:
    """What is written down and cannot be read off the status."""
    active = decision.state.active.secret_id if decision.state.active is not None else "?"
    match decision.step:
        case Step.ROLL_BACK:
            return [Notice("RolledBack", f"client secret {active} is active again: {decision.why}")]
        case Step.DECLINE_ROLLBACK:
            message = f"nothing is rolled back: {decision.why}"
            return [Notice("RollbackDeclined", message, is_warning=True)]
        case Step.ADOPT | Step.TAKE_UP | Step.RESTORE:
            return [Notice("Adopted", decision.why)]
        case Step.SWAP_ROLES | Step.NOTE_CLOCK:
            return [Notice("Repaired", decision.why, is_warning=True)]
    return []
