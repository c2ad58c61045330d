"""What the bot is told: the queue behind getUpdates.

https://core.telegram.org/bots/api#getting-updates. An update stays until an
offset behind it confirms it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from feedbot.clock import Clock
from feedbot.demo.botapi.errors import ApiError

Update = dict[str, Any]

_NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


class Updates:
    """Updates that wait for the bot, and the one long poll that may wait for them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: deque[Update] = deque()
        self._next_id = 1001
        self._allowed: frozenset[str] | None = None
        self._poll: asyncio.Future[None] | None = None

    def put(self, kind: str, content: dict[str, Any]) -> int | None:
        """Queue an update of a kind (`message`, `callback_query`, …); its id.

        None if the bot's last getUpdates did not allow that kind.
        """
        allowed = kind in self._allowed if self._allowed else kind not in _NOT_BY_DEFAULT
        if not allowed:
            return None
        update_id = self._next_id
        self._next_id += 1
        self._waiting.append({"update_id": update_id, kind: content})
        if self._poll and not self._poll.done():
            self._poll.set_result(None)
        return update_id

    @property
    def waiting(self) -> list[Update]:
        """What the bot has not confirmed yet."""
        return list(self._waiting)

    @property
    def polled(self) -> bool:
        """True while a long poll waits."""
        return self._poll is not None and not self._poll.done()

    async def get(
        self,
        *,
        offset: int,
        limit: int,
        seconds: float,
        allowed_updates: Iterable[str] | None,
        gone: asyncio.Future[Any],
    ) -> list[Update]:
        """Answer getUpdates within `seconds`; `gone` is done when nobody waits any more.

        As on Telegram a second poll ends the first, which gets 409; two bots with one token
        therefore both see it. On a simulated clock a poll waits for an update, not for its timeout.
        """
        if allowed_updates is not None:
            self._allowed = frozenset(allowed_updates)
        if self._poll and not self._poll.done():
            self._poll.set_exception(_conflict())
        self._confirm(offset)
        if not self._waiting and seconds > 0:
            await self._wait(seconds, gone)
        return [] if gone.done() else list(self._waiting)[:limit]

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            while len(self._waiting) > -offset:
                self._waiting.popleft()
        while offset > 0 and self._waiting and self._waiting[0]["update_id"] < offset:
            self._waiting.popleft()

    async def _wait(self, seconds: float, gone: asyncio.Future[Any]) -> None:
        poll: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._poll = poll
        try:
            await self._clock.wait({poll, gone}, self._clock.now() + timedelta(seconds=seconds))
            if poll.done():
                poll.result()
        finally:
            if self._poll is poll:
                self._poll = None


def _conflict() -> ApiError:
    why = "terminated by other getUpdates request; make sure that only one bot instance is running"
    return ApiError(409, f"Conflict: {why}")
