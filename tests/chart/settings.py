"""Values with which the chart is tried: each of its switches is on in one and off in another."""

from __future__ import annotations

from tests.chart.helm import NAMESPACE, Values

DIGEST = "sha256:" + "0123456789abcdef" * 4
LABELS = {"team": "identity"}
MONITOR: Values = {
    "enabled": True,
    "labels": {"release": "prometheus"},
    "interval": "30s",
    "scrapeTimeout": "10s",
    "relabelings": [{"action": "labeldrop", "regex": "pod"}],
    "metricRelabelings": [{"action": "drop", "sourceLabels": ["__name__"], "regex": "python_.*"}],
}

WHOLE_CLUSTER: Values = {}
TWO_NAMESPACES: Values = {"watchNamespaces": ["team-a", "123"]}
ONE_POD: Values = {
    "replicas": 1,
    "leaderElection": {"enabled": False},
    "podDisruptionBudget": {"enabled": False},
    "rbac": {"aggregateClusterRoles": False},
    "serviceAccount": {"create": False, "name": "theirs"},
    "crds": {"install": False},
    "releaseOnUninstall": {"enabled": False},
    "podMonitor": MONITOR,
}
EVERYTHING: Values = {
    "image": {"repository": "registry.example.com:5000/okta-rotator", "digest": DIGEST},
    "imagePullSecrets": [{"name": "registry"}],
    "nameOverride": "rotator",
    "fullnameOverride": "my-rotator",
    "commonLabels": LABELS,
    "replicas": 3,
    "watchNamespaces": ["team-a", NAMESPACE],
    "oktaDomains": ["okta.com", "acme.example"],
    "logLevel": "DEBUG",
    "logFormat": "text",
    "workers": 5,
    "heartbeat": 60,
    "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"}],
    "resources": {"limits": {"cpu": "1"}},
    "podLabels": {"sidecar.example.com/inject": "false"},
    "podAnnotations": {"example.com/note": "1"},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "infra", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {"nodeAffinity": {}},
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"app.kubernetes.io/component": "operator"}},
        }
    ],
    "priorityClassName": "system-cluster-critical",
    "serviceAccount": {"annotations": {"example.com/role": "r"}},
    "crds": {"keep": False},
    "networkPolicy": {
        "enabled": True,
        "metricsFrom": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
        "extraEgress": [{"ports": [{"port": 3128, "protocol": "TCP"}]}],
    },
    "serviceMonitor": MONITOR,
    "prometheusRule": {
        "enabled": True,
        "runbookBaseUrl": "https://wiki.example.com/runbooks",
        "labels": {"release": "prometheus"},
    },
    "dashboard": {"enabled": True, "annotations": {"grafana_folder": "Okta"}},
    "extraObjects": [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "{{ .Release.Name }}-more"},
            "data": {"appVersion": "{{ .Chart.AppVersion }}"},
        },
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: as-text}\ndata: {n: "{{ 1 }}"}\n',
    ],
}

MATRIX = {
    "whole cluster": WHOLE_CLUSTER,
    "two namespaces": TWO_NAMESPACES,
    "one pod": ONE_POD,
    "everything": EVERYTHING,
}
