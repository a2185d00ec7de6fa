"""The Dockerfile: no container runtime is at hand here, so its text is held to the repository."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.packaging.install import ROOT, USER

TEXT = (ROOT / "Dockerfile").read_text()
LINES = [
    line
    for line in TEXT.replace("\\\n", " ").splitlines()
    if line.strip() and not line.startswith("#")
]


def instructions(name: str) -> list[str]:
    return [line.split(maxsplit=1)[1] for line in LINES if line.split()[0] == name]


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text()
    return dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", text, re.M))


def test_every_stage_has_the_same_pinned_base() -> None:
    bases = [line.split()[0] for line in instructions("FROM")]
    assert len(bases) == 2
    assert set(bases) == {"python:${PYTHON}"}
    (version,) = instructions("ARG")
    assert re.fullmatch(r"PYTHON=3\.\d+\.\d+-slim-\w+", version)
    base = version.replace("PYTHON=", "python:")
    assert f"`{base}`" in (ROOT / "docs/releases.md").read_text()


def test_what_is_copied_is_there_and_is_not_ignored() -> None:
    copied = [line.split()[:-1] for line in instructions("COPY") if "--from" not in line]
    assert copied
    kept = [
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    ]
    for source in (path for paths in copied for path in paths):
        assert (ROOT / source).exists(), source
        assert any(fnmatch(Path(source).parts[0], pattern) for pattern in kept), source


def test_copies_from_stages_that_exist() -> None:
    stages = {line.split()[2] for line in instructions("FROM") if " AS " in line}
    assert set(re.findall(r"--from=(\w+)", TEXT)) == stages


def test_it_installs_what_is_pinned_by_hash_and_the_wheel_alone() -> None:
    installs = re.findall(r"pip (?:--python \S+ )?install (.+)", "\n".join(LINES))
    assert len(installs) == 3
    for options in installs:
        assert "--no-deps" in options.split(), options
        is_locked = "--require-hashes" in options and "-r requirements/" in options
        assert is_locked or "--no-index" in options.split(), options


def test_the_pins_are_complete_so_that_pip_looks_for_nothing_else() -> None:
    """pip prefers a newer release to a pin where a package is asked for with an extra."""
    subprocess.run([sys.executable, "-m", "pip", "check"], check=True)
    text = (ROOT / "Makefile").read_text()
    installs = re.findall(r"pip (?:install|download) (.*--require-hashes.*)", text)
    assert len(installs) == 3
    assert all("--no-deps" in install.split() for install in installs)


def test_it_runs_our_command_as_a_user_without_rights() -> None:
    assert instructions("USER") == [f"{USER}:{USER}"]
    (entry,) = instructions("ENTRYPOINT")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(json.loads(entry)) <= project["scripts"].keys()
    assert LINES.index(f"USER {USER}:{USER}") < LINES.index(f"ENTRYPOINT {entry}")


@pytest.mark.parametrize("path", ["Dockerfile", "requirements/run.txt", "requirements/build.txt"])
def test_no_host_is_named(path: str) -> None:
    assert not re.search(r"https?://|index-url|\w+\.(io|com|org)/", (ROOT / path).read_text())


def test_the_build_tools_are_those_that_the_tests_used() -> None:
    assert pins("build.txt").items() <= pins("dev.txt").items()
    assert pins("run.txt").items() <= pins("dev.txt").items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for text in project["build-system"]["requires"]:
        wanted = Requirement(text)
        assert wanted.specifier.contains(pins("build.txt")[wanted.name])


def test_its_labels_say_what_the_project_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)=(".*?"|\S+)', TEXT))
    assert {name: value.strip('"') for name, value in labels.items()} == {
        "title": project["name"],
        "description": project["description"],
        "version": project["version"],
        "licenses": project["license"],
    }


def test_the_version_is_the_same_everywhere() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"okta-rotator:{version}" in TEXT
    assert f"okta-rotator:{version}" in (ROOT / "README.md").read_text()
    assert f"newTag: {version}" in (ROOT / "deploy/base/kustomization.yaml").read_text()
