"""Walks every reachable state of `okta_rotator.rotation.decide.decide`, to a fixed point.

From a first world, every step is taken that may be: the decision with each of its outcomes, a late
effect, time, and a person's hands, within budgets for faults, hands and due dates. What the steps
are is told in `bench.py` (the engine's own) and `hands.py`. Each step is held against the promises
(`promises.py`), and from each world that was reached, the way on without further trouble must end
well and stay so (`goals.py`).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from time import process_time
from typing import NamedTuple

from okta_rotator.rotation.decisions import Blocked, Decision, Settled, Verdict
from okta_rotator.rotation.trouble import Next
from tests.explorer import hands
from tests.explorer.bench import Bench, Setup, decision_on
from tests.explorer.canon import canonical
from tests.explorer.forms import World
from tests.explorer.goals import calmed, is_final, shortfall
from tests.explorer.hands import Hand, rotation_comes_due
from tests.explorer.outcomes import Outcome, possible, row_of
from tests.explorer.promises import OF_PROOFS, broken
from tests.explorer.real import NOW


class Budget(NamedTuple):
    """How much trouble may still come on a path."""

    faults: int = 0
    hands: int = 0
    dues: int = 0

    def covers(self, other: Budget) -> bool:
        return all(mine >= theirs for mine, theirs in zip(self, other, strict=True))

    def less(self, cost: Budget) -> Budget | None:
        left = Budget(*(mine - theirs for mine, theirs in zip(self, cost, strict=True)))
        return left if min(left) >= 0 else None


FREE, FAULT, HAND, DUE = Budget(), Budget(faults=1), Budget(hands=1), Budget(dues=1)


class Move(NamedTuple):
    """One step out of a world."""

    name: str
    cost: Budget
    to: int


@dataclass(frozen=True, eq=False)
class Configuration:
    """One exploration: where it begins, who interferes, and how often."""

    name: str
    first: World
    setup: Setup
    hands: tuple[Hand, ...]
    budget: Budget
    dues: tuple[Hand, ...] = (rotation_comes_due,)


@dataclass
class Findings:
    """What an exploration saw."""

    name: str
    worlds: int = 0
    states: int = 0
    """Worlds, each with what is left of the budgets, as far as one does not cover another."""
    transitions: int = 0
    seconds: float = 0.0
    cells: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    broken: dict[str, list[str]] = field(default_factory=dict)
    """Each promise that was broken, with the shortest way to it."""


@dataclass(slots=True)
class _Node:
    world: World
    decision: Decision | None = None
    following: World | None = None
    moves: dict[Budget, tuple[Move, ...]] = field(default_factory=dict)
    rests: bool = False


class Explorer:
    """One exploration under way."""

    def __init__(
        self, configuration: Configuration, until: str | None = None, most: float = inf
    ) -> None:
        self._it, self._until, self._most = configuration, until, most
        self._nodes: list[_Node] = []
        self._numbers: dict[World, int] = {}
        self._reached: dict[int, list[Budget]] = {}
        self._ways: dict[tuple[int, Budget], tuple[tuple[int, Budget], str] | None] = {}
        self._blamed: list[tuple[int, str, str]] = []
        self.findings = Findings(configuration.name)

    def run(self) -> Findings:
        begin = process_time()
        self._walk()
        self.findings.worlds = len(self._reached)
        self.findings.states = sum(map(len, self._reached.values()))
        self.findings.seconds = process_time() - begin
        return self.findings

    def worlds(self) -> Iterator[World]:
        """All that were reached."""
        return (self._nodes[at].world for at in self._reached)

    def _walk(self) -> None:
        first = self._number(self._it.first)
        queue = deque([(first, self._it.budget)])
        self._reached[first] = [self._it.budget]
        self._ways[first, self._it.budget] = None
        while queue:
            at, budget = here = queue.popleft()
            if budget not in self._reached[at]:
                continue
            self._blamed.clear()
            self._demand_rest(at)
            for move in self._moves(at, budget):
                self.findings.transitions += 1
                left = budget.less(move.cost)
                if left is not None and self._is_news(move.to, left):
                    self._ways[move.to, left] = (here, move.name)
                    queue.append((move.to, left))
            for _, name, promise in self._blamed:
                self.findings.broken.setdefault(promise, [*self._way(here), name])
            if self._until in self.findings.broken or len(self._reached) > self._most:
                return

    def _is_news(self, at: int, budget: Budget) -> bool:
        known = self._reached.setdefault(at, [])
        if any(one.covers(budget) for one in known):
            return False
        known[:] = [one for one in known if not budget.covers(one)]
        known.append(budget)
        return True

    def _way(self, here: tuple[int, Budget]) -> list[str]:
        names: list[str] = []
        while (step := self._ways[here]) is not None:
            here, name = step
            names.append(name)
        return names[::-1]

    def _number(self, world: World) -> int:
        number = self._numbers.setdefault(world, len(self._nodes))
        if number == len(self._nodes):
            self._nodes.append(_Node(world))
        return number

    # ------------------------------------------------------------------ the steps

    def _moves(self, at: int, budget: Budget) -> Iterator[Move]:
        node = self._nodes[at]
        for cost in (FREE, FAULT, HAND, DUE):
            if budget.less(cost) is None:
                continue
            if cost not in node.moves:
                node.moves[cost] = tuple(self._made(at, cost))
            yield from node.moves[cost]

    def _made(self, at: int, cost: Budget) -> Iterator[Move]:
        world = self._nodes[at].world
        for name, to in self._steps(at, world, cost):
            yield Move(name, cost, self._number(to))

    def _steps(self, at: int, world: World, cost: Budget) -> Iterator[tuple[str, World]]:
        if world.gone:
            return
        if cost is FREE:
            yield from self._own_steps(at, world)
        elif cost is FAULT:
            yield from self._broken_steps(at, world)
        elif cost is HAND:
            yield from hands.moves_of(self._it.hands, world)
        else:
            yield from hands.moves_of(self._it.dues, world)

    def _own_steps(self, at: int, world: World) -> Iterator[tuple[str, World]]:
        if world.running is None:
            yield "a pass begins", self._undisturbed(at)
        else:
            yield from self._outcomes(at, world, (Outcome.DONE,))
        for name, to in hands.landings(world):
            self._judge(at, name, world, None, to)
            yield name, to
        yield from hands.time_passes(world)
        yield from hands.recoveries(world)

    def _broken_steps(self, at: int, world: World) -> Iterator[tuple[str, World]]:
        if world.running is None:
            yield "a restart", canonical(world._replace(memory=None))
            return
        yield from self._outcomes(at, world, (o for o in Outcome if o is not Outcome.DONE))

    def _outcomes(
        self, at: int, world: World, outcomes: Iterable[Outcome]
    ) -> Iterator[tuple[str, World]]:
        decision = self._decision(at)
        row, can = row_of(decision), possible(type(decision))
        for outcome in outcomes:
            if outcome not in can:
                continue
            if outcome is Outcome.DONE:
                to: World | None = self._undisturbed(at)
            else:
                to = Bench(self._it.setup, world).after(decision, outcome)
            if to is None:
                continue
            self.findings.cells[row, outcome] += 1
            name = f"{row}: {outcome} ({decision.why})"
            self._judge(at, name, world, decision, to)
            yield name, to

    def _undisturbed(self, at: int) -> World:
        """A pass begins, or the decision of one has its effect and its answer."""
        node = self._nodes[at]
        if node.following is None and node.world.running is None:
            node.following = Bench(self._it.setup, hands.waking(node.world)).begun()
        elif node.following is None:
            bench = Bench(self._it.setup, node.world)
            node.following = bench.after(self._decision(at), Outcome.DONE)
        assert node.following is not None
        return node.following

    def _decision(self, at: int) -> Decision:
        node = self._nodes[at]
        if node.decision is None:
            node.decision = decision_on(self._it.setup, node.world)
        return node.decision

    def _judge(
        self, at: int, name: str, before: World, decision: Decision | None, after: World
    ) -> None:
        for promise in self._broken(before, decision, after):
            self._blame(at, name, promise)

    def _blame(self, at: int, name: str, promise: str) -> None:
        if self._it.setup.verifies or promise not in OF_PROOFS:
            self._blamed.append((at, name, promise))

    def _broken(self, before: World, decision: Decision | None, after: World) -> Iterator[str]:
        it = self._it
        return broken(before, decision, after, it.budget.faults, it.setup)

    # ------------------------------------------------------------------ coming to rest

    def _demand_rest(self, at: int) -> None:
        """From here on nothing breaks: it must end well, and stay so."""
        way: list[int] = []
        while not self._nodes[at].rests:
            world = self._nodes[at].world
            if world.gone or world.late:
                break  # Of what is under way, both ends are looked at: landed, and never landing.
            if at not in way:
                way.append(at)
                at = self._calm_step(at, world)
                continue
            self._judge_rest(
                [one for one in way[way.index(at) :] if self._nodes[one].world.running]
            )
            break
        for one in way:
            self._nodes[one].rests = True

    def _calm_step(self, at: int, world: World) -> int:
        """What follows without trouble."""
        if world.running is None:
            calm = canonical(calmed(world))
            return self._number(self._undisturbed(at) if calm == world else calm)
        decision, done = self._decision(at), self._undisturbed(at)
        return self._number(self._waited(decision, done) if isinstance(decision, Verdict) else done)

    def _rest_of(self, circle: list[int]) -> int | None:
        """The final verdict that a way which has come back to where it was gives again and again.

        While a person is waited for, a refused value may be put to Okta now and then.
        """
        verdicts = [one for one in circle if isinstance(self._decision(one), Verdict)]
        final = [one for one in verdicts if is_final(self._decision(one))]
        if not final or any(self._decision(one) != self._decision(final[0]) for one in final):
            return None
        is_rest = len(verdicts) == 1 or isinstance(self._decision(final[0]), Blocked)
        is_still = len({self._nodes[one].world.okta for one in circle}) == 1
        return final[0] if is_rest and is_still else None

    def _judge_rest(self, circle: list[int]) -> None:
        """The way has come back to where it was: that must be rest, and a good one."""
        at, wrong = self._rest_of(circle), "it does not come to rest"
        if at is not None:
            world = self._nodes[at].world
            told = shortfall(world, self._decision(at), self._it.setup.shows_values)
            if told is None:
                return
            wrong = told
        rows = ", ".join(row_of(self._decision(one)) for one in circle)
        self._blame(circle[-1], f"for ever: {rows}", wrong)

    def _waited(self, verdict: Verdict, done: World) -> World:
        if is_final(verdict):
            # Nobody does anything, and a day passes: what is published is put to Okta again.
            return hands.after_a_day(done) if isinstance(verdict, Settled) else done
        until = verdict.trouble.until if isinstance(verdict, Blocked) else None
        if isinstance(verdict, Blocked) and verdict.trouble.next is Next.WAIT and until is not None:
            seconds = (until - NOW).total_seconds()
            if seconds <= 15:
                return hands.after_seconds(done)
            if seconds > 2 * 3600:
                return hands.after_a_day(done)
        return hands.after_an_hour(done)


def explore(configuration: Configuration, until: str | None = None) -> Findings:
    """Walk to the fixed point, or until this promise is broken."""
    return Explorer(configuration, until).run()
