"""What is wrong with a connection, in words for those who use it.

A connection of the cluster serves many tenants, who may not know of each other, nor of the
operator's own namespace: they are told its name, a reason and what that means in general.
"""

from __future__ import annotations

from dataclasses import replace

from okta_rotator.api.conditions import Reason
from okta_rotator.api.names import CLUSTER_CONNECTION_PLURAL
from okta_rotator.api.rotation import ConnectionKind
from okta_rotator.rotation.snapshot import Resource
from okta_rotator.rotation.tenancy import Answer
from okta_rotator.rotation.trouble import Next, Trouble

_ASK = "Ask whoever looks after it to"


def not_found(resource: Resource, *, is_served: bool) -> Trouble:
    """There is no connection of that kind and name; `is_served`: but there could be one."""
    kind, name = _kind_and_name(resource)
    if kind is ConnectionKind.OKTA_CONNECTION:
        message = (
            f"there is no OktaConnection {name} in this namespace. Make it, or name another in "
            "spec.connection.name"
        )
    elif is_served:
        message = (
            f"there is no {kind} {name}. Name another in spec.connection.name, or an "
            "OktaConnection of this namespace in spec.connection"
        )
    else:
        message = (
            f"this operator looks after single namespaces (--namespace) and serves no {kind}: "
            "name an OktaConnection of this namespace in spec.connection"
        )
    return person(Reason.CONNECTION_NOT_FOUND, message)


def not_ready(resource: Resource, problem: Trouble | None) -> Trouble:
    """None: it was not checked yet."""
    kind, name = _kind_and_name(resource)
    if problem is None:
        message = f"the {kind} {name} has not been checked yet"
        return Trouble(Next.RETRY, Reason.CONNECTION_NOT_READY, message)
    of_cluster = kind is ConnectionKind.CLUSTER_OKTA_CONNECTION
    why = in_general(name, problem.reason) if of_cluster else f"{problem.reason}: {problem.message}"
    message = f"the {kind} {name} is not ready: {why}"
    return replace(problem, reason=Reason.CONNECTION_NOT_READY, message=message)


def in_general(name: str, reason: Reason) -> str:
    """What everybody may know of the trouble of a connection of the cluster."""
    command = f"kubectl get {CLUSTER_CONNECTION_PLURAL} {name} -o wide"
    return f"{reason}: {reason.explanation} Those who may see it learn more by: {command}"


def not_allowed(resource: Resource, answer: Answer) -> Trouble:
    """`spec.access` does not let the rotation use the connection, or it cannot be told yet."""
    kind, name = _kind_and_name(resource)
    namespace = resource.key.namespace
    app_id = resource.sound_spec.parameters.effective_app_id
    if answer is Answer.LABELS_UNKNOWN:
        message = (
            f"the {kind} {name} picks namespaces by their labels, and those of {namespace} have "
            "not been read yet"
        )
        return Trouble(Next.RETRY, Reason.CONNECTION_NOT_READY, message)
    if answer is Answer.NOT_THIS_APP:
        what = f"this namespace ({namespace}) use it, but not for the Okta app {app_id}"
        return person(
            Reason.ACCESS_DENIED,
            f"the {kind} {name} lets {what}. {_ASK} add that app id to an entry of its "
            "spec.access that is for this namespace",
        )
    return person(
        Reason.ACCESS_DENIED,
        f"the {kind} {name} does not let this namespace ({namespace}) use it. {_ASK} add an entry "
        f"to its spec.access, with this namespace and the Okta app {app_id}",
    )


def person(reason: Reason, message: str) -> Trouble:
    return Trouble(Next.PERSON, reason, message)


def _kind_and_name(resource: Resource) -> tuple[ConnectionKind, str]:
    reference = resource.sound_spec.connection
    return reference.kind, reference.name
