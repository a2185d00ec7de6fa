"""The commands: flags, environment variables, messages for bad values, and the CRDs' output."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from okta_emulator.cli import app as emulator_app
from okta_rotator.api.crds import KINDS
from okta_rotator.cli import main, releasing
from okta_rotator.okta.urls import DEFAULT_DOMAINS
from okta_rotator.settings import LogFormat, Settings

FLAGS = (
    "--namespace",
    "--operator-namespace",
    "--log-level",
    "--log-format",
    "--http-port",
    "--workers",
    "--heartbeat",
    "--okta-domain",
    "--allow-insecure-okta",
    "--lease-namespace",
    "--lease-name",
    "--no-leader-election",
)
Run = Callable[..., Settings]


def invoke(*args: str, env: dict[str, str] | None = None) -> Result:
    # Wide, and without colours, so that no word is cut or parted.
    wide = {"COLUMNS": "300", "TERMINAL_WIDTH": "300", "NO_COLOR": "1", "TERM": "dumb"}
    return CliRunner().invoke(main.app, args, env=wide | (env or {}))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """`okta-rotator run` with these arguments: the settings that the operator is run with."""
    given: list[Settings] = []

    monkeypatch.setattr(main, "run_operator", given.append)
    monkeypatch.delenv("POD_NAMESPACE", raising=False)

    def run(*args: str, **env: str) -> Settings:
        result = invoke("run", *args, env=env)
        assert result.exit_code == 0, result.output
        return given[-1]

    return run


def variable(flag: str) -> str:
    return "OKTA_ROTATOR_" + flag.removeprefix("--").replace("-", "_").upper()


def test_the_defaults(run: Run) -> None:
    assert run() == Settings(
        namespaces=(),
        operator_namespace="okta-rotator-system",
        log_level="INFO",
        log_format=LogFormat.JSON,
        http_port=8080,
        workers=100,
        heartbeat=1800,
        okta_domains=DEFAULT_DOMAINS,
        allow_insecure_okta=False,
        lease_namespace="okta-rotator-system",
        lease_name="okta-rotator",
        makes_lease_namespace=True,
        leader_election=True,
    )


EXPECTED = Settings(
    namespaces=("team-a", "team-b"),
    operator_namespace="okta",
    log_level="DEBUG",
    log_format=LogFormat.TEXT,
    http_port=0,
    workers=7,
    heartbeat=2.5,
    okta_domains=("okta.com", "login.acme.com"),
    allow_insecure_okta=True,
    lease_namespace="leases",
    lease_name="okta-rotator.team-a",
    makes_lease_namespace=False,
    leader_election=False,
)


def test_every_setting_as_a_flag(run: Run) -> None:
    args = ["--namespace", "team-a", "--namespace", "team-b", "--log-level", "debug"]
    args += ["--operator-namespace", "okta"]
    args += ["--log-format", "text", "--http-port", "0", "--workers", "7", "--heartbeat", "2.5"]
    args += ["--okta-domain", "okta.com", "--okta-domain", "login.acme.com"]
    args += ["--lease-namespace", "leases", "--lease-name", "okta-rotator.team-a"]
    args += ["--no-leader-election"]
    assert run(*args, "--allow-insecure-okta") == EXPECTED


def test_every_setting_as_a_variable(run: Run) -> None:
    settings = run(
        OKTA_ROTATOR_NAMESPACE="team-a,team-b",
        OKTA_ROTATOR_OPERATOR_NAMESPACE="okta",
        OKTA_ROTATOR_LOG_LEVEL="debug",
        OKTA_ROTATOR_LOG_FORMAT="text",
        OKTA_ROTATOR_HTTP_PORT="0",
        OKTA_ROTATOR_WORKERS="7",
        OKTA_ROTATOR_HEARTBEAT="2.5",
        OKTA_ROTATOR_OKTA_DOMAIN="okta.com,login.acme.com",
        OKTA_ROTATOR_ALLOW_INSECURE_OKTA="true",
        OKTA_ROTATOR_LEASE_NAMESPACE="leases",
        OKTA_ROTATOR_LEASE_NAME="okta-rotator.team-a",
        OKTA_ROTATOR_NO_LEADER_ELECTION="true",
    )
    assert settings == EXPECTED


def test_the_namespace_of_the_lease_is_made_only_where_nobody_says_which(run: Run) -> None:
    assert run().makes_lease_namespace
    assert not run(POD_NAMESPACE="home").makes_lease_namespace
    assert not run("--operator-namespace", "home").makes_lease_namespace
    assert not run("--lease-namespace", "okta-rotator-system").makes_lease_namespace


@pytest.mark.parametrize("text", ["a,b", "a, b", " a ,b", "a,,b,"])
def test_a_list_in_one_flag_or_variable(run: Run, text: str) -> None:
    assert run("--namespace", text).namespaces == ("a", "b")
    assert run(OKTA_ROTATOR_NAMESPACE=text).namespaces == ("a", "b")


def test_an_empty_variable_is_none(run: Run) -> None:
    """As a chart writes it where a value is left empty."""
    empty = {variable(flag): "" for flag in FLAGS}
    assert run(**empty, POD_NAMESPACE="") == run()


def test_the_operators_namespace_is_that_of_its_pod(run: Run) -> None:
    assert run(POD_NAMESPACE="okta").operator_namespace == "okta"
    assert run("--operator-namespace", "a", POD_NAMESPACE="b").operator_namespace == "a"


def test_the_lease_is_beside_the_operator(run: Run) -> None:
    assert run(POD_NAMESPACE="okta").lease_namespace == "okta"
    assert run("--operator-namespace", "a", POD_NAMESPACE="b").lease_namespace == "a"
    assert run("--lease-namespace", "c", POD_NAMESPACE="b").lease_namespace == "c"


def test_a_flag_wins_over_its_variable(run: Run) -> None:
    assert run("--workers", "3", OKTA_ROTATOR_WORKERS="7").workers == 3
    assert run("--namespace", "a", OKTA_ROTATOR_NAMESPACE="b,c").namespaces == ("a",)


@pytest.mark.parametrize("flag", FLAGS)
def test_help_names_each_variable(flag: str) -> None:
    text = invoke("run", "--help").output
    assert flag in text
    assert variable(flag) in text


def test_the_flags_of_this_test_are_all_there_are() -> None:
    text = invoke("run", "--help").output
    assert set(re.findall(r"OKTA_ROTATOR_\w+", text)) == set(map(variable, FLAGS))


def test_help_says_the_defaults() -> None:
    text = invoke("run", "--help").output
    for default in ("INFO", "json", "8080", "100", "1800", "okta-rotator-system", *DEFAULT_DOMAINS):
        assert default in text


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--log-level", "LOUD"), ("--log-level", "must be DEBUG, INFO, WARNING or ERROR")),
        (("--log-format", "xml"), ("--log-format", "'json', 'text'")),
        (
            ("--http-port", "65536"),
            ("--http-port", "OKTA_ROTATOR_HTTP_PORT", "less than or equal to 65535"),
        ),
        (("--http-port", "web"), ("--http-port", "should be a valid integer")),
        (("--workers", "0"), ("--workers", "greater than or equal to 1")),
        (("--heartbeat", "0.5"), ("--heartbeat", "greater than or equal to 1")),
        (("--namespace", ""), ("--namespace", "holds no name")),
        (("--namespace", " , "), ("--namespace", "holds no name")),
        (("--okta-domain", ","), ("--okta-domain", "holds no name")),
        (("--operator-namespace", "a/b"), ("--operator-namespace", "no name of a namespace")),
        (("--lease-namespace", "a.b"), ("--lease-namespace", "no name of a namespace")),
        (("--lease-name", "a_b"), ("--lease-name", "'a_b' is no name of a Lease")),
        (("--no-such",), ("No such option", "--no-such")),
    ],
)
def test_a_bad_value_is_refused_with_the_name_of_its_flag(
    args: tuple[str, ...], words: tuple[str, ...]
) -> None:
    result = invoke("run", *args)
    assert result.exit_code == 2
    text = " ".join(result.output.split())
    for word in words:
        assert word in text


def test_a_bad_variable_is_refused_with_its_name() -> None:
    result = invoke("run", env={"OKTA_ROTATOR_WORKERS": "many"})
    assert result.exit_code == 2
    assert "OKTA_ROTATOR_WORKERS" in result.output


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_help_fits_the_terminal_and_cuts_no_name(columns: int) -> None:
    # As a process: in this one, the runner of tests has every terminal be of one width.
    command = [sys.executable, "-m", "okta_rotator.cli", "run", "--help"]
    environment = os.environ | {"COLUMNS": str(columns)}
    text = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert max(map(len, text.splitlines())) < columns
    assert "…" not in text
    joined = text if columns >= 80 else "".join(text.split())
    for flag in FLAGS:
        assert flag in text
        assert variable(flag) in joined


@pytest.mark.parametrize(
    ("app", "says"), [(main.app, "okta-rotator"), (emulator_app, "okta-emulator")]
)
def test_the_version_is_the_packages(app: typer.Typer, says: str) -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.output) == (0, f"{says} {version('okta-rotator')}\n")


def test_without_a_command_the_help_is_shown() -> None:
    result = invoke()
    assert "run" in result.output
    assert "crds" in result.output


def test_crds_to_stdout_are_one_stream_of_documents(tmp_path: Path) -> None:
    result = invoke("crds")
    assert result.exit_code == 0
    assert invoke("crds", "--output", str(tmp_path)).output == ""
    files = [path.read_text() for path in sorted(tmp_path.iterdir())]
    assert len(files) == len(KINDS)
    documents = re.split("^---\n", result.output, flags=re.M)
    assert sorted(documents) == sorted(files)


def test_the_crds_of_the_repository_are_the_rendered_ones(tmp_path: Path) -> None:
    invoke("crds", "-o", str(tmp_path))
    folder = Path(__file__).parents[2] / "crds"
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_text() for path in folder.iterdir()}


def test_crds_into_a_folder_that_does_not_exist_yet(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "crds"
    assert invoke("crds", "-o", str(folder)).exit_code == 0
    assert len(list(folder.iterdir())) == len(KINDS)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--namespace", "gl-*"], "no name of a namespace"),
        (["--namespace", "Bad_Name"], "no name of a namespace"),
        (["--okta-domain", "https://foo.com"], "without https://"),
        (["--heartbeat", "inf"], "86400"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: list[str], says: str) -> None:
    done = invoke("run", *arguments)
    assert done.exit_code == 2
    assert says in " ".join(done.output.split())


def test_release_reads_the_variables_of_run_as_a_pod_has_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[tuple[object, ...]] = []
    monkeypatch.setattr(releasing, "run", lambda _end, *rest: given.append(rest))
    assert invoke("release", env={"POD_NAMESPACE": "okta"}).exit_code == 0
    env = {
        "OKTA_ROTATOR_NAMESPACE": "team-a,team-b",
        "OKTA_ROTATOR_LEASE_NAMESPACE": "leases",
        "OKTA_ROTATOR_LEASE_NAME": "ours",
    }
    assert invoke("release", "--timeout", "90", env=env).exit_code == 0
    assert given == [
        ((), ("okta", "okta-rotator"), 60),
        (("team-a", "team-b"), ("leases", "ours"), 90),
    ]


@pytest.mark.parametrize(
    ("flag", "value"),
    [("--namespace", ","), ("--lease-namespace", "a.b"), ("--lease-name", "A"), ("--timeout", "0")],
)
def test_release_refuses_a_bad_value_with_the_name_of_its_flag(flag: str, value: str) -> None:
    result = invoke("release", flag, value)
    assert result.exit_code == 2
    assert flag in result.output
