"""The examples of README.md and docs/ are such that they work when they are copied."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from pydantic import ValidationError

from okta_emulator.cli import app as emulator
from okta_emulator.seed import Seed
from okta_rotator.api import names
from okta_rotator.api.base import ApiModel
from okta_rotator.api.crds import KINDS
from okta_rotator.api.schema import structural
from okta_rotator.cli.main import app as operator
from okta_rotator.okta.keys import read_keys
from tests.controlplane import ControlPlane
from tests.docs.blocks import commands, documents, fenced
from tests.docs.pages import DOCS, PAGES, ROOT
from tests.resources import Json, cluster_connection, connection, rotation

BY_KIND = {kind.kind: kind for kind in KINDS}
PLAIN = (rotation(), connection(), cluster_connection())
OURS = re.compile(r"\b(okta-rotator|okta-emulator)$")
RESOURCES = {
    name
    for kind in KINDS
    for name in (kind.plural, kind.kind.lower(), kind.short_name, f"{kind.plural}.{names.GROUP}")
}
EXAMPLES: dict[str, Json] = {
    f"{page.name}-{number}": document
    for page in PAGES
    for number, document in enumerate(documents(page.read_text()))
}
COMMANDS = [(page.name, words) for page in PAGES for words in commands(page.read_text()) if words]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_in_yaml_is_sound(name: str) -> None:
    example = EXAMPLES[name]
    if "tokens" in example:
        Seed.model_validate(example)
    elif example.get("kind") in BY_KIND:
        assert not complaint(BY_KIND[example["kind"]].model, example["spec"])
    elif "spec" in example and "kind" not in example:
        complaints = [
            complaint(BY_KIND[plain["kind"]].model, {**plain["spec"], **example["spec"]})
            for plain in PLAIN
        ]
        assert "" in complaints, complaints


def test_the_api_server_takes_every_manifest(control_plane: ControlPlane, tmp_path: Path) -> None:
    manifests = [one for one in EXAMPLES.values() if "apiVersion" in one]
    assert {one["kind"] for one in manifests} >= {*BY_KIND}
    crds = str(ROOT / "crds")
    control_plane.kubectl("apply", "-f", crds)
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", crds)
    namespace = control_plane.create_namespace()
    for number, manifest in enumerate(manifests):
        path = tmp_path / f"{number}.yaml"
        metadata = {**manifest["metadata"], "namespace": namespace}
        path.write_text(yaml.safe_dump({**manifest, "metadata": metadata}))
        control_plane.kubectl("apply", "--dry-run=server", "-f", str(path))


def test_a_command_of_ours_has_the_flags_that_are_used() -> None:
    used = [words for _, words in COMMANDS if OURS.search(words[0])]
    assert len(used) > 5
    for words in used:
        known = flags_of(words)
        for word in words[1:]:
            flag = word.partition("=")[0]
            assert flag[:1] != "-" or flag in {*known, "-"}, " ".join(words)


def test_kubectl_is_asked_for_kinds_that_there_are() -> None:
    seen = set()
    for page, words in COMMANDS:
        for word in words[1:] if words[0] == "kubectl" else ():
            kinds = set(re.findall(r"(?:^|,)((?:c?okta|ocsr)\w*)(?=$|[,/])", word)) - {"okta"}
            assert kinds <= RESOURCES, (page, word)
            seen.update(kinds)
    assert seen >= {"ocsr", "oktaconn", "coktaconn"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_an_annotation_of_ours_is_one_that_there_is(page: Path) -> None:
    known = {value for value in vars(names).values() if isinstance(value, str)}
    known |= {names.API_VERSION, names.STATE_SECRET_TYPE}
    for name in re.findall(rf"\b{names.GROUP}/([a-z0-9-]+)", page.read_text()):
        assert f"{names.GROUP}/{name.rstrip('-')}" in known, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_target_of_make_is_one_that_there_is(page: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
    for target in re.findall(r"`make ([a-z]+)[^`]*`|^    make ([a-z]+)", page.read_text(), re.M):
        assert set(target) <= {"", *targets}, target


@pytest.mark.parametrize("kind", ["RSA", "EC"])
def test_a_key_made_by_the_commands_of_the_page_is_one_that_we_take(
    kind: str, tmp_path: Path
) -> None:
    made, shown, public = key_commands(kind)
    subprocess.run(made, shell=True, cwd=tmp_path, check=True, capture_output=True)
    (key,) = read_keys((tmp_path / "private-key.pem").read_text())
    assert key.algorithm == {"RSA": "RS256", "EC": "ES256"}[kind]
    subprocess.run(public, shell=True, cwd=tmp_path, check=True)
    assert "BEGIN PUBLIC KEY" in (tmp_path / "public-key.pem").read_text()
    python = shown.replace(".venv/bin/python", str(ROOT / ".venv/bin/python"))
    done = subprocess.run(python, shell=True, cwd=tmp_path, check=True, capture_output=True)
    assert yaml.safe_load(done.stdout) == key.public


def key_commands(kind: str) -> tuple[str, str, str]:
    """How docs/okta.md makes a private key, shows its public half, and writes that as PEM."""
    lines = "".join(fenced((DOCS / "okta.md").read_text(), "sh")).splitlines()
    (made,) = (line for line in lines if f"genpkey -algorithm {kind}" in line)
    (shown,) = (line for line in lines if "read_keys" in line)
    (public,) = (line for line in lines if "-pubout" in line)
    return made, shown, public


def complaint(model: type[ApiModel], spec: Json) -> str:
    """What is wrong with a spec of that kind, as kubectl sees it: unknown fields too."""
    strays = unknown(structural(model)["properties"]["spec"], spec, "spec")
    try:
        model.model_validate({"spec": spec})
    except ValidationError as error:
        return str(error)
    return ", ".join(strays)


def unknown(node: Json, value: Any, path: str) -> Iterator[str]:
    """The paths of the fields that the schema does not have."""
    if isinstance(value, list):
        for one in value:
            yield from unknown(node["items"], one, path)
    if isinstance(value, dict) and "properties" in node:
        for name, child in value.items():
            below = f"{path}.{name}"
            known = node["properties"].get(name)
            yield from [below] if known is None else unknown(known, child, below)


def flags_of(words: list[str]) -> set[str]:
    """The flags of a command of ours, and of the subcommand that is named."""
    is_operator = words[0].endswith("okta-rotator")
    command: Any = typer.main.get_command(operator if is_operator else emulator)
    found = {"--help"} | {flag for one in command.params for flag in one.opts}
    subcommands = getattr(command, "commands", {})
    for word in words[1:2]:
        if word in subcommands:
            found |= {flag for one in subcommands[word].params for flag in one.opts}
        elif subcommands and not word.startswith("-"):
            raise AssertionError(f"there is no okta-rotator {word}")
    return found
