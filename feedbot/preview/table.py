"""Rows as a table that fits a terminal; wide characters take two columns there."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from feedbot.model import Item, PageDate

_GAP = "  "
_NARROW = 50  # columns; below them links are left out
_FREE = 60  # columns of a title where nothing limits the line
_TITLE = 30  # columns that a title gets before a link gets any


def width(text: str) -> int:
    """The columns that `text` takes (UAX #11): two for a wide character, none for a mark."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, columns: int) -> str:
    """`text` in at most so many columns, with an ellipsis where something is missing."""
    if width(text) <= columns:
        return text
    kept, used = [], 1
    for character in text:
        used += _columns(character)
        if used > columns:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…"


def padded(text: str, columns: int) -> str:
    """`text` cut or filled up to exactly so many columns."""
    text = cut(text, columns)
    return text + " " * (columns - width(text))


def rows(items: Sequence[Item], zone: ZoneInfo, columns: int | None = None) -> Iterator[str]:
    """A line for each item: date, title, link.

    columns: of the terminal, where links to the host of most are shown without it; None: titles
             and links are shown whole
    """
    dates = [_date(item.date, zone) for item in items]
    titles = ["".join(filter(str.isprintable, item.title)) for item in items]
    links = [item.link for item in items]
    if columns:
        hosts = Counter(urlsplit(link)[:2] for link in links)
        links = [_short(link, *hosts.most_common(1)[0][0]) for link in links]
    day = max(map(width, dates), default=0)
    title, link = _shares(titles, links, columns and columns - day - len(_GAP))
    for when, name, where in zip(dates, titles, links, strict=True):
        if columns or width(name) < title:
            name = padded(name, title)
        parts = [padded(when, day), name]
        if link:
            parts.append(cut(where, link))
        yield _GAP.join(parts).rstrip()


def _shares(titles: Sequence[str], links: Sequence[str], room: int | None) -> tuple[int, int]:
    """The columns of titles and of links; 0: they are left out."""
    title = max(map(width, titles), default=0)
    link = max(map(width, links), default=0)
    if room is None:
        return min(title, _FREE), link
    if room < _NARROW:
        return max(room, 1), 0
    room -= len(_GAP)
    title = min(title, max(room - link, room * 3 // 5, _TITLE))
    return title, min(link, room - title)


def _date(when: PageDate, zone: ZoneInfo) -> str:
    if isinstance(when, datetime):
        return f"{when.astimezone(zone):%Y-%m-%d %H:%M}"
    return when.isoformat() if isinstance(when, date) else "no date"


def _short(link: str, scheme: str, host: str) -> str:
    """A link as short as it can be told: its path where it leads to that host."""
    host = f"{scheme}://{host}"
    if link.startswith(f"{host}/"):
        return link.removeprefix(host)
    return link.partition("://")[2] or link
