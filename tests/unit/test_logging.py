"""Log lines: their form, what is left out of them, and which libraries are kept quiet."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.rotation.trouble import Next, PortError, Trouble
from okta_rotator.telemetry.logging import (
    QUIET,
    SUBJECT,
    JsonFormatter,
    TextFormatter,
    configure_logging,
)

TOUCHED = ("", "kopf", "asyncio", *QUIET)
VALUE = "okr_a-value-that-nobody-may-see"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = [(logging.getLogger(name), logging.getLogger(name).level) for name in TOUCHED]
    root = logging.getLogger()
    handlers, hook = list(root.handlers), sys.excepthook
    yield
    sys.excepthook = hook
    for logger, level in before:
        logger.setLevel(level)
    root.handlers[:] = handlers


def record(
    message: str = "took %d s", *args: object, level: int = logging.INFO, name: str = "a.b"
) -> logging.LogRecord:
    made = logging.LogRecord(name, level, __file__, 1, message, args or (3,), None)
    made.created = 1767323045.6
    return made


def failed(error: BaseException | None = None, name: str = "a.b") -> logging.LogRecord:
    made = record(level=logging.ERROR, name=name)
    try:
        raise error or ValueError(VALUE)
    except BaseException:
        made.exc_info = sys.exc_info()
    return made


def exception(error: BaseException | None = None) -> str:
    """As the JSON line has it."""
    return str(json.loads(JsonFormatter().format(failed(error)))["exception"])


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
    assert json.loads(text)["exception"].endswith("\nValueError")


def test_an_exception_is_told_by_its_place_and_kind_and_not_by_what_it_says() -> None:
    text = exception()
    assert f'File "{__file__}"' in text
    assert "raise error or ValueError(VALUE)" in text
    assert VALUE not in text
    assert VALUE not in TextFormatter().format(failed())


def chained() -> Exception:
    try:
        try:
            int(VALUE)
        except ValueError as error:
            raise KeyError(VALUE) from error
    except KeyError:
        try:
            raise OSError(VALUE)
        except OSError as error:
            return error
    raise AssertionError


def test_an_exception_that_led_to_another_says_no_more() -> None:
    text = exception(ExceptionGroup(VALUE, [chained()]))
    assert VALUE not in text
    kinds = [line for line in text.splitlines() if line.endswith(("Error", "Group"))]
    assert kinds == ["ExceptionGroup", "OSError", "KeyError", "ValueError"]


def test_an_exception_whose_cause_is_itself_comes_to_an_end() -> None:
    error = ValueError(VALUE)
    error.__cause__ = error
    assert exception(error).count("Traceback") == 1


def test_what_was_hidden_on_purpose_stays_so() -> None:
    error = ValueError("two")
    error.__context__, error.__suppress_context__ = OSError("one"), True
    assert "OSError" not in exception(error)


@pytest.mark.parametrize(
    "error",
    [
        AttributeError("'NoneType' object has no attribute 'x'"),
        TypeError("f() missing 1 required positional argument: 'x'"),
        PortError(Trouble(Next.RETRY, Reason.OKTA_UNAVAILABLE, "Okta answers 503")),
    ],
)
def test_texts_that_name_only_code_or_are_ours_are_told(error: Exception) -> None:
    assert exception(error).endswith(f"{type(error).__name__}: {error}")


def test_what_asyncio_says_of_a_task_is_without_its_exception() -> None:
    """Its message holds the repr of the task."""
    message = f"Task exception was never retrieved\nfuture: <Task exception=ValueError('{VALUE}')>"
    told = json.loads(JsonFormatter().format(record("%s", message, name="asyncio")))
    assert told["message"] == "Task exception was never retrieved"


def test_what_ends_the_process_is_a_line_as_any_other(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", as_json=True)
    info = failed().exc_info
    assert isinstance(info, tuple)
    assert info[1] is not None
    sys.excepthook(type(info[1]), info[1], info[2])
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["level"] == "critical"
    assert VALUE not in line
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert capsys.readouterr().err == ""


def test_a_line_says_in_fields_what_it_is_about() -> None:
    made = record()
    told = {"kind": "K", "resource": "team-a/web", "reason": "Rotated", "jobId": "j1"}
    made.__dict__.update(told, trigger=None, secret=VALUE)
    line = json.loads(JsonFormatter().format(made))
    assert line.keys() == {"time", "level", "logger", "message", *told}
    assert {name: line[name] for name in told} == told


def test_every_line_of_a_work_says_whose_it_is() -> None:
    token = SUBJECT.set("team-a/web")
    try:
        assert json.loads(JsonFormatter().format(record()))["resource"] == "team-a/web"
        assert TextFormatter().format(record()).endswith("took 3 s [team-a/web]")
        assert TextFormatter().format(record("team-a/web: x%d")).endswith("team-a/web: x3")
    finally:
        SUBJECT.reset(token)


def test_kopf_says_whose_its_lines_are_too() -> None:
    made = record(name="kopf.objects")
    made.__dict__["k8s_ref"] = {"namespace": "team-a", "name": "web", "uid": "u"}
    assert json.loads(JsonFormatter().format(made))["resource"] == "team-a/web"


def test_a_line_for_people() -> None:
    assert TextFormatter().format(record()) == "2026-01-02T03:04:05.600+00:00 INFO    took 3 s"
    lines = TextFormatter().format(failed()).splitlines()
    assert lines[0].endswith("ERROR   took 3 s")
    assert lines[-1] == "ValueError"


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
        ("kopf.objects", logging.INFO, "Deletion is processed: 1 succeeded; 0 failed.", False),
        ("kopf.objects", logging.ERROR, "Handler 'd' failed temporarily: not finished yet", False),
        ("kopf.activities.authentication", logging.INFO, "Activity 'x' succeeded.", False),
        ("kopf._core.engines.activities", logging.INFO, "Re-authentication has finished.", False),
        ("kopf._core.reactor.running", logging.INFO, "Stop-flag is set to True.", True),
        ("kopf.objects", logging.ERROR, "Timer 'heartbeat' failed, none succeeded.", True),
        ("okta_rotator", logging.INFO, "Timer 'heartbeat' succeeded.", True),
    ],
)
def test_kopf_does_not_tell_of_what_is_routine(
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
