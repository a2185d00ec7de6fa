"""Log lines, as JSON or for people. No line ever holds a secret value.

A line says in fields of its own which resource it is about, of which job, and why: whoever logs
gives them as `extra`, or the queue has said once for all lines of a work whose they are.
"""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Final

from okta_rotator.telemetry.tracebacks import described

QUIET = ("httpx", "httpcore", "aiohttp", "kubernetes", "urllib3", "hpack")
"""Libraries whose debug lines show headers and bodies: never below WARNING, whatever the level."""

FIELDS: Final = ("kind", "resource", "jobId", "reason", "trigger")
"""What a line may say beside its message: of the resource its kind, and its namespace and name."""

SUBJECT: ContextVar[str | None] = ContextVar("subject", default=None)
"""The resource that is worked on: `namespace/name`."""

ROUTINE: Final = ("kopf.objects", "kopf.activities", "kopf._core.engines.activities")
"""What these say at INFO is that a handler has run."""


def configure_logging(level: str, as_json: bool) -> None:
    """Set up the root logger of the process. `level` is DEBUG, INFO, WARNING or ERROR."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if as_json else TextFormatter())
    handler.addFilter(_is_worth_a_line)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # At DEBUG kopf prints whole bodies, and at INFO each tick of each timer.
    logging.getLogger("kopf").setLevel(max(logging.INFO, logging.getLevelName(level)))
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    sys.excepthook = _log_uncaught


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **_fields(record),
        }
        if (error := _error(record)) is not None:
            line["exception"] = described(error)
        return json.dumps(line)


class TextFormatter(logging.Formatter):
    """Time, level, message; and which resource it is about, where the message does not say it."""

    def format(self, record: logging.LogRecord) -> str:
        message, subject = _message(record), _fields(record).get("resource")
        whose = f" [{subject}]" if subject is not None and subject not in message else ""
        line = f"{_time(record)} {record.levelname:<7} {message}{whose}"
        error = _error(record)
        return line if error is None else f"{line}\n{described(error)}"


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _message(record: logging.LogRecord) -> str:
    message = record.getMessage()
    # asyncio adds the repr of the task that failed, and with it the text of its exception.
    return message.partition("\n")[0] if record.name == "asyncio" else message


def _error(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


def _fields(record: logging.LogRecord) -> dict[str, str]:
    told = {name: getattr(record, name, None) for name in FIELDS}
    told["resource"] = told["resource"] or _of_kopf(record) or SUBJECT.get()
    return {name: str(value) for name, value in told.items() if value is not None}


def _of_kopf(record: logging.LogRecord) -> str | None:
    """kopf says which resource a line is about in a field of its own."""
    reference = getattr(record, "k8s_ref", None)
    if not isinstance(reference, dict):
        return None
    return "/".join(filter(None, (reference.get("namespace"), reference.get("name"))))


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """What ends the process is a line as any other; Python's own would show the error's text."""
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger(__name__).critical("ended by a defect", exc_info=(kind, error, trace))


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Whether it tells of anything that no line of ours does.

    kopf tells of each tick of each timer, of each renewed sign-in, and as an error of each time
    that a deletion is not finished yet.
    """
    if record.name == "kopf.objects" and record.getMessage().endswith("not finished yet"):
        return False
    return record.levelno > logging.INFO or not record.name.startswith(ROUTINE)
