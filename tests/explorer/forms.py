"""The state of the explored world, small and hashable: numbers in place of values, ids and times.

A value is a number: from 0 for those made for the resource, from `EARLIER_FROM` for those of an
earlier resource of its name, from `FOREIGN_FROM` for a person's, from `STAND_IN_FROM` for those
that nobody is given. An instant is a number of milliseconds from the beginning of the pass,
negative for the past. `real.py` turns these forms into the very types of the domain and back;
`canon.py` renames them so that the space is finite.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

from okta_rotator.rotation.okta_view import Proof
from okta_rotator.rotation.state import Trigger

EARLIER_FROM: Final = 30
FOREIGN_FROM: Final = 60
STAND_IN_FROM: Final = 90
LAST_VALUE: Final = 120

GONE_ID: Final = -1
"""Any secretId that nothing else in the world has any more."""


class Age(IntEnum):
    """How long ago something was, as far as `previousSecret` is about it."""

    UNDER_A_DAY = 0
    OVER_A_DAY = 1
    TO_COME = 2
    """The clock has been put back since."""


class Due(IntEnum):
    """When the next scheduled rotation is due."""

    LATER = 0
    SOON = 1
    """Within a day."""
    NOW = 2
    AHEAD = 3
    """Long from now, since the clock has been put back after the last one."""


class Asked(NamedTuple):
    """The tokens of requests, or of those that were acted on."""

    rotate: int | None = None
    revoke: int | None = None
    rollback: int | None = None
    replace: int | None = None
    """A secretId."""


class Held(NamedTuple):
    """A secret in Okta."""

    sid: int
    value: int
    on: bool


class Cred(NamedTuple):
    """`state.Credential`."""

    sid: int
    value: int | None
    place: int
    """`index` of the domain, a name that a tuple has taken."""
    on: bool
    since: Age | None = None
    """`superseded_at`."""
    off: Age | None = None
    """`deactivated_at`."""


class Cand(NamedTuple):
    """`state.Candidate`."""

    value: int
    place: int
    discard: bool


class Task(NamedTuple):
    """`state.Job`, without its name."""

    trigger: Trigger
    tries: int
    """How many of the refused tries were its own: all that `started_at` decides."""
    token: int | None


class Record(NamedTuple):
    """`state.State`, as far as decisions look at it."""

    mine: bool
    """Written for this resource, and not for an earlier one of its name."""
    app: bool
    """Of this app, and not of another."""
    gen: int
    method: int | None
    active: Cred | None
    previous: Cred | None
    candidate: Cand | None
    job: Task | None
    due: Due | None
    """By `last_rotated_at`; None: never rotated."""
    tries: tuple[int, ...]
    asked: int | None
    """`asked_at`."""
    handled: Asked
    bound: int | None
    """`bound_secret_id`."""
    keys: bool
    """Whether `target_keys` are those of the present mapping."""

    @property
    def named(self) -> tuple[Cred, ...]:
        return tuple(one for one in (self.active, self.previous) if one is not None)

    @property
    def ids(self) -> set[int]:
        """Of the secrets that it names."""
        return {one.sid for one in self.named}

    @property
    def values(self) -> set[int]:
        """Those that it holds, the candidate's too."""
        held = (*self.named, self.candidate)
        return {one.value for one in held if one is not None and one.value is not None}


class Aim(NamedTuple):
    """The target Secret."""

    value: int | None
    sid: int | None
    mine: bool


class Told(NamedTuple):
    """What decisions read of `status`."""

    witnesses: tuple[int, ...]
    gen: int | None
    handled: Asked
    backoff: bool
    ready: bool


class Recheck(IntEnum):
    """When the published value is put to Okta again."""

    NEW = 0
    """This process has not asked yet: a day from now, or at once if status says not ready."""
    IN_A_DAY = 1
    IN_AN_HOUR = 2
    """The last one had no answer."""
    NOW = 3


class Memory(NamedTuple):
    """`seen.Seen`: what the process remembers of Okta."""

    secrets: tuple[Held, ...] | None
    listed: bool
    app: int | None
    proofs: tuple[tuple[int, int, Proof, int], ...]
    refused_at: int | None
    trouble: bool
    unsettled: bool
    recheck: Recheck
    may_have_asked: bool
    unnoted: bool
    """Okta refused a value, and the state does not say so yet."""
    tried: tuple[tuple[str, int], ...]
    """The requests that were there when the last attempt failed, by the fields of `Asked`."""
    coming: bool
    """A Secret whose creation had no answer may come yet; of no matter where none goes along."""


class Running(NamedTuple):
    """A pass under way: the Secrets as it read them, if another hand has changed them since."""

    stale_record: tuple[Record | None] | None
    stale_target: tuple[Aim | None] | None
    lost_races: int
    live: bool = False
    """Whether the target was read after all else."""


class Kind(StrEnum):
    """What a call without an answer may still do."""

    CREATE = "create"
    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"
    DELETE = "delete"
    RECORD = "record"
    TARGET = "target"


class Late(NamedTuple):
    """An effect under way whose caller has given up or is gone.

    One on a Secret is bound to the version that was read, so any other write of it ends it.
    """

    kind: Kind
    sid: int | None = None
    value: int | None = None
    record: Record | None = None
    target: Aim | None = None


class Rival(NamedTuple):
    """Another resource for the same app."""

    older: bool
    begun: bool
    reaches: bool
    """Its own connection has reached the app, without which its word does not count."""
    values: tuple[int, ...] = ()
    """Those of its state, where that is a copy of ours; else it has made its own."""


class Link(IntEnum):
    """The connection."""

    UP = 0
    DOWN = 1
    LOST = 2
    """It is gone, with its credentials."""


class Keeping(StrEnum):
    """What `previousSecret` says, as far as time is counted for it."""

    NO_TIME = "no time"
    UNTIL_NEXT = "until the next rotation, then a day's hold"
    FOR_A_DAY = "for a day, then a day's hold"
    FOR_A_DAY_ONLY = "for a day, no hold"


class Scars(NamedTuple):
    """What a person did on this path, as far as it excuses us."""

    console: bool = False
    """A secret that we know was deactivated or deleted in Okta."""
    record: bool = False
    """The state Secret was deleted, or an old copy restored."""
    target: bool = False
    """The target was edited, deleted, or an old copy restored."""


class World(NamedTuple):
    """One state of everything that a decision and its effects depend on."""

    okta: tuple[Held, ...]
    older: tuple[Held, ...] | None
    """What a stale list of Okta's still shows; None: lists are never stale."""
    distrusted: tuple[int, ...]
    """Values that Okta refuses although their secrets are ACTIVE."""
    method: int
    """The app's auth method."""
    record: Record | None
    target: Aim | None
    backup: tuple[Record | None, Aim | None] | None
    """What a person may restore."""
    told: Told | None
    """None: no status, since the resource is new or it was wiped."""
    asked: Asked
    """The annotations."""
    deleting: bool
    gone: bool
    """The resource has been let go."""
    link: Link
    rival: Rival | None
    memory: Memory | None
    """None: the process is new."""
    running: Running | None
    late: tuple[Late, ...]
    refusals: tuple[int, ...]
    """When Okta refused a value to us, of the last 24 hours, by Okta's own book."""
    scars: Scars
    doomed: int | None
    """The value that a `revoke-previous` was bound to, as long as anything has it."""
    keeping: Keeping
    """The same throughout, as by the spec."""

    @property
    def down(self) -> bool:
        return self.link is not Link.UP

    @property
    def read_record(self) -> Record | None:
        """The state as the pass has it in hand."""
        stale = self.running.stale_record if self.running is not None else None
        return self.record if stale is None else stale[0]

    @property
    def read_target(self) -> Aim | None:
        """The target as the pass has it in hand."""
        stale = self.running.stale_target if self.running is not None else None
        return self.target if stale is None else stale[0]

    def accepts(self, value: int | None) -> bool:
        """Whether the app can authenticate with the value."""
        if value is None or value in self.distrusted:
            return False
        return any(one.on and one.value == value for one in self.okta)

    def uses(self, value: int) -> bool:
        """Whether another resource has a state with this value."""
        return self.rival is not None and value in self.rival.values

    @property
    def published(self) -> int | None:
        return self.target.value if self.target is not None else None

    def with_okta(self, okta: tuple[Held, ...]) -> World:
        """Okta comes to hold something else, which a list may not show at once."""
        return self._replace(okta=okta, older=None if self.older is None else self.okta)

    def with_doom(self, record: Record | None) -> World:
        """The state comes to hold this; a revocation may be bound by it."""
        bound = record.bound if record is not None else None
        was = self.record.bound if self.record is not None else None
        if bound is None or bound == was:
            return self
        value = next((one.value for one in self.okta if one.sid == bound), None)
        return self._replace(doomed=value if value is not None else self.doomed)

    def with_record(self, record: Record | None) -> World:
        """Another hand than the pass under way writes or deletes the state Secret."""
        running = self.running
        if running is not None and running.stale_record is None:
            running = running._replace(stale_record=(self.record,))
        late = tuple(one for one in self.late if one.kind is not Kind.RECORD)
        return self._replace(record=record, running=running, late=late)

    def with_target(self, target: Aim | None) -> World:
        """Another hand than the pass under way writes or deletes the target."""
        running = self.running
        if running is not None and running.stale_target is None:
            running = running._replace(stale_target=(self.target,))
        late = tuple(one for one in self.late if one.kind is not Kind.TARGET)
        return self._replace(target=target, running=running, late=late)
