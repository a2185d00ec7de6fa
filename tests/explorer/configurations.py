"""Where explorations begin, and with what budgets."""

from __future__ import annotations

from typing import Any, Final

from okta_rotator.rotation.state import Trigger
from tests.explorer import hands
from tests.explorer.bench import Setup
from tests.explorer.explore import Budget, Configuration
from tests.explorer.forms import (
    EARLIER_FROM,
    FOREIGN_FROM,
    STAND_IN_FROM,
    Age,
    Aim,
    Asked,
    Cand,
    Cred,
    Due,
    Held,
    Keeping,
    Link,
    Record,
    Scars,
    Task,
    Told,
    World,
)
from tests.unit.rotation import builders

RETAIN: Final = Setup(builders.resource())
DELETE: Final = Setup(builders.resource({"spec.deletionPolicy.secret": "Delete"}))
HIDDEN: Final = Setup(builders.resource(), shows_values=False)
ADOPT: Final = Setup(builders.resource({"spec.adoptionPolicy": "Adopt"}))
_REVOKE: Final = {"spec.deletionPolicy": {"secret": "Delete", "oktaSecrets": "Revoke"}}
REVOKE: Final = Setup(builders.resource(_REVOKE))
REVOKE_HIDDEN: Final = Setup(builders.resource(_REVOKE), shows_values=False)
REVOKE_ADOPTED: Final = Setup(builders.resource({**_REVOKE, "spec.adoptionPolicy": "Adopt"}))
UNPROVEN: Final = Setup(builders.resource({"spec.verification.enabled": False}))


def keeping(**previous: str) -> Setup:
    return Setup(builders.resource({"spec.previousSecret": previous}))


FOR_A_DAY: Final = keeping(retention="For", duration="24h", inactiveHold="24h")
FOR_A_DAY_ONLY: Final = keeping(retention="For", duration="24h", inactiveHold="0s")
UNTIL_NEXT: Final = keeping(retention="UntilNextRotation", inactiveHold="24h")


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
        asked=Asked(),
        deleting=False,
        gone=False,
        link=Link.UP,
        rival=None,
        memory=None,
        running=None,
        late=(),
        refusals=(),
        scars=Scars(),
        doomed=None,
        keeping=Keeping.NO_TIME,
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
        due=Due.LATER,
        tries=(),
        asked=None,
        handled=Asked(),
        bound=None,
        keys=True,
    )
    return first._replace(**fields)


def rotated(**fields: Any) -> World:
    """A settled resource after its second rotation: active and previous are ours."""
    settled = world(
        okta=(Held(1, 1, True), Held(0, 0, True)),
        record=record(previous=Cred(1, 1, 1, True, Age.UNDER_A_DAY)),
        target=Aim(0, 0, True),
        told=Told((0, 1), 0, Asked(), backoff=False, ready=True),
    )
    return settled._replace(**fields)


def restorable(**fields: Any) -> World:
    """The same, and what the Secrets held before a rotation can be restored."""
    settled = rotated()
    return settled._replace(backup=(settled.record, settled.target), **fields)


def due() -> World:
    """The next rotation is due; what the Secrets hold before it can be restored."""
    settled = rotated()
    assert settled.record is not None
    record = settled.record._replace(due=Due.NOW)
    return settled._replace(record=record, backup=(record, settled.target))


def renamed() -> World:
    """The roles moved late; meanwhile a person deleted what became active, and we made it anew."""
    return rotated(okta=(Held(1, 1, True), Held(2, 0, True)))


def stale() -> World:
    """The same, where Okta's lists do not show what has just been changed."""
    return due()._replace(older=rotated().okta, backup=None)


def first_one() -> World:
    """After the first rotation of an app that had no secret."""
    told = Told((0,), 0, Asked(), backoff=False, ready=True)
    return rotated(okta=(Held(0, 0, True),), record=record(), told=told)


def found() -> World:
    """A new resource for an app with a person's secret."""
    return world(okta=(Held(0, FOREIGN_FROM, True),))


def inherited() -> World:
    """A new resource of the name and app of an earlier one, whose Secrets are still there."""
    earlier = Held(0, EARLIER_FROM, True), Held(1, EARLIER_FROM + 1, True)
    active, previous = (
        Cred(0, EARLIER_FROM, 0, True),
        Cred(1, EARLIER_FROM + 1, 1, True, Age.UNDER_A_DAY),
    )
    state = record(mine=False, active=active, previous=previous, keys=False)
    return world(okta=earlier, record=state, target=Aim(EARLIER_FROM, 0, True))


def only_the_candidate_is_left() -> World:
    """Deleted in mid-rotation; what was active, a person has deleted in the console."""
    amid = record(candidate=Cand(1, 1, discard=False), job=Task(Trigger.SCHEDULE, 0, None), asked=0)
    left = (Held(1, 1, True),)
    return first_one()._replace(okta=left, record=amid, deleting=True, scars=Scars(console=True))


def refused_thrice() -> World:
    """One more refused value within the day is all that is risked."""
    tries = (-70_002, -70_001, -70_000)
    settled = rotated()
    assert settled.record is not None
    record = settled.record._replace(tries=tries, due=Due.NOW)
    return settled._replace(record=record, refusals=tries)


def strange() -> World:
    """A state Secret of another app lies where ours would."""
    return rotated(record=record(app=False))


def kept(keeping: Keeping, **fields: Any) -> World:
    """The same, where `previousSecret` counts time."""
    return rotated(keeping=keeping, **fields)


def with_foreign(**fields: Any) -> World:
    """Ours is active, and a stranger's secret has the other place."""
    return rotated(
        okta=(Held(0, 0, True), Held(1, FOREIGN_FROM, True)),
        record=record(**fields),
        told=Told((0,), 0, Asked(), backoff=False, ready=True),
    )


def two_strangers() -> World:
    return world(okta=(Held(0, FOREIGN_FROM, True), Held(1, FOREIGN_FROM + 1, True)))


def one_of_two_is_published() -> World:
    """A new resource for an app with two strangers' secrets, and a person handed over the Secret
    in which one of them is."""
    return two_strangers()._replace(target=Aim(FOREIGN_FROM, None, True))


def not_the_one_that_was_ours() -> World:
    """The state is lost, and Okta holds a secret that the status does not name."""
    told = Told((0,), 0, Asked(), backoff=False, ready=True)
    return world(okta=(Held(1, FOREIGN_FROM, True),), told=told)


def another_rotators() -> World:
    """A new resource for an app that another one rotates."""
    return world(okta=(Held(0, EARLIER_FROM, True),))


def stand_in_left() -> World:
    """A new resource, where the deletion of an earlier one was cut short."""
    left = (Held(0, EARLIER_FROM, True), Held(1, STAND_IN_FROM, True))
    state = record(
        mine=False,
        active=Cred(0, EARLIER_FROM, 0, True),
        candidate=Cand(STAND_IN_FROM, 0, discard=False),
    )
    return world(okta=left, record=state)


def revoked() -> World:
    """A new resource, where an earlier one was deleted with its secrets."""
    return world(okta=(Held(0, STAND_IN_FROM, True),))


def tried() -> World:
    """Settled, with two refused values of today."""
    settled = refused_thrice()
    assert settled.record is not None
    tries = settled.refusals[:2]
    return settled._replace(record=settled.record._replace(tries=tries), refusals=tries)


EVERYBODY: Final = hands.ALL_HANDS
CONSOLE: Final = hands.CONSOLE_HANDS
GOING: Final = (hands.resource_is_deleted, *hands.TARGET_HANDS, *hands.STATE_HANDS)
RISKING: Final = (
    hands.console_deactivates,
    hands.app_changes_its_method,
)
REVOKED: Final = (
    hands.resource_is_deleted,
    hands.connection_is_lost,
    hands.status_is_wiped,
    hands.target_is_a_strangers,
    *CONSOLE,
)
COPIED: Final = (
    hands.a_copy_is_seen,
    hands.the_other_resource_goes,
    hands.rotation_is_asked_for,
    hands.resource_is_deleted,
)
GOING_SOON: Final = (hands.resource_is_deleted, hands.target_is_deleted, hands.record_is_deleted)
NAMING: Final = (hands.a_secret_is_named_as_foreign, hands.requests_are_withdrawn, *CONSOLE)
KEPT: Final = (*hands.REQUESTS, hands.console_deactivates, hands.clock_is_put_back)
LOSING: Final = (hands.record_is_restored_and_target_lost, *hands.RESTORES, hands.status_is_wiped)
ASKED_AND_KILLED: Final = (*hands.REQUESTS, *CONSOLE)
RIVALS: Final = (hands.another_resource_comes_and_goes, hands.target_is_deleted)
ASKING: Final = (hands.recheck_comes_due, hands.rotation_comes_due)


def _both(
    name: str,
    first: World,
    setup: Setup,
    who: tuple[hands.Hand, ...],
    small: tuple[int, int, int],
    large: tuple[int, int, int],
    dues: tuple[hands.Hand, ...] = (hands.rotation_comes_due,),
) -> tuple[Configuration, Configuration]:
    """The configuration with its budgets in `make test` and in the large run."""
    one, other = (
        Configuration(name, first, setup, who, Budget(*budget), dues) for budget in (small, large)
    )
    return one, other


_ALL: Final = (
    # name, first world, setup, hands, (faults, hands, dues) in `make test` and in the large run
    _both("first rotation", world(), RETAIN, (), (2, 0, 0), (3, 0, 2)),
    _both("a person's secret found", found(), RETAIN, EVERYBODY, (1, 1, 0), (2, 1, 0)),
    _both("next rotation", due(), RETAIN, (), (2, 0, 0), (4, 0, 1)),
    _both("rotation and hands", due(), RETAIN, EVERYBODY, (1, 1, 0), (2, 1, 0)),
    _both("two hands", restorable(), RETAIN, EVERYBODY, (0, 2, 0), (1, 2, 0)),
    _both("values hidden", due(), HIDDEN, EVERYBODY, (0, 1, 1), (1, 1, 1)),
    _both("values hidden at first", found(), HIDDEN, EVERYBODY, (0, 1, 0), (1, 1, 1)),
    _both("deletion", due(), DELETE, GOING, (1, 1, 0), (2, 2, 0)),
    _both("taken up", inherited(), RETAIN, EVERYBODY, (1, 1, 0), (1, 1, 1)),
    _both("refused thrice", refused_thrice(), RETAIN, RISKING, (1, 1, 0), (2, 1, 0)),
    _both("another app's state", strange(), RETAIN, EVERYBODY, (1, 1, 0), (1, 2, 1)),
    _both("stale lists", stale(), RETAIN, CONSOLE, (1, 0, 0), (2, 1, 0)),
    _both("stale lists, new", world(older=()), RETAIN, CONSOLE, (1, 1, 0), (2, 1, 0)),
    _both("another id", renamed(), RETAIN, hands.REQUESTS, (1, 1, 0), (2, 1, 1)),
    # What comes with time.
    _both("recheck", rotated(), RETAIN, CONSOLE, (0, 1, 1), (1, 1, 2), ASKING),
    _both("kept for a day", kept(Keeping.FOR_A_DAY), FOR_A_DAY, KEPT, (1, 1, 0), (1, 2, 0)),
    _both(
        "kept for a day, no hold",
        kept(Keeping.FOR_A_DAY_ONLY),
        FOR_A_DAY_ONLY,
        KEPT,
        (0, 1, 1),
        (1, 1, 1),
    ),
    _both("kept until next", kept(Keeping.UNTIL_NEXT), UNTIL_NEXT, KEPT, (0, 1, 1), (1, 1, 1)),
    _both("clock put back", tried(), RETAIN, (hands.clock_is_put_back,), (1, 1, 0), (2, 2, 1)),
    # What a person asks for.
    _both("requests", rotated(), RETAIN, hands.REQUESTS, (1, 1, 0), (2, 2, 0)),
    _both("requests and console", rotated(), RETAIN, ASKED_AND_KILLED, (0, 2, 0), (1, 2, 0)),
    _both("adoption", found(), ADOPT, EVERYBODY, (1, 1, 0), (2, 1, 0)),
    _both("adoption of two", two_strangers(), ADOPT, EVERYBODY, (0, 1, 0), (1, 1, 1)),
    _both("foreign", with_foreign(due=Due.NOW), RETAIN, NAMING, (1, 1, 0), (2, 2, 0)),
    _both("two strangers", two_strangers(), RETAIN, NAMING, (0, 2, 0), (2, 2, 0)),
    _both("one of two", one_of_two_is_published(), RETAIN, NAMING, (0, 1, 0), (1, 2, 0)),
    _both("not ours", not_the_one_that_was_ours(), RETAIN, NAMING, (0, 1, 0), (1, 2, 0)),
    _both("another rotator", another_rotators(), RETAIN, NAMING, (1, 1, 0), (1, 2, 1)),
    # Going away, and others.
    _both("revocation", rotated(), REVOKE, REVOKED, (1, 1, 0), (2, 2, 0)),
    _both("revocation amid a rotation", due(), REVOKE, REVOKED, (0, 1, 0), (1, 2, 0)),
    _both(
        "revocation of a candidate",
        only_the_candidate_is_left(),
        REVOKE,
        REVOKED,
        (1, 0, 0),
        (2, 2, 0),
    ),
    _both("revocation of one", first_one(), REVOKE, REVOKED, (1, 1, 0), (3, 2, 0)),
    _both("revocation beside a copy", rotated(), REVOKE, COPIED, (0, 2, 0), (1, 3, 0)),
    _both("revocation of a first one", world(), REVOKE, GOING_SOON, (1, 1, 0), (2, 1, 0)),
    _both("revocation of an adopted one", found(), REVOKE_ADOPTED, REVOKED, (1, 1, 0), (2, 1, 0)),
    _both("revocation, taken up", inherited(), REVOKE, GOING_SOON, (1, 1, 0), (2, 1, 0)),
    _both("revocation, values hidden", rotated(), REVOKE_HIDDEN, REVOKED, (0, 1, 0), (1, 1, 0)),
    _both("deletion of a first one", world(), DELETE, GOING_SOON, (1, 1, 0), (2, 1, 0)),
    _both("unproven", due(), UNPROVEN, CONSOLE, (1, 1, 0), (1, 1, 1)),
    _both("unproven at first", found(), UNPROVEN, CONSOLE, (1, 1, 0), (2, 1, 0)),
    _both("stand-in left", stand_in_left(), RETAIN, CONSOLE, (0, 1, 0), (1, 1, 1)),
    _both("revoked before", revoked(), RETAIN, ASKED_AND_KILLED, (0, 1, 1), (1, 2, 1)),
    _both("another resource", world(), RETAIN, RIVALS, (1, 1, 0), (2, 3, 0)),
    _both("another resource later", due(), RETAIN, RIVALS, (0, 2, 0), (1, 3, 0)),
    _both("restored, target lost", restorable(), RETAIN, LOSING, (0, 1, 1), (1, 1, 1)),
)

SMALL: Final = tuple(small for small, _ in _ALL)
"""What `make test` walks."""

LARGE: Final = tuple(large for _, large in _ALL)
"""What takes minutes."""
