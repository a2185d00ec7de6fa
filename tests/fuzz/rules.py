"""Where an edited resource differs from what it has to be; nothing where it has settled."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from okta_rotator.api.base import rfc3339
from okta_rotator.api.names import LONGEST_TOKEN, SECRET_ID_ANNOTATION
from okta_rotator.api.rotation import RotationSpec
from okta_rotator.rotation.schedule import Schedule
from tests.fuzz.normal import conditions_of, state_of, status_of, target_of
from tests.fuzz.schema import annotation_of, request_verbs
from tests.fuzz.subject import Hands, Seen, decoded
from tests.fuzz.twins import Expected
from tests.resources import Json

WAITS = {"RetentionPending"}
"""Reasons of RotationFailing that only a resource with a past can have."""


@dataclass(frozen=True)
class Past:
    """What was so when the last edit was made."""

    published: str | None = None
    """Okta's id of the published secret."""
    handled: Mapping[str, str | None] = field(default_factory=dict)
    """The last token that was acted on, by verb."""


def past_of(seen: Seen) -> Past:
    annotations = ((seen.target or {}).get("metadata", {}).get("annotations")) or {}
    return Past(annotations.get(SECRET_ID_ANNOTATION), handled(seen))


def handled(seen: Seen) -> dict[str, str | None]:
    """By verb. An empty token asks for nothing, so it is the same as none."""
    told = seen.status.get("handledRequests") or {}
    return {verb: told.get(verb) or None for verb in request_verbs()}


def differences(
    seen: Seen, expected: Expected, hands: Hands, annotations: dict[str, str], past: Past
) -> list[str]:
    """Every difference, in words."""
    found = [*_of_the_writes(seen, annotations)]
    if hands.is_taken:
        return [*found, *_while_taken(seen, "")]
    keys = coveted(seen.spec, hands)
    if keys:
        return [*found, *_while_taken(seen, keys[0]), *_of_the_hands(seen, hands)]
    if hands.is_immutable and _is_told_of_the_target(seen):
        return [*found, *_while_immutable(seen)]
    found += _of_equality(seen, expected, hands)
    if not found:  # Else they would only say the same in other words.
        found += [*_of_the_target(seen, hands), *_of_credentials(seen), *_of_schedule(seen)]
        found += _of_requests(seen, annotations, past)
    return found


def _differ(what: str, has: Any, wanted: Any) -> Iterator[str]:
    if has != wanted:
        yield f"{what}: is {json.dumps(has)}, a fresh one has {json.dumps(wanted)}"


def _of_equality(seen: Seen, expected: Expected, hands: Hands) -> Iterator[str]:
    yield from _differ("target", target_of(seen, hands), expected.target)
    yield from _differ("state", state_of(seen), expected.state)
    if expected.blocked is None:
        yield from _of_a_good_value(seen, expected)
    else:
        yield from _of_a_blocked_rotation(seen, *expected.blocked)


def _of_a_good_value(seen: Seen, expected: Expected) -> Iterator[str]:
    conditions, status = conditions_of(seen), status_of(seen)
    if conditions.get("RotationFailing", ["", ""])[1] in WAITS:
        for late in ("rotationStatus", "lastRotationMessage", "failures"):
            status[late] = expected.status[late]
        del conditions["RotationFailing"]
    yield from _differ("conditions", conditions, expected.conditions)
    yield from _differ("status", status, expected.status)


def _of_a_blocked_rotation(seen: Seen, reason: str, message: str) -> Iterator[str]:
    """What keeps a fresh one from its first secret lets one with a good secret be Ready."""
    conditions = conditions_of(seen)
    ready = conditions.pop("Ready", ["", "", ""])[:2]
    yield from _differ("Ready", ready, ["True", "Published"])
    yield from _differ("conditions", conditions, {"RotationFailing": ["True", reason, message]})


def coveted(spec: Json, hands: Hands) -> list[str]:
    """Keys that the mapping names, and that hold what a person put there."""
    return sorted(set(spec["secretsMapping"].values()) & set(hands.data))


def _while_taken(seen: Seen, key: str) -> Iterator[str]:
    """The target, or a key of it, is a person's: it is left alone, and that is told."""
    conditions = {kind: c["reason"] for kind, c in seen.conditions.items()}
    wanted = {"Ready": "TargetConflict", "Stalled": "TargetConflict"}
    yield from _differ("conditions of one whose target was taken", conditions, wanted)
    name = seen.target["metadata"]["name"] if seen.target is not None else "?"
    message = seen.conditions.get("Stalled", {"message": ""})["message"]
    if f"Secret {name} " not in message or key not in message:
        yield f"the message does not name the Secret {name} and its key {key!r}: {message}"


def _is_told_of_the_target(seen: Seen) -> bool:
    """No rotation is begun either that could not be published."""
    reasons = {kind: one["reason"] for kind, one in seen.conditions.items()}
    return "Stalled" in reasons or reasons.get("RotationFailing") == "TargetConflict"


def _while_immutable(seen: Seen) -> Iterator[str]:
    """What is to be written cannot be: that is told, and the old value goes on working."""
    kind = "Stalled" if "Stalled" in seen.conditions else "RotationFailing"
    message = seen.conditions[kind]["message"]
    if "immutable" not in message:
        yield f"the message does not name the cause: {message}"
    in_use = {one["client_secret"] for one in seen.okta if one["status"] == "ACTIVE"}
    if not in_use & set(seen.data.values()):
        yield "Okta does not accept the published value"


def _of_the_writes(seen: Seen, annotations: dict[str, str]) -> Iterator[str]:
    metadata = seen.resource["metadata"]
    yield from _differ("annotations", metadata.get("annotations") or {}, annotations)
    generation = metadata["generation"]
    observed = {c.get("observedGeneration") for c in seen.conditions.values()}
    observed.add(seen.status.get("observedGeneration"))
    if observed != {generation}:
        yield f"observed generations are {observed}, the generation is {generation}"


def _of_the_target(seen: Seen, hands: Hands) -> Iterator[str]:
    assert seen.target is not None
    yield from _of_the_hands(seen, hands)
    metadata, mapping = seen.target["metadata"], seen.spec["secretsMapping"]
    if seen.data[mapping["clientId"]] != seen.spec["parameters"]["clientId"]:
        yield "the client id is wrong"
    value = seen.data[mapping["clientSecret"]]
    accepted = {o["id"] for o in seen.okta if o["client_secret"] == value}
    if not _active(seen) & accepted:
        yield "Okta does not accept the published value"
    if metadata["annotations"][SECRET_ID_ANNOTATION] not in accepted:
        yield "the target names another secret than the one it holds"


def _of_the_hands(seen: Seen, hands: Hands) -> Iterator[str]:
    """What people put into the target stays theirs."""
    metadata = seen.target["metadata"] if seen.target is not None else {}
    kept = [(hands.data, seen.data), (hands.labels, metadata.get("labels") or {})]
    kept.append((hands.annotations, metadata.get("annotations") or {}))
    for by_hand, live in kept:
        if not by_hand.items() <= live.items():
            yield f"a person's {by_hand} became {live}"


def _active(seen: Seen) -> set[str]:
    return {one["id"] for one in seen.okta if one["status"] == "ACTIVE"}


def _of_credentials(seen: Seen) -> Iterator[str]:
    told = {c["secretId"]: c["state"] for c in seen.status.get("credentials", ())}
    yield from _differ("credentials", told, {one["id"]: one["status"] for one in seen.okta})
    index = seen.status.get("activeIndex")
    active = [c["secretId"] for c in seen.status.get("credentials", ()) if c["index"] == index]
    yield from _differ("the active one", active, [past_of(seen).published])
    record = json.loads(decoded(seen.state)["record"])
    yield from _differ("generation", seen.status.get("stateGeneration"), record["generation"])


def _of_schedule(seen: Seen) -> Iterator[str]:
    """Creation and rotations by hand both count as manual."""
    spec, wanted = RotationSpec.model_validate(seen.spec), None
    if spec.is_auto_rotation_enabled:
        last = datetime.fromisoformat(seen.status["lastRotatedAt"])
        schedule = Schedule.of(spec, seen.resource["metadata"]["uid"])
        due = schedule.next_slot(last, manual=True).due
        opening = schedule.opening(due, due)
        wanted = rfc3339(opening) if opening is not None else None
    yield from _differ("nextRotationAt", seen.status.get("nextRotationAt"), wanted)


def _of_requests(seen: Seen, annotations: dict[str, str], past: Past) -> Iterator[str]:
    """A token is acted on once, and nothing but a token rotates."""
    now = handled(seen)
    for verb in sorted(now.keys() - {"replaceForeign"}):
        yield from _of_request(seen, verb, annotations.get(annotation_of(verb)), past)
    if past.published is None:
        return
    new = {verb for verb, token in now.items() if token not in (None, past.handled.get(verb))}
    has_moved = past.published != past_of(seen).published
    may_move = new & {"rotate", "rollback", "revokePrevious"}
    if (has_moved and not may_move) or (new == {"rotate"} and not has_moved):
        yield f"rotated: {has_moved}, newly handled: {new}"
    if "revokePrevious" in new and "RotationFailing" not in seen.conditions and len(seen.okta) > 1:
        yield "the previous secret was to be revoked"


def _of_request(seen: Seen, verb: str, token: str | None, past: Past) -> Iterator[str]:
    is_asked = bool(token) and len(token or "") <= LONGEST_TOKEN
    is_held_up = "RotationFailing" in seen.conditions
    has, had = handled(seen)[verb], past.handled.get(verb)
    if not (is_held_up and has in (token, had)):
        yield from _differ(f"handled {verb}", has, token if is_asked else had)
