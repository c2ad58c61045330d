"""Whether a list is the one that was followed so far: known items on it are the proof. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from feedbot.identity import identify, link_key
from feedbot.matching import Known, match
from feedbot.model import Extractor, Item, Take, day_of

#: Why a list does not fit that is as before in all else.
NOTHING_KNOWN = "nothing on it is known"

_TOLD = ("item", "day", "title", "link", "date")
_ENOUGH = 4  # rows, below which shares of them say little
_FEWER = 3  # times fewer rows than there were: most of them are somewhere else now
_NUMBER = re.compile(r"\d+")
_MORE = 3  # times more rows than there were, and then some: it finds other things too


@dataclass(frozen=True, slots=True)
class Past:
    """What a source's list showed when it was last read: its entries, in its order."""

    entries: tuple[Known, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.entries)

    def carried(self, items: Sequence[Item], url: str, *, relaid: bool = False) -> int:
        """How many of the items of a list, fetched from `url`, were there before.

        relaid: under another layout, so that all they say is compared
        """
        keys = [entry.key for entry in self.entries]
        return len(match(identify(items, url), self.entries, keys, relaid=relaid))

    def misfit(self, items: Sequence[Item], url: str) -> str | None:
        """Why a list, read as before, is not what it was; None where it is."""
        rows, before = len(items), len(self.entries)
        if not before:
            return None
        if rows * _FEWER < before:
            return f"{rows} rows where there were {before}"
        if rows > before * _MORE + 2 * _ENOUGH:
            return f"{rows} rows where there were only {before}"
        if before >= _ENOUGH and self._lost_dates(items):
            return "its rows have no dates any more"
        if before >= _ENOUGH and self._lost_titles(items):
            return "its rows have no titles any more"
        return None if self.carried(items, url) else NOTHING_KNOWN

    def follows(self, items: Sequence[Item]) -> bool:
        """Whether items of which none is known can be what came after all that was.

        None is dated before what was last known. Without dates their links have to be such as
        before: a menu's lead elsewhere.
        """
        known = [day for entry in self.entries if (day := day_of(entry.date))]
        days = [day for item in items if (day := day_of(item.date))]
        if known and days:
            return min(days) >= max(known)
        shapes = {_shape(entry.link) for entry in self.entries}
        return 2 * sum(_shape(item.link) in shapes for item in items) >= len(items)

    def _lost_dates(self, items: Sequence[Item]) -> bool:
        before = sum(entry.date is not None for entry in self.entries) / len(self.entries)
        return before >= 0.5 and dated(items) < len(items) / 4

    def _lost_titles(self, items: Sequence[Item]) -> bool:
        before = len({entry.title for entry in self.entries}) / len(self.entries)
        now = len({item.title for item in items if item.title != item.link}) / len(items)
        return before >= 0.5 and now < 0.25


NO_PAST = Past()


def _shape(link: str) -> str:
    """Where a link leads to, but for the article's own name and for numbers."""
    address, _, query = link_key(link).partition("?")
    names = sorted(name for name, _ in parse_qsl(query, keep_blank_values=True))
    return _NUMBER.sub("0", " ".join((address.rpartition("/")[0], *names)))


def dated(items: Sequence[Item]) -> int:
    """How many have a date."""
    return sum(item.date is not None for item in items)


def relaid(before: Extractor | None, after: Extractor | None) -> bool:
    """Whether a page's list was found again elsewhere on it."""
    if before is None or after is None or Take.FEED in (before.take, after.take):
        return False
    return (before.take, before.rule) != (after.take, after.rule)


def describe(extractor: Extractor | None) -> str:
    """How a page is read, in a line: its selectors."""
    if extractor is None or extractor.rule is None:
        return "data in the page"
    said = ((name, getattr(extractor.rule, name)) for name in _TOLD)
    return ", ".join(f"{name}: {value}" for name, value in said if value)
