"""What a press page is made of. A `date` is a day in London, where the site is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
MOSCOW = ZoneInfo("Europe/Moscow")


class Theme(StrEnum):
    """How the page marks up its list."""

    PARAGRAPHS = "paragraphs"  # "dd.mm.yyyy - title", then the summary, as the seed shows it
    TABLE = "table"  # after a redesign: other names, a table, dates written out


class Language(StrEnum):
    """The language of the host: labels, dates and generated notices; the seed's rows stay."""

    EN = "en"
    RU = "ru"


class Links(StrEnum):
    """How the page spells the addresses of its own articles."""

    RELATIVE = "relative"  # /press/12
    BARE = "bare"  # http://DOMAIN/press/12
    WWW = "www"  # http://www.DOMAIN/press/12


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the list and the article behind it.

    summary: "" where the page shows none
    section: first part of its path: `article`, `press` or `fnapr`
    number:  0 until published
    body:    paragraphs of the article after the summary
    edited:  when it was last changed (UTC), None if never
    """

    day: date
    title: str
    summary: str = ""
    section: str = "press"
    number: int = 0
    body: tuple[str, ...] = ()
    edited: datetime | None = None

    @property
    def path(self) -> str:
        """Where its article is served, e.g. `/press/6412`."""
        return f"/{self.section}/{self.number}"


@dataclass(frozen=True, slots=True)
class Article:
    """The leading article, printed whole on the page."""

    section: str
    day: date
    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DayCounter:
    """A line that counts days; `text` has `{days}` where the number stands."""

    since: date
    text: str

    def line(self, on: date) -> str:
        """The line as the page shows it on a day."""
        return self.text.format(days=(on - self.since).days)


@dataclass(frozen=True, slots=True)
class Header:
    """The top of the page: its day, the times of its two clocks by city, its contact lines."""

    day: date
    clocks: dict[str, time]
    contacts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PressPage:
    """The whole page as it was read."""

    header: Header
    counters: tuple[DayCounter, ...]
    article: Article
    events: tuple[Event, ...]
