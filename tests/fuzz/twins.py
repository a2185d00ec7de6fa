"""Fresh resources, and what an edited one has to be equal to."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from tests.fuzz.normal import conditions_of, state_of, status_of, target_of
from tests.fuzz.settling import wait_until
from tests.fuzz.subject import KIND, Party, Seen, Subject
from tests.resources import Json


@dataclass(frozen=True)
class Expected:
    """What a fresh resource with the same spec and annotations comes to."""

    conditions: Any
    status: Any
    target: Any
    state: Any
    blocked: tuple[str, str] | None
    """Reason and message, where the fresh one is kept from its first rotation. `target` and
    `state` are then those of another one, with the same spec but for a connection that works."""


class Twins:
    """Makes the fresh resources of one sequence; the same question is asked once."""

    def __init__(self, subject: Subject, steady: str) -> None:
        self._subject = subject
        self._steady = steady
        self._numbers = count(1)
        self._known: dict[str, Expected] = {}

    def expected(self, seen: Seen, situation: str) -> Expected:
        """`situation` names whatever else a fresh resource may depend on: its connection."""
        question = json.dumps([seen.spec, self._subject.annotations, situation], sort_keys=True)
        if question not in self._known:
            self._known[question] = self._found_out(seen.spec)
        return self._known[question]

    def _found_out(self, spec: Json) -> Expected:
        with self._twin(spec, self._subject.annotations) as twin:
            found = _at_rest(twin)
        ready = found.conditions["Ready"]
        if ready["status"] == "True":
            return _expected(found, found, None)
        connected = {**spec, "connection": {**spec["connection"], "name": self._steady}}
        with self._twin(connected, {}) as able:
            published = _at_rest(able)
        message: str = conditions_of(found)["Ready"][2]
        return _expected(found, published, (ready["reason"], message))

    @contextmanager
    def _twin(self, spec: Json, annotations: dict[str, str]) -> Iterator[Party]:
        """A fresh resource with an app of its own, for as long as the block lasts."""
        subject = self._subject
        twin = Party(subject.kube, subject.okta, f"{subject.name}-twin{next(self._numbers)}")
        metadata = {"name": twin.name, "annotations": annotations}
        its_spec = _of_twin(spec, subject, twin)
        subject.kube.create("ocsr", {**KIND, "metadata": metadata, "spec": its_spec})
        yield twin
        twin.remove()


def _of_twin(spec: Json, subject: Subject, twin: Party) -> Json:
    spec = copy.deepcopy(spec)
    for key, value in spec["parameters"].items():
        spec["parameters"][key] = value.replace(subject.app_id, twin.app_id)
    target = spec.get("target", {})
    if "name" in target:
        target["name"] = target["name"].replace(subject.name, twin.name)
    return spec


def _at_rest(twin: Party) -> Seen:
    """A fresh resource once it is Ready, or has said why it cannot be."""
    wait_until(lambda: _has_settled(twin.seen()), f"the fresh resource {twin.name} settles")
    return twin.seen()


def _has_settled(seen: Seen) -> bool:
    if seen.status.get("observedGeneration") != seen.resource["metadata"]["generation"]:
        return False
    ready = seen.conditions["Ready"]
    if ready["status"] == "True":
        return "Rotating" not in seen.conditions
    return bool(ready["reason"] != "Progressing")


def _expected(found: Seen, able: Seen, blocked: tuple[str, str] | None) -> Expected:
    return Expected(
        conditions=conditions_of(found),
        status=status_of(found),
        target=target_of(able),
        state=state_of(able),
        blocked=blocked,
    )
