"""How fast Telegram lets a bot write, kept by us so that it never has to say no.

https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
Sliding windows. A call takes its place from before it begins until a window after it ended: when
Telegram accepted it lies in between, so no delay on the way makes two calls fall into one window.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
#: Clocks are read at a coarser grain than windows are measured.
_MARGIN = timedelta(milliseconds=50)
_UNLIMITED = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Messages in a window; None: no limit.

    per_bot:   in any second, all chats together
    per_chat:  in any second, in one chat
    per_group: in any minute, in one group, supergroup or channel
    """

    per_bot: int | None = 30
    per_chat: int | None = 1
    per_group: int | None = 20

    OFF: ClassVar[Limits]


Limits.OFF = Limits(None, None, None)


def is_group(address: str) -> bool:
    """Whether an address is a group's or channel's: people have positive numbers."""
    return address.startswith(("-", "@"))


class Windows:
    """What was sent lately and is being sent. Times are handed in, aware UTC."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._calls: Counter[str] = Counter()  # under way
        # No more ends are kept than decide anything: of all chats, and of each.
        self._ended: deque[datetime] = deque(maxlen=limits.per_bot or 0)
        self._chats: dict[str, deque[datetime]] = {}
        self._kept = max(limits.per_chat or 1, limits.per_group or 1)

    def restore(self, calls: Iterable[tuple[str, datetime]]) -> None:
        """Take up (address, end) of earlier calls, oldest first."""
        for address, at in calls:
            self._note(address, at)

    def begin(self, address: str) -> None:
        """A call to this chat is about to begin."""
        self._calls[address] += 1

    def end(self, address: str, at: datetime, *, counts: bool = True) -> None:
        """A call to this chat has ended; one that left nothing there may be said not to count."""
        self._calls[address] -= 1
        if not self._calls[address]:
            del self._calls[address]
        if counts:
            self._note(address, at)

    def _note(self, address: str, at: datetime) -> None:
        self._ended.append(at)
        self._chats.setdefault(address, deque(maxlen=self._kept)).append(at)

    @property
    def busy(self) -> set[str]:
        """Chats with a call under way."""
        return set(self._calls)

    def room(self, now: datetime) -> int:
        """How many calls may begin now, whatever their chats."""
        if self._limits.per_bot is None:
            return _UNLIMITED
        while self._ended and self._ended[0] + SECOND + _MARGIN <= now:
            self._ended.popleft()
        return max(0, self._limits.per_bot - len(self._ended) - self._calls.total())

    def next_room(self, now: datetime) -> datetime | None:
        """When there will be room for a call; None: when one under way has ended."""
        if self.room(now):
            return now
        return self._ended[0] + SECOND + _MARGIN if self._ended else None

    def opens(self, address: str) -> datetime | None:
        """From when on the chat may be written to; None: at any time."""
        ended = self._chats.get(address)
        if not ended:
            return None
        bounds = []
        if self._limits.per_chat is not None and len(ended) >= self._limits.per_chat:
            bounds.append(ended[-self._limits.per_chat] + SECOND + _MARGIN)
        group = self._limits.per_group
        if group is not None and is_group(address) and len(ended) >= group:
            bounds.append(ended[-group] + MINUTE + _MARGIN)
        return max(bounds, default=None)

    def closed(self, now: datetime) -> set[str]:
        """Chats that may not be written to now: busy, or their window is full."""
        for address in [a for a, ended in self._chats.items() if ended[-1] + 2 * MINUTE < now]:
            del self._chats[address]
        closed = self.busy
        for address in self._chats:
            opens = self.opens(address)
            if opens and opens > now:
                closed.add(address)
        return closed
