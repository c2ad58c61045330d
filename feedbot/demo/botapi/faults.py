"""What can go wrong between a bot and Telegram, ordered in advance.

A fault waits for the next call it matches, and after `times` of them it is spent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    """What happens to a call."""

    ERROR = "error"  # answered with error_code and description, not accepted
    DROP = "drop"  # connection closed without an answer, not accepted
    LOST = "lost"  # accepted, then the connection closed without an answer
    SILENT = "silent"  # accepted, then no answer until the caller gives up
    LATE = "late"  # accepted only `seconds` after the caller has gone
    DELAY = "delay"  # accepted and answered after `seconds`


_DESCRIPTIONS = {
    400: "Bad Request: PEER_ID_INVALID",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running",
    429: "Too Many Requests: retry after {retry_after}",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to go wrong.

    method:      a Bot API method; None: any
    chat_id:     a chat's numeric id; None: any call, also one without a chat
    times:       how many calls it meets; None: all from now on
    after:       how many matching calls pass before it
    error_code, description, parameters: the answer of kind `error`; left out, the description is
                 Telegram's usual one; retry_after and migrate_to_chat_id belong into parameters
    seconds:     see `FaultKind`, on the server's clock
    """

    kind: FaultKind
    method: str | None = None
    chat_id: int | None = None
    times: int | None = 1
    after: int = 0
    error_code: int = 500
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def matches(self, method: str, chat_id: int | None) -> bool:
        """True if the call is one this fault waits for."""
        wanted = self.method is None or self.method.lower() == method.lower()
        return wanted and self.chat_id in (None, chat_id)

    def error_description(self) -> str:
        """The description to answer."""
        if self.description:
            return self.description
        usual = _DESCRIPTIONS.get(self.error_code, "Internal Server Error")
        return usual.format(retry_after=self.parameters.get("retry_after", 1))

    def error_parameters(self) -> dict[str, Any]:
        """The ResponseParameters to answer; a 429 always has its retry_after."""
        default = {"retry_after": 1} if self.error_code == 429 else {}
        return {**default, **self.parameters}


class Faults:
    """The faults ordered, first come first served: a call meets at most one."""

    def __init__(self) -> None:
        self.ordered: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Order a fault."""
        self.ordered.append(fault)

    def clear(self) -> None:
        """Order nothing any more."""
        self.ordered.clear()

    def take(self, method: str, chat_id: int | None) -> Fault | None:
        """The fault this call meets, if any."""
        for place, fault in enumerate(self.ordered):
            if not fault.matches(method, chat_id):
                continue
            if fault.after:
                self.ordered[place] = replace(fault, after=fault.after - 1)
                continue
            if fault.times is not None:
                self.ordered[place] = replace(fault, times=fault.times - 1)
                if fault.times <= 1:
                    del self.ordered[place]
            return fault
        return None
