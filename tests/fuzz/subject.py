"""The resource that is edited: its app, its connections, and what people did to them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from okta_rotator.api.names import ADOPT_ANNOTATION, ROTATION_LABEL, ROTATION_NAME_ANNOTATION
from tests.emulator_client import EmulatorClient
from tests.fuzz.edits import (
    Act,
    Annotate,
    Changes,
    Edit,
    EditSpec,
    EditTarget,
    How,
    Kind,
    NameConnection,
    nested,
    with_changes,
)
from tests.fuzz.kube import APPLY, JSON_PATCH, MERGE, ConflictError, Kube
from tests.fuzz.settling import Unsettled, wait_until
from tests.resources import Json, connection, rotation
from tests.scene import STATE_SUFFIX

KIND = {"apiVersion": "okta-rotator.dev/v1alpha1", "kind": "OktaClientSecretRotation"}
ROLES = ("main", "spare")
STAND_IN = "okr_standin_"
TOKEN_KEY = "apiToken"


@dataclass
class Hands:
    """What is there because a person put it there, and not because the spec says so."""

    data: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    is_taken: bool = False
    """The target carries no mark of ours, or another's."""
    is_immutable: bool = False
    """Kubernetes lets nobody change its data any more."""


@dataclass(frozen=True)
class Seen:
    """What the API server and Okta hold of one resource."""

    resource: Json
    target: Json | None
    state: Json | None
    okta: list[Json]

    @property
    def spec(self) -> Json:
        return dict(self.resource["spec"])

    @property
    def status(self) -> Json:
        return dict(self.resource.get("status") or {})

    @property
    def conditions(self) -> dict[str, Json]:
        return {c["type"]: c for c in self.status.get("conditions") or ()}

    @property
    def data(self) -> dict[str, str]:
        return decoded(self.target)


def decoded(secret: Json | None) -> dict[str, str]:
    """The data of a Secret as text."""
    data = ((secret or {}).get("data") or {}).items()
    return {key: base64.b64decode(value).decode(errors="replace") for key, value in data}


def is_revoked(spec: Json) -> bool:
    """Whether deletion ends the secrets in Okta, so that a new resource begins anew."""
    return bool(spec["deletionPolicy"]["oktaSecrets"] == "Revoke")


def target_name(resource: Json) -> str:
    """The name of the target Secret."""
    return str(resource["spec"]["target"].get("name") or resource["metadata"]["name"])


class Party:
    """A rotation with an app of its own: the one that is edited, or a fresh one like it."""

    def __init__(self, kube: Kube, okta: EmulatorClient, name: str) -> None:
        self.kube, self.okta, self.name = kube, okta, name
        self.app_id: str = okta.make_app(secrets=[])["id"]

    def seen(self) -> Seen:
        resource = self.kube.get("ocsr", self.name)
        assert resource is not None, f"{self.name} is gone"
        return Seen(
            resource=resource,
            target=self.kube.get("secret", target_name(resource)),
            state=self.kube.get("secret", self.name + STATE_SUFFIX),
            okta=list(self.okta.app_state(self.app_id)["secrets"]),
        )

    def remove(self) -> None:
        self.kube.delete("ocsr", self.name)


class Subject(Party):
    """The one that is edited, as people and pipelines do it."""

    def __init__(self, kube: Kube, okta: EmulatorClient, name: str, token: str) -> None:
        super().__init__(kube, okta, name)
        # Not named after the resource, whose name is left out of comparisons.
        prefix = "link-" + name.removeprefix("fuzz-")
        self.connections = {role: f"{prefix}-{role}" for role in (*ROLES, "nobody")}
        self.token = token
        self.hands = Hands()
        self.annotations: dict[str, str] = {}
        for role in ROLES:
            self._connect(role)

    def begin(self, changes: Changes) -> None:
        body = rotation({"spec.parameters.clientId": self.app_id}, self.name)
        body["spec"]["connection"]["name"] = self.connections["main"]
        body["spec"] = with_changes(body["spec"], self._named(changes))
        self.kube.create("ocsr", body)

    def make(self, edit: Edit) -> None:
        """Raises RefusedError where the API server has none of it."""
        match edit:
            case EditSpec():
                self._edit_spec(edit)
            case NameConnection(role=role):
                named = {"connection": {"name": self.connections[role]}}
                self.kube.patch("ocsr", self.name, {"spec": named})
            case Annotate(key=key, value=value):
                self._annotate(key, value)
            case EditTarget():
                self._edit_target(edit)
            case Act():
                self._acts()[edit]()

    def _acts(self) -> dict[Act, Callable[[], None]]:
        return {
            Act.DELETE_TARGET: self._delete_target,
            Act.MAKE_IMMUTABLE: self._make_immutable,
            Act.REMAKE: self._remake,
            Act.WIPE_STATUS: self._wipe_status,
            Act.DROP_FINALIZERS: self._drop_finalizers,
            Act.WRONG_KEY: lambda: self._name_key("notThere"),
            Act.RIGHT_KEY: lambda: self._name_key(TOKEN_KEY),
            Act.WRONG_TOKEN: lambda: self._put_token("wrong", look=True),
            Act.RIGHT_TOKEN: lambda: self._put_token(self.token, look=False),
            Act.DELETE_TOKEN: self._delete_token,
            Act.DELETE_CONNECTION: self._delete_connection,
            Act.MAKE_CONNECTION: self._make_connection,
        }

    # The spec

    def _edit_spec(self, edit: EditSpec) -> None:
        kind = str(edit.kind)
        name = self.name if edit.kind is Kind.ROTATION else self.connections["main"]
        changes = self._named(edit.changes)
        while True:
            live = self.kube.get(kind, name)
            assert live is not None
            try:
                return self._change(edit.how, kind, live, changes)
            except ConflictError:
                continue  # The operator wrote its status meanwhile: a person tries again.

    def _change(self, how: How, kind: str, live: Json, changes: Changes) -> None:
        name, spec = live["metadata"]["name"], with_changes(live["spec"], changes)
        match how:
            case How.MERGE:
                self.kube.patch(kind, name, {"spec": nested(changes)}, MERGE)
            case How.JSON:
                self.kube.patch(kind, name, _json_patch(live["spec"], spec), JSON_PATCH)
            case How.APPLY:
                body = {key: live[key] for key in ("apiVersion", "kind")}
                self.kube.patch(kind, name, body | {"spec": spec}, APPLY)
            case How.REPLACE:
                self.kube.replace(kind, _manifest(live, spec))

    def _named(self, changes: Changes) -> Changes:
        """`NAME` in a value stands for the name of the resource."""
        return tuple(
            (place, value.replace("NAME", self.name) if place[-1] == "name" else value)
            if isinstance(value, str)
            else (place, value)
            for place, value in changes
        )

    def settle_hands(self, spec: Json) -> None:
        """Where the spec says something else of the same key, the spec has won.

        Not of a key of the data, unless the person gave us the Secret.
        """
        if self.hands.annotations.get(ADOPT_ANNOTATION) == self.name:
            for key in spec["secretsMapping"].values():
                self.hands.data.pop(key, None)
        metadata = spec.get("target", {}).get("metadata", {})
        for known, part in ((self.hands.labels, "labels"), (self.hands.annotations, "annotations")):
            for key, value in metadata.get(part, {}).items():
                if known.get(key, value) != value:
                    del known[key]

    def _annotate(self, key: str, value: str | None) -> None:
        self.kube.patch("ocsr", self.name, {"metadata": {"annotations": {key: value}}})
        _put(self.annotations, key, value)

    # The target, and what the operator wrote

    def _target(self) -> str:
        return target_name(self.seen().resource)

    def _edit_target(self, edit: EditTarget) -> None:
        annotations = {
            key: None if value is None else value.replace("NAME", self.name)
            for key, value in edit.annotations.items()
        }
        encoded = {
            key: None if text is None else base64.b64encode(text.encode()).decode()
            for key, text in edit.data.items()
        }
        metadata = {"labels": dict(edit.labels), "annotations": annotations}
        target = self._target()
        before = self.kube.get("secret", target)
        assert before is not None
        self.kube.patch("secret", target, {"data": encoded, "metadata": metadata})
        self._remember_hands(before, edit, annotations)

    def _remember_hands(
        self, before: Json, edit: EditTarget, annotations: dict[str, str | None]
    ) -> None:
        """What is ours is repaired, and all else is the person's to keep."""
        spec: Json = (self.kube.get("ocsr", self.name) or {})["spec"]
        metadata = spec.get("target", {}).get("metadata", {})
        parts: list[tuple[dict[str, str], Any, Any]] = [
            (self.hands.data, edit.data, spec["secretsMapping"].values()),
            (self.hands.labels, edit.labels, metadata.get("labels", {})),
            (self.hands.annotations, annotations, metadata.get("annotations", {})),
        ]
        for known, new, ours in parts:
            for key, value in new.items():
                is_ours = key in ours and key not in known
                if not is_ours and (key == ADOPT_ANNOTATION or not _is_our_mark(key)):
                    _put(known, key, value)
        marks = before["metadata"].get("annotations", {}) | annotations
        names = [marks.get(ROTATION_NAME_ANNOTATION), marks.get(ADOPT_ANNOTATION)]
        self.hands.is_taken = self.name not in names

    def _delete_target(self) -> None:
        self.kube.delete("secret", self._target())
        self.hands = Hands()

    def _make_immutable(self) -> None:
        self.kube.patch("secret", self._target(), {"immutable": True})
        self.hands.is_immutable = True

    def _remake(self) -> None:
        """As a pipeline that prunes a manifest, and has it back a moment later."""
        spec = self.seen().spec
        self.remove_and_wait()
        metadata = {"name": self.name, "annotations": self.annotations}
        self.kube.create("ocsr", {**KIND, "metadata": metadata, "spec": spec})

    def remove_and_wait(self) -> None:
        """Delete the resource; what people put into the target goes with it, or stays."""
        before = self.seen()
        self.remove()
        wait_until(lambda: self.kube.get("ocsr", self.name) is None, "the resource is gone")
        left = self.kube.get("secret", target_name(before.resource))
        wrong = self._wrong_after_deletion(before, left)
        if wrong:
            raise Unsettled(f"after deletion: {wrong}")
        if is_revoked(before.spec):
            self._look_for_what_is_left()

    def _wrong_after_deletion(self, before: Seen, left: Json | None) -> str | None:
        """`deletionPolicy.secret`, held to what is left of the target."""
        is_kept = before.spec["deletionPolicy"]["secret"] == "Retain" or self.hands.is_taken
        # Of one that is immutable nothing can be taken, and what people put there is not deleted.
        if is_kept or (self.hands.is_immutable and self.hands.data):
            return None if left == before.target else f"the target became {left}"
        if not self.hands.data:
            self.hands = Hands()
            return None if left is None else "the target is still there"
        self.hands.is_taken = True
        self.hands.annotations.pop(ADOPT_ANNOTATION, None)
        if decoded(left) != self.hands.data:
            return f"keys {list(decoded(left))} are left, a person's are {list(self.hands.data)}"
        marks = {**left["metadata"].get("labels", {})} if left else {}
        return f"our mark is left: {marks}" if any(map(_is_our_mark, marks)) else None

    def _look_for_what_is_left(self) -> None:
        """Okta lets no app be without an ACTIVE secret, so one stands in."""
        left = self.okta.app_state(self.app_id)["secrets"]
        if [one["status"] for one in left if one["client_secret"].startswith(STAND_IN)] != [
            one["status"] for one in left
        ]:
            raise Unsettled(f"after revocation Okta still holds {[one['id'] for one in left]}")
        if self.kube.get("secret", self.name + STATE_SUFFIX) is not None:
            raise Unsettled("after revocation the state Secret is still there")

    def _wipe_status(self) -> None:
        self.kube.patch("ocsr", self.name, {"status": None}, sub="/status")

    def _drop_finalizers(self) -> None:
        self.kube.patch("ocsr", self.name, {"metadata": {"finalizers": None}})

    # The connection

    def _connect(self, role: str) -> None:
        name = self.connections[role]
        changes = {
            "spec.instanceUrl": self.okta.base_url,
            "spec.apiToken.secretRef.name": f"{name}-token",
        }
        self.kube.put_secret(f"{name}-token", {TOKEN_KEY: self.token})
        self.kube.create("oktaconn", connection(changes, name=name))

    def _name_key(self, key: str) -> None:
        named = {"apiToken": {"secretRef": {"key": key}}}
        self.kube.patch("oktaconn", self.connections["main"], {"spec": named})

    def _put_token(self, token: str, *, look: bool) -> None:
        self.kube.put_secret(f"{self.connections['main']}-token", {TOKEN_KEY: token})
        if look:
            self._have_it_looked_at()

    def _delete_token(self) -> None:
        self.kube.delete("secret", f"{self.connections['main']}-token")
        self._have_it_looked_at()

    def _have_it_looked_at(self) -> None:
        """The Secret of a connection that is ready is not watched; a change of the spec is."""
        live = self.kube.get("oktaconn", self.connections["main"])
        assert live is not None
        if live["status"]["conditions"][0]["status"] == "False":
            return
        generation = f"after generation {live['metadata']['generation']}"
        self.kube.patch("oktaconn", live["metadata"]["name"], {"spec": {"description": generation}})

    def _delete_connection(self) -> None:
        self.kube.delete("oktaconn", self.connections["main"])

    def _make_connection(self) -> None:
        if self.kube.get("oktaconn", self.connections["main"]) is None:
            self._connect("main")


def _is_our_mark(key: str) -> bool:
    return key.startswith(ROTATION_LABEL.partition("/")[0] + "/")


def _put(known: dict[str, str], key: str, value: str | None) -> None:
    if value is None:
        known.pop(key, None)
    else:
        known[key] = value


def _json_patch(before: Json, after: Json) -> list[Json]:
    """Field by field of the top level."""
    gone = [{"op": "remove", "path": f"/spec/{key}"} for key in before.keys() - after.keys()]
    new = [
        {"op": "add", "path": f"/spec/{key}", "value": value}
        for key, value in after.items()
        if key not in before or before[key] is not value
    ]
    return gone + new


def _manifest(live: Json, spec: Json) -> Json:
    """What a person holds in a file: no status, no finalizers, no managed fields."""
    metadata = live["metadata"]
    kept = ("name", "namespace", "labels", "annotations", "resourceVersion")
    return {
        "apiVersion": live["apiVersion"],
        "kind": live["kind"],
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": spec,
    }
