"""`make sbom` and `make licences` tell of all that the image holds of others."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.packaging.install import ROOT, pinned

PINS = re.findall(
    r"^([\w.-]+)==(\S+).*\n((?:    --hash=.+\n)+)",
    (ROOT / "requirements/run.txt").read_text(),
    re.M,
)
"""Name, version and hashes of each."""

MAKE = ("--no-print-directory", "-o", ".venv/.ready", "-o", ".venv/tools/.ready")

FREE = ("Apache", "BSD", "ISC", "MIT", "MPL", "Mozilla", "PSF", "Python Software Foundation")
"""Licences under which an image may be handed on with no more than their texts."""


@pytest.fixture(scope="module")
def sbom(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("sbom")
    make("sbom", f"DIST={folder}")
    found: dict[str, Any] = json.loads((folder / "sbom.cdx.json").read_text())
    return found


def make(target: str, *variables: str) -> str:
    # -o: what runs the tests is not set up anew in the midst of them.
    done = subprocess.run(
        ["make", *MAKE, target, *variables],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_names_each_pin_with_its_version_and_its_hashes(sbom: dict[str, Any]) -> None:
    assert len(PINS) > 20
    named = {one["name"]: one for one in sbom["components"]}
    assert set(named) == {name for name, _, _ in PINS}
    for name, version, hashes in PINS:
        assert named[name]["version"] == version
        assert named[name]["purl"] == f"pkg:pypi/{name.lower()}@{version}"
        assert set(hashes_of(named[name])) == set(re.findall(r"sha256:(\w+)", hashes))


def test_it_is_about_us(sbom: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    about = sbom["metadata"]["component"]
    assert sbom["bomFormat"] == "CycloneDX"
    assert (about["name"], about["version"]) == (project["name"], project["version"])


def test_each_pin_has_a_licence_that_lets_the_image_be_handed_on() -> None:
    licences = dict(re.findall(r"^ (\S+) +\S+ +(\S.*?) *$", make("licences"), re.M))
    assert licences.pop("Name") == "License"
    assert {name.lower().replace("_", "-") for name in licences} == pinned().keys()
    for name, licence in licences.items():
        assert any(free in licence for free in FREE), (name, licence)


def hashes_of(component: dict[str, Any]) -> Iterator[str]:
    for reference in component["externalReferences"]:
        yield from (one["content"] for one in reference["hashes"])
