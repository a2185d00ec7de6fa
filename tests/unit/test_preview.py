"""`okta-rotator preview`: what it reads, what it shows, and what it says of bad manifests."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from okta_rotator.cli.main import app
from okta_rotator.cli.manifests import ManifestError, previewed
from tests.resources import Json, cluster_connection, connection, rotation

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
BERLIN = {"hours": 2, "minutes": 30, "timeZone": "Europe/Berlin"}
NIGHTS = [{"policy": "Allow", "schedule": "0 3 * * *", "duration": "1h"}]
SAMPLES = Path(__file__).parents[2] / "deploy" / "samples"


def shown(*manifests: Json, count: int = 2) -> list[str]:
    """With a connection in either namespace, so that nothing has to be said of it."""
    there = [connection(), connection({"metadata.namespace": "team-a"})]
    return alone(*manifests, *there, count=count)


def alone(*manifests: Json, count: int = 2) -> list[str]:
    return previewed(yaml.safe_dump_all(manifests), NOW, count)[0].splitlines()


def got(changes: dict[str, Any] | None = None, **status: str) -> Json:
    """As `kubectl get -o yaml` prints it, after a scheduled rotation a day ago."""
    told = {"lastRotatedAt": "2026-02-28T01:30:02Z", "nextRotationAt": "2026-03-30T00:30:00Z"}
    metadata = {"metadata.namespace": "team-a", "metadata.uid": "6e1c1f0e", "status": told | status}
    return rotation({**metadata, "spec.rotateAt": BERLIN, **(changes or {})}, "web")


def test_the_next_rotations_in_utc_and_in_the_zone() -> None:
    assert shown(got()) == [
        "team-a/web: every 30 days at 02:30 Europe/Berlin",
        "#  UTC                  Europe/Berlin                  previous secret off  deleted",
        "1  2026-03-30 00:30:00  Mon 2026-03-30 02:30:00 +0200  2026-04-29 00:30:00"
        "  2026-04-29 00:30:00",
        "2  2026-04-29 00:30:00  Wed 2026-04-29 02:30:00 +0200  2026-05-29 00:30:00"
        "  2026-05-29 00:30:00",
    ]


def test_windows_spread_and_retention_are_applied() -> None:
    changes = {
        "spec.windows": NIGHTS,
        "spec.spread": "2h",
        "spec.previousSecret": {"retention": "For", "duration": "24h", "inactiveHold": "2h"},
    }
    lines = shown(got(changes), count=1)
    assert lines[0].startswith("team-a/web: every 30 days at 02:30 Europe/Berlin, ")
    assert lines[0].endswith(" later by its spread, within 1 window")
    row = lines[-1]
    assert "2026-03-30 03:00:00  Mon 2026-03-30 05:00:00 +0200" in row
    assert "2026-03-31 03:00:00  2026-03-31 05:00:00  waits since 2026-03-30 0" in row


def test_a_manifest_alone_begins_with_the_first_rotation() -> None:
    lines = shown(rotation(), count=1)
    assert lines[1] == (
        "note: there is no status.lastRotatedAt: the first rotation is taken to run now"
    )
    assert lines[3].startswith("1  2026-03-01 10:00:00  2026-04-01 00:00:00")
    assert lines[3].endswith("the first one; previous is what the app has now")


def test_without_a_uid_the_spread_is_not_known() -> None:
    lines = shown(rotation({"spec.spread": "2h"}))
    assert "2026-04-01 00:00:00" in lines[-1]
    assert lines[1] == (
        "note: there is no metadata.uid, by which the spread is chosen: each rotation comes later "
        "than shown, by the same part of 2h"
    )


def test_what_had_to_be_supposed_is_said() -> None:
    assert (
        "the last rotation is taken to have been a scheduled one"
        in shown(got({"spec.rotationInterval": 10}))[1]
    )


def test_an_overdue_rotation_runs_now() -> None:
    row = shown(got(lastRotatedAt="2026-01-01T02:30:00Z"))[3]
    assert row.startswith("1  2026-03-01 10:00:00")
    assert row.endswith("overdue since 2026-01-31 01:30:00")


def test_a_paused_resource_is_said_to_be_paused() -> None:
    paused = {"metadata.annotations": {"okta-rotator.dev/paused": "true"}}
    note = "note: okta-rotator.dev/paused is set: nothing runs until it is taken away"
    told = got(paused)
    # As the operator reports one that is paused.
    del told["status"]["nextRotationAt"]
    lines = shown(told)
    assert lines[1] == note
    assert lines[2].startswith("#")
    assert note not in shown(got())


def test_without_auto_rotation_none_is_shown() -> None:
    assert shown(rotation({"spec.isAutoRotationEnabled": False}))[1:] == [
        "note: isAutoRotationEnabled is false: no rotation runs by schedule"
    ]


def test_every_rotation_of_a_file_is_shown() -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": [got(), connection()]}
    heads = [line for line in shown(listed, rotation(name="b"), count=1) if ": every" in line]
    assert [head.partition(":")[0] for head in heads] == ["team-a/web", "default/b"]


FREEZE = {"until": "2026-05-01T12:00:00Z", "reason": "a launch"}


def test_a_freeze_of_the_connection_holds_rotations() -> None:
    elsewhere = connection({"spec.freeze": FREEZE})
    frozen = connection({"spec.freeze": FREEZE, "metadata.namespace": "team-a"})
    lines = alone(frozen, elsewhere, got(), count=1)
    assert lines[1] == "note: OktaConnection my-connection is frozen until 2026-05-01 12:00:00 UTC"
    assert lines[-1].startswith("1  2026-05-01 12:00:00")
    assert lines[-1].endswith("waits since 2026-03-30 00:30:00")
    free = connection({"metadata.namespace": "team-a"})
    assert alone(elsewhere, free, got(), count=1)[2].startswith("1  2026-03-30 00:30:00")


def test_a_freeze_of_a_connection_of_the_cluster_holds_rotations() -> None:
    by = {"spec.connection": {"kind": "ClusterOktaConnection", "name": "shared"}}
    lines = alone(got(by), cluster_connection({"spec.freeze": FREEZE}), count=1)
    assert lines[-1].startswith("1  2026-05-01 12:00:00")


def test_a_connection_that_is_not_there_is_said_to_be_unknown() -> None:
    assert alone(got())[1] == (
        "note: OktaConnection my-connection is not in the file: a freeze of it is not taken into "
        "account"
    )


LONG = {
    "spec.rotationInterval": 1,
    "spec.previousSecret": {"retention": "For", "duration": "20h", "inactiveHold": "23h"},
}


def test_a_promise_that_is_longer_than_the_interval_is_said_to_hold_rotations_up() -> None:
    (note,) = [line for line in shown(got(LONG)) if "spec.previousSecret" in line]
    assert "so each scheduled rotation waits" in note
    assert not [line for line in shown(got()) if "spec.previousSecret" in line]


def test_a_previous_secret_that_is_there_holds_up_the_next_rotation() -> None:
    there = got(LONG, lastRotatedAt="2026-03-01T00:30:02Z", nextRotationAt="2026-03-02T01:30:00Z")
    there["status"]["activeIndex"] = 1
    held = {"index": 0, "secretId": "ocs1", "state": "ACTIVE", "revokeAt": "2026-03-01T20:30:02Z"}
    there["status"]["credentials"] = [held, {**held, "index": 1, "revokeAt": None}]
    assert shown(there)[-2].startswith("1  2026-03-02 19:30:02")
    there["status"]["credentials"][0] |= {"state": "INACTIVE", "revokeAt": None}
    assert shown(there)[-2].startswith("1  2026-03-02 19:30:02")
    there["status"]["credentials"][0] |= {"state": "ACTIVE", "revokeAt": "2026-03-02T01:30:00Z"}
    assert shown(there)[-2].startswith("1  2026-03-02 01:30:00")


def test_one_that_never_rotates_hides_no_other() -> None:
    text, is_faulty = previewed(yaml.safe_dump_all([rotation(NEVER), got()]), NOW, 1)
    assert is_faulty
    assert "note: no rotation runs: spec.windows leave no opening within 5 years" in text
    assert "1  2026-03-30 00:30:00" in text


def test_what_is_beyond_the_calendar_is_said() -> None:
    text, is_faulty = previewed(json.dumps(got(lastRotatedAt="9999-12-30T00:00:00Z")), NOW, 1)
    assert is_faulty
    assert text == "team-a/web: its rotations would come after the year 9999"


NEVER = {"spec.windows": [{"policy": "Deny", "schedule": "* * * * *", "duration": "1m"}]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "is no YAML"),
        ("", "holds no OktaClientSecretRotation of okta-rotator.dev"),
        ("- a\n- b", "holds no OktaClientSecretRotation"),
        (json.dumps(connection()), "holds no OktaClientSecretRotation"),
        (json.dumps(rotation({"spec.rotationInterval": 0})), "a: spec.rotationInterval: should be"),
        (
            json.dumps(rotation({"spec.rotateAt": {**BERLIN, "timeZone": "Mars"}})),
            "a: spec.rotateAt.timeZone: is no IANA time zone that this operator knows",
        ),
        (json.dumps({**rotation(), "spec": None}), "a: spec: should be a valid dictionary"),
        (json.dumps(rotation(name="a" * 240)), "metadata.name: must have at most 234 characters"),
        (json.dumps(rotation(name="x-okta-rotator-state")), "metadata.name: must have at most 234"),
        (
            json.dumps({**rotation(), "apiVersion": "okta-rotator.dev/v9"}),
            "a: apiVersion: is okta-rotator.dev/v9, not okta-rotator.dev/v1alpha1",
        ),
        (
            json.dumps(
                {"items": [rotation(), connection({"spec.freeze": FREEZE | {"until": "x"}})]}
            ),
            "my-connection: spec.freeze.until: ",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said(text: str, says: str) -> None:
    text = text.replace("my-rotation", "a")
    with pytest.raises(ManifestError) as error:
        previewed(text, NOW, 1)
    assert says in str(error.value)


@pytest.mark.parametrize(
    "text",
    ["items: 5", "items: &all [{items: *all}]", "[" * 3000],
    ids=["no list", "itself", "deep"],
)
def test_an_odd_file_is_refused_like_any_other(text: str) -> None:
    with pytest.raises(ManifestError):
        previewed(text, NOW, 1)


def test_annotations_that_are_none_pause_nothing() -> None:
    odd = got()
    odd["metadata"]["annotations"] = ["okta-rotator.dev/paused"]
    assert shown(odd) == shown(got())


def test_the_command_reads_a_file_or_its_input() -> None:
    sample = SAMPLES / "rotation.yaml"
    from_file = CliRunner().invoke(app, ["preview", "-f", str(sample), "--count", "3"])
    assert from_file.exit_code == 0, from_file.output
    assert len(from_file.output.splitlines()) == 7
    from_input = CliRunner().invoke(
        app, ["preview", "-f", "-", "--count", "1"], input=sample.read_text()
    )
    assert from_input.exit_code == 0, from_input.output
    assert len(from_input.output.splitlines()) == 5


def test_the_command_fails_where_one_never_rotates() -> None:
    manifest = yaml.safe_dump(rotation(NEVER))
    done = CliRunner().invoke(app, ["preview", "-f", "-"], input=manifest)
    assert done.exit_code == 1
    assert "no rotation runs" in done.output


@pytest.mark.parametrize(
    ("name", "says"), [("none.yaml", "No such file"), ("odd.yaml", "holds no OktaClientSecret")]
)
def test_a_bad_file_ends_the_command_with_an_error(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "odd.yaml").write_text("a: b\n")
    done = CliRunner().invoke(app, ["preview", "-f", str(tmp_path / name)])
    assert done.exit_code == 1
    assert f"{tmp_path / name}: " in done.stderr
    assert says in done.stderr
