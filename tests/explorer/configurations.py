"""Where explorations begin, and with what budgets."""

from __future__ import annotations

from typing import Any, Final

from tests.explorer import hands
from tests.explorer.bench import Setup
from tests.explorer.explore import Budget, Configuration
from tests.explorer.forms import (
    EARLIER_FROM,
    FOREIGN_FROM,
    Aim,
    Cred,
    Held,
    Record,
    Scars,
    Told,
    World,
)
from tests.unit.rotation import builders

RETAIN: Final = Setup(builders.resource())
DELETE: Final = Setup(builders.resource({"spec.deletionPolicy.secret": "Delete"}))
HIDDEN: Final = Setup(builders.resource(), shows_values=False)


def world(**fields: Any) -> World:
    """A new resource for an app without a secret."""
    new = World(
        okta=(),
        older=None,
        distrusted=(),
        method=0,
        record=None,
        target=None,
        backup=None,
        told=None,
        token=None,
        deleting=False,
        gone=False,
        down=False,
        memory=None,
        running=None,
        late=(),
        refusals=(),
        scars=Scars(),
    )
    return new._replace(**fields)


def record(**fields: Any) -> Record:
    """The state after the first rotation."""
    first = Record(
        mine=True,
        app=True,
        gen=0,
        method=0,
        active=Cred(0, 0, 0, True),
        previous=None,
        candidate=None,
        job=None,
        due=False,
        tries=(),
        handled=None,
        keys=True,
    )
    return first._replace(**fields)


def rotated(**fields: Any) -> World:
    """A settled resource after its second rotation: active and previous are ours."""
    settled = world(
        okta=(Held(1, 1, True), Held(0, 0, True)),
        record=record(previous=Cred(1, 1, 1, True)),
        target=Aim(0, 0, True),
        told=Told((0, 1), 0, None, False),
    )
    return settled._replace(**fields)


def restorable(**fields: Any) -> World:
    """The same, and what the Secrets held before a rotation can be restored."""
    settled = rotated()
    return settled._replace(backup=(settled.record, settled.target), **fields)


def found() -> World:
    """A new resource for an app with a person's secret."""
    return world(okta=(Held(0, FOREIGN_FROM, True),))


def inherited() -> World:
    """A new resource of the name and app of an earlier one, whose Secrets are still there."""
    earlier = Held(0, EARLIER_FROM, True), Held(1, EARLIER_FROM + 1, True)
    active, previous = Cred(0, EARLIER_FROM, 0, True), Cred(1, EARLIER_FROM + 1, 1, True)
    state = record(mine=False, active=active, previous=previous, keys=False)
    return world(okta=earlier, record=state, target=Aim(EARLIER_FROM, 0, True))


def refused_thrice() -> World:
    """One more refused value within the day is all that is risked."""
    tries = (-70_002, -70_001, -70_000)
    settled = rotated()
    assert settled.record is not None
    return settled._replace(record=settled.record._replace(tries=tries), refusals=tries)


def strange() -> World:
    """A state Secret of another app lies where ours would."""
    return rotated(record=record(app=False))


EVERYBODY: Final = hands.ALL_HANDS
CONSOLE: Final = hands.CONSOLE_HANDS
GOING: Final = (hands.resource_is_deleted, *hands.TARGET_HANDS, *hands.STATE_HANDS)

_ALL: Final = (
    # name, first world, setup, hands, budget in `make test`, budget in the large run
    ("first rotation", world(), RETAIN, (), Budget(2, 0, 1), Budget(3, 0, 2)),
    ("a person's secret found", found(), RETAIN, EVERYBODY, Budget(1, 1, 0), Budget(2, 1, 1)),
    ("next rotation", rotated(), RETAIN, (), Budget(2, 0, 1), Budget(4, 0, 2)),
    ("rotation and hands", restorable(), RETAIN, EVERYBODY, Budget(1, 1, 1), Budget(2, 1, 2)),
    ("two hands", restorable(), RETAIN, EVERYBODY, Budget(0, 2, 1), Budget(1, 2, 1)),
    ("values hidden", found(), HIDDEN, EVERYBODY, Budget(0, 1, 1), Budget(1, 1, 1)),
    ("deletion", rotated(), DELETE, GOING, Budget(1, 1, 1), Budget(2, 2, 1)),
    ("taken up", inherited(), RETAIN, EVERYBODY, Budget(1, 1, 0), Budget(1, 1, 1)),
    ("refused thrice", refused_thrice(), RETAIN, EVERYBODY, Budget(1, 1, 1), Budget(2, 1, 1)),
    ("another app's state", strange(), RETAIN, EVERYBODY, Budget(1, 1, 0), Budget(1, 2, 1)),
    (
        "stale lists",
        rotated(older=rotated().okta),
        RETAIN,
        CONSOLE,
        Budget(1, 1, 1),
        Budget(2, 1, 1),
    ),
    ("stale lists, new", world(older=()), RETAIN, CONSOLE, Budget(1, 1, 0), Budget(3, 0, 1)),
)
# Retention, rollback, revocation, adoption and conflicts: configurations of their own, here.

SMALL: Final = tuple(
    Configuration(name, first, setup, who, small) for name, first, setup, who, small, _ in _ALL
)
"""What `make test` walks."""

LARGE: Final = tuple(
    Configuration(name, first, setup, who, large) for name, first, setup, who, _, large in _ALL
)
"""What takes minutes."""
