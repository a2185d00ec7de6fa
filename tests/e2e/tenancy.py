"""A cluster with tenants, connections that they share, and an operator with no more than its role.

What is asked of the API server is audited, so that it shows which Secrets the operator has read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.cluster import deployed
from tests.cluster.audit import AuditLog
from tests.controlplane import ControlPlane
from tests.emulator_client import EmulatorClient
from tests.kube_reader import KubeReader
from tests.resources import Json, cluster_connection
from tests.scene import Scene

HOME = deployed.NAMESPACE
HEARTBEAT = "2"
OTHERS = "test-tenant-"
"""Begins the name of each tenant's namespace, and no other word."""


class Tenancy:
    """One cluster, one operator for all of it, and Okta."""

    def __init__(
        self, control_plane: ControlPlane, audit: AuditLog, okta: EmulatorClient, folder: Path
    ) -> None:
        self.control_plane = control_plane
        self.okta = okta
        self._audit = audit
        self._folder = folder
        self.operator = deployed.operator(control_plane, self._folder, "--heartbeat", HEARTBEAT)
        self.tenants: list[Tenant] = []
        self._count = 0

    def close(self) -> None:
        self.operator.stop()
        for tenant in self.tenants:
            tenant.close()

    def tenant(self, **labels: str) -> Tenant:
        """A team with a namespace and an app of its own."""
        namespace = self.control_plane.create_namespace(OTHERS)
        made = Tenant(self.control_plane, namespace, self.okta, self._folder, self)
        made.label(**labels)
        self.tenants.append(made)
        return made

    def share(self, *entries: Json, **changes: Any) -> str:
        """A connection of the cluster with a token of its own; its name."""
        self._count += 1
        name = f"shared-{self._count}"
        self.put_token(name, self.okta.add_token(role="admin"))
        self.allow(name, *entries, **changes)
        return name

    def allow(self, name: str, *entries: Json, **changes: Any) -> None:
        """Make the connection of the cluster, or change whom it serves."""
        fixed = {
            "spec.instanceUrl": self.okta.base_url,
            "spec.apiToken.secretRef.name": secret_of(name),
            "spec.access": list(entries),
        }
        self.apply(cluster_connection({**fixed, **changes}, name))

    def put_token(self, connection: str, token: str) -> None:
        metadata = {"name": secret_of(connection), "namespace": HOME}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
        self.apply({**body, "stringData": {"apiToken": token}})

    def apply(self, manifest: Json) -> None:
        self.control_plane.kubectl("apply", "-f", "-", input=json.dumps(manifest))

    def listen(self) -> Callable[[], list[str]]:
        """From now on: all that Okta is asked, whatever it is about."""
        before = len(self.okta.request_log())

        def heard() -> list[str]:
            calls = self.okta.request_log()[before:]
            return [f"{call['method']} {call['path']}" for call in calls]

        return heard

    def secrets_read(self, namespace: str) -> set[str]:
        """The names of the Secrets of a namespace that the operator has read so far."""
        refs = [
            event["objectRef"]
            for event in self._audit.requests(deployed.USER)
            if event["verb"] == "get" and event.get("objectRef", {}).get("resource") == "secrets"
        ]
        return {ref["name"] for ref in refs if ref["namespace"] == namespace}

    def clear(self) -> None:
        """Leave no rotation and no connection to the next test."""
        for tenant in self.tenants:
            tenant.kubectl("delete", "ocsr,oktaconn", "--all", "--timeout=60s")
            tenant.close()
        self.tenants.clear()
        self.control_plane.kubectl("delete", "clusteroktaconnections", "--all", "--timeout=60s")

    def words(self, tenant: Scene) -> str:
        """Everything that a tenant is told: statuses and Events, but not what they wrote."""
        reader = KubeReader(self.control_plane, tenant.namespace)
        try:
            resources = [one for kind in ("ocsr", "oktaconn") for one in reader.list(kind)]
            told: list[Any] = [one.get("status", {}) for one in resources]
            told += [(event["reason"], event["message"]) for event in reader.list("event")]
        finally:
            reader.close()
        return json.dumps(told)

    def words_of_the_cluster(self) -> str:
        """The Events about connections of the cluster, which all may read."""
        reader = KubeReader(self.control_plane, "default")
        try:
            events = [(event["reason"], event["message"]) for event in reader.list("event")]
        finally:
            reader.close()
        return json.dumps(events)

    def check_that_no_tenant_is_told_of_another(self) -> None:
        """Nor of the operator's namespace and what is in it."""
        secrets = [secret_of(f"shared-{number + 1}") for number in range(self._count)]
        assert not re.findall(f"{OTHERS}\\w+|{HOME}", self.words_of_the_cluster())
        for tenant in self.tenants:
            words = self.words(tenant)
            assert set(re.findall(f"{OTHERS}\\w+", words)) <= {tenant.namespace}, words
            apps = {other.app_id for other in self.tenants if other is not tenant}
            foreign = [one for one in apps if one not in tenant.wrote]
            assert [text for text in (HOME, *secrets, *foreign) if text in words] == []


class Tenant(Scene):
    """A team's namespace; its rotation goes by a connection of the cluster."""

    def __init__(
        self,
        control_plane: ControlPlane,
        namespace: str,
        okta: EmulatorClient,
        folder: Path,
        tenancy: Tenancy,
    ) -> None:
        super().__init__(control_plane, namespace, okta, folder)
        self._tenancy = tenancy
        self._wrote: list[str] = []

    @property
    def wrote(self) -> str:
        """What the tenant has said of rotations."""
        return "".join(self._wrote)

    def manifest(self, changes: Mapping[str, Any] | None = None) -> Json:
        made = super().manifest(changes)
        self._wrote.append(json.dumps(made))
        return made

    def label(self, **labels: str) -> None:
        """Set these; an empty value takes a label away."""
        words = [f"{key}={value}" if value else f"{key}-" for key, value in labels.items()]
        if words:
            self.kubectl("label", "namespace", self.namespace, "--overwrite", *words)

    def entry(self, *apps: str) -> Json:
        """The entry of `access` for this namespace and its app, or others."""
        return {"namespaces": [self.namespace], "appIds": list(apps or [self.app_id])}

    def rotate_by(self, connection: str, **changes: Any) -> None:
        self.rotate({"spec.connection": of_cluster(connection), **changes})

    def logs(self) -> str:
        return self._tenancy.operator.output()


def of_cluster(name: str) -> Json:
    return {"kind": "ClusterOktaConnection", "name": name}


def secret_of(connection: str) -> str:
    return f"{connection}-hidden-token"
