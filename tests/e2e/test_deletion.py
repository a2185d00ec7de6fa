"""Deletion: what stays, what goes, and what a resource of the same name makes of it."""

from __future__ import annotations

import time

from tests.okta_fixtures import emulator_process
from tests.scene import Scene

DELETE_SECRET = {"spec.deletionPolicy.secret": "Delete"}
REVOKE = {"spec.deletionPolicy": {"secret": "Delete", "oktaSecrets": "Revoke"}}


def delete(scene: Scene) -> None:
    """Returns once the resource is gone, and with it our finalizer.

    Where its Secret goes along, a young process waits 15 s for what an earlier one may have sent.
    """
    scene.kubectl("delete", "ocsr", scene.name, "--timeout=40s")
    assert not scene.exists("ocsr")


def test_a_deletion_with_retain_needs_neither_okta_nor_the_connection(running: Scene) -> None:
    name = f"{running.name}-connection"
    with emulator_process() as okta:
        app_id = okta.make_app(secrets=[])["id"]
        running.connect(name, token=okta.add_token(), url=okta.base_url)
        running.rotate({"spec.connection.name": name, "spec.parameters.clientId": app_id})
        running.until_ready()
    before = running.data(), running.data(running.state_name)
    running.kubectl("delete", "oktaconn", name)
    delete(running)
    assert (running.data(), running.data(running.state_name)) == before


def test_a_deletion_with_retain_leaves_okta_alone(ready: Scene) -> None:
    ready.rotate_by_hand("second")
    before, heard = ready.okta_secrets(), ready.listen()
    delete(ready)
    assert heard() == []
    assert ready.okta_secrets() == before
    assert ready.exists("secret")


def test_the_secrets_that_stay_are_no_longer_looked_after(ready: Scene) -> None:
    delete(ready)
    ready.kubectl("delete", "secret", ready.name)
    ready.always(lambda: not ready.exists("secret"), "the target stays away", 1)


def test_the_target_goes_where_the_policy_says_so_and_the_state_stays(running: Scene) -> None:
    running.rotate(DELETE_SECRET)
    running.until_ready()
    value = running.published()
    delete(running)
    assert not running.exists("secret")
    assert running.data(running.state_name)["active"] == value
    assert running.in_okta() == {value: "ACTIVE"}


def test_a_strangers_secret_does_not_go_with_the_resource(running: Scene) -> None:
    running.apply(running.secret_manifest(running.name, {"THEIRS": "theirs"}))
    running.rotate(DELETE_SECRET)
    running.until_reason("Ready", "TargetConflict")
    delete(running)
    assert running.data() == {"THEIRS": "theirs"}


def test_a_resource_that_was_never_ready_can_be_deleted(running: Scene) -> None:
    running.okta.remove_app(running.app_id)
    running.rotate()
    running.until_reason("Ready", "AppNotFound")
    delete(running)


def test_the_same_manifest_applied_again_takes_everything_up_without_a_rotation(
    ready: Scene,
) -> None:
    ready.rotate_by_hand("second")
    before, target, held = ready.status(), ready.data(), ready.okta_secrets()
    old = ready.get("ocsr") or {}
    delete(ready)
    heard = ready.listen()
    ready.rotate()
    ready.until_ready()
    new, after = ready.get("ocsr") or {}, ready.status()
    assert new["metadata"]["uid"] != old["metadata"]["uid"]
    assert ready.data() == target
    assert ready.okta_secrets() == held
    assert not {"create", "deactivate", "delete"} & set(heard())
    kept = ("activeIndex", "credentials", "lastRotatedAt", "nextRotationAt", "lastRotationJobId")
    assert [after[field] for field in kept] == [before[field] for field in kept]
    assert ready.record()["uid"] == new["metadata"]["uid"]
    ready.until(lambda: labelled_with(ready) == {new["metadata"]["uid"]}, "the new uid", 5)
    ready.until(lambda: "Adopted" in ready.event_reasons(), "it is told")
    assert ready.event_reasons().count("Rotated") == 2


def test_the_same_manifest_publishes_again_what_went_with_the_resource(running: Scene) -> None:
    running.rotate(DELETE_SECRET)
    running.until_ready()
    target = running.data()
    delete(running)
    running.rotate(DELETE_SECRET)
    running.until_ready()
    assert running.data() == target
    assert len(running.okta_secrets()) == 1


def test_a_state_secret_of_another_app_is_never_overwritten(ready: Scene) -> None:
    delete(ready)
    before = ready.data(ready.state_name)
    ready.app_id = ready.okta.make_app(secrets=[])["id"]
    ready.rotate()
    condition = ready.until_reason("Ready", "StateConflict")
    assert ready.conditions() == {"Ready": "False", "Stalled": "True"}
    assert "Use another name" in condition["message"]
    assert ready.data(ready.state_name) == before
    assert ready.okta_secrets() == []
    ready.kubectl("delete", "secret", ready.state_name)
    ready.until_ready()


def test_with_revoke_all_goes_and_a_stand_in_is_left(running: Scene) -> None:
    running.rotate(REVOKE)
    running.until_ready()
    value = running.published()
    delete(running)
    assert not running.exists("secret")
    assert not running.exists("secret", running.state_name)
    (left,) = running.in_okta()
    assert left.startswith("okr_standin_")
    assert not running.accepts(value)


def test_a_copy_that_calls_the_secrets_its_own_revokes_nothing(running: Scene) -> None:
    """As of a namespace that was restored elsewhere, with its state Secret and its uid in that."""
    running.rotate(REVOKE)
    running.until_ready()
    value, copy = running.published(), running.another()
    copy.app_id = running.app_id
    time.sleep(1)  # Who is older counts, in whole seconds.
    secret = running.get("secret", running.state_name) or {}
    metadata = {"namespace": copy.namespace, "name": copy.state_name}
    copy.apply({**secret, "metadata": metadata})
    copy.rotate(REVOKE)
    copy.until_reason("Ready", "Conflict")
    copy.rewrite_record({"uid": (copy.get("ocsr") or {})["metadata"]["uid"]})
    before = running.okta_secrets()
    delete(copy)
    (told,) = copy.warnings("NotRevoked")
    named = f"the OktaClientSecretRotation {running.name} uses its client secrets too"
    assert f"{named}: nothing is revoked" in told
    assert running.okta_secrets() == before
    assert running.accepts(value)
    running.kubectl("delete", "secret", copy.state_name)
    delete(running)
    assert not running.accepts(value)


def test_a_resource_deleted_in_mid_rotation_goes_and_its_successor_finishes(ready: Scene) -> None:
    first, heard = ready.published(), ready.listen()
    ready.okta.add_fault("delay", method="POST", path=ready.app_id, seconds=2)
    ready.annotate("monday")
    ready.until(lambda: "create" in heard(), "the create is under way")
    delete(ready)
    ready.rotate()
    ready.until_ready(30)
    ready.until(lambda: len(ready.okta_secrets()) == 2, "the first and one new")
    ready.until(lambda: "job" not in ready.record(), "no job is left", 30)
    assert ready.accepts(ready.published())
    assert ready.accepts(first)
    assert heard().count("create") == 1


def labelled_with(scene: Scene) -> set[str]:
    """The uids on the target and on the state Secret."""
    secrets = (scene.get("secret"), scene.get("secret", scene.state_name))
    return {(s or {})["metadata"]["labels"]["okta-rotator.dev/rotation"] for s in secrets}
