"""A small world for the engine: an Okta app, a cluster and a clock, with the promises we make.

After each effect of a port the promises are held against the world, so a test that merely runs
the engine here fails at the very call that breaks one. The process can crash and be started anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from okta_rotator.api.names import STATE_SUFFIX
from okta_rotator.api.rotation import OktaSecretsAction
from okta_rotator.rotation.decisions import LetGo, Settled
from okta_rotator.rotation.engine import Engine, Outcome
from okta_rotator.rotation.okta_view import OktaSecret
from okta_rotator.rotation.snapshot import Connection, Draw, Resource, SecretObject
from okta_rotator.rotation.state import State, from_data
from okta_rotator.rotation.target import published_value, target_name
from okta_rotator.rotation.trouble import PortError
from okta_rotator.rotation.values import (
    RANDOM_BYTES,
    SecretValue,
    is_made_by_a_rotator,
    is_stand_in,
)
from tests.unit.rotation import builders
from tests.unit.rotation.fake_cluster import FakeCluster
from tests.unit.rotation.fake_okta import APPS_BUCKET, FakeOkta
from tests.unit.rotation.faults import LATENESS, Clock, CrashError, Fault, Wire

MOST_PASSES = 40
"""More would mean that the world does not come to rest."""

RESTART = timedelta(seconds=3)
RETRY = timedelta(seconds=1)


class World:
    """One resource, one app, one process at a time. Implements `ConnectionsPort`."""

    def __init__(self, resource: Resource | None = None) -> None:
        self.clock = Clock()
        self.wire = Wire(self.clock, self._check)
        self.okta = FakeOkta(self.clock, self.wire)
        self.cluster = FakeCluster(self.wire, resource or builders.resource())
        self.connection = builders.CONNECTION
        self.neighbours: tuple[tuple[Resource, bool], ...] = ()
        self.claims: dict[str, int] = {}
        """Which resources have reached their app, in which order."""
        self.broken_by_a_person = False
        """From now on the published value and unknown secrets are not held against us."""
        self.untouchable: dict[str, OktaSecret] = {}
        """Secrets of strangers, which nobody asked us to touch."""
        self._draws = 0
        self.engine = self._new_engine()

    def connection_of(self, resource: Resource) -> Connection:
        return self.connection

    def okta_of(self, resource: Resource) -> FakeOkta:
        return self.okta

    def neighbours_of(self, resource: Resource) -> tuple[tuple[Resource, bool], ...]:
        return self.neighbours

    def claim_of(self, resource: Resource) -> int | None:
        return self.claims.get(resource.uid)

    def reached_its_app(self, resource: Resource) -> None:
        self.claims.setdefault(resource.uid, len(self.claims))

    def was_kept_from_its_app(self, resource: Resource) -> None:
        self.claims.pop(resource.uid, None)

    @property
    def resource(self) -> Resource:
        return self.cluster.resource

    @property
    def state(self) -> State:
        state = self.recorded()
        assert state is not None, "there is no state Secret"
        return state

    @property
    def target(self) -> SecretObject:
        return self.cluster.secrets[target_name(self.resource)]

    @property
    def published(self) -> SecretValue | None:
        if self.resource.spec is None:
            return None
        target = self.cluster.secrets.get(target_name(self.resource))
        return published_value(target, self.resource)

    @property
    def ours_in_okta(self) -> list[OktaSecret]:
        return [s for s in self.okta.secrets if s.value and is_made_by_a_rotator(s.value)]

    @property
    def apps_calls(self) -> list[str]:
        """The calls so far that Okta's small rate limit counts."""
        return [call.name for call in self.wire.calls if call.name in APPS_BUCKET]

    @property
    def stand_ins_in_okta(self) -> list[OktaSecret]:
        return [one for one in self.okta.secrets if is_stand_in(one.value)]

    @property
    def revokes(self) -> bool:
        """Whether the resource is going away, and its client secrets with it."""
        spec = self.resource.spec
        revoke = OktaSecretsAction.REVOKE
        is_revoked = spec is not None and spec.deletion_policy.okta_secrets is revoke
        return self.resource.deleting and is_revoked

    def recorded(self) -> State | None:
        secret = self.cluster.secrets.get(self.resource.key.name + STATE_SUFFIX)
        return None if secret is None else from_data(secret.data)

    def condition(self, kind: str) -> tuple[str, str] | None:
        """The status and the reason of a condition; None where it is absent."""
        found = [c for c in self.resource.status.conditions or () if c.type == kind]
        return (found[0].status, found[0].reason) if found else None

    def add_fault(self, fault: Fault) -> None:
        self.wire.faults.append(fault)

    def put_foreign(self, text: str) -> OktaSecret:
        """A person makes a secret that nobody may touch unasked."""
        secret = self.okta.put(text)
        self.untouchable[secret.id] = secret
        return secret

    def forget_calls(self) -> None:
        self.wire.calls.clear()

    def annotate(self, **annotations: str) -> None:
        """`rotate="t1"` sets the annotation okta-rotator.dev/rotate."""
        prefixed = {f"okta-rotator.dev/{key}": value for key, value in annotations.items()}
        merged = {**self.resource.annotations, **prefixed}
        self.cluster.change_resource(replace(self.resource, annotations=merged))

    def change_spec(self, changes: Mapping[str, object]) -> None:
        """A person applies a manifest with these changes by path."""
        generation = self.resource.generation + 1
        spec = builders.resource(changes).spec
        self.cluster.change_resource(replace(self.resource, spec=spec, generation=generation))

    def begin_deletion(self) -> None:
        self.cluster.change_resource(replace(self.resource, deleting=True))

    def restart(self) -> None:
        """The process is gone, and a new one begins with an empty memory."""
        self.clock.advance(RESTART)
        self.claims.clear()
        self.engine = self._new_engine()

    async def run(self) -> Outcome:
        """One pass."""
        return await self.engine.run(self.resource)

    async def settle(self) -> Outcome:
        """Passes and the waiting between them, through crashes, until nothing is due."""
        for _ in range(MOST_PASSES):
            outcome = await self._survive()
            if outcome is None:
                continue
            is_settled = isinstance(outcome.verdict, Settled | LetGo)
            if not is_settled and outcome.next_look is not None:
                self.clock.advance_to(outcome.next_look)
            elif self.clock.late:
                self.clock.advance(LATENESS)
            else:
                return outcome
        raise AssertionError("the world does not come to rest")

    async def _survive(self) -> Outcome | None:
        try:
            return await self.run()
        except PortError:
            self.clock.advance(RETRY)
        except CrashError:
            self.restart()
        return None

    def _new_engine(self) -> Engine:
        return Engine(self.cluster, self, self, self.clock, self._draw)

    def _draw(self) -> Draw:
        self._draws += 1
        seed = hashlib.sha512(str(self._draws).encode()).digest()
        return Draw(f"job-{self._draws}", seed[:RANDOM_BYTES])

    def _check(self) -> None:
        """The promises, held against the world after each effect."""
        assert len(self.okta.secrets) <= 2
        for secret_id, secret in self.untouchable.items():
            assert secret in self.okta.secrets, f"the foreign secret {secret_id} was touched"
        if self.broken_by_a_person:
            return
        published = self.published
        assert published is None or self.okta.accepts(published), "a dead value is published"
        state = self.recorded()
        known = state.values if state is not None else ()
        for secret in self.ours_in_okta:
            is_left = is_stand_in(secret.value) and state is None
            assert is_left or secret.value in known, f"the state forgot {secret.id}, made by us"
        if self.revokes:
            return
        if state is not None and state.active is not None and state.active.value is not None:
            assert self.okta.accepts(state.active.value), "the active secret does not work"
