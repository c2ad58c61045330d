"""Whose turn it is: among the chats that are owed something, the one served longest ago.

So all get a first message before any gets a second, and a chat that is owed much delays no other.
This is a hint, made from the store and made again at any time: whether there is something to send
to a chat, and what, only the store can say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from heapq import heappop, heappush
from itertools import count

from feedbot.telegram.limits import Windows

_NEVER = datetime.min.replace(tzinfo=UTC)


class Turns:
    """The chats in line. Times are aware UTC.

    ready:   those whose windows were open, by when they were served last
    waiting: the others, by when to look again
    """

    def __init__(self, windows: Windows) -> None:
        self._windows = windows
        self._ready: list[tuple[datetime, int, str]] = []
        self._waiting: list[tuple[datetime, int, str]] = []
        self._places: dict[str, tuple[datetime | None, int]] = {}  # None: ready
        self._numbers = count()

    def restart(self, addresses: Iterable[str], now: datetime) -> None:
        """Forget all and begin with these chats."""
        self._ready.clear()
        self._waiting.clear()
        self._places.clear()
        for address in addresses:
            self.expect(address, now)

    def expect(self, address: str, at: datetime) -> None:
        """Something is owed to this chat that may go at `at`, as far as its windows allow."""
        place = self._places.get(address)
        if place is None or (place[0] is not None and at < place[0]):
            number = next(self._numbers)
            self._places[address] = (at, number)
            heappush(self._waiting, (at, number, address))

    def pick(self, now: datetime, limit: int, busy: Collection[str] = ()) -> list[str]:
        """Up to `limit` chats that may be written to now; they are then in line no more.

        One that is busy, or has a call under way, is left out: it is to be expected again when that
        has ended.
        """
        self._line_up(now)
        picked: list[str] = []
        while self._ready and len(picked) < limit:
            _, _, address = heappop(self._ready)
            del self._places[address]
            opens = self._windows.opens(address, now)
            if opens and opens > now:  # something else was put there meanwhile
                self.expect(address, opens)
            elif address not in busy and not self._windows.is_busy(address):
                picked.append(address)
        return picked

    def _line_up(self, now: datetime) -> None:
        """Move those whose time has come to the ready ones."""
        while self._waiting and self._waiting[0][0] <= now:
            at, number, address = heappop(self._waiting)
            if self._places.get(address) != (at, number):
                continue
            opens = self._windows.opens(address, now)
            if opens and opens > now:
                self._places[address] = (opens, number)
                heappush(self._waiting, (opens, number, address))
            else:
                self._places[address] = (None, number)
                last = self._windows.last(address) or _NEVER
                heappush(self._ready, (last, number, address))

    def next(self, now: datetime) -> datetime | None:
        """When the next chat may be picked; None: there is none in line."""
        self._line_up(now)
        if self._ready:
            return now
        while self._waiting:
            at, number, address = self._waiting[0]
            if self._places.get(address) == (at, number):
                return at
            heappop(self._waiting)
        return None
