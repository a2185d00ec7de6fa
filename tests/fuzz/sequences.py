"""Runs sequences of edits side by side, and tells what came of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random

from tests.emulator_client import EmulatorClient
from tests.fuzz.drawing import View, first_changes, next_edit
from tests.fuzz.edits import Edit, EditSpec, How, told
from tests.fuzz.kube import Kube, RefusedError
from tests.fuzz.links import STEADY, Links
from tests.fuzz.rules import Past, differences, past_of
from tests.fuzz.settling import BOUND, PAUSE, Unsettled
from tests.fuzz.subject import Seen, Subject
from tests.fuzz.twins import Expected, Twins
from tests.resources import Json, rotation

HURRY = 0.2
"""The share of changes of the spec that are followed by the next edit at once."""


@dataclass
class Run:
    """One sequence: its edits, up to the first after which something was wrong."""

    seed: int
    steps: list[str] = field(default_factory=list)
    refused: int = 0
    seconds: list[float] = field(default_factory=list)
    """How long each accepted edit took to settle."""
    failure: str | None = None

    def story(self) -> str:
        """The shortest prefix that fails, since everything is compared after every edit."""
        steps = "\n".join(f"  {number}. {step}" for number, step in enumerate(self.steps))
        again = f"python -m tests.fuzz --seed {self.seed} --edits {len(self.steps) - 1}"
        return f"{again}\n{steps}\n  {self.failure}"


@dataclass(frozen=True)
class Ground:
    """What all sequences stand on: a namespace with an operator, and the emulator."""

    kube: Kube
    okta: EmulatorClient
    token: str


def run_all(ground: Ground, seeds: Iterable[int], edits: int, at_once: int) -> list[Run]:
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda seed: run_one(ground, seed, edits), seeds))


def run_one(ground: Ground, seed: int, edits: int) -> Run:
    """The same seed draws the same edits, as long as they are answered alike."""
    run = Run(seed)
    sequence = Sequence(ground, run)
    try:
        sequence.begin()
        for _ in range(edits):
            sequence.step()
        sequence.end()
    except Unsettled as failure:
        run.failure = str(failure)
    return run


def summary(runs: Iterable[Run]) -> str:
    runs = list(runs)
    seconds = [one for run in runs for one in run.seconds]
    edits = sum(len(run.steps) - 1 for run in runs)
    return (
        f"sequences {len(runs)}, edits {edits}, refused {sum(run.refused for run in runs)}, "
        f"settle time: median {statistics.median(seconds):.1f} s, worst {max(seconds):.1f} s"
    )


def _is_revoked(spec: Json) -> bool:
    """Whether deletion ends the secrets in Okta, so that a new resource begins anew."""
    return spec["deletionPolicy"].get("oktaSecrets", "Retain") != "Retain"


def _is_of_null(edit: EditSpec, refusal: str) -> bool:
    """Server-side apply makes null of an object whose last field it takes away, and refuses that.

    Kubernetes' own, and open: kubernetes-sigs/structured-merge-diff, issue 305.
    """
    return edit.how is How.APPLY and 'must be of type object: "null"' in refusal


class Sequence:
    """A resource that is edited, and compared after each edit."""

    def __init__(self, ground: Ground, run: Run) -> None:
        self._run = run
        self._random = Random(run.seed)
        self._subject = Subject(ground.kube, ground.okta, f"fuzz-{run.seed}", ground.token)
        self._links = Links(ground.kube, f"fresh-link-{run.seed}")
        self._twins = Twins(self._subject, STEADY)
        self._past = Past()
        self._is_hurried = False

    def begin(self) -> None:
        changes = first_changes(rotation()["spec"], self._random)
        self._run.steps.append(f"create with {told(changes)}")
        self._subject.begin(changes)
        self._settle()

    def step(self) -> None:
        edit = next_edit(self._view(), self._random)
        self._run.steps.append(str(edit))
        before = self._subject.seen()
        try:
            self._subject.make(edit)
        except RefusedError as refusal:
            self._run.refused += 1
            self._judge_refusal(edit, str(refusal), before)
        else:
            # Now and then the next edit comes at once, as people who mistyped have it.
            self._is_hurried = isinstance(edit, EditSpec) and self._random.random() < HURRY
            if not self._is_hurried:
                self._settle()

    def end(self) -> None:
        if self._is_hurried:
            self._settle()
        self._run.steps.append("delete")
        self._subject.remove_and_wait()

    def _judge_refusal(self, edit: Edit, refusal: str, before: Seen) -> None:
        """A refused edit names the field, and has changed nothing."""
        if not isinstance(edit, EditSpec) or (edit.is_sound and not _is_of_null(edit, refusal)):
            raise Unsettled(f"a sound edit was refused: {refusal}")
        if not any(place[-1] in refusal or place[0] in refusal for place, _ in edit.changes):
            raise Unsettled(f"the refusal does not name the field: {refusal}")
        if self._is_hurried:
            self._settle()
        elif self._subject.seen() != before:
            raise Unsettled(f"refused, and yet something has changed: {refusal}")

    def _settle(self) -> None:
        """Wait until nothing differs from a fresh resource any more."""
        since = time.monotonic()
        situation = self._links.settle(self._subject.connections["main"])
        expected = self._twins.expected(self._subject.seen(), situation)
        seen = self._until_equal(expected, since)
        self._run.seconds.append(time.monotonic() - since)
        if "Stalled" not in seen.conditions:
            self._past = past_of(seen)

    def _until_equal(self, expected: Expected, since: float) -> Seen:
        subject = self._subject
        while True:
            seen = subject.seen()
            subject.settle_hands(seen.spec)
            found = differences(seen, expected, subject.hands, subject.annotations, self._past)
            if not found:
                return seen
            if time.monotonic() - since > BOUND:
                raise Unsettled(f"not within {BOUND:.0f} s: " + "\n  ".join(found))
            time.sleep(PAUSE)

    def _view(self) -> View:
        seen, link = self._subject.seen(), self._subject.connections["main"]
        connection = self._subject.kube.get("oktaconn", link)
        return View(
            spec=seen.spec,
            connection=connection["spec"] if connection is not None else None,
            target=seen.target,
            needs_mending=self._subject.hands.is_taken or self._subject.hands.is_immutable,
            annotations=self._subject.annotations,
            connection_is_broken=self._links.is_broken(link),
            can_be_remade=[*seen.conditions] == ["Ready"] and not _is_revoked(seen.spec),
        )
