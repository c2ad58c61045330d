"""How fast Telegram lets a bot write, kept by us so that it never has to say no.

https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
Sliding windows. A call takes its place from before it begins until a window after it ended: when
Telegram accepted it lies in between, so no delay on the way makes two calls fall into one window.

Telegram does not tell its limits and may lower them. Where it says no (429) a window grants a share
of its limit only, which grows back when Telegram has been content for a while (`Share`).
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
_MARGIN = timedelta(milliseconds=10)
_UNLIMITED = 1_000_000
#: A clock that is so far behind what was seen before was set back.
_SET_BACK = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Limits:
    """Messages in a window; None: no limit.

    per_bot:   in any second, all chats together
    per_chat:  a second, in one chat
    per_group: in any minute, in one group, supergroup or channel
    burst:     how many a chat may get at once that got none for so many seconds
    """

    per_bot: int | None = 30
    per_chat: int | None = 1
    per_group: int | None = 20
    burst: int = 1

    OFF: ClassVar[Limits]


Limits.OFF = Limits(None, None, None)


def is_group(address: str) -> bool:
    """Whether an address is a group's or channel's: people have positive numbers."""
    return address.startswith(("-", "@"))


class Share:
    """The part of a limit that Telegram grants, as learned from its 429s; 1 is all of it."""

    LEAST: ClassVar[float] = 1 / 30
    KEPT: ClassVar[float] = 0.7  # at each 429
    QUIET: ClassVar[timedelta] = timedelta(seconds=30)  # without one, before it grows back …
    GROWING: ClassVar[timedelta] = timedelta(minutes=5)  # … from nothing to all in this time

    def __init__(self) -> None:
        self._share = 1.0
        self._lowered: datetime | None = None

    def at(self, now: datetime) -> float:
        """How much is granted at `now`."""
        if self._lowered is None:
            return 1.0
        grown = max(timedelta(0), now - self._lowered - self.QUIET) / self.GROWING
        return min(1.0, self._share + grown)

    def lower(self, now: datetime) -> None:
        """Telegram said no; all it says within a second is said once."""
        if self._lowered is None or now >= self._lowered + SECOND:
            self._share = max(self.LEAST, self.at(now) * self.KEPT)
            self._lowered = now

    def shift(self, by: timedelta) -> None:
        """The clock was set."""
        if self._lowered:
            self._lowered += by


def _window(count: int, size: timedelta, share: float, least: timedelta) -> tuple[int, timedelta]:
    """A share of so many in so long: fewer of them first, then one in a longer time."""
    granted = max(1, int(count * share + 1e-9))
    return granted, max(least, size * (granted / (count * share))) + _MARGIN


class Windows:
    """What was sent lately and is being sent. Times are handed in, aware UTC."""

    def __init__(self, limits: Limits) -> None:
        self._calls: Counter[str] = Counter()  # messages under way
        self._share = Share()
        self._shares: dict[str, Share] = {}
        self._ended: deque[datetime] = deque()
        self._chats: dict[str, deque[datetime]] = {}
        self._swept: datetime | None = None
        self._latest: datetime | None = None
        self.limits = limits

    @property
    def limits(self) -> Limits:
        """What is kept to while Telegram is content."""
        return self._limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        """From the next call on. Of ends no more are kept than decide anything."""
        self._limits = limits
        self._kept = max(self._per_chat[0], limits.per_group or 1)
        self._ended = deque(self._ended, maxlen=limits.per_bot or 0)
        self._chats = {at: deque(ends, maxlen=self._kept) for at, ends in self._chats.items()}

    @property
    def _per_chat(self) -> tuple[int, timedelta]:
        rate = self._limits.per_chat or 1
        count = max(rate, self._limits.burst)
        return count, SECOND * (count / rate)

    def _per_bot(self, now: datetime) -> tuple[int, timedelta]:
        return _window(self._limits.per_bot or 1, SECOND, self._share.at(now), SECOND)

    def restore(self, calls: Iterable[tuple[str, datetime]]) -> None:
        """Take up (address, end) of earlier calls, oldest first."""
        for address, at in calls:
            self._note(address, at, 1)

    def begin(self, address: str, messages: int = 1) -> None:
        """A call that puts so many messages into this chat is about to begin."""
        self._calls[address] += messages

    def end(
        self,
        address: str,
        at: datetime,
        messages: int = 1,
        *,
        counts: bool = True,
        further: int = 0,
    ) -> None:
        """A call to this chat has ended.

        counts:  whether it left anything there
        further: calls that came with it and count for the bot alone
        """
        self._calls[address] -= messages
        if self._calls[address] <= 0:
            del self._calls[address]
        self._ended.extend([at] * further)
        if counts:
            self._note(address, at, messages)

    def _note(self, address: str, at: datetime, messages: int) -> None:
        self._ended.extend([at] * messages)
        ends = self._chats.setdefault(address, deque(maxlen=self._kept))
        ends.extend([at] * messages)

    def refused(self, address: str | None, at: datetime) -> None:
        """429: this chat, or the bot (None), was written to too fast."""
        share = self._shares.setdefault(address, Share()) if address else self._share
        share.lower(at)

    def excuse(self, addresses: Iterable[str]) -> None:
        """What was refused in these chats was the bot's fault."""
        for address in addresses:
            self._shares.pop(address, None)

    @property
    def busy(self) -> set[str]:
        """Chats with a call under way."""
        return set(self._calls)

    def is_busy(self, address: str) -> bool:
        """Whether a call to this chat is under way."""
        return address in self._calls

    def last(self, address: str) -> datetime | None:
        """When the last call to this chat ended; None: not in the last minutes."""
        ends = self._chats.get(address)
        return ends[-1] if ends else None

    def room(self, now: datetime) -> int:
        """How many messages may be sent now, whatever their chats."""
        self._pass(now)
        if self._limits.per_bot is None:
            return _UNLIMITED
        count, size = self._per_bot(now)
        taken = sum(at + size > now for at in self._ended)
        return max(0, count - taken - self._calls.total())

    def whole(self, now: datetime) -> int:
        """How much room there is when nothing was sent lately."""
        return _UNLIMITED if self._limits.per_bot is None else self._per_bot(now)[0]

    def next_room(self, now: datetime, messages: int = 1) -> datetime | None:
        """When there will be room for so many at once; None: when a call under way has ended."""
        if self.room(now) >= messages:
            return now
        count, size = self._per_bot(now)
        place = len(self._ended) + self._calls.total() + messages - 1 - count
        return self._ended[place] + size if place < len(self._ended) else None

    def opens(self, address: str, now: datetime, messages: int = 1) -> datetime | None:
        """From when on the chat may be written to, so many at once; None: at any time."""
        self._pass(now)
        ends = self._chats.get(address)
        if not ends:
            return None
        share = self._shares[address].at(now) if address in self._shares else 1.0
        bounds = []
        if self._limits.per_chat is not None:  # where an album is one
            count, size = _window(*self._per_chat, share, SECOND)
            if len(ends) >= count:
                bounds.append(ends[-count] + size)
        if self._limits.per_group is not None and is_group(address):
            count, size = _window(self._limits.per_group, MINUTE, share, MINUTE)
            place = max(1, count - messages + 1)  # as many free as there are messages, or all
            if len(ends) >= place:
                bounds.append(ends[-place] + size)
        return max(bounds, default=None)

    def _pass(self, now: datetime) -> None:
        """Forget what is long over; where the clock was set back, so is all that was seen."""
        if self._latest and now < self._latest - _SET_BACK:
            self._shift(now - self._latest)
        self._latest = now
        if self._swept and now < self._swept + MINUTE:
            return
        self._swept = now
        for address in [a for a, ends in self._chats.items() if ends[-1] + 2 * MINUTE < now]:
            del self._chats[address]
        for address in [a for a, share in self._shares.items() if share.at(now) == 1]:
            del self._shares[address]

    def _shift(self, by: timedelta) -> None:
        self._swept = None
        for ends in (self._ended, *self._chats.values()):
            shifted = [at + by for at in ends]
            ends.clear()
            ends.extend(shifted)
        for share in (self._share, *self._shares.values()):
            share.shift(by)


class Slow:
    """Chats that Telegram was just said no for (429). It does not say whether it means the bot.

    In several chats within seconds it is the bot that is too fast; with nothing accepted in between
    all of it is to be quiet. A chat that is flooded by itself holds no other.
    """

    _SEVERAL = 3
    _WITHIN = timedelta(seconds=10)

    def __init__(self) -> None:
        self.chats: dict[str, datetime] = {}
        self._in_a_row: set[str] = set()

    def accepted(self) -> None:
        """Something was."""
        self._in_a_row.clear()

    def refused(self, address: str, at: datetime) -> bool:
        """429 for this chat; whether the bot is too fast."""
        self.chats = {a: then for a, then in self.chats.items() if at - then < self._WITHIN}
        self.chats[address] = at
        self._in_a_row.add(address)
        return len(self.chats) >= self._SEVERAL

    @property
    def all_of_them(self) -> bool:
        """Whether nothing may be sent at all."""
        return len(self._in_a_row) >= self._SEVERAL
