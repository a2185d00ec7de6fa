"""What the chart renders, property by property."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from okta_rotator.api.crds import render_crds
from tests.chart.helm import CHART, NAMESPACE, RELEASE, Helm, Objects, Values
from tests.chart.settings import DIGEST, EVERYTHING, LABELS, MATRIX, MONITOR, ONE_POD
from tests.chart.settings import TWO_NAMESPACES as TWO
from tests.cluster.audit import rights_given
from tests.resources import Json, changed

CLUSTER_SCOPED = {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"}
OURS = {"app.kubernetes.io/name", "app.kubernetes.io/instance", "helm.sh/chart"}


@pytest.fixture(scope="module", params=MATRIX)
def objects(request: pytest.FixtureRequest, helm: Helm) -> Objects:
    """What each set of values of the matrix renders."""
    return helm.render(MATRIX[request.param])


@pytest.fixture(scope="module")
def default(helm: Helm) -> Objects:
    return helm.render()


@pytest.fixture(scope="module")
def everything(helm: Helm) -> Objects:
    return helm.render(EVERYTHING)


def pod_of(objects: Objects) -> Json:
    (deployment,) = objects.of_kind("Deployment")
    return dict(deployment["spec"]["template"]["spec"])


def container_of(objects: Objects) -> Json:
    (container,) = pod_of(objects)["containers"]
    return dict(container)


def environment(objects: Objects) -> dict[str, Any]:
    return {one["name"]: one.get("value") for one in container_of(objects)["env"]}


# Of all objects


def test_every_object_has_one_name_and_says_whose_it_is(objects: Objects) -> None:
    names = [
        (one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"])
        for one in objects.all
    ]
    assert len(names) == len(set(names))
    of_the_chart = [one for one in objects.all if one["kind"] != "ConfigMap"]
    for one in of_the_chart:
        assert one["metadata"]["labels"].keys() >= OURS, one["metadata"]["name"]


def test_every_object_says_where_it_is(objects: Objects) -> None:
    for one in objects.all:
        is_extra = one["kind"] == "ConfigMap" and "labels" not in one["metadata"]
        assert is_extra or ("namespace" in one["metadata"]) != (one["kind"] in CLUSTER_SCOPED)


def test_labels_for_every_object_are_on_every_object(everything: Objects) -> None:
    for one in [*everything.all, *everything.pods()]:
        if one["metadata"]["name"] not in (f"{RELEASE}-more", "as-text"):
            assert one["metadata"]["labels"].items() >= LABELS.items()


# The pods


def test_every_pod_has_no_rights_on_its_node(objects: Objects) -> None:
    for pod in objects.pods():
        context = pod["spec"]["securityContext"]
        assert context["runAsNonRoot"] is True
        assert (context["runAsUser"], context["runAsGroup"]) == (65532, 65532)
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        (container,) = pod["spec"]["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert not {"hostNetwork", "hostPID", "hostIPC", "volumes"} & pod["spec"].keys()


def test_every_pod_says_what_it_takes(objects: Objects) -> None:
    for pod in objects.pods():
        (container,) = pod["spec"]["containers"]
        assert container["resources"]["requests"] == {"cpu": "50m", "memory": "128Mi"}
        assert container["resources"]["limits"]["memory"] == "512Mi"


def test_only_a_pod_that_needs_a_token_has_one(default: Objects) -> None:
    mounts = {
        pod["metadata"]["name"]: pod["spec"]["automountServiceAccountToken"]
        for pod in default.pods()
    }
    assert mounts == {RELEASE: True, f"{RELEASE}-release": True, f"{RELEASE}-test": False}
    for account in default.of_kind("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


def test_an_upgrade_starts_one_that_stands_by_before_it_ends_another(default: Objects) -> None:
    spec = default.one("Deployment")["spec"]
    one_more_first = {"maxSurge": 1, "maxUnavailable": 0}
    assert spec["replicas"] == 2
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": one_more_first}


def test_without_a_lease_there_are_never_two_pods(helm: Helm) -> None:
    objects = helm.render(ONE_POD)
    spec = objects.one("Deployment")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert environment(objects)["OKTA_ROTATOR_NO_LEADER_ELECTION"] == "true"
    assert not objects.of_kind("Role")


def test_the_selector_is_in_every_release_the_same(objects: Objects) -> None:
    """It cannot be changed in a live Deployment: neither versions nor labels of users are in it."""
    (deployment,) = objects.of_kind("Deployment")
    selector = deployment["spec"]["selector"]["matchLabels"]
    assert selector.keys() == {
        "app.kubernetes.io/name",
        "app.kubernetes.io/instance",
        "app.kubernetes.io/component",
    }
    assert deployment["spec"]["template"]["metadata"]["labels"].items() >= selector.items()


def test_what_selects_the_operators_pods_selects_no_others(everything: Objects) -> None:
    name = "my-rotator"
    selectors = [
        everything.one("Deployment", name)["spec"]["selector"]["matchLabels"],
        everything.one("Service", name)["spec"]["selector"],
        everything.one("PodDisruptionBudget", name)["spec"]["selector"]["matchLabels"],
        everything.one("NetworkPolicy", name)["spec"]["podSelector"]["matchLabels"],
    ]
    assert all(one == selectors[0] for one in selectors)
    labels = {pod["metadata"]["name"]: pod["metadata"]["labels"] for pod in everything.pods()}
    matched = [pod for pod, own in labels.items() if own.items() >= selectors[0].items()]
    assert matched == [name]


def test_its_probes_and_its_end_are_known_to_kubernetes(default: Objects) -> None:
    container = container_of(default)
    (port,) = container["ports"]
    assert port == {"name": "http", "containerPort": 8080}
    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "http"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert pod_of(default)["terminationGracePeriodSeconds"] == 30


def test_it_is_told_its_own_namespace(default: Objects) -> None:
    (given,) = (one for one in container_of(default)["env"] if one["name"] == "POD_NAMESPACE")
    assert given["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.namespace"}}


def test_the_settings_reach_the_operator(everything: Objects) -> None:
    told = environment(everything)
    del told["POD_NAMESPACE"]
    assert told == {
        "OKTA_ROTATOR_LOG_LEVEL": "DEBUG",
        "OKTA_ROTATOR_LOG_FORMAT": "text",
        "OKTA_ROTATOR_WORKERS": "5",
        "OKTA_ROTATOR_HEARTBEAT": "60",
        "OKTA_ROTATOR_NAMESPACE": f"team-a,{NAMESPACE}",
        "OKTA_ROTATOR_OKTA_DOMAIN": "okta.com,acme.example",
        "OKTA_ROTATOR_LEASE_NAME": "my-rotator",
        "HTTPS_PROXY": "http://proxy.example.com:3128",
    }


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ({}, "okta-rotator:0.1.0"),
        ({"repository": "r.example.com/o", "tag": "1"}, "r.example.com/o:1"),
        ({"tag": "1", "digest": DIGEST}, f"okta-rotator@{DIGEST}"),
    ],
)
def test_the_image_is_named_by_tag_or_by_digest(helm: Helm, image: Json, reference: str) -> None:
    pods = helm.render({"image": image}).pods()
    assert {pod["spec"]["containers"][0]["image"] for pod in pods} == {reference}


SPOT = {
    "imagePullSecrets": [{"name": "registry"}],
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "infra", "operator": "Exists", "effect": "NoSchedule"}],
}


def test_every_pod_can_be_pulled_and_put_where_the_values_say(everything: Objects) -> None:
    for pod in everything.pods():
        assert {name: pod["spec"].get(name) for name in SPOT} == SPOT


def test_the_pods_are_kept_apart_where_that_can_be(default: Objects, everything: Objects) -> None:
    rules = pod_of(default)["affinity"]["podAntiAffinity"]
    assert rules.keys() == {"preferredDuringSchedulingIgnoredDuringExecution"}
    ((rule,),) = rules.values()
    term = rule["podAffinityTerm"]
    assert term["topologyKey"] == "kubernetes.io/hostname"
    assert term["labelSelector"] == default.one("Deployment")["spec"]["selector"]
    assert pod_of(everything)["affinity"] == EVERYTHING["affinity"]


def test_what_else_a_pod_is_given(everything: Objects) -> None:
    spec = pod_of(everything)
    assert spec["topologySpreadConstraints"] == EVERYTHING["topologySpreadConstraints"]
    assert spec["priorityClassName"] == "system-cluster-critical"
    metadata = everything.one("Deployment", "my-rotator")["spec"]["template"]["metadata"]
    assert metadata["annotations"] == EVERYTHING["podAnnotations"]
    assert metadata["labels"].items() >= EVERYTHING["podLabels"].items()
    account = everything.one("ServiceAccount", "my-rotator")
    assert account["metadata"]["annotations"] == {"example.com/role": "r"}


def test_a_drain_takes_one_of_several_pods_and_is_never_held_up(
    default: Objects, helm: Helm
) -> None:
    spec = default.one("PodDisruptionBudget")["spec"]
    assert spec["maxUnavailable"] == 1
    assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert not helm.render({"replicas": 1}).of_kind("PodDisruptionBudget")
    off = {"podDisruptionBudget": {"enabled": False}}
    assert not helm.render(off).of_kind("PodDisruptionBudget")


# Rights


def test_for_the_whole_cluster_there_is_one_cluster_role(default: Objects) -> None:
    binding = default.one("ClusterRoleBinding")
    assert binding["roleRef"]["name"] == default.one("ClusterRole")["metadata"]["name"]
    subject = {"kind": "ServiceAccount", "name": RELEASE, "namespace": NAMESPACE}
    assert binding["subjects"] == [subject]
    assert {one["metadata"]["namespace"] for one in default.of_kind("Role")} == {NAMESPACE}


def test_for_namespaces_there_is_a_role_in_each_and_nothing_else(helm: Helm) -> None:
    objects = helm.render(TWO)
    assert not objects.of_kind("ClusterRoleBinding")
    assert all(is_for_people(one) for one in objects.of_kind("ClusterRole"))
    roles = [one for one in objects.installed.of_kind("Role") if one["metadata"]["name"] == RELEASE]
    assert {one["metadata"]["namespace"] for one in roles} == {"123", "team-a"}
    bindings = [one for one in objects.of_kind("RoleBinding") if one["metadata"]["name"] == RELEASE]
    for one in bindings:
        subject = {"kind": "ServiceAccount", "name": RELEASE, "namespace": NAMESPACE}
        assert one["roleRef"]["kind"] == "Role"
        assert one["subjects"] == [subject]
    assert environment(objects)["OKTA_ROTATOR_NAMESPACE"] == "team-a,123"


def is_for_people(role: Json) -> bool:
    return any("/aggregate-to-" in label for label in role["metadata"]["labels"])


def test_the_rights_in_a_namespace_are_those_of_the_cluster_but_for_what_is_the_clusters(
    default: Objects, helm: Helm
) -> None:
    cluster = rights_given(default.one("ClusterRole"))
    role = next(r for r in helm.render(TWO).of_kind("Role") if r["metadata"]["name"] == RELEASE)
    left = cluster - rights_given(role)
    assert rights_given(role) < cluster
    kinds = {right.resource.partition("/")[0] for right in left}
    assert kinds == {"clusteroktaconnections", "namespaces"}


def test_no_role_has_a_wildcard_or_a_right_to_make_rights(objects: Objects) -> None:
    for role in (*objects.of_kind("Role"), *objects.of_kind("ClusterRole")):
        for right in rights_given(role):
            assert "*" not in (right.group, right.resource, right.verb)
            assert right.group != "rbac.authorization.k8s.io"
            assert right.verb not in ("bind", "escalate", "impersonate")


@pytest.mark.parametrize("name", ["whole cluster", "everything"])
def test_the_lease_is_the_only_one_that_it_may_touch(helm: Helm, name: str) -> None:
    objects = helm.render(MATRIX[name])
    rules = [
        r for role in objects.of_kind("Role") for r in role["rules"] if "leases" in r["resources"]
    ]
    own = [environment(objects)["OKTA_ROTATOR_LEASE_NAME"]]
    # The operator's and the hook's; a name cannot limit a create.
    assert [(rule["verbs"], rule.get("resourceNames")) for rule in rules] == [
        (["create"], None),
        (["get", "update"], own),
    ] * 2


def test_people_are_never_given_a_status_or_a_connection_of_the_cluster(objects: Objects) -> None:
    people = [role for role in objects.of_kind("ClusterRole") if is_for_people(role)]
    for right in (right for role in people for right in rights_given(role)):
        assert right.group == "okta-rotator.dev"
        assert right.resource in ("oktaclientsecretrotations", "oktaconnections")


def test_who_sees_may_not_write_and_who_edits_may(default: Objects) -> None:
    reads, all_verbs = {"get", "list", "watch"}, "rbac.authorization.k8s.io/aggregate-to-"
    view, edit = (default.one("ClusterRole", f"{RELEASE}-{name}") for name in ("view", "edit"))
    assert {right.verb for right in rights_given(view)} == reads
    assert not {right.verb for right in rights_given(edit)} & reads
    aggregated = [
        {
            key.removeprefix(all_verbs)
            for key in one["metadata"]["labels"]
            if key.startswith(all_verbs)
        }
        for one in (view, edit)
    ]
    assert aggregated == [{"view", "edit", "admin"}, {"edit", "admin"}]


def test_nothing_of_the_cluster_is_needed_where_that_is_asked_for(helm: Helm) -> None:
    values = {**TWO, "crds": {"install": False}, "rbac": {"aggregateClusterRoles": False}}
    assert not helm.render(values).kinds & CLUSTER_SCOPED


# The CRDs


def test_the_crds_are_those_of_the_operator_and_are_kept(default: Objects) -> None:
    rendered = {one["metadata"]["name"]: one for one in default.of_kind("CustomResourceDefinition")}
    own = [yaml.safe_load(text) for text in render_crds().values()]
    assert rendered.keys() == {one["metadata"]["name"] for one in own}
    for crd in own:
        found = rendered[crd["metadata"]["name"]]
        assert found["spec"] == crd["spec"]
        assert found["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_the_crds_of_the_chart_are_in_step() -> None:
    kept = {path.name: path.read_text() for path in (CHART / "files" / "crds").iterdir()}
    assert kept == render_crds(), "run `make crds` and commit what it writes"


def test_the_crds_go_where_that_is_asked_for(everything: Objects) -> None:
    for crd in everything.of_kind("CustomResourceDefinition"):
        assert "annotations" not in crd["metadata"]


# The network, metrics, alerts, what else


def test_the_network_policy_lets_out_what_it_must_and_no_more(
    everything: Objects, helm: Helm
) -> None:
    spec = everything.one("NetworkPolicy", "my-rotator")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    out = [{(p["protocol"], p["port"]) for p in rule["ports"]} for rule in spec["egress"]]
    assert out == [{("UDP", 53), ("TCP", 53)}, {("TCP", 443), ("TCP", 6443)}, {("TCP", 3128)}]
    (within,) = spec["ingress"]
    assert within["ports"] == [{"port": "http", "protocol": "TCP"}]
    tester, *others = within["from"]
    assert others == EVERYTHING["networkPolicy"]["metricsFrom"]
    (pod,) = everything.hooks("test")
    assert pod["metadata"]["labels"].items() >= tester["podSelector"]["matchLabels"].items()
    open_to_all = helm.render({"networkPolicy": {"enabled": True}}).one("NetworkPolicy")
    assert open_to_all["spec"]["ingress"] == [{"ports": within["ports"]}]


ENDPOINT = {"port": "http", "path": "/metrics", "honorLabels": True} | {
    name: MONITOR[name]
    for name in ("interval", "scrapeTimeout", "relabelings", "metricRelabelings")
}


def test_a_service_monitor_leads_to_the_service(everything: Objects) -> None:
    monitor = everything.one("ServiceMonitor", "my-rotator")
    service = everything.one("Service", "my-rotator")
    assert monitor["metadata"]["labels"].items() >= MONITOR["labels"].items()
    chosen = monitor["spec"]["selector"]["matchLabels"]
    assert service["metadata"]["labels"].items() >= chosen.items()
    assert monitor["spec"]["endpoints"] == [ENDPOINT]
    assert [port["name"] for port in service["spec"]["ports"]] == ["http"]


def test_a_pod_monitor_leads_to_the_pods(helm: Helm) -> None:
    objects = helm.render(ONE_POD)
    spec = objects.one("PodMonitor")["spec"]
    assert spec["selector"] == objects.one("Deployment")["spec"]["selector"]
    assert spec["podMetricsEndpoints"] == [ENDPOINT]


def test_the_alerts_are_those_of_the_file(everything: Objects) -> None:
    rule = everything.one("PrometheusRule", "my-rotator")
    assert rule["spec"]["groups"]
    text = (CHART / "files" / "alerts.yaml").read_text()
    runbooks = EVERYTHING["prometheusRule"]["runbookBaseUrl"]
    assert rule["spec"] == yaml.safe_load(text.replace("__RUNBOOKS__", runbooks))
    for alert in (one for group in rule["spec"]["groups"] for one in group["rules"]):
        assert alert["annotations"]["runbook_url"].startswith(f"{runbooks}#")
    assert rule["metadata"]["labels"]["release"] == "prometheus"


def test_the_dashboard_is_that_of_the_file_and_found_by_grafana(everything: Objects) -> None:
    board = everything.one("ConfigMap", "my-rotator-dashboard")
    (text,) = board["data"].values()
    assert json.loads(text) == json.loads((CHART / "files" / "dashboard.json").read_text())
    assert board["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert board["metadata"]["annotations"] == {"grafana_folder": "Okta"}


OPTIONAL = {"NetworkPolicy", "ServiceMonitor", "PodMonitor", "PrometheusRule", "ConfigMap"}


def test_what_not_every_cluster_has_is_asked_for(default: Objects) -> None:
    assert not default.kinds & OPTIONAL


def test_more_objects_are_rendered_as_objects_and_as_text(everything: Objects) -> None:
    more = everything.one("ConfigMap", f"{RELEASE}-more")
    assert more["data"] == {"appVersion": "0.1.0"}
    assert everything.one("ConfigMap", "as-text")["data"] == {"n": "1"}


# The hooks


@pytest.mark.parametrize("values", [{}, TWO, EVERYTHING], ids=["cluster", "two", "everything"])
def test_after_an_uninstall_a_job_releases_with_rights_of_its_own(
    helm: Helm, values: Values
) -> None:
    objects = helm.render(values)
    hooks = objects.hooks("post-delete")
    (account,) = (one for one in hooks if one["kind"] == "ServiceAccount")
    (job,) = (one for one in hooks if one["kind"] == "Job")
    spec = job["spec"]["template"]["spec"]
    assert spec["serviceAccountName"] == account["metadata"]["name"]
    (container,) = spec["containers"]
    wanted = [f"--namespace={name}" for name in values.get("watchNamespaces", ())]
    lease = environment(objects)["OKTA_ROTATOR_LEASE_NAME"]
    assert container["args"] == ["release", *wanted, f"--lease-name={lease}"]
    for one in hooks:
        if one["kind"].endswith("Binding"):
            (subject,) = one["subjects"]
            assert subject["name"] == account["metadata"]["name"]


def test_its_rights_are_there_before_the_job_and_everything_goes_after_it(default: Objects) -> None:
    hooks = default.hooks("post-delete")
    order = ("ServiceAccount", "ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding", "Job")
    weights = {
        one["kind"]: int(one["metadata"]["annotations"].get("helm.sh/hook-weight", "0"))
        for one in hooks
    }
    assert [weights[kind] for kind in order] == [-10, -10, -10, -5, -5, 0]
    for one in hooks:
        policy = one["metadata"]["annotations"]["helm.sh/hook-delete-policy"]
        assert policy == "before-hook-creation,hook-succeeded"


def test_the_job_may_take_finalizers_off_and_nothing_else(default: Objects) -> None:
    rights = rights_given(default.one("ClusterRole", f"{RELEASE}-release"))
    assert {(right.resource, right.verb) for right in rights} == {
        ("oktaclientsecretrotations", "list"),
        ("oktaclientsecretrotations", "patch"),
    }
    operators = default.one("Role", f"{RELEASE}-leases")["rules"]
    assert default.one("Role", f"{RELEASE}-release-leases")["rules"] == operators


def test_the_job_ends(helm: Helm) -> None:
    (job,) = helm.render(changed({}, {"releaseOnUninstall.timeoutSeconds": 7})).of_kind("Job")
    assert job["spec"]["activeDeadlineSeconds"] == 7
    assert not helm.render(ONE_POD).hooks("post-delete")


def test_the_test_asks_the_service_for_readiness(default: Objects) -> None:
    (pod,) = default.hooks("test")
    (container,) = pod["spec"]["containers"]
    (port,) = default.one("Service")["spec"]["ports"]
    assert container["args"][-1] == f"http://{RELEASE}.{NAMESPACE}.svc:{port['port']}/readyz"
    assert pod["spec"]["restartPolicy"] == "Never"
