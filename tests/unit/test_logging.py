"""Log lines: their form, what is left out of them, and which libraries are kept quiet."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from okta_rotator.telemetry.logging import QUIET, JsonFormatter, TextFormatter, configure_logging

TOUCHED = ("", "kopf", "asyncio", *QUIET)


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = [(logging.getLogger(name), logging.getLogger(name).level) for name in TOUCHED]
    root = logging.getLogger()
    handlers = list(root.handlers)
    yield
    for logger, level in before:
        logger.setLevel(level)
    root.handlers[:] = handlers


def record(
    message: str = "took %d s", *args: object, level: int = logging.INFO, name: str = "a.b"
) -> logging.LogRecord:
    made = logging.LogRecord(name, level, __file__, 1, message, args or (3,), None)
    made.created = 1767323045.6
    return made


def failed() -> logging.LogRecord:
    made = record(level=logging.ERROR)
    try:
        raise ValueError("a defect")
    except ValueError:
        made.exc_info = sys.exc_info()
    return made


def test_a_line_as_json() -> None:
    assert json.loads(JsonFormatter().format(record())) == {
        "time": "2026-01-02T03:04:05.600+00:00",
        "level": "info",
        "logger": "a.b",
        "message": "took 3 s",
    }


def test_an_exception_stays_in_its_one_line_of_json() -> None:
    text = JsonFormatter().format(failed())
    assert "\n" not in text
    assert "ValueError: a defect" in json.loads(text)["exception"]


def test_a_line_for_people() -> None:
    assert TextFormatter().format(record()) == "2026-01-02T03:04:05.600+00:00 INFO    took 3 s"
    lines = TextFormatter().format(failed()).splitlines()
    assert lines[0].endswith("ERROR   took 3 s")
    assert lines[-1] == "ValueError: a defect"


def test_lines_go_to_stderr_from_the_level_on(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("WARNING", as_json=True)
    logging.getLogger("okta_rotator").info("left out")
    logging.getLogger("okta_rotator").warning("told")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert [json.loads(line)["message"] for line in captured.err.splitlines()] == ["told"]


def test_configuring_twice_does_not_write_lines_twice(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", as_json=False)
    configure_logging("INFO", as_json=False)
    logging.getLogger("okta_rotator").info("told")
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("name", QUIET)
def test_libraries_that_would_show_headers_are_kept_quiet(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("DEBUG", as_json=True)
    for child in (name, f"{name}.client"):
        logging.getLogger(child).debug("Authorization: SSWS 00Qtoken")
        logging.getLogger(child).info("Authorization: SSWS 00Qtoken")
    logging.getLogger("okta_rotator").debug("told")
    assert "SSWS" not in (err := capsys.readouterr().err)
    assert "told" in err


def test_kopf_never_prints_bodies(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("DEBUG", as_json=True)
    logging.getLogger("kopf.objects").debug("Patching with: {...}")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "level", "message", "is_told"),
    [
        ("kopf.objects", logging.INFO, "Timer 'heartbeat' succeeded.", False),
        ("kopf.objects", logging.INFO, "Handler 'delete' succeeded.", False),
        ("kopf.objects", logging.INFO, "Deletion is processed: 1 succeeded; 0 failed.", True),
        ("kopf.objects", logging.ERROR, "Timer 'heartbeat' failed, none succeeded.", True),
        ("okta_rotator", logging.INFO, "Timer 'heartbeat' succeeded.", True),
    ],
)
def test_kopf_does_not_tell_of_each_tick(
    name: str, level: int, message: str, is_told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("INFO", as_json=True)
    logging.getLogger(name).log(level, message)
    assert bool(capsys.readouterr().err) == is_told


def test_a_task_that_failed_unnoticed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """asyncio says so at ERROR, and it is often the only trace (kopf mutes it by itself)."""
    configure_logging("ERROR", as_json=True)
    logging.getLogger("asyncio").error("Task exception was never retrieved")
    assert "never retrieved" in capsys.readouterr().err
