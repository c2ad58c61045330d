"""Log lines on stderr, as text or JSON, without secrets and without control characters."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from typing import Literal

#: A bot token wherever it stands, such as behind `/bot` in a URL: it opens everything.
_TOKEN = re.compile(r"(?<!\d)\d{5,}(?::|%3A)[A-Za-z0-9_-]{20,}", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
#: Libraries that log each request, each with the token in its URL, or each tick; and how much of
#: them is heard. trafilatura says of a page that it has no text; so do we, with the source's name.
_NOISY = dict.fromkeys(
    ("httpx", "httpcore", "apscheduler", "telegram", "aiosqlite", "alembic", "uvicorn.access"),
    logging.ERROR,
) | dict.fromkeys(("trafilatura", "htmldate"), logging.CRITICAL)


class _Text(logging.Formatter):
    """`2020-05-27 21:55:00 INFO poll: message`, UTC, one line a record but for tracebacks."""

    def __init__(self) -> None:
        self.converter = time.gmtime
        super().__init__("%(asctime)s %(levelname)s %(module)s: %(message)s", "%Y-%m-%d %H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


class _Json(logging.Formatter):
    """One JSON object a line: time (RFC 3339, UTC), level, logger, message, error."""

    def __init__(self) -> None:
        self.converter = time.gmtime
        super().__init__()

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": scrub(record.getMessage()),
        }
        if record.exc_info:
            line["error"] = scrub(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def scrub(text: str) -> str:
    """Take out bot tokens, and characters that could forge or garble a line."""
    return _CONTROL.sub("�", _TOKEN.sub("<bot token>", text))


def setup(form: Literal["text", "json"], verbosity: int) -> None:
    """Send logs to stderr. verbosity 0: what an operator should know; 1: every step."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.DEBUG if verbosity else logging.INFO)
    for name, level in _NOISY.items():
        logging.getLogger(name).setLevel(level)
