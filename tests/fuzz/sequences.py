"""Runs sequences of edits side by side, and tells what came of them."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random
from typing import Protocol

from tests.controlplane import ControlPlane
from tests.emulator_client import EmulatorClient
from tests.fuzz.drawing import View, first_changes, next_edit
from tests.fuzz.edits import Act, Changes, Edit, EditSpec, EditTarget, How, NameConnection, told
from tests.fuzz.kube import Kube, RefusedError
from tests.fuzz.links import STEADY, Links
from tests.fuzz.rules import Past, coveted, differences, past_of
from tests.fuzz.settling import BOUND, PAUSE, Unsettled
from tests.fuzz.subject import Seen, Subject, is_revoked
from tests.fuzz.twins import Expected, Twins
from tests.resources import Json, rotation

HURRY = 0.2
"""The share of changes of the spec that are followed by the next edit at once."""


MOST_HANDS = 4
"""Edits of the target in one sequence: at the fifth repair in a minute the operator waits."""


_NUMBERS = count(1)


@dataclass
class Run:
    """One sequence: its edits, up to the first after which something was wrong."""

    name: str
    steps: list[str] = field(default_factory=list)
    edits: int = 0
    refused: int = 0
    seconds: list[float] = field(default_factory=list)
    """How long each accepted edit took to settle."""
    failure: str | None = None

    def story(self) -> str:
        """The shortest prefix that fails, since everything is compared after every edit."""
        steps = "\n".join(f"  {number}. {step}" for number, step in enumerate(self.steps))
        return f"{self.name} --edits {self.edits}\n{steps}\n  {self.failure}"


@dataclass(frozen=True)
class Ground:
    """What all sequences stand on: a namespace with an operator, and the emulator."""

    control_plane: ControlPlane
    namespace: str
    okta_url: str
    token: str

    @contextmanager
    def clients(self) -> Iterator[tuple[Kube, EmulatorClient]]:
        """Of one sequence alone: to share connections among threads is no good under load."""
        kube = Kube(self.control_plane, self.namespace)
        with contextlib.closing(kube), EmulatorClient(self.okta_url) as okta:
            yield kube, okta


class Author(Protocol):
    """Who says what is done next."""

    name: str

    def first(self, spec: Json) -> Changes:
        """How the resource differs from the smallest one."""

    def next(self, view: View) -> Edit | None:
        """None: no more."""

    def hurries(self) -> bool:
        """Whether the next edit comes at once, as people who mistyped have it."""


class Drawn:
    """The same seed draws the same edits, as long as they are answered alike."""

    def __init__(self, seed: int, edits: int) -> None:
        self.name = f"python -m tests.fuzz --seed {seed}"
        self._random = Random(seed)
        self._left = edits

    def first(self, spec: Json) -> Changes:
        return first_changes(spec, self._random)

    def next(self, view: View) -> Edit | None:
        self._left -= 1
        return next_edit(view, self._random) if self._left >= 0 else None

    def hurries(self) -> bool:
        return self._random.random() < HURRY


class Told:
    """Edits that were written down."""

    def __init__(self, name: str, edits: Iterable[Edit]) -> None:
        self.name = name
        self._edits = iter(edits)

    def first(self, spec: Json) -> Changes:
        """With a target that has a name of its own, which not every watch can guess."""
        return ((("target", "name"), "NAME-target"),)

    def next(self, view: View) -> Edit | None:
        return next(self._edits, None)

    def hurries(self) -> bool:
        return False


def run_all(ground: Ground, authors: Iterable[Author], at_once: int = 4) -> list[Run]:
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda author: _run(ground, author), authors))


def _run(ground: Ground, author: Author) -> Run:
    with ground.clients() as (kube, okta):
        return Sequence(kube, okta, ground.token, author).run()


def summary(runs: Iterable[Run]) -> str:
    runs = list(runs)
    seconds = [one for run in runs for one in run.seconds]
    edits = sum(run.edits for run in runs)
    return (
        f"sequences {len(runs)}, edits {edits}, refused {sum(run.refused for run in runs)}, "
        f"settle time: median {statistics.median(seconds):.1f} s, worst {max(seconds):.1f} s"
    )


def _is_of_null(edit: EditSpec, refusal: str) -> bool:
    """Server-side apply makes null of an object whose last field it takes away, and refuses that.

    Kubernetes' own, and open: kubernetes-sigs/structured-merge-diff, issue 305.
    """
    return edit.how is How.APPLY and 'must be of type object: "null"' in refusal


class Sequence:
    """A resource that is edited, and compared after each edit."""

    def __init__(self, kube: Kube, okta: EmulatorClient, token: str, author: Author) -> None:
        self._author = author
        self._run = Run(author.name)
        number = next(_NUMBERS)
        self._subject = Subject(kube, okta, f"fuzz-{number}", token)
        self._links = Links(kube, f"fresh-link-{number}")
        self._twins = Twins(self._subject, STEADY)
        self._past = Past()
        self._is_hurried = False
        self._hands_used = 0

    def run(self) -> Run:
        """Until something is wrong, or there are no more edits."""
        try:
            self._begin()
            while (edit := self._author.next(self._view())) is not None:
                self._step(edit)
            self._end()
        except Unsettled as failure:
            self._run.failure = str(failure)
        return self._run

    def _begin(self) -> None:
        changes = self._author.first(rotation()["spec"])
        self._run.steps.append(f"create with {told(changes)}")
        self._subject.begin(changes)
        self._settle()

    def _step(self, edit: Edit) -> None:
        self._run.steps.append(str(edit))
        self._run.edits += 1
        self._hands_used += edit is Act.DELETE_TARGET or isinstance(edit, EditTarget)
        if self._is_hurried and edit is Act.REMAKE:
            # What has to be left of the target is read off the target as it settled.
            self._settle()
        before = self._subject.seen()
        try:
            self._subject.make(edit)
        except RefusedError as refusal:
            self._run.refused += 1
            self._judge_refusal(edit, str(refusal), before)
        else:
            self._is_hurried = isinstance(edit, EditSpec) and self._author.hurries()
            if not self._is_hurried:
                self._settle()

    def _end(self) -> None:
        if self._is_hurried:
            self._settle()
        self._run.steps.append("delete")
        if is_revoked(self._subject.seen().spec):
            # Revocation waits for a connection that works.
            self._subject.make(NameConnection("spare"))
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
        self._past = past_of(seen)
        if "Stalled" in seen.conditions:
            # What is published when that is over may be another secret, without a new token.
            self._past = replace(self._past, published=None)

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
        hands = self._subject.hands
        connection = self._subject.kube.get("oktaconn", link)
        return View(
            spec=seen.spec,
            connection=connection["spec"] if connection is not None else None,
            target=seen.target,
            needs_mending=hands.is_taken or hands.is_immutable or bool(coveted(seen.spec, hands)),
            may_use_hands=self._hands_used < MOST_HANDS,
            annotations=self._subject.annotations,
            connection_is_broken=self._links.is_broken(link),
            can_be_remade=[*seen.conditions] == ["Ready"] and not is_revoked(seen.spec),
        )
