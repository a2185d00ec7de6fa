"""What has to be equal between an edited resource and a fresh one, in a form that can be compared.

Left out, and why:

- identities (uid, names, app, client secrets): two resources cannot share them. A word stands for
  each, so that one in the wrong place still shows;
- times, job ids and counts of writes: they tell when and how often, not what;
- what a person put into the target: `rules.py` sees that it is still there;
- what follows from the past (`activeIndex`, `credentials`, `handledRequests`, `nextRotationAt`,
  the state's previous secret): `rules.py` holds it to the state and to Okta instead.
"""

from __future__ import annotations

import json
import re
from typing import Any

from okta_rotator.api.names import ADOPT_ANNOTATION, SECRET_ID_ANNOTATION
from tests.fuzz.subject import Hands, Seen, decoded
from tests.resources import Json

JOB = re.compile(r"job [-0-9a-f]+")


def target_of(seen: Seen, hands: Hands | None = None) -> Any:
    """The target Secret without values, and without what a person put there."""
    if seen.target is None:
        return None
    hands, metadata = hands or Hands(), seen.target["metadata"]
    wanted = seen.spec.get("target", {}).get("metadata", {})
    by_hand = {key for key in hands.labels if key not in wanted.get("labels", {})}
    noted = {key for key in hands.annotations if key not in wanted.get("annotations", {})}
    annotations = _without(metadata.get("annotations"), noted | {ADOPT_ANNOTATION})
    return _anonymous(
        seen,
        {
            "type": seen.target["type"],
            "immutable": seen.target.get("immutable") if not hands.is_immutable else None,
            "data": sorted(set(seen.target.get("data") or {}) - set(hands.data)),
            "labels": _without(metadata.get("labels"), by_hand),
            "annotations": annotations,
            "owners": metadata.get("ownerReferences"),
            "finalizers": metadata.get("finalizers"),
        },
    )


def state_of(seen: Seen) -> Any:
    """The state Secret as far as it does not tell of the past."""
    if seen.state is None:
        return None
    record, metadata = json.loads(decoded(seen.state)["record"]), seen.state["metadata"]
    told = ("format", "uid", "appId", "clientId", "orgId", "authMethod", "job", "candidate")
    return _anonymous(
        seen,
        {
            **{key: record.get(key) for key in told},
            "targetKeys": sorted(record["targetKeys"]),
            "type": seen.state["type"],
            "labels": metadata.get("labels"),
            "annotations": metadata.get("annotations"),
        },
    )


def conditions_of(seen: Seen) -> Any:
    """Status, reason and message of each condition."""
    told = ("status", "reason", "message")
    found = {kind: [c[key] for key in told] for kind, c in seen.conditions.items()}
    return _anonymous(seen, found)


def status_of(seen: Seen) -> Any:
    """The rest of the status that a fresh resource shares."""
    told = ("type", "rotationStatus", "lastRotationMessage", "connection", "rotation")
    has_failures = {"failures": "failures" in seen.status}
    finalizers = {"finalizers": seen.resource["metadata"].get("finalizers")}
    return _anonymous(seen, {**{k: seen.status.get(k) for k in told}, **has_failures, **finalizers})


def _without(found: Json | None, keys: set[str]) -> Json:
    return {key: value for key, value in (found or {}).items() if key not in keys}


def _anonymous(seen: Seen, node: Any) -> Any:
    metadata, parameters = seen.resource["metadata"], seen.spec["parameters"]
    words = {
        metadata["uid"]: "<uid>",
        # Before the name, which may be the beginning of it.
        metadata["namespace"]: "<namespace>",
        metadata["name"]: "<name>",
        parameters.get("appId", parameters["clientId"]): "<app>",
        parameters["clientId"]: "<client>",
    }
    published = ((seen.target or {}).get("metadata", {}).get("annotations") or {}).get(
        SECRET_ID_ANNOTATION
    )
    words |= {one["id"]: "<published>" for one in seen.okta if one["id"] == published}
    text = json.dumps(node, sort_keys=True)
    for identity, word in words.items():
        text = text.replace(identity, word)
    return json.loads(JOB.sub("job <id>", text))
