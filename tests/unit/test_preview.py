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
from tests.resources import Json, connection, rotation

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
BERLIN = {"hours": 2, "minutes": 30, "timeZone": "Europe/Berlin"}
NIGHTS = [{"policy": "Allow", "schedule": "0 3 * * *", "duration": "1h"}]
SAMPLES = Path(__file__).parents[2] / "deploy" / "samples"


def shown(*manifests: Json, count: int = 2) -> list[str]:
    return previewed(yaml.safe_dump_all(manifests), NOW, count).splitlines()


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
    assert shown(got(paused))[1] == note
    assert note not in shown(got())


def test_without_auto_rotation_none_is_shown() -> None:
    assert shown(rotation({"spec.isAutoRotationEnabled": False}))[1:] == [
        "note: isAutoRotationEnabled is false: no rotation runs by schedule"
    ]


def test_every_rotation_of_a_file_is_shown() -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": [got(), connection()]}
    heads = [line for line in shown(listed, rotation(name="b"), count=1) if ": every" in line]
    assert [head.partition(":")[0] for head in heads] == ["team-a/web", "default/b"]


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
        (json.dumps(rotation(NEVER)), "a: spec.windows leave no opening within 5 years"),
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
    assert len(from_file.output.splitlines()) == 6
    from_input = CliRunner().invoke(
        app, ["preview", "-f", "-", "--count", "1"], input=sample.read_text()
    )
    assert from_input.exit_code == 0, from_input.output
    assert len(from_input.output.splitlines()) == 4


@pytest.mark.parametrize(
    ("name", "says"), [("none.yaml", "No such file"), ("odd.yaml", "holds no OktaClientSecret")]
)
def test_a_bad_file_ends_the_command_with_an_error(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "odd.yaml").write_text("a: b\n")
    done = CliRunner().invoke(app, ["preview", "-f", str(tmp_path / name)])
    assert done.exit_code == 1
    assert f"{tmp_path / name}: " in done.stderr
    assert says in done.stderr
