"""Tenants of one operator: what they share, and what none of them can do to another.

Each forbidden thing is refused in words, and no request leaves for Okta.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from okta_rotator.api.names import UNSEEN
from okta_rotator.rotation.state import to_data
from okta_rotator.rotation.values import SecretValue
from tests.cluster import deployed
from tests.cluster.audit import AuditLog
from tests.controlplane import ControlPlane
from tests.controlplane.errors import KubectlError
from tests.e2e.lures import Lure, redirecting_org
from tests.e2e.tenancy import HOME, Tenancy, Tenant, of_cluster, secret_of
from tests.emulator_client import EmulatorClient
from tests.resources import Json, cluster_connection, connection
from tests.scene import CONNECTION, Scene
from tests.unit.rotation import builders

DENIED = {"Ready": "False", "Stalled": "True"}


@pytest.fixture(scope="module")
def shared(
    okta_emulator: EmulatorClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tenancy]:
    """A cluster of its own, since the operator looks after all of it."""
    folder = tmp_path_factory.mktemp("tenancy")
    audit = AuditLog(folder)
    with ControlPlane(*audit.flags) as control_plane:
        deployed.install(control_plane)
        made = Tenancy(control_plane, audit, okta_emulator, folder)
        made.operator.start()
        yield made
        made.close()


@pytest.fixture
def tenancy(shared: Tenancy) -> Iterator[Tenancy]:
    yield shared
    try:
        shared.check_that_no_tenant_is_told_of_another()
    finally:
        shared.clear()


@pytest.fixture
def tenant(tenancy: Tenancy) -> Tenant:
    return tenancy.tenant(team="a")


@pytest.fixture
def other(tenancy: Tenancy) -> Tenant:
    return tenancy.tenant(team="b")


def until_denied(tenant: Tenant) -> str:
    """Wait until the rotation is refused; in which words."""
    message: str = tenant.until_reason("Ready", "AccessDenied")["message"]
    assert tenant.conditions() == DENIED
    assert tenant.until_warning("AccessDenied") == message
    return message


def picks(tenant: Tenant, **labels: str) -> Json:
    return {"namespaceSelector": {"matchLabels": labels}, "appIds": [tenant.app_id]}


# What is allowed


def test_whom_a_connection_names_it_serves(tenancy: Tenancy, tenant: Tenant) -> None:
    name = tenancy.share(tenant.entry())
    tenant.rotate_by(name)
    tenant.until_ready()
    assert tenant.accepts(tenant.published())
    tenant.rotate_by_hand("monday")
    ready = tenant.condition("Ready", "coktaconn", name)
    assert (ready["status"], ready["reason"]) == ("True", "Connected")
    tenant.until(lambda: tenant.event_reasons() == ["Rotated"] * 2, "both rotations are told")
    kept = tenant.get("coktaconn", name) or {}
    assert "finalizers" not in kept["metadata"]
    assert kept["status"]["orgId"]
    assert secret_of(name) in tenancy.secrets_read(HOME)


def test_several_of_one_connection_each_have_their_app(
    tenancy: Tenancy, tenant: Tenant, other: Tenant
) -> None:
    name = tenancy.share(tenant.entry(), picks(other, team="b"))
    for one in (tenant, other):
        one.rotate_by(name)
    for one in (tenant, other):
        one.until_ready()
        assert set(one.in_okta()) == {one.published()}


def test_nothing_is_written_where_nothing_changed(tenancy: Tenancy, tenant: Tenant) -> None:
    name = tenancy.share(tenant.entry())
    tenant.rotate_by(name)
    tenant.until_ready()
    before = tenant.version("coktaconn", name), tenant.version("ocsr")
    heard, beats = tenancy.listen(), 3 * 2.0
    tenant.always(
        lambda: (tenant.version("coktaconn", name), tenant.version("ocsr")) == before,
        "nothing is written",
        beats,
    )
    assert heard() == []


# What is not


NO_ACCESS: list[Callable[[Tenant, Tenant], list[Json]]] = [
    lambda tenant, other: [],
    lambda tenant, other: [other.entry(tenant.app_id)],
    lambda tenant, other: [other.entry("*")],
    lambda tenant, other: [picks(tenant, team="b")],
    lambda tenant, other: [tenant.entry(other.app_id)],
    lambda tenant, other: [tenant.entry(other.app_id), other.entry(tenant.app_id)],
]


@pytest.mark.parametrize("access", NO_ACCESS)
def test_whom_it_does_not_name_it_does_not_serve(
    tenancy: Tenancy,
    tenant: Tenant,
    other: Tenant,
    access: Callable[[Tenant, Tenant], list[Json]],
) -> None:
    name = tenancy.share(*access(tenant, other))
    until_ready(tenant, name)
    heard = tenancy.listen()
    tenant.rotate_by(name)
    message = until_denied(tenant)
    assert f"the ClusterOktaConnection {name}" in message
    assert tenant.app_id in message
    assert "Ask whoever looks after it" in message
    tenant.annotate("now")
    tenant.always(lambda: tenant.conditions() == DENIED, "it stays refused", 3)
    assert heard() == []
    assert not tenant.exists("secret", tenant.state_name)


def until_ready(tenant: Tenant, name: str) -> None:
    """Wait until the connection of the cluster is."""
    tenant.until(
        lambda: tenant.condition("Ready", "coktaconn", name).get("status") == "True",
        f"{name} is Ready",
    )


def test_the_app_of_another_team_is_none_of_theirs(
    tenancy: Tenancy, tenant: Tenant, other: Tenant
) -> None:
    name = tenancy.share(tenant.entry(), other.entry())
    other.rotate_by(name)
    other.until_ready()
    before, heard = other.okta_secrets(), tenancy.listen()
    # By its client id, which is its app id where none is given.
    tenant.rotate_by(name, **{"spec.parameters.clientId": other.app_id})
    tenant.until_reason("Ready", "AccessDenied")
    assert heard() == []
    # By its client id, with an app id that they may use: seen before anything is written.
    thief = tenant.another()
    parameters = {"clientId": other.app_id, "appId": tenant.app_id}
    thief.rotate({"spec.connection": of_cluster(name), "spec.parameters": parameters})
    ready = thief.until_reason("Ready", "ClientIdMismatch")
    assert tenant.app_id in ready["message"]
    # Looked at again with each heartbeat.
    assert set(heard()) == {f"GET /api/v1/apps/{tenant.app_id}"}
    assert other.okta_secrets() == before


@pytest.mark.parametrize("junk", ["0oa1b2c3d4/../0oa5e6f7g8h9", "..", "*", "0oa1b2c3d4%2f.."])
def test_an_app_id_that_leads_elsewhere_is_refused_when_it_is_applied(
    tenancy: Tenancy, tenant: Tenant, junk: str
) -> None:
    name, heard = tenancy.share(tenant.entry("*")), tenancy.listen()
    until_ready(tenant, name)
    heard = tenancy.listen()
    with pytest.raises(KubectlError, match="must be an Okta app id"):
        tenant.rotate_by(name, **{"spec.parameters.appId": junk})
    assert not tenant.exists("ocsr")
    assert heard() == []


def test_a_connection_of_another_namespace_cannot_be_named(
    tenancy: Tenancy, tenant: Tenant, other: Tenant
) -> None:
    other.connect("theirs")
    other.until_connected("theirs")
    heard = tenancy.listen()
    tenant.rotate({"spec.connection.name": "theirs"})
    assert (
        "no OktaConnection theirs in this namespace"
        in (tenant.until_reason("Ready", "ConnectionNotFound")["message"])
    )
    tenant.rotate_by("theirs")
    tenant.until(
        lambda: "no ClusterOktaConnection theirs" in tenant.condition("Ready")["message"],
        "nor as one of the cluster",
    )
    for field, said in (("namespace", "unknown field"), ("name", "name of a Kubernetes object")):
        reference = {"name": "theirs", field: f"{other.namespace}/theirs"}
        with pytest.raises(KubectlError, match=said):
            tenant.rotate({"spec.connection": reference})
    assert heard() == []


def test_whom_it_does_not_serve_is_in_nobodys_way(
    tenancy: Tenancy, tenant: Tenant, other: Tenant
) -> None:
    """Else a team could keep another from its app, by a resource that names it first."""
    name = tenancy.share(tenant.entry())
    other.rotate_by(name, **{"spec.parameters.clientId": tenant.app_id})
    other.until_reason("Ready", "AccessDenied")
    tenant.rotate_by(name)
    tenant.until_ready()


def test_an_app_that_another_connection_to_the_same_org_rotates_is_taken(
    tenancy: Tenancy, tenant: Tenant, other: Tenant
) -> None:
    name = tenancy.share(tenant.entry())
    tenant.rotate_by(name)
    tenant.until_ready()
    before = tenant.okta_secrets()
    other.connect()
    other.rotate({"spec.parameters.clientId": tenant.app_id})
    conflict = other.until_reason("Ready", "Conflict")
    assert "another resource in another namespace" in conflict["message"]
    assert tenant.okta_secrets() == before


def forge_state(tenant: Tenant, of: Tenant) -> None:
    """A Secret by which the tenant's resource seems to hold the app of another."""
    active = builders.credential("ocs0000000000000000a", SecretValue("not-a-secret-of-the-app"))
    org_id = (tenant.get("oktaconn", CONNECTION) or {})["status"]["orgId"]
    names = {"app_id": of.app_id, "client_id": of.app_id, "org_id": org_id}
    forged = builders.state(**names, active=active)
    tenant.apply(tenant.secret_manifest(tenant.state_name, to_data(forged)))


def test_who_cannot_reach_an_app_keeps_nobody_from_it(
    tenancy: Tenancy, tenant: Tenant, other: Tenant
) -> None:
    """By a connection of their own to the same org, a resource that names it first and a state."""
    other.connect(token=tenancy.okta.add_token(role="none"))
    other.until_connected()
    forge_state(other, tenant)
    other.rotate({"spec.parameters.clientId": tenant.app_id})
    other.until_reason("Ready", "InsufficientPermission")
    name = tenancy.share(tenant.entry())
    tenant.rotate_by(name)
    tenant.until_ready()
    tenant.rotate_by_hand("monday")
    assert tenant.accepts(tenant.published())
    assert other.condition("Ready")["reason"] == "InsufficientPermission"


def test_who_may_only_read_an_app_and_keeps_a_state_that_cannot_be_written_keeps_nobody_from_it(
    tenancy: Tenancy, tenant: Tenant, other: Tenant
) -> None:
    """Its state Secret is of another type, which Kubernetes lets nobody change."""
    other.connect(token=tenancy.okta.add_token(role="read-only"))
    other.until_connected()
    forge_state(other, tenant)
    other.rotate({"spec.parameters.clientId": tenant.app_id})
    other.until_reason("Ready", "AccessDenied")
    name = tenancy.share(tenant.entry())
    tenant.rotate_by(name)
    # Whoever may have begun is waited for, half a minute.
    tenant.until_ready(patience=60)
    assert tenant.accepts(tenant.published())


def test_whose_token_may_do_nothing_hears_that_and_not_who_else_is_there(
    tenancy: Tenancy, tenant: Tenant, other: Tenant
) -> None:
    name = tenancy.share(tenant.entry())
    tenant.rotate_by(name)
    tenant.until_ready()
    other.connect(token=tenancy.okta.add_token(role="none"))
    other.rotate({"spec.parameters.clientId": tenant.app_id})
    other.until_reason("Ready", "InsufficientPermission")


# Where credentials go


def test_a_host_that_is_not_allowed_gets_no_credentials_and_none_are_read(
    tenancy: Tenancy, tenant: Tenant
) -> None:
    host, heard = {"spec.instanceUrl": "https://okta.com.evil.example"}, tenancy.listen()
    name = tenancy.share(tenant.entry(), **host)
    theirs = {"spec.apiToken.secretRef.name": "bait", **host}
    tenant.put_token(tenant.token, "bait")
    tenant.apply(connection(theirs, "my-connection"))
    for kind, one in (("coktaconn", name), ("oktaconn", "my-connection")):
        tenant.until(
            lambda kind=kind, one=one: (  # type: ignore[misc]
                tenant.condition("Ready", kind, one).get("reason") == "HostNotAllowed"
            ),
            f"{kind} is refused",
        )
    tenant.rotate_by(name)
    ready = tenant.until_reason("Ready", "ConnectionNotReady")
    assert "HostNotAllowed" in ready["message"]
    assert secret_of(name) not in tenancy.secrets_read(HOME)
    assert "bait" not in tenancy.secrets_read(tenant.namespace)
    assert heard() == []


def test_the_address_of_a_connection_cannot_be_changed(tenancy: Tenancy, tenant: Tenant) -> None:
    name = tenancy.share(tenant.entry())
    until_ready(tenant, name)
    with pytest.raises(KubectlError, match="instanceUrl cannot be changed"):
        tenancy.allow(name, **{"spec.instanceUrl": "https://evil.okta.com"})
    tenant.connect()
    tenant.until_connected()
    with pytest.raises(KubectlError, match="instanceUrl cannot be changed"):
        tenant.connect(url="https://evil.okta.com")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_with_credentials(
    tenancy: Tenancy, tenant: Tenant, status: int
) -> None:
    with Lure() as lure, redirecting_org(status, lure.url) as org:
        name = tenancy.share(tenant.entry(), **{"spec.instanceUrl": org.url})
        tenant.rotate_by(name)
        tenant.until_reason("Ready", "ConnectionNotReady")
        tenant.until(lambda: "authorization" in org.headers, "the credentials were asked for")
        assert tenant.condition("Ready", "coktaconn", name)["reason"] == "NotAnOktaOrg"
        assert lure.requests == []


@pytest.mark.parametrize("place", ["their own namespace", "the operator's namespace"])
def test_the_secret_of_a_connection_is_nobodys_target(
    tenancy: Tenancy, tenant: Tenant, place: str
) -> None:
    name = tenancy.share(tenant.entry())
    secret = "my-connection-token"
    if place == "the operator's namespace":
        tenancy.allow(name, {"namespaces": [HOME], "appIds": ["*"]})
        tenant = Tenant(tenancy.control_plane, HOME, tenancy.okta, tenant.folder, tenancy)
        secret = secret_of(name)
        tenant.rotate_by(name, **{"spec.target.name": secret})
    else:
        tenant.connect()
        tenant.rotate({"spec.target.name": secret})
    tenant.kubectl("annotate", "secret", secret, f"okta-rotator.dev/adopt={tenant.name}")
    tenant.until(
        lambda: "holds the credentials" in tenant.condition("Ready").get("message", ""),
        "the Secret is not taken",
    )
    assert tenant.condition("Ready")["reason"] == "TargetConflict"
    assert set(tenant.data(secret)) == {"apiToken"}
    assert tenant.okta_secrets() == []
    tenant.kubectl("delete", "ocsr", tenant.name, "--timeout=60s")
    tenant.close()


# What changes while it runs


def test_access_that_is_taken_away_ends_the_writing_and_nothing_else(
    tenancy: Tenancy, tenant: Tenant
) -> None:
    name = tenancy.share(tenant.entry())
    tenant.rotate_by(name)
    tenant.until_ready()
    published, held = tenant.data(), tenant.okta_secrets()
    tenancy.allow(name)
    failing = tenant.until_reason("RotationFailing", "AccessDenied")
    assert "Ask whoever looks after it" in failing["message"]
    assert tenant.conditions() == {"Ready": "True", "RotationFailing": "True"}
    until_observed(tenant, name)
    heard = tenancy.listen()
    tenant.annotate("monday")
    tenant.kubectl("delete", "secret", tenant.name)
    tenant.until(lambda: tenant.data() == published, "the Secret is put back even so")
    tenant.always(lambda: tenant.handled() is None, "it is not rotated", 3)
    assert heard() == []
    assert tenant.okta_secrets() == held

    tenancy.allow(name, tenant.entry())
    tenant.until(lambda: tenant.handled() == "monday", "it goes on by itself")
    tenant.until(lambda: tenant.conditions() == {"Ready": "True"}, "all is well")
    assert tenant.accepts(tenant.published())
    assert len(tenant.in_okta()) == 2


def until_observed(tenant: Tenant, name: str) -> None:
    """Wait until the connection of the cluster was checked with the spec that it has."""

    def is_observed() -> bool:
        body = tenant.get("coktaconn", name) or {}
        generation: int = body["metadata"]["generation"]
        return bool(body["status"]["observedGeneration"] == generation)

    tenant.until(is_observed, f"{name} was checked")


def test_a_rotation_without_access_can_be_deleted(tenancy: Tenancy, tenant: Tenant) -> None:
    name = tenancy.share(tenant.entry())
    tenant.rotate_by(name)
    tenant.until_ready()
    tenancy.allow(name)
    tenant.until_reason("RotationFailing", "AccessDenied")
    until_observed(tenant, name)
    published, heard = tenant.data(), tenancy.listen()
    tenant.kubectl("delete", "ocsr", tenant.name, "--timeout=60s")
    assert not tenant.exists("ocsr")
    assert tenant.data() == published
    assert heard() == []


def test_a_deletion_that_revokes_waits_for_access_and_says_so(
    tenancy: Tenancy, tenant: Tenant
) -> None:
    name = tenancy.share(tenant.entry())
    policy = {"secret": "Delete", "oktaSecrets": "Revoke"}
    tenant.rotate_by(name, **{"spec.deletionPolicy": policy})
    tenant.until_ready()
    value = tenant.published()
    tenancy.allow(name)
    tenant.until_reason("RotationFailing", "AccessDenied")
    until_observed(tenant, name)
    heard = tenancy.listen()
    tenant.kubectl("delete", "ocsr", tenant.name, "--wait=false")
    tenant.until(
        lambda: "oktaSecrets to Retain" in tenant.condition("Ready")["message"], "it waits"
    )
    assert tenant.condition("Ready")["reason"] == "AccessDenied"
    assert heard() == []
    tenancy.allow(name, tenant.entry())
    tenant.until(lambda: not tenant.exists("ocsr"), "it goes by itself")
    assert not tenant.accepts(value)


def test_labels_that_change_give_access_and_take_it(tenancy: Tenancy, tenant: Tenant) -> None:
    expression = {"key": "rotate", "operator": "In", "values": ["yes"]}
    selector = {"matchExpressions": [expression]}
    name = tenancy.share({"namespaceSelector": selector, "appIds": ["*"]})
    tenant.rotate_by(name)
    until_denied(tenant)
    tenant.label(rotate="yes")
    tenant.until_ready()
    tenant.label(rotate="no")
    tenant.until_reason("RotationFailing", "AccessDenied")
    tenant.label(rotate="yes")
    tenant.until(lambda: tenant.conditions() == {"Ready": "True"}, "all is well")
    tenant.label(rotate="")
    tenant.until_reason("RotationFailing", "AccessDenied")


def test_a_connection_can_be_changed_for_one_of_the_cluster(
    tenancy: Tenancy, tenant: Tenant
) -> None:
    tenant.connect()
    tenant.rotate()
    tenant.until_ready()
    before, data = tenant.okta_secrets(), tenant.data()
    name = tenancy.share(tenant.entry())
    tenant.rotate_by(name)
    tenant.until_ready()
    tenant.until(lambda: tenant.status()["connection"]["name"] == name, "it goes by the other")
    assert (tenant.okta_secrets(), tenant.data()) == (before, data)
    tenant.kubectl("delete", "oktaconn", "my-connection")
    tenant.rotate_by_hand("monday")
    assert set(tenant.in_okta()) == {data["OKTA_CLIENT_SECRET"], tenant.published()}


# What tenants are told


def test_what_is_wrong_with_a_shared_connection_is_told_to_each_by_whom_it_concerns(
    tenancy: Tenancy, tenant: Tenant
) -> None:
    name = tenancy.share(tenant.entry())
    until_ready(tenant, name)
    tenancy.put_token(name, "00Qnobody-knows-this")
    tenant.rotate_by(name)
    tenant.until(
        lambda: tenant.condition("Ready", "coktaconn", name).get("reason") == "InvalidToken",
        "the token is refused",
    )
    ready = tenant.until_reason("Ready", "ConnectionNotReady")
    assert f"the ClusterOktaConnection {name} is not ready: InvalidToken" in ready["message"]
    assert tenant.conditions() == DENIED

    tenant.control_plane.kubectl("delete", "secret", "-n", HOME, secret_of(name))
    tenant.until(
        lambda: tenant.condition("Ready", "coktaconn", name).get("reason") == "SecretNotFound",
        "the Secret is missed",
    )
    own = tenant.condition("Ready", "coktaconn", name)["message"]
    assert f"kubectl -n {HOME} create secret generic {secret_of(name)}" in own
    tenant.until(lambda: "SecretNotFound" in tenant.condition("Ready")["message"], "it is told")

    tenancy.put_token(name, tenant.token)
    tenant.until_ready()


def test_events_about_a_shared_connection_are_where_kubernetes_has_them(
    tenancy: Tenancy, tenant: Tenant
) -> None:
    name = tenancy.share(tenant.entry())
    until_ready(tenant, name)
    tenant.until(lambda: "Connected" in events_of(tenancy, name), "it is told")


def events_of(tenancy: Tenancy, name: str) -> str:
    """What `kubectl describe` shows of them."""
    text = tenancy.control_plane.kubectl("describe", "clusteroktaconnection", name).stdout
    return text.partition("\nEvents:")[2]


def test_a_shared_connection_that_goes_is_missed_by_name(tenancy: Tenancy, tenant: Tenant) -> None:
    name = tenancy.share(tenant.entry())
    tenant.rotate_by(name)
    tenant.until_ready()
    before = tenant.data()
    tenant.kubectl("delete", "clusteroktaconnections", name, "--timeout=60s")
    failing = tenant.until_reason("RotationFailing", "ConnectionNotFound")
    assert f"there is no ClusterOktaConnection {name}" in failing["message"]
    assert tenant.data() == before
    tenancy.allow(name, tenant.entry())
    tenant.until(lambda: tenant.conditions() == {"Ready": "True"}, "it is back")


def test_an_operator_of_single_namespaces_serves_no_connection_of_the_cluster(
    running: Scene,
) -> None:
    manifest = json.dumps(
        cluster_connection(name=running.namespace, appIds=["*"], namespaces=["a"])
    )
    running.control_plane.kubectl("apply", "-f", "-", input=manifest)
    heard = running.listen()
    running.rotate({"spec.connection": of_cluster(running.namespace)})
    ready = running.until_reason("Ready", "ConnectionNotFound")
    assert "looks after single namespaces (--namespace)" in ready["message"]
    assert running.conditions() == DENIED
    assert heard() == []
    # As the API server made it: nobody has looked at it.
    unseen = (running.get("coktaconn", running.namespace) or {})["status"]
    assert unseen == {"observedGeneration": UNSEEN}
