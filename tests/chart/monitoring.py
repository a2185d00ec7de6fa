"""The kinds of the Prometheus operator, as far as the chart writes them, for an API server.

Read from its API reference (monitoring.coreos.com/v1); what is not here is refused.
"""

from __future__ import annotations

from typing import Final

from tests.resources import Json

_TEXT: Final[Json] = {"type": "string"}
_TEXTS: Final[Json] = {"type": "object", "additionalProperties": _TEXT}
_DURATION: Final[Json] = {
    "type": "string",
    "pattern": "^(0|[0-9]+(ms|[smhdwy]))$",
}


def _object(*required: str, **fields: Json) -> Json:
    needed = {"required": list(required)} if required else {}
    return {"type": "object", "properties": fields, **needed}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


_RELABELINGS: Final = _list(
    _object(
        action=_TEXT,
        regex=_TEXT,
        replacement=_TEXT,
        separator=_TEXT,
        sourceLabels=_list(_TEXT),
        targetLabel=_TEXT,
    )
)
_ENDPOINTS: Final = _list(
    _object(
        port=_TEXT,
        path=_TEXT,
        honorLabels={"type": "boolean"},
        interval=_DURATION,
        scrapeTimeout=_DURATION,
        relabelings=_RELABELINGS,
        metricRelabelings=_RELABELINGS,
    )
)
_SELECTOR: Final = _object(matchLabels=_TEXTS)
_RULE: Final = _object(
    "expr",
    alert=_TEXT,
    record=_TEXT,
    expr={"x-kubernetes-int-or-string": True},
    labels=_TEXTS,
    annotations=_TEXTS,
    **{"for": _DURATION},
)
_GROUP: Final = _object("name", name=_TEXT, interval=_DURATION, rules=_list(_RULE))

_SPECS: Final = {
    "ServiceMonitor": _object("endpoints", "selector", endpoints=_ENDPOINTS, selector=_SELECTOR),
    "PodMonitor": _object(
        "podMetricsEndpoints", "selector", podMetricsEndpoints=_ENDPOINTS, selector=_SELECTOR
    ),
    "PrometheusRule": _object(groups=_list(_GROUP)),
}


def crds() -> list[Json]:
    """A CustomResourceDefinition for each of them."""
    return [_crd(kind, spec) for kind, spec in _SPECS.items()]


def _crd(kind: str, spec: Json) -> Json:
    plural = f"{kind.lower()}s"
    schema = _object("spec", spec=spec)
    version = {"name": "v1", "served": True, "storage": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.monitoring.coreos.com"},
        "spec": {
            "group": "monitoring.coreos.com",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "scope": "Namespaced",
            "versions": [{**version, "schema": {"openAPIV3Schema": schema}}],
        },
    }
