"""Specs for property tests: sound ones, and values that are judged differently by mistake."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from okta_rotator.api.base import rfc3339
from okta_rotator.api.names import CLUSTER_CONNECTION_KIND, CONNECTION_KIND, ROTATION_KIND
from tests.resources import (
    ABSENT,
    Json,
    changed,
    cluster_connection,
    connection,
    paths,
    rotation,
    service_app_connection,
)


def characters(allowed: str, least: int, most: int) -> st.SearchStrategy[str]:
    return st.text(allowed, min_size=least, max_size=most)


LOWER, ALPHANUMERIC = "abz09", "abzABZ019"
LABEL = st.from_regex("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)
NAME = (
    st.lists(LABEL, min_size=1, max_size=3)
    .map(".".join)
    .filter(lambda name: not name.endswith("-okta-rotator-state"))
)
APP_ID = characters(ALPHANUMERIC, 10, 64)
CLIENT_ID = characters("aZ0$-_.+!*'(),", 6, 100).filter(lambda text: text != "ALL_CLIENTS")
SECRET_KEY = st.from_regex("[.]?[-_a-zA-Z0-9][-._a-zA-Z0-9]{0,251}", fullmatch=True)
METADATA_KEY = st.one_of(
    st.from_regex("[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", fullmatch=True),
    st.sampled_from(["app.kubernetes.io/name", "example.com/a", "notkubernetes.io/a", "k8s.io"]),
)
LABEL_VALUE = st.from_regex("([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?", fullmatch=True)
SECONDS_TO_2001, SECONDS_TO_9999 = 978_307_200, 253_370_764_800
DESCRIPTION = st.text(max_size=256)
PORT = st.one_of(st.just(""), st.integers(1, 65535).map(":{}".format))


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({}, optional=fields)


PARAMETERS = st.one_of(
    st.fixed_dictionaries({"clientId": APP_ID}, optional={"appId": APP_ID}),
    st.fixed_dictionaries({"clientId": CLIENT_ID, "appId": APP_ID}),
)
MAPPING = st.lists(SECRET_KEY, min_size=2, max_size=2, unique=True).map(
    lambda keys: dict(zip(("clientId", "clientSecret"), keys, strict=True))
)
TARGET = optional(
    name=NAME,
    type=st.sampled_from(["Opaque", "example.com/credentials", "a", "not.a-kubernetes.io/b"]),
    metadata=optional(
        labels=st.dictionaries(METADATA_KEY, LABEL_VALUE, max_size=3),
        annotations=st.dictionaries(METADATA_KEY, st.text(max_size=30), max_size=3),
    ),
)


def lengths(least: int, most: int) -> st.SearchStrategy[str]:
    """Durations of so many seconds, in all the ways of writing them."""
    return st.integers(least, most).flatmap(lambda seconds: st.sampled_from(_written(seconds)))


def _written(seconds: int) -> list[str]:
    minutes, rest = divmod(seconds, 60)
    hours, left = divmod(minutes, 60)
    full = f"{hours}h{left}m{rest}s"
    return [f"{seconds}s", full, f"{hours}h{60 * left + rest}s", f"{hours + 0:05}h{left}m{rest}s"]


DAY = 24 * 3600
PREVIOUS = st.one_of(
    optional(retention=st.just("UntilNextRotation"), inactiveHold=lengths(0, DAY - 1)),
    st.fixed_dictionaries(
        {"retention": st.just("For"), "duration": lengths(60, DAY - 1)},
        optional={"inactiveHold": lengths(0, DAY - 1)},
    ),
)
"""Shorter than the shortest interval, so that it goes with any."""
DELETION = st.one_of(
    optional(secret=st.sampled_from(["Retain", "Delete"]), oktaSecrets=st.just("Retain")),
    st.just({"secret": "Delete", "oktaSecrets": "Revoke"}),
)
TIME = {"hours": st.integers(0, 23), "minutes": st.integers(0, 59)}
ZONE = st.sampled_from(["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT-14"])
TIMES: st.SearchStrategy[Json] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"rotateAtUtc": st.fixed_dictionaries(TIME)}),
    st.fixed_dictionaries({"rotateAt": st.fixed_dictionaries({**TIME, "timeZone": ZONE})}),
)


def cron_field(least: int, most: int, *words: str) -> st.SearchStrategy[str]:
    value = st.integers(least, most).map(str) | st.sampled_from(words or (str(least),))
    spans = st.just("*") | value | st.builds("{}-{}".format, value, value)
    stepped = st.builds("{}/{}".format, spans, st.integers(1, 99))
    return st.lists(spans | stepped, min_size=1, max_size=2).map(",".join)


WINDOW = st.fixed_dictionaries(
    {
        "policy": st.sampled_from(["Allow", "Deny"]),
        "schedule": st.builds(
            "{} {} {} {} {}".format,
            cron_field(0, 59, "07"),
            cron_field(0, 23, "07"),
            cron_field(1, 31, "07"),
            cron_field(1, 12, "JAN", "dec"),
            cron_field(0, 7, "SUN", "fri"),
        ),
        "duration": st.integers(1, 720 * 60).map("{}m".format) | st.just("1h30m0s"),
    },
    optional={"timeZone": ZONE},
)
ROTATION = st.fixed_dictionaries(
    {
        "connection": st.fixed_dictionaries(
            {"name": NAME},
            optional={"kind": st.sampled_from(["OktaConnection", "ClusterOktaConnection"])},
        ),
        "parameters": PARAMETERS,
        "rotationInterval": st.integers(1, 3650),
        "secretsMapping": MAPPING,
    },
    optional={
        "description": DESCRIPTION,
        "isAutoRotationEnabled": st.booleans(),
        "spread": lengths(60, DAY),
        "windows": st.lists(WINDOW, max_size=16),
        "target": TARGET,
        "verification": optional(
            enabled=st.booleans(),
            timeoutSeconds=st.integers(5, 600),
            recheckInterval=lengths(60, 720 * 3600),
        ),
        "adoptionPolicy": st.sampled_from(["Rotate", "Adopt"]),
        "previousSecret": PREVIOUS,
        "deletionPolicy": DELETION,
    },
)
ROTATION = st.builds(lambda spec, times: {**spec, **times}, ROTATION, TIMES)
HOST = st.lists(LABEL.filter(lambda label: not label.endswith("-admin")), min_size=1, max_size=2)
INSTANCE_URL = st.one_of(
    st.builds("https://{}.com{}".format, HOST.map(".".join), PORT),
    st.builds(
        "{}://{}{}".format,
        st.sampled_from(["http", "https"]),
        st.sampled_from(["127.0.0.1", "localhost", "[::1]"]),
        PORT,
    ),
)
SECRET_REF = st.fixed_dictionaries(
    {"secretRef": st.fixed_dictionaries({"name": NAME, "key": SECRET_KEY})}
)
SIGN_IN = st.one_of(
    st.fixed_dictionaries({"method": st.just("api-token"), "apiToken": SECRET_REF}),
    st.fixed_dictionaries(
        {
            "method": st.just("oauth-private-key"),
            "oauth": st.fixed_dictionaries(
                {"clientId": CLIENT_ID, "privateKey": SECRET_REF},
                optional={"dpop": st.sampled_from(["Auto", "Required", "Disabled"])},
            ),
        }
    ),
)
CA_BUNDLE = st.builds("{}-----BEGIN CERTIFICATE-----{}".format, st.text(), st.text())
CONNECTION = st.builds(
    lambda sign_in, rest: {**sign_in, **rest},
    SIGN_IN,
    st.fixed_dictionaries(
        {"instanceUrl": INSTANCE_URL},
        optional={
            "description": DESCRIPTION,
            "caBundle": CA_BUNDLE,
            "rateLimit": optional(maxUtilizationPercent=st.integers(1, 100)),
            "freeze": st.fixed_dictionaries(
                {
                    "until": st.integers(SECONDS_TO_2001, SECONDS_TO_9999).map(
                        lambda at: rfc3339(datetime.fromtimestamp(at, UTC))
                    ),
                    "reason": st.text(min_size=1, max_size=256),
                }
            ),
        },
    ),
)
EXPRESSION: st.SearchStrategy[Json] = st.one_of(
    st.fixed_dictionaries(
        {
            "key": METADATA_KEY,
            "operator": st.sampled_from(["In", "NotIn"]),
            "values": st.lists(LABEL_VALUE, min_size=1, max_size=3),
        }
    ),
    st.fixed_dictionaries(
        {"key": METADATA_KEY, "operator": st.sampled_from(["Exists", "DoesNotExist"])},
        optional={"values": st.just([])},
    ),
)
SELECTOR = optional(
    matchLabels=st.dictionaries(METADATA_KEY, LABEL_VALUE, max_size=3),
    matchExpressions=st.lists(EXPRESSION, max_size=3),
)
NAMESPACES = st.lists(LABEL, min_size=1, max_size=3)
APP_IDS = st.one_of(st.just(["*"]), st.lists(APP_ID, min_size=1, max_size=3))
GRANT = st.one_of(
    st.fixed_dictionaries(
        {"appIds": APP_IDS, "namespaces": NAMESPACES}, optional={"namespaceSelector": SELECTOR}
    ),
    st.fixed_dictionaries({"appIds": APP_IDS, "namespaceSelector": SELECTOR}),
)
CLUSTER_CONNECTION = st.builds(
    lambda connection, access: {**connection, **access},
    CONNECTION,
    optional(access=st.lists(GRANT, max_size=3)),
)
SPECS = {
    ROTATION_KIND: ROTATION,
    CONNECTION_KIND: CONNECTION,
    CLUSTER_CONNECTION_KIND: CLUSTER_CONNECTION,
}
SOUND = st.sampled_from(sorted(SPECS)).flatmap(lambda kind: st.tuples(st.just(kind), SPECS[kind]))

ODD: list[Any] = [
    *(ABSENT, None, True, False, {}, [], [{}], {"a": None}, {"name": None}),
    *(-1, 0, 1, 4, 5, 23, 24, 59, 60, 600, 601, 3650, 3651, 2**31, 2**63 - 1, 2**64),
    *([""], ["a"], ["*"], ["a", None], [["a"]], ["*", "*"], ["0oa1b2c3d4e5f6g7h8i9"] * 2),
    *(1.0, 30.0, 1.5, 1e3, 1e300, -0.0),
    *("", "true", "30", "30\n", "\n", " ", "é", "\u0660", "\uff21", "\u2028", "\x00", "𝒜"),
    *("a", ".", "..", "..a", ".a", "a..b", "-", "_", "a/b", "a\n", "A", "null", "Opaque", "Retain"),
    *("0oa1b2c3d4e5f6g7h8i9", "0oa1b2c3d4e5f6g7h8i9\n", "0oa1b2c3d4/5f6g7h8i9", "$-_.+!*'(),"),
    *("0oa1b2c3d4e5f6g7h8i\u0669", "ALL_CLIENTS", "OktaConnection", "api-token"),
    *("oauth-private-key", "Auto", "Disabled", "-----BEGIN CERTIFICATE-----", 100, 101),
    *("OKTA_CLIENT_ID", "OKTA_CLIENT_SECRET", "Adopt", "Rotate", "Revoke", "Delete", "For"),
    *("0s", "1m", "59s", "24h", "720h", "720h1s", "87600h", "87600h1s", "99999h", "99999999s"),
    *("1h\n", "1d", "1h1h", "30m1h", "1ms", "-1h", "+1h", "1.5h", "h", "0", "\u0661h", "1h 1m"),
    *("UntilNextRotation", {"retention": "For"}, {"duration": "1h"}, {"oktaSecrets": "Revoke"}),
    *({"retention": "For", "duration": "720h"}, {"inactiveHold": "24h"}, {"duration": "0s"}),
    *("kubernetes.io/tls", "a.kubernetes.io/b", "app.kubernetes.io/b", "k8s.io/", "/"),
    *("okta-rotator.dev/state", "notkubernetes.io/a", "kubernetes.io", "Kubernetes.io/a"),
    *("x-okta-rotator-state", "-okta-rotator-state", "https://a.com", "https://a.com\n"),
    *("https://a-admin.b.com", "https://a.b-admin.com", "https://a.com:65536", "https://a"),
    *("http://localhost:1\n", "http://localhost.", "https://a.com:99999", "http://[::1]:0"),
    *("http://localhost", "https://localhost:65535", "http://[::1]:1", "https://-admin.a.com"),
    *("https://u@a.com", "https://a.com/", "https://a.com?", "HTTPS://a.com", "https://1.2.3.4"),
    *({"kubernetes.io/a": "b"}, {"App.kubernetes.io/a": "b"}, {"a\n": "b"}, {"": "b"}),
    *({"app.kubernetes.io/a": "b"}, {"x.app.kubernetes.io/a": "b"}, {"kubernetes.io": "b"}),
    *({"helm.sh/a": "b"}, {"a": "b\n"}, {"a": 1}, {"é": "b"}, {"a" * 63: "b"}, {"a" * 64: "b"}),
    *({"a." * 120 + "io/a": "b"}, {"a." * 126 + "i/a": "b"}, {"a." * 126 + "io/a": "b"}),
    *({"a/b/c": "d"}, {"A/b": ""}, {"/a": ""}, {"a/": ""}, {"a": "x" * 64}, {"a": "x" * 1025}),
    *({str(number): "" for number in range(count)} for count in (32, 33)),
    *("Local", "Europe/Berlin", "europe/berlin", "UTC", "Etc/GMT+5", "+02:00", "America", "../UTC"),
    *("* * * * *", "0 22 * * mon-Fri", "60 0 * * *", "0 0 * * 8", "0 0 0 * *", "*/0 0 1 1 *"),
    *("2026-12-27T00:00:00Z", "2026-02-30T00:00:00Z", "1999-12-31T23:00:00-02:00"),
    *("2026-12-27T00:00:00", "2026-12-27t00:00:00z", "2026-12-27T24:00:00Z", "2026-12-27T00:00Z"),
    *("2026-12-27T23:59:60Z", "2026-12-27T00:00:00+14:59", "9999-12-31T23:59:59-14:00"),
    *("0  0 * * *", "@daily", "0 0 L * *", "0 0 * *", "0 0 * * * *", "0 0 * * 5-1/2,*/3,7"),
    *("0 0 ? * *", "0 0 * * 1#1", "0 0 * * ,", "1440m", "90s", "60s", "721h", "24h1s"),
    *(
        {"hours": 0, "minutes": 0, "timeZone": "UTC"},
        {"hours": 0, "minutes": 0},
        {"hours": 0},
        {"hours": 24, "minutes": 0},
        {"labels": {}},
    ),
    *("k" * size for size in (63, 64, 65, 100, 101, 253, 254, 255, 256, 257, 1025)),
    *("é" * size for size in (64, 256, 257)),
]

FULL = {
    ROTATION_KIND: rotation(
        {
            "spec.description": "all fields",
            "spec.connection.kind": "OktaConnection",
            "spec.parameters.appId": "0oa1b2c3d4e5f6g7h8i9",
            "spec.isAutoRotationEnabled": True,
            "spec.rotateAtUtc": {"hours": 1, "minutes": 2},
            "spec.target": {"name": "a", "type": "Opaque"},
            "spec.target.metadata": {"labels": {"a": "b"}, "annotations": {"a": "b"}},
            "spec.verification": {"enabled": True, "timeoutSeconds": 60, "recheckInterval": "1h"},
            "spec.adoptionPolicy": "Adopt",
            "spec.previousSecret": {"retention": "For", "duration": "2h", "inactiveHold": "1h"},
            "spec.deletionPolicy": {"secret": "Delete", "oktaSecrets": "Revoke"},
            "spec.ofALaterVersion": True,
        }
    ),
    CONNECTION_KIND: connection(
        {
            "spec.description": "all fields",
            "spec.caBundle": "-----BEGIN CERTIFICATE-----",
            "spec.rateLimit": {"maxUtilizationPercent": 50},
            "spec.freeze": {"until": "2026-12-27T00:00:00Z", "reason": "year's end"},
        }
    ),
    CLUSTER_CONNECTION_KIND: cluster_connection(
        namespaces=["team-a"],
        appIds=["0oa1b2c3d4e5f6g7h8i9"],
        namespaceSelector={
            "matchLabels": {"team": "a"},
            "matchExpressions": [{"key": "team", "operator": "In", "values": ["a"]}],
        },
    ),
    "in local time": rotation(
        {
            "spec.rotateAt": {"hours": 1, "minutes": 2, "timeZone": "Europe/Berlin"},
            "spec.spread": "2h",
            "spec.windows": [
                {
                    "policy": "Deny",
                    "schedule": "0 8 * * MON-FRI",
                    "duration": "10h",
                    "timeZone": "Europe/Berlin",
                }
            ],
        }
    ),
    "service app": service_app_connection({"spec.oauth.dpop": "Required"}),
}
"""Sound resources in which, taken together, every field is given."""

PLACES = [(form, path) for form in FULL for path in paths(FULL[form]["spec"])]
"""Every field, with the resource of `FULL` that it is in."""


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, Json]:
    """A kind and a sound spec of it with something odd at two places."""
    kind, spec = draw(SOUND)
    resource: Json = {"spec": spec}
    places = [path for form, path in PLACES if FULL[form]["kind"] == kind]
    for path in draw(st.lists(st.sampled_from(places), min_size=1, max_size=2)):
        assume(_can_be_set(resource, path))
        resource = changed(resource, {path: draw(st.sampled_from(ODD) | st.text(max_size=10))})
    return kind, resource["spec"]


def _can_be_set(resource: Json, path: str) -> bool:
    place: Any = resource
    for step in path.split(".")[:-1]:
        if isinstance(place, list):
            place = place[int(step)] if int(step) < len(place) else None
        else:
            place = place.get(step, {})
        if not isinstance(place, dict | list):
            return False
    return isinstance(place, dict)
