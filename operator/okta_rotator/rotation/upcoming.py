"""When the next scheduled rotation of a resource is, and what its windows have to do with that.

Pure, from a snapshot. The rule is in `schedule.py`, the windows are in `windows.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from okta_rotator.rotation.schedule import Schedule, Slot
from okta_rotator.rotation.snapshot import Snapshot
from okta_rotator.rotation.state import Trigger
from okta_rotator.rotation.windows import HORIZON_DAYS


def next_slot(s: Snapshot) -> Slot | None:
    """By the rule; None with auto-rotation off or before the first rotation."""
    state, spec = s.state, s.resource.spec
    if state is None or state.last_rotated_at is None:
        return None
    if spec is None or not spec.is_auto_rotation_enabled:
        return None
    manual = state.last_trigger is not None and state.last_trigger.counts_as_manual
    series_from = None if state.last_trigger is Trigger.REPAIR else state.series_from
    return schedule_of(s).next_slot(state.last_rotated_at, manual, series_from)


def opening_of(s: Snapshot, slot: Slot | None) -> datetime | None:
    """When a slot's rotation is tried: moved to the end of a freeze, and to the next opening."""
    if slot is None:
        return None
    freeze = s.connection.freeze
    due = slot.due if freeze is None else max(slot.due, freeze.ends_at)
    return schedule_of(s).opening(due, s.now) if s.spec.windows else due


def next_scheduled(s: Snapshot) -> datetime | None:
    """When the next scheduled rotation is tried."""
    return opening_of(s, next_slot(s))


def waits_until(s: Snapshot) -> datetime | None:
    """Until when a due rotation waits for its windows or a freeze's end; None: none does."""
    if s.resource.spec is None or not (s.spec.windows or s.connection.freeze):
        return None
    slot = next_slot(s)
    if slot is None or slot.due > s.now:
        return None
    at = opening_of(s, slot)
    return at if at is not None and at > s.now else None


def goes_on_at(s: Snapshot) -> datetime | None:
    """When a rotation that was interrupted may go on: now, or after a freeze, in a window."""
    freeze = s.connection.freeze
    return schedule_of(s).open_from(s.now if freeze is None else max(s.now, freeze.ends_at))


def windows_never_open(s: Snapshot) -> str | None:
    """What is wrong with windows within which no scheduled rotation can ever run."""
    spec = s.resource.spec
    if spec is None or not spec.is_auto_rotation_enabled or not spec.windows:
        return None
    if not schedule_of(s).never_opens(s.now):
        return None
    return (
        f"spec.windows leave no opening within {HORIZON_DAYS // 366} years, so no scheduled "
        "rotation can run: change them, or set spec.isAutoRotationEnabled to false"
    )


def windows_open_seldom(s: Snapshot) -> str | None:
    """What to say of windows that stay shut for longer than a whole interval."""
    spec = s.resource.spec
    if spec is None or not spec.is_auto_rotation_enabled or not spec.windows:
        return None
    if windows_never_open(s) is not None:
        return None
    closed = schedule_of(s).longest_closure(s.now)
    if closed <= timedelta(days=spec.rotation_interval):
        return None
    return (
        f"spec.windows stay shut for {closed / timedelta(days=1):.0f} days on end, and "
        f"spec.rotationInterval is {spec.rotation_interval}: rotations come later than that"
    )


def schedule_of(s: Snapshot) -> Schedule:
    return Schedule.of(s.spec, s.resource.uid)
