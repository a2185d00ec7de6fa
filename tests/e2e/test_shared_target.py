"""More keys in the Secret, and keys that are added to a Secret of somebody else."""

from __future__ import annotations

import json
from urllib.parse import quote

from tests.scene import Scene

PREVIOUS = {
    "spec.secretsMapping.previousClientSecret": "OKTA_PREVIOUS",
    "spec.target.template": {
        "app.env": "ID={{ clientId }}\nSECRET={{ clientSecret | urlencode }}\n",
        "app.json": '{"secret": {{ clientSecret | json }}}',
    },
}
SHARED = {"spec.target.creationPolicy": "Merge", "spec.deletionPolicy.secret": "Delete"}
SOON = 5.0


def test_templates_and_the_previous_secret_follow_each_rotation(running: Scene) -> None:
    running.rotate(PREVIOUS)
    running.until_ready()
    values = [running.published()]
    for token in ("first", "second"):
        running.rotate_by_hand(token)
        running.until_ready()
        values.append(running.published())
        assert running.data()["OKTA_PREVIOUS"] == values[-2]
    data, last = running.data(), values[-1]
    assert data["app.env"] == f"ID={running.app_id}\nSECRET={quote(last)}\n"
    assert json.loads(data["app.json"]) == {"secret": last}
    assert running.accepts(last)
    assert running.accepts(data["OKTA_PREVIOUS"])


def test_the_key_of_the_previous_secret_outlives_it(running: Scene) -> None:
    running.rotate(PREVIOUS)
    running.until_ready()
    running.rotate_by_hand("first")
    running.until_ready()
    previous, version = running.data()["OKTA_PREVIOUS"], running.version("secret")
    running.kubectl("annotate", "ocsr", running.name, "okta-rotator.dev/revoke-previous=end")
    running.until(lambda: len(running.in_okta()) == 1, "the previous one is retired")
    running.until_ready()
    assert running.data()["OKTA_PREVIOUS"] == previous
    assert running.version("secret") == version


def test_keys_are_added_to_a_secret_once_it_is_there_and_taken_away_again(running: Scene) -> None:
    heard = running.listen()
    running.rotate(SHARED)
    ready = running.until_reason("Ready", "TargetNotFound")
    assert running.name in ready["message"]
    assert heard() == []
    running.apply(running.secret_manifest(running.name, {"THEIRS": "theirs"}))
    running.until_ready(SOON * 4)
    running.rotate_by_hand("next")
    running.until_ready()
    data = running.data()
    assert (data["THEIRS"], data["OKTA_CLIENT_ID"]) == ("theirs", running.app_id)
    assert running.accepts(data["OKTA_CLIENT_SECRET"])
    running.kubectl("delete", "ocsr", running.name, "--timeout=30s")
    assert running.data() == {"THEIRS": "theirs"}


def test_a_shared_secret_that_its_owner_makes_anew_has_our_keys_again(running: Scene) -> None:
    running.apply(running.secret_manifest(running.name, {"THEIRS": "theirs"}))
    running.rotate(SHARED)
    running.until_ready()
    value = running.published()
    running.kubectl("delete", "secret", running.name)
    running.until_reason("Ready", "TargetNotFound")
    running.apply(running.secret_manifest(running.name, {"THEIRS": "new"}))
    running.until_ready()
    running.until(lambda: running.published() == value, "our keys are there again")
    assert running.data()["THEIRS"] == "new"


def test_a_key_that_was_there_first_is_told_and_left_alone(running: Scene) -> None:
    theirs = {"OKTA_CLIENT_SECRET": "a person's"}
    running.apply(running.secret_manifest(running.name, theirs))
    heard = running.listen()
    running.rotate(SHARED)
    ready = running.until_reason("Ready", "TargetConflict")
    assert "the key OKTA_CLIENT_SECRET" in ready["message"]
    assert running.data() == theirs
    assert heard() == []
