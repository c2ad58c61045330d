"""One call of a method: its parameters as they came over the wire, and how to read them.

https://core.telegram.org/bots/api#making-requests: query, form, multipart or JSON; values that are
objects come JSON-encoded in all but JSON bodies.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from feedbot.demo.botapi.errors import bad_request


@dataclass(slots=True)
class Call:
    """A call of `method`.

    method:     as the Bot API spells it
    parameters: text as sent (objects JSON-encoded)
    files:      uploaded bytes by field name
    fault:      the fault it met, for the log
    """

    method: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    fault: str = ""

    def text(self, name: str) -> str:
        """A parameter, or "" where it is missing."""
        return self.parameters.get(name, "")

    def number(self, name: str, default: int = 0) -> int:
        """A whole number, or the default where it is missing or is none."""
        try:
            return int(self.parameters.get(name, default))
        except ValueError:
            return default

    def flag(self, name: str) -> bool:
        """True for what Telegram takes for true."""
        return self.text(name).lower() in ("true", "yes", "1")

    def json(self, name: str, what: str) -> Any:
        """A JSON-encoded parameter, None where it is missing; `what` names it in the error."""
        value = self.text(name)
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {what} JSON object") from None

    def logged(self) -> dict[str, str]:
        """The parameters for the log, files told by their size."""
        files = {name: f"<{len(content)} bytes>" for name, content in self.files.items()}
        return {**self.parameters, **files}
