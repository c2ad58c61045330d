"""Telegram's flood limits as strict sliding windows.

https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this: 30 messages a
second in all, one a second in a chat, 20 a minute in a group or channel. Telegram lets short bursts
to a chat pass without saying how short; this server lets three.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from feedbot.demo.botapi.errors import too_many_requests


@dataclass(frozen=True, slots=True)
class Limits:
    """How many messages may be accepted in a window; None: no limit.

    per_bot:   in any second, all chats together
    per_chat:  a second, in one chat
    burst:     how many of these at once, in as many seconds as they are worth
    per_group: in any minute, in one group, supergroup or channel
    Sends, forwards and edits count (each message of an album for itself, but in `per_chat`, where
    an album is one); deletions and questions do not, nor does what was refused.
    """

    per_bot: int | None = 30
    per_chat: int | None = 1
    per_group: int | None = 20
    burst: int = 3

    OFF: ClassVar[Limits]


Limits.OFF = Limits(None, None, None)


class Windows:
    """What was accepted in the last second and minute."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._accepted: defaultdict[object, deque[float]] = defaultdict(deque)

    def check(self, chat_id: int, *, group: bool, messages: int, now: datetime) -> None:
        """Raise 429 with `retry_after` if `messages` more would overfill a window at `now`."""
        waits = [
            self._wait(key, size, limit, cost, now.timestamp())
            for key, size, limit, cost in self._windows(chat_id, group, messages)
            if limit is not None
        ]
        if any(waits):
            raise too_many_requests(max(1, math.ceil(max(waits))))

    def accept(self, chat_id: int, *, group: bool, messages: int, now: datetime) -> None:
        """Count `messages` accepted at `now`."""
        for key, _, limit, cost in self._windows(chat_id, group, messages):
            if limit is not None:
                self._accepted[key].extend([now.timestamp()] * cost)

    def _windows(
        self, chat_id: int, group: bool, messages: int
    ) -> list[tuple[object, float, int | None, int]]:
        windows: list[tuple[object, float, int | None, int]] = [
            ("bot", 1.0, self.limits.per_bot, messages)
        ]
        if rate := self.limits.per_chat:
            most = max(rate, self.limits.burst)
            windows.append((("chat", chat_id), most / rate, most, 1))
        if group:
            windows.append((("group", chat_id), 60.0, self.limits.per_group, messages))
        return windows

    def _wait(self, key: object, size: float, limit: int, cost: int, now: float) -> float:
        """Seconds until `cost` more fit into the window."""
        accepted = self._accepted[key]
        while accepted and now - accepted[0] >= size:
            accepted.popleft()
        excess = len(accepted) + cost - limit
        if excess <= 0:
            return 0.0
        return accepted[min(excess, len(accepted)) - 1] + size - now if accepted else size
