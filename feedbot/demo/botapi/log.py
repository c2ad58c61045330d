"""What the server accepted and what it refused: the truth that tests and judges count.

In memory, and as JSON lines in a file if one is given: one line is written for every call before
its answer goes out, so that the file is whole even if the server is killed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from feedbot.demo.botapi.entities import Entity


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One accepted message, edit, deletion or pin.

    time:       when it was accepted, aware UTC, by the server's clock
    text:       text or caption as parsed; entities with offsets in UTF-16 units
    parameters: the request's own, unparsed; files as `<name, n bytes>`
    message:    the Message object as answered; {} for a deletion
    fault:      the fault the call met ("lost", "late", …), "" if it was answered
    """

    time: datetime
    method: str
    chat_id: int
    message_id: int
    message_thread_id: int | None = None
    text: str = ""
    entities: list[Entity] = field(default_factory=list)
    parameters: Mapping[str, str] = field(default_factory=dict)
    message: Mapping[str, Any] = field(default_factory=dict, repr=False)
    fault: str = ""


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """One call that was answered with an error, or dropped before it was accepted (code 0).

    chat_id: as the caller wrote it
    """

    time: datetime
    method: str
    chat_id: str
    error_code: int
    description: str
    retry_after: int | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


class Log:
    """Every accepted and every refused call, in order."""

    def __init__(self, file: Path | None = None) -> None:
        self.entries: list[LogEntry] = []
        self.refused: list[RefusedCall] = []
        self._file: TextIO | None = file.open("a", encoding="utf-8") if file else None

    def accept(self, entry: LogEntry) -> None:
        """Record an accepted message, edit, deletion or pin."""
        self.entries.append(entry)
        if self._file:
            self._write({"accepted": True, **as_json(entry)})

    def refuse(self, call: RefusedCall) -> None:
        """Record a refused call."""
        self.refused.append(call)
        if self._file:
            self._write({"accepted": False, **as_json(call)})

    def messages(self, chat_id: int | None = None) -> list[LogEntry]:
        """What was sent (not edited, deleted or pinned), in all chats or in one."""
        return [
            entry
            for entry in self.entries
            if entry.method in SENDS and chat_id in (None, entry.chat_id)
        ]

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file:
            self._file.close()
            self._file = None

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._file:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()


SENDS = frozenset({"sendMessage", "sendPhoto", "sendMediaGroup", "forwardMessage"})


def as_json(record: LogEntry | RefusedCall) -> dict[str, Any]:
    """The record with its time as RFC 3339."""
    values = {name: getattr(record, name) for name in record.__slots__}
    return {**values, "time": record.time.isoformat()}


def from_json(line: Mapping[str, Any]) -> LogEntry | RefusedCall:
    """The record that `as_json` (or a line of the log's file) tells of."""
    values = {name: value for name, value in line.items() if name != "accepted"}
    values["time"] = datetime.fromisoformat(values["time"])
    return LogEntry(**values) if "message_id" in values else RefusedCall(**values)


def read_log(file: Path) -> Log:
    """The log that a server, living or dead, wrote to `file`; a cut-off last line is left out."""
    log = Log()
    *whole, _ = file.read_text(encoding="utf-8").split("\n")
    for line in whole:
        record = from_json(json.loads(line))
        log.entries.append(record) if isinstance(record, LogEntry) else log.refused.append(record)
    return log
