"""Log lines, as JSON or for people. No line ever holds a secret value."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

QUIET = ("httpx", "httpcore", "aiohttp", "kubernetes", "urllib3", "hpack")
"""Libraries whose debug lines show headers and bodies: never below WARNING, whatever the level."""


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


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


class TextFormatter(logging.Formatter):
    """Time, level, message."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_time(record)} {record.levelname:<7} {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """kopf tells of each tick of each timer that it succeeded."""
    if record.name != "kopf.objects" or record.levelno > logging.INFO:
        return True
    message = record.getMessage()
    return not (message.startswith(("Timer ", "Handler ")) and "succeeded" in message)
