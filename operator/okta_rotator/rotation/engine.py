"""One pass over one resource: gather, decide, act, and again, until there is a verdict to report.

The only file of the domain that acts, through `ports.py`; `rivals.py` reads for it. Called by a
worker, one pass at a time for each resource.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from okta_rotator.api.conditions import Reason
from okta_rotator.api.names import ROTATION_KIND, STATE_SUFFIX
from okta_rotator.api.rotation import RotationStatus
from okta_rotator.rotation import seen as what_is_seen
from okta_rotator.rotation.attempts import Attempt, attempt_of
from okta_rotator.rotation.decide import decide
from okta_rotator.rotation.decisions import (
    Act,
    ActivateSecret,
    Blocked,
    CreateSecret,
    DeactivateSecret,
    DeleteSecret,
    DeleteState,
    DeleteTarget,
    LetGo,
    ListSecrets,
    Prove,
    Publish,
    ReadApp,
    ReadTarget,
    Settled,
    Step,
    Verdict,
    WriteState,
)
from okta_rotator.rotation.facts import requests
from okta_rotator.rotation.news import News, advice, of_a_write
from okta_rotator.rotation.notices import (
    TARGET_REPAIRED,
    Notice,
    as_told,
    has_rotated,
    job_of,
    log_notice,
    transitions,
)
from okta_rotator.rotation.places import ChangedError
from okta_rotator.rotation.ports import ClusterPort, ConnectionsPort, NeighboursPort, OktaPort
from okta_rotator.rotation.report import next_look, report
from okta_rotator.rotation.rivals import Beside, Rivals, stored_in
from okta_rotator.rotation.seen import LATE_SECRET, Seen
from okta_rotator.rotation.snapshot import (
    Draw,
    Key,
    Resource,
    SecretObject,
    Snapshot,
    StoredState,
)
from okta_rotator.rotation.state import to_data
from okta_rotator.rotation.target import target_name
from okta_rotator.rotation.transitions import REFUSALS_REMEMBERED
from okta_rotator.rotation.trouble import Next, PortError, Trouble

logger = logging.getLogger(__name__)

OktaCall = (
    ReadApp | ListSecrets | Prove | CreateSecret | ActivateSecret | DeactivateSecret | DeleteSecret
)
"""The decisions that are a call to Okta."""

MOST_STEPS: Final = 60
"""Of one pass. A rotation takes about ten; more means that two hands undo each other's work."""

MOST_LOST_RACES: Final = 5
"""Of one pass, before it is left for later."""

PROGRESS_EVERY: Final = timedelta(seconds=2)
"""How often a pass that takes long shows its progress in status."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a pass ended."""

    resource: Resource
    verdict: Verdict
    next_look: datetime | None
    attempt: Attempt | None = None
    """The attempt at a rotation that came to an end with it."""


@dataclass(slots=True)
class _Pass:
    """What a pass has in hand; replaced piece by piece as it goes."""

    resource: Resource
    seen: Seen
    status_before: RotationStatus
    draw: Draw
    """Drawn anew after each use, so that no randomness serves twice."""
    stored: StoredState | None = None
    target: SecretObject | None = None
    target_is_live: bool = False
    neighbours: Beside = ()
    reported_at: datetime | None = None
    lost_races: int = 0
    is_fresh: bool = False
    """The resource was read in this pass, as it is before the first write."""
    notices: list[Notice] = field(default_factory=list)


class Engine:
    """Brings resources to where their spec wants them. `now` and `draw` come from outside."""

    def __init__(
        self,
        cluster: ClusterPort,
        connections: ConnectionsPort,
        neighbours: NeighboursPort,
        now: Callable[[], datetime],
        draw: Callable[[], Draw],
    ) -> None:
        self._cluster = cluster
        self._connections = connections
        self._neighbours = neighbours
        self._now = now
        self._draw = draw
        self._seen: dict[str, Seen] = {}
        self._earlier_writes_end: datetime | None = None
        """Until then a Secret may come that an earlier process sent, or a pass that was cut off."""
        self._rivals = Rivals(cluster, neighbours)
        self._news = News()

    def forget(self, uid: str) -> None:
        """The resource is gone."""
        self._seen.pop(uid, None)
        self._news.forget(uid)

    async def run(self, resource: Resource) -> Outcome:
        """One pass. Raises PortError where the cluster itself cannot be reached, and ChangedError
        where the pass was given up for another.
        """
        is_first = resource.uid not in self._seen
        now = self._now()
        seen = self._remembered(resource.uid, now).for_a_new_pass().clamped(now)
        work = _Pass(resource, seen, resource.status, self._draw())
        try:
            await self._gather(work)
        except PortError as error:
            if error.trouble.next is not Next.PERSON:
                raise
            return await self._finish(work, self._snapshot(work), _without_secrets(work, error))
        if work.status_before.last_rotated_at is None:
            # It was wiped, or the resource is new and takes up what an earlier one left.
            self._take_as_told(work)
        work.seen = _at_start(work, self._now()) if is_first else _without_the_noted(work)
        try:
            outcome = await self._work(work)
        except PortError:
            self._seen[resource.uid] = work.seen
            raise
        except ChangedError:
            # Begun anew at once, and what was done until then is not done, nor told, again.
            self._seen[resource.uid] = work.seen
            for notice in work.notices:
                self._cluster.tell(work.resource, notice)
            raise
        except BaseException:
            # Nobody knows how far a call had got; what is not remembered is read anew.
            self.forget(resource.uid)
            self._earlier_writes_end = self._now() + LATE_SECRET
            raise
        finally:
            self._rivals.pass_ended(resource)
        self._seen[resource.uid] = work.seen
        return outcome

    def _remembered(self, uid: str, now: datetime) -> Seen:
        """What this process has seen of the resource before."""
        if self._earlier_writes_end is None:
            self._earlier_writes_end = now + LATE_SECRET
        new = Seen(since=now, secret_may_come_until=self._earlier_writes_end)
        return self._seen.get(uid, new)

    async def _work(self, work: _Pass) -> Outcome:
        for _ in range(MOST_STEPS):
            await self._look_at_neighbours(work)
            snapshot = self._snapshot(work)
            decision = decide(snapshot)
            if isinstance(decision, Settled | Blocked | LetGo):
                return await self._finish(work, snapshot, decision)
            if not (work.is_fresh or isinstance(decision, _READS)):
                # What asks for it may have been taken back unseen, or the resource be gone.
                if not await self._read_anew(work):
                    return Outcome(work.resource, LetGo("the resource is gone"), None)
                continue
            # At once: between the look at the others and this, none of them has its turn.
            self._rivals.hear_of(work.resource, decision)
            if not isinstance(decision, Publish):
                # The roles have moved, and the target is about to follow: nobody need be alarmed.
                await self._show_progress(work, snapshot)
            stop = await self._try(work, decision)
            if stop is not None:
                return await self._finish(work, self._snapshot(work), stop)
        raise PortError(_too_many("steps"))

    async def _read_anew(self, work: _Pass) -> bool:
        fresh = await self._cluster.read_resource(work.resource)
        work.is_fresh = True
        if fresh is not None and int(fresh.resource_version) > int(work.resource.resource_version):
            work.resource = fresh
        return fresh is not None

    async def _gather(self, work: _Pass) -> None:
        key, resource = work.resource.key, work.resource
        if resource.spec is None or _goes_as_it_is(resource):
            return
        state = await self._cluster.read_secret(key.namespace, key.name + STATE_SUFFIX)
        work.target = await self._cluster.read_secret(key.namespace, target_name(resource))
        work.stored = None if state is None else stored_in(state)

    async def _look_at_neighbours(self, work: _Pass) -> None:
        """Before each step, since they act on their own."""
        work.neighbours = await self._rivals.look(work.resource)

    def _snapshot(self, work: _Pass) -> Snapshot:
        return Snapshot(
            now=self._now(),
            resource=work.resource,
            connection=self._connections.connection_of(work.resource),
            stored=work.stored,
            target=work.target,
            seen=work.seen,
            draw=work.draw,
            target_is_live=work.target_is_live,
            neighbours=self._rivals.as_of_now(work.neighbours),
            claim=self._neighbours.claim_of(work.resource),
        )

    async def _try(self, work: _Pass, decision: Act) -> Verdict | None:
        """Act; a lost race has everything read anew, and what needs a person ends the pass."""
        try:
            await self._act(work, decision)
            work.target_is_live = isinstance(decision, ReadTarget)
        except PortError as error:
            if error.trouble.may_have_landed and _makes_a_secret(work, decision):
                work.seen = what_is_seen.after_an_unanswered_creation(work.seen, self._now())
            if error.trouble.next is Next.LOOK_AGAIN:
                await self._look_again(work)
                return None
            is_final = error.trouble.next is Next.PERSON
            if is_final and not isinstance(decision, Prove):
                # It does not go on, and so it may not keep another from the app meanwhile.
                self._neighbours.was_kept_from_its_app(work.resource)
            if isinstance(decision, OktaCall):
                work.seen = self._seen_after_trouble(work.seen, decision, error.trouble)
                return None
            if is_final:
                return Blocked(error.trouble, counts=False)
            raise
        return None

    def _seen_after_trouble(self, seen: Seen, decision: Act, trouble: Trouble) -> Seen:
        now = self._now()
        if isinstance(decision, Prove):
            seen = what_is_seen.after_an_unanswered_proof(seen, decision.is_active, now)
        return what_is_seen.after_trouble(seen, trouble, now)

    async def _look_again(self, work: _Pass) -> None:
        work.lost_races += 1
        if work.lost_races > MOST_LOST_RACES:
            raise PortError(_too_many("lost races"))
        work.seen = what_is_seen.after_lost_race(work.seen, self._now())
        await self._gather(work)

    async def _act(self, work: _Pass, decision: Act) -> None:
        match decision:
            case WriteState():
                await self._write_state(work, decision)
            case Publish():
                await self._publish(work, decision)
            case DeleteTarget():
                if work.target is not None:
                    await self._cluster.delete_secret(work.target)
                work.target = None
            case DeleteState():
                if work.stored is not None:
                    await self._cluster.delete_secret(work.stored.secret)
                work.stored = None
            case ReadTarget():
                key = work.resource.key
                name = target_name(work.resource)
                work.target = await self._cluster.read_secret(key.namespace, name)
            case _:
                await self._ask_okta(work, decision)

    async def _ask_okta(
        self,
        work: _Pass,
        decision: OktaCall,
    ) -> None:
        okta = self._connections.okta_of(work.resource)
        work.seen = await self._seen_after(work, okta, decision)
        if not isinstance(decision, Prove):  # Which needs no right but the secret itself.
            self._neighbours.reached_its_app(work.resource)
        if isinstance(decision, DeleteSecret):
            message = f"client secret {decision.secret_id} is deleted in Okta: {decision.why}"
            work.notices.append(Notice("Retired", message))

    async def _seen_after(
        self,
        work: _Pass,
        okta: OktaPort,
        decision: OktaCall,
    ) -> Seen:
        parameters = work.resource.sound_spec.parameters
        app_id, seen = parameters.effective_app_id, work.seen
        match decision:
            case ReadApp():
                return what_is_seen.after_reading_app(seen, await okta.read_app(app_id))
            case ListSecrets():
                return what_is_seen.after_listing(seen, await okta.list_secrets(app_id))
            case CreateSecret(value=value):
                created = await okta.create_secret(app_id, value)
                return what_is_seen.after_creating(seen, created)
            case ActivateSecret(secret_id=secret_id):
                changed = await okta.activate_secret(app_id, secret_id)
                return what_is_seen.after_changing(seen, changed)
            case DeactivateSecret(secret_id=secret_id):
                changed = await okta.deactivate_secret(app_id, secret_id)
                return what_is_seen.after_changing(seen, changed)
            case DeleteSecret(secret_id=secret_id):
                await okta.delete_secret(app_id, secret_id)
                return what_is_seen.after_deleting(seen, secret_id)
            case Prove(value=value, method=method, is_active=is_active):
                at = self._now()
                proof = await okta.introspect(parameters.client_id, value, method)
                return what_is_seen.after_proof(seen, (value, method), proof, at, is_active)
            case _:
                assert_never(decision)

    async def _write_state(self, work: _Pass, decision: WriteState) -> None:
        data, stored = to_data(decision.state.bumped()), work.stored
        if stored is None:
            secret = await self._cluster.create_state(work.resource, data)
        else:
            secret = await self._cluster.replace_state(stored.secret, work.resource, data)
        was_active = stored.state.active if stored is not None and stored.state else None
        work.stored, work.draw = stored_in(secret), self._draw()
        if decision.state.active != was_active:
            work.seen = what_is_seen.after_new_active(work.seen, self._now())
        if decision.step is Step.FORGET_CANDIDATE and _was_discarded(stored):
            work.seen = replace(work.seen, trouble=_refused())
        if decision.step is Step.NOTE_REFUSAL:
            work.seen = what_is_seen.after_noting_a_refusal(work.seen)
        if stored is None or decision.step is Step.RESTORE:
            work.seen = what_is_seen.after_taking_over(work.seen)
        if decision.step in (Step.ADOPT, Step.RESTORE, Step.NOTE_CLOCK):
            self._take_as_told(work)
        work.notices.extend(of_a_write(decision))
        if decision.step is Step.INTENT:
            _log_intent(work.resource.key, decision)

    def _take_as_told(self, work: _Pass) -> None:
        """What the state holds already was rotated before: no Event says so again."""
        state = work.stored.state if work.stored is not None else None
        if state is not None and state.last_rotated_at is not None:
            work.status_before = as_told(work.status_before, state.last_rotated_at)

    async def _publish(self, work: _Pass, decision: Publish) -> None:
        work.target = await self._cluster.write_target(work.resource, decision.change)
        state = work.stored.state if work.stored is not None else None
        before = work.status_before
        is_of_this_spec = before.observed_generation == work.resource.generation
        if state is None or not is_of_this_spec or work.resource.deleting:
            return
        active_id = state.active.secret_id if state.active is not None else None
        is_known = active_id in {c.secret_id for c in before.credentials or ()}
        has_moved = is_known and active_id != _active_id(before)
        if not has_moved and not has_rotated(before, state.last_rotated_at, active_id):
            work.notices.append(Notice(TARGET_REPAIRED, decision.why))
            work.seen = what_is_seen.after_a_repair(work.seen, self._now())

    async def _show_progress(self, work: _Pass, snapshot: Snapshot) -> None:
        """A new resource shows at once that it is looked at; a long pass shows how far it is."""
        since = work.reported_at
        is_new = work.resource.status.observed_generation is None
        is_slow = since is not None and snapshot.now - since >= PROGRESS_EVERY
        if work.resource.deleting or not (is_new or is_slow):
            work.reported_at = since or snapshot.now
            return
        work.reported_at = snapshot.now
        await self._write_status(work, snapshot, None)

    async def _finish(self, work: _Pass, snapshot: Snapshot, verdict: Verdict) -> Outcome:
        if isinstance(verdict, LetGo):
            left = self._news.of_leaving(work.resource, verdict)
            for notice in left:
                logger.warning("%s: let go although %s", work.resource.key, notice.message)
            for notice in (*work.notices, *left):
                self._cluster.tell(work.resource, notice)
            return Outcome(work.resource, verdict, None)
        status = await self._write_status(work, snapshot, verdict)
        name = work.resource.key.name if work.resource.spec is None else target_name(work.resource)
        changes = transitions(work.status_before, status, name)
        told = (
            *work.notices,
            *changes,
            *advice(snapshot, work.status_before.observed_generation),
            *self._news.of_the_previous(snapshot, verdict),
        )
        job_id = job_of(work.status_before, status)
        for notice in told:
            self._cluster.tell(work.resource, replace(notice, job_id=job_id))
        if isinstance(verdict, Blocked):
            work.seen = what_is_seen.after_a_failure(work.seen, requests(snapshot))
        if isinstance(verdict, Blocked) and verdict.trouble.next is Next.PERSON:
            work.seen = what_is_seen.before_a_person_acts(work.seen)
        attempt = attempt_of(snapshot, verdict, work.status_before, status, changes)
        return Outcome(work.resource, verdict, next_look(snapshot, verdict, status), attempt)

    async def _write_status(
        self, work: _Pass, snapshot: Snapshot, verdict: Verdict | None
    ) -> RotationStatus:
        status = report(snapshot, verdict)
        if status != work.resource.status:
            work.resource = await self._cluster.write_status(work.resource, status)
        return status


def _log_intent(key: Key, decision: WriteState) -> None:
    """No Event: each would be a write, and the one that tells of its end is enough."""
    job = decision.state.job
    if job is not None:
        begun = Notice("Begun", decision.why, job_id=job.job_id)
        log_notice(logger, ROTATION_KIND, key, begun, trigger=job.trigger)


def _at_start(work: _Pass, now: datetime) -> Seen:
    """An earlier process may have sent a write: of a candidate, or to end what is not active."""
    state = work.stored.state if work.stored is not None else None
    if state is None:
        return work.seen
    may_have_asked = state.asked_at is not None and now - state.asked_at < REFUSALS_REMEMBERED
    if not (state.candidate or state.previous or state.bound_secret_id):
        return replace(work.seen, may_have_asked=may_have_asked)
    return what_is_seen.at_start(work.seen, now, may_have_asked)


def _without_the_noted(work: _Pass) -> Seen:
    state = work.stored.state if work.stored is not None else None
    noted = state.refused_tries if state is not None else ()
    return what_is_seen.after_reading_the_state(work.seen, noted)


def _active_id(status: RotationStatus) -> str | None:
    held = status.credentials or ()
    return next((one.secret_id for one in held if one.index == status.active_index), None)


_READS: Final = (ReadApp, ListSecrets, ReadTarget, Prove)


def _without_secrets(work: _Pass, error: PortError) -> Verdict:
    """We may not read Secrets: that is told, and holds nobody's deletion up."""
    if work.resource.deleting:
        logger.warning("%s: let go, its target left as it is: %s", work.resource.key, error)
        return LetGo(error.trouble.message)
    return Blocked(error.trouble, counts=False)


def _goes_as_it_is(resource: Resource) -> bool:
    """Deletion with Retain needs nothing, and must not fail for want of a right."""
    return resource.deleting and not resource.takes_target_along


def _makes_a_secret(work: _Pass, decision: Act) -> bool:
    """Whether it writes a Secret that was not there, under no precondition but that."""
    match decision:
        case WriteState():
            return work.stored is None
        case Publish(change=change):
            return change.existing is None
    return False


def _was_discarded(stored: StoredState | None) -> bool:
    candidate = stored.state.candidate if stored is not None and stored.state else None
    return candidate is not None and candidate.discard


def _refused() -> Trouble:
    message = "Okta did not accept the new client secret; it was removed, and the old one stays"
    return Trouble(Next.RETRY, Reason.VERIFICATION_FAILED, message)


def _too_many(what: str) -> Trouble:
    message = f"too many {what} in one pass: somebody else changes the same objects"
    return Trouble(Next.RETRY, Reason.CONFLICT, message)
